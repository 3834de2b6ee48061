"""A room with the foreign graph in it, and a person who answers what it asks.

    python -m tests.graphs.asked FOLDER [WRITE]

runs it over the database in a folder, kills itself at the WRITE-th checkpoint, and else prints what
the graph came to.
"""

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from tests.graphs.foreign import BEGIN, answer_to, trip

from tertulia.compose import House, agent, human
from tertulia.graphs import Checkpoints, GraphSpeaker
from tertulia.orchestrator import Event, Reply, Room, Said, Turn


def begin(turn: Turn) -> Any:
    return dict(BEGIN)


def as_json(turn: Turn, state: Any) -> Reply:
    return Reply(json.dumps(state))


def tripping(kept: Checkpoints, **compiled: Any) -> GraphSpeaker:
    return GraphSpeaker(trip(**compiled), kept, begin=begin, finish=as_json)


async def answering(room: Room) -> None:
    """Answer each question once, whatever has been answered before."""
    async for event in room.subscribe("ana"):
        if isinstance(event, Event) and event.by == "bo" and event.text.endswith("?"):
            answer = answer_to(event.text)
            key = f"answer to {event.seq}"
            await room.post("ana", answer, key=key, reply_to=event.seq)


async def talk(house: House, kept: Checkpoints, **compiled: Any) -> list[Said]:
    """Let the graph take its turn; all that was said."""
    bo = agent("Bo", tripping(kept, **compiled))
    room = await house.room("kitchen", human("Ana"), bo)
    answers = asyncio.ensure_future(answering(room))
    await room.post("ana", "Bo, go.", key="once")
    await room.lapse()
    while room.floor.parked:  # something is still to be approved
        await house.scheduler.clock.sleep(0.1)
        await room.lapse()
    answers.cancel()
    with suppress(asyncio.CancelledError):
        await answers
    return [e.body for e in await room.said() if isinstance(e.body, Said)]


class Killed:
    """Ends this process at a certain checkpoint, as ``kill -9`` does."""

    def __init__(self, at: int) -> None:
        self.left, self.put = at, AsyncSqliteSaver.aput

    async def __call__(self, saver: Any, *args: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return await self.put(saver, *args)


async def main(folder: Path, at: int | None) -> None:
    if at is not None:
        killed = Killed(at)
        AsyncSqliteSaver.aput = lambda *args: killed(*args)  # type: ignore[method-assign]
    async with House(f"sqlite:///{folder / 'talk.db'}") as house:
        said = await talk(house, await house.checkpoints())
    print(json.dumps([one.text for one in said]))  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None))
