"""Commands that only read a database: its rooms, a room's log, the report of its soundness."""

import asyncio
from collections.abc import AsyncIterator
from difflib import get_close_matches
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.engine import make_url

from tertulia.cli.output import line
from tertulia.cli.transcript import LiveTranscript
from tertulia.compose import open_log
from tertulia.orchestrator import Event, Log
from tertulia.orchestrator.errors import Unknown
from tertulia.orchestrator.feed import PAGE
from tertulia.orchestrator.room import ParticipantId, RoomId
from tertulia.orchestrator.visibility import may_see
from tertulia.storage import to_json, verify

VIOLATED = 1


def print_rooms(db: str, *, json: bool) -> None:
    """List the rooms."""
    existing(db)
    asyncio.run(_rooms(db, json=json))


def print_log(db: str, room: str, *, reader: str | None, after: int, json: bool) -> None:
    """Print a room's events, all or those that ``reader`` may see."""
    existing(db)
    asyncio.run(_log(db, RoomId(room), reader, after, json=json))


def print_report(db: str, *, json: bool) -> None:
    """Verify a database; exit with 1 if anything is wrong."""
    report = verify(db)
    if json:
        print(line(report.as_json()))
    else:
        console = Console(highlight=False)
        for wrong in report.violations:
            console.print(
                f"[red]{wrong.rule}[/red] room {wrong.room} event {wrong.seq}: {wrong.what}"
            )
        verdict = f"{len(report.violations)} violations" if report.violations else "all is well"
        console.print(f"{report.rooms} rooms, {report.events} events: {verdict}")
    if report.violations:
        raise typer.Exit(VIOLATED)


def existing(db: str) -> None:
    """Raise ``Unknown`` when the database's file is not there (opening it would make it)."""
    name = make_url(db).database if db.startswith("sqlite") else None
    if name and not Path(name).exists():
        raise Unknown(kind="database", name=db, hint="; name one with --db or TERTULIA_DB")


async def _rooms(db: str, *, json: bool) -> None:
    log = open_log(db)
    try:
        found = await log.rooms()
    finally:
        await log.close()
    if json:
        for room in found:
            print(line({"room": room.room, "head": room.head, "owner": room.owner}))
        return
    table = Table("room", "events", "held by")
    for room in found:
        table.add_row(room.room, str(room.head), room.owner or "-")
    Console().print(table if found else "no rooms yet")


async def _log(db: str, room: RoomId, reader: str | None, after: int, *, json: bool) -> None:
    transcript = LiveTranscript()
    log = open_log(db)
    try:
        async for event in events_of(log, room, after):
            if reader is not None and not may_see(event.audience, ParticipantId(reader)):
                continue
            if json:
                print(line(to_json(event)))
            else:
                transcript.show(event)
    finally:
        await log.close()


async def events_of(log: Log, room: RoomId, after: int = 0) -> AsyncIterator[Event]:
    """The events of a room after a seq. Raises ``Unknown`` for a room that is not there."""
    names = [summary.room for summary in await log.rooms()]
    if room not in names:
        close = get_close_matches(room, names, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "; list them: tertulia rooms"
        raise Unknown(kind="room", name=room, hint=hint)
    while page := await log.read(room, after, PAGE):
        for event in page:
            yield event
        after = page[-1].seq
