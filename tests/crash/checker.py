"""What the log holds, against what the clients sent and were told. It reads plain SQL and JSON.

It shares no code with the store that it checks, except that it also asks ``verify``.
"""

import json
import sqlite3
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from tertulia.orchestrator import Outcome
from tertulia.storage import verify


@dataclass(slots=True)
class Post:
    """What a client sent; ``seq`` is what it was told, once it was told."""

    room: str
    by: str
    key: str
    text: str
    whisper: tuple[str, ...] = ()
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """What was found. All but the first three are faults.

    ``lost``: acknowledged, but not in the log. ``doubled``: copies beyond the first. ``altered``:
    not as sent, or not at the seq that was told. ``reordered``: before what the same client had
    sent earlier. ``answered_twice``: a second utterance, end or grant for one turn or question,
    but for turns that were rolled back, which have not happened.
    ``unanswered``: a question to an agent that got no turn which ended.
    """

    posts: int = 0
    acknowledged: int = 0
    events: int = 0
    lost: int = 0
    doubled: int = 0
    altered: int = 0
    reordered: int = 0
    answered_twice: int = 0
    unanswered: int = 0
    violations: int = 0
    rules: dict[str, int] = field(default_factory=dict)

    @property
    def faults(self) -> int:
        """How much is wrong."""
        wrong = self.lost + self.doubled + self.altered + self.reordered
        return wrong + self.answered_twice + self.unanswered + self.violations

    def as_json(self) -> dict[str, Any]:
        """The figures as a JSON object."""
        return asdict(self)


_Row: TypeAlias = dict[str, Any]


def check(path: Path, posts: Sequence[Post]) -> Figures:
    """Compare the database with what was sent, in the order in which each client sent it."""
    report = verify(f"sqlite:///{path}")
    found = Counter(lost=0, doubled=0, altered=0, reordered=0, answered_twice=0, unanswered=0)
    for room, rows in _rooms(path):
        sent = [post for post in posts if post.room == room]
        found.update(_posts(sent, rows))
        found.update(_turns(rows))
    return Figures(
        posts=len(posts),
        acknowledged=sum(post.seq is not None for post in posts),
        events=report.events,
        violations=len(report.violations),
        rules=dict(Counter(violation.rule for violation in report.violations)),
        **found,
    )


def written(path: Path) -> set[str]:
    """All that has been said."""
    with closing(sqlite3.connect(path)) as connection:
        said = "SELECT json_extract(body, '$.text') FROM events WHERE type = 'Said'"
        return {text for (text,) in connection.execute(said)}


def _rooms(path: Path) -> Iterator[tuple[str, list[_Row]]]:
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    try:
        for (room,) in connection.execute("SELECT id FROM rooms ORDER BY id").fetchall():
            wanted = "SELECT seq, type, by, key, audience, body FROM events WHERE room = ?"
            rows = connection.execute(wanted + " ORDER BY seq", [room])
            yield room, [dict(row) | json.loads(row["body"]) for row in rows]
    finally:
        connection.close()


def _posts(sent: Iterable[Post], rows: list[_Row]) -> Iterator[str]:
    """Each fault with what people said, by its name."""
    kept: dict[tuple[str, str], list[_Row]] = defaultdict(list)
    people = {row["by"] for row in rows if row["type"] == "Joined" and row["kind"] == "human"}
    for row in rows:
        if row["type"] == "Said" and row["by"] in people:
            kept[row["by"], row["text"]].append(row)
    last: dict[str, int] = {}
    for post in sent:
        copies = kept.pop((post.by, post.text), [])
        yield from ["doubled"] * (len(copies) - 1)
        if not copies:
            if post.seq is not None:
                yield "lost"
            continue
        if any(not _as_sent(post, copy) for copy in copies):
            yield "altered"
        if post.seq is not None and post.seq not in {copy["seq"] for copy in copies}:
            yield "altered"
        if copies[0]["seq"] < last.get(post.by, 0):
            yield "reordered"
        last[post.by] = copies[0]["seq"]
    yield from ["altered"] * len(kept)  # said by nobody


def _as_sent(post: Post, row: _Row) -> bool:
    heard = sorted({post.by, *post.whisper}) if post.whisper else None
    told = None if row["audience"] is None else json.loads(row["audience"])
    return told == heard and row["key"] in (post.key, None)


def _turns(rows: list[_Row]) -> Iterator[str]:
    """Each fault with what agents said, by its name."""
    agents = {row["by"] for row in rows if row["type"] == "Joined" and row["kind"] == "agent"}
    grants = [row for row in rows if row["type"] == "TurnGranted" and row["by"] in agents]
    said = Counter(row["turn"] for row in rows if row["type"] == "Said" and row.get("turn"))
    ended = Counter(row["turn"] for row in rows if row["type"] == "TurnEnded")
    granted = Counter(row["turn"] for row in grants)
    undone = {row["turn"] for row in rows if row.get("outcome") == Outcome.ROLLED_BACK}
    happened = [row for row in grants if row["turn"] not in undone]
    answered = Counter((row["by"], row["answers"]) for row in happened if row.get("answers"))
    for counted in (said, ended, granted, answered):
        for times in counted.values():
            yield from ["answered_twice"] * (times - 1)
    turns: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    for grant in happened:
        if ended[grant["turn"]]:
            turns[grant["by"], grant["audience"]].append(grant["seq"])
    for row in rows:
        if row["type"] == "Said":
            for who in agents.intersection(row.get("addressees", ())):
                later = turns[who, row["audience"]]
                if bisect_right(later, row["seq"]) == len(later):
                    yield "unanswered"
