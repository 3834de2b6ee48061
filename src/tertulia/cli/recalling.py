"""Commands that show what was said about something, and what is remembered."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from json import loads

from rich.text import Text

from tertulia.cli.archive import Archive
from tertulia.cli.output import columns, line, page
from tertulia.cli.transcript import shown
from tertulia.orchestrator.errors import Unknown
from tertulia.orchestrator.events import Event, Joined
from tertulia.orchestrator.facts import Fact, Wanted
from tertulia.orchestrator.query import Query
from tertulia.orchestrator.room import Audience, RoomId
from tertulia.orchestrator.visibility import Reach, reading
from tertulia.storage import to_json
from tertulia.storage.search import Sought


def print_found(
    db: str, room: str, words: str, *, reader: str | None, limit: int, json: bool
) -> None:
    """Print the utterances in which all words stand, oldest first."""
    query = Query.of(words)
    with Archive.at(db) as archive:
        name = archive.known(room)
        reach = _reach(archive, name, reader)
        found = archive.found(Sought(name, query, reach, limit))[::-1]
        names = _names(archive, name)
    if json:
        for event in found:
            print(line(to_json(event)))
        return
    out = page()
    for event in found:
        told = Text(f"{event.seq:5}  ", "dim")
        told.append(f"{shown(names.get(event.by, event.by))}: ", "bold")
        told.append(_for_whom(event, names), "dim italic")
        told.append(shown(event.text))
        out.print(told, soft_wrap=True)
    if not found:
        print("nothing found")


def print_facts(
    db: str, room: str, words: str, *, reader: str | None, limit: int, ended: bool, json: bool
) -> None:
    """Print the facts that may be recalled in a room."""
    with Archive.at(db) as archive:
        name = archive.known(room)
        query = replace(Query.of(words), any=True) if words else None
        wanted = Wanted(query, None, limit, ended)
        found = archive.facts(name, _reach(archive, name, reader), wanted)
    out = page()
    for fact in found:
        if json:
            print(line(asdict(fact)))
            continue
        told = Text(fact.text, "bold")
        told.append(f"\n  {_provenance(fact, name)}", "dim")
        out.print(told, soft_wrap=True)
    if not found and not json:
        print("no facts")


def print_context(db: str, turn: str, *, json: bool) -> None:
    """Print what a turn's model was given, by part, and what did not fit."""
    with Archive.at(db) as archive:
        report = archive.context(turn)
    if report is None:
        hint = "; turns are recorded whose agent has a TokenBudget, by the log's name for them"
        raise Unknown(kind="context of turn", name=turn, hint=hint)
    if json:
        print(report)
        return
    told = loads(report)
    print(f"{told['tokens']} of {told['budget']} tokens")
    left = Counter(one["part"] for one in told["left_out"])
    names = list(dict.fromkeys([*told["spent"], *left]))
    rows = [
        (part, str(told["kept"].get(part, "-")), str(told["spent"].get(part, 0)), str(left[part]))
        for part in names
    ]
    columns(("part", "kept", "tokens", "left out"), rows)


def _provenance(fact: Fact, room: RoomId) -> str:
    seqs = ", ".join(map(str, fact.sources)) or f"up to {fact.last}"
    there = "" if fact.room == room else f" of {fact.room}"
    parts = [fact.id, f"{fact.scope} fact by {fact.by}", f"from {seqs}{there}"]
    audience = fact.audience if fact.room == room else fact.elsewhere
    parts += [f"for {_all(audience)}"]
    if fact.about is not None:
        parts.append(f"about {fact.about}")
    if fact.ending is not None:
        ending = fact.ending
        how = "forgotten" if ending.successor is None else f"superseded by {ending.successor},"
        parts.append(f"{how} by {ending.by}")
    return " · ".join(parts)


def _all(audience: Audience) -> str:
    return "everybody" if audience is None else ", ".join(audience)


def _for_whom(event: Event, names: Mapping[str, str]) -> str:
    if event.audience is None:
        return ""
    others = [shown(names.get(who, who)) for who in event.audience if who != event.by]
    return f"(whispers to {', '.join(others)}) "


def _names(archive: Archive, room: RoomId) -> dict[str, str]:
    return {e.by: e.body.name for e in archive.joined(room) if isinstance(e.body, Joined)}


def _reach(archive: Archive, room: RoomId, reader: str | None) -> Reach | None:
    return None if reader is None else reading(archive.sight(room, archive.reader(room, reader)))
