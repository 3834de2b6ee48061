"""A process that holds a room: it posts each line it reads, and prints what became of it."""

import asyncio
import sys

from tertulia.orchestrator import (
    Kind,
    Participant,
    Scheduler,
    TertuliaError,
    WallClock,
    handle,
)
from tertulia.storage import SqlLog


async def main(url: str, lease_s: float) -> None:
    """Hold the room ``kitchen`` until the input ends."""
    scheduler = Scheduler(SqlLog(url, lease_s=lease_s), WallClock())
    ana = Participant(handle("ana"), "Ana", Kind.HUMAN)
    room = await scheduler.open("kitchen", participants=[ana])
    print("ready", flush=True)  # noqa: T201  # this is how it talks to the test
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        try:
            told = f"said {(await room.post('ana', line, key=line)).seq}"
        except TertuliaError as error:
            told = f"{type(error).__name__} {error}"
        print(told, flush=True)  # noqa: T201
    await scheduler.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
