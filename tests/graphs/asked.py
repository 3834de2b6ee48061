"""A room with the foreign graph in it, and a person who answers what it asks.

    python -m tests.graphs.asked FOLDER EVERY

forks a process that is killed at its first checkpoint, and one that goes on from there to the end;
then two for every so many checkpoints, until one comes to its end before. Each pair has a folder of
its own, and prints a JSON object: the checkpoint, the signal, and what was said in the end.
"""

import asyncio
import json
import os
import signal
import sys
import traceback
from contextlib import suppress
from itertools import count
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


async def main(folder: Path, at: int) -> list[str]:
    killed = Killed(at)
    AsyncSqliteSaver.aput = lambda *args: killed(*args)  # type: ignore[method-assign]
    async with House(f"sqlite:///{folder / 'talk.db'}") as house:
        said = await talk(house, await house.checkpoints())
    return [one.text for one in said]


def forked(folder: Path, at: int) -> tuple[int, list[str]]:
    """Let a process of its own do it; how that ended, and what was said."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(write, json.dumps(asyncio.run(main(folder, at))).encode())
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as file:
        said = file.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), json.loads(said or "[]")


def every(folder: Path, steps: int) -> None:
    """Kill one at each of so many checkpoints."""
    for at in count(1, steps):
        place = folder / str(at)
        place.mkdir()
        ended, said = forked(place, at)
        if ended:
            heir, said = forked(place, 0)
            assert heir == 0
        print(json.dumps({"at": at, "ended": ended, "said": said}), flush=True)  # noqa: T201
        if not ended:
            return


if __name__ == "__main__":
    every(Path(sys.argv[1]), int(sys.argv[2]))
