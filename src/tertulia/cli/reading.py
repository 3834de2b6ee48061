"""Commands that only read a database: its rooms, a room's log, the report of its soundness."""

from collections.abc import Iterator, Sequence

import typer
from rich.text import Text

from tertulia.cli.archive import Archive, existing
from tertulia.cli.output import columns, line, page
from tertulia.cli.transcript import LiveTranscript, shown
from tertulia.orchestrator.events import Joined
from tertulia.orchestrator.ports import RoomSummary
from tertulia.orchestrator.room import RoomId
from tertulia.orchestrator.threads import threads as threads_of
from tertulia.orchestrator.visibility import may_see
from tertulia.storage import to_json, verify

VIOLATED = 1


def print_rooms(db: str, *, json: bool) -> None:
    """List the rooms."""
    with Archive.at(db) as archive:
        found = archive.rooms()
    if json:
        for room in found:
            told = {"room": room.room, "head": room.head, "owner": room.owner}
            print(line({**told, "parent": room.parent}))
    elif found:
        rows = [
            ("  " * depth + room.room, str(room.head), room.owner or "-")
            for depth, room in _tree(found)
        ]
        columns(("room", "events", "held by"), rows)
    else:
        print("no rooms yet")


def _tree(
    found: Sequence[RoomSummary], parent: RoomId | None = None, depth: int = 0
) -> Iterator[tuple[int, RoomSummary]]:
    """Each room, and under it its sub-rooms; ``depth`` says how far below."""
    names = {room.room for room in found}
    for room in found:
        above = room.parent if room.parent in names else None  # whose parent is gone stands alone
        if above == parent:
            yield depth, room
            yield from _tree(found, room.room, depth + 1)


def print_log(db: str, room: str, *, reader: str | None, after: int, json: bool) -> None:
    """Print a room's events, all or those that ``reader`` may see."""
    transcript = LiveTranscript()
    with Archive.at(db) as archive:
        happened = archive.events(room, after if json else 0)
        first = next(happened, None)  # a room that is not there is told before a reader who is not
        sight = None if reader is None else archive.sight(room, archive.reader(room, reader))
        for event in () if first is None else (first, *happened):
            if sight is not None and not may_see(event, sight):
                transcript.meet(event)
            elif json:
                print(line(to_json(event)))
            elif event.seq <= after:
                transcript.recall(event)
            else:
                transcript.show(event)


def print_threads(db: str, room: str, *, reader: str | None, after: int, json: bool) -> None:
    """Print what was said, exchange by exchange: those that have gone on after a seq."""
    with Archive.at(db) as archive:
        happened = list(archive.events(room))
        sight = None if reader is None else archive.sight(room, archive.reader(room, reader))
    seen = [event for event in happened if sight is None or may_see(event, sight)]
    names = {e.by: e.body.name for e in happened if isinstance(e.body, Joined)}
    out = page()
    for thread, said in threads_of(seen).items():
        if said[-1].seq <= after:
            continue
        if json:
            print(line({"thread": thread, "said": [to_json(event) for event in said]}))
            continue
        there = ", ".join(dict.fromkeys(shown(names.get(event.by, event.by)) for event in said))
        out.print(Text(f"thread {thread} · {there}", "bold"), soft_wrap=True)
        for event in said:
            told = Text(f"{event.seq:5}  ", "dim")
            told.append(f"{shown(names.get(event.by, event.by))}: ", "bold")
            if event.audience is not None:
                others = [shown(names.get(w, w)) for w in event.audience if w != event.by]
                told.append(f"(whispers to {', '.join(others)}) ", "dim italic")
            told.append(shown(event.text))
            out.print(told, soft_wrap=True)


def print_report(db: str, *, json: bool) -> None:
    """Verify a database; exit with 1 if anything is wrong."""
    existing(db)
    report = verify(db)
    if json:
        print(line(report.as_json()))
    else:
        out = page()
        for wrong in report.violations:
            told = Text(wrong.rule, "red")
            told.append(f" room {wrong.room} event {wrong.seq}: {wrong.what}", "default")
            out.print(told, soft_wrap=True)
        verdict = f"{len(report.violations)} violations" if report.violations else "all is well"
        print(f"{report.rooms} rooms, {report.events} events: {verdict}")
    if report.violations:
        raise typer.Exit(VIOLATED)
