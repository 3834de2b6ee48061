"""A room to look at: people, agents, whispers and keys, recorded in a database file."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tertulia.compose import House, agent, human
from tertulia.orchestrator import Said, Turn
from tertulia.storage.codec import seal

ROOM = "kitchen"


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


async def answers(turn: Turn) -> str:
    """Say something that names what it answers."""
    return f"to event {turn.hold.answers}"


async def stumbles(turn: Turn) -> str:
    """Say a little, then break."""
    turn.say("well, ")
    raise LookupError("lost the thread")


async def record(path: Path, rounds: int = 6, room: str = ROOM) -> None:
    """Let two people and two agents talk until nobody has anything more to say."""
    async with House(url_of(path)) as house:
        talk = await house.room(
            room, human("Ana"), human("Ben"), agent("Bo", answers), agent("Cy", stumbles)
        )
        for number in range(rounds):
            await talk.post("ana", f"question {number}, @bo?", key=f"a{number}")
            await talk.post("ben", f"between us {number}", whisper=["bo"], key=f"b{number}")
            await talk.post("ben", f"@cy and {number}?")
            await asyncio.wait_for(talk.lapse(), 30)


async def texts(house: House, room: str = "kitchen") -> list[str]:
    """What has been said in a room, in order."""
    said = [event.body for event in await house.log.read(room, 0, 100_000)]  # type: ignore[arg-type]
    return [body.text for body in said if isinstance(body, Said)]


@contextmanager
def altered(path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody's hand in the file."""
    connection = sqlite3.connect(path)
    try:
        yield connection
        connection.commit()
    finally:
        connection.close()


def reseal(connection: sqlite3.Connection, room: str = ROOM) -> None:
    """Make all digests and the head of a room right again, as a careful forger would."""
    connection.row_factory = sqlite3.Row
    chain, head = b"", 0
    rows = connection.execute("SELECT * FROM events WHERE room = ? ORDER BY seq", [room])
    for row in rows.fetchall():
        chain, head = seal(chain, dict(row)), row["seq"]
        where = [chain, room, head]
        connection.execute("UPDATE events SET chain = ? WHERE room = ? AND seq = ?", where)
    connection.execute("UPDATE rooms SET head = ?, chain = ? WHERE id = ?", [head, chain, room])
