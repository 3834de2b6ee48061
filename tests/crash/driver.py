"""Kill the process that holds the rooms, again and again, while clients talk; then count.

    python -m tests.crash.driver --kills 200 --seed 1 --json

Clients post over loopback sockets and retry until they are told that it is done. Workers are killed
with SIGKILL at random moments (drawn from the seed), some while they start; some are frozen with
SIGSTOP until another has taken their rooms over, and then let go on beside it for a while.
``--no-keys`` and ``--no-fence`` are negative controls: with them, faults must be found.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from tests.crash import worker as worker_module
from tests.crash.checker import Figures, Post, check, written
from tests.crash.locks import is_locked

from tertulia.orchestrator import handle

PEOPLE, AGENTS = (
    tuple(map(handle, names)) for names in (worker_module.PEOPLE, worker_module.AGENTS)
)
ANSWER_S = 3.0
"""How long a client waits for an answer before it asks again, perhaps somebody else."""
SURELY_S = 60.0
"""How long what comes on any machine is waited for."""
MANY = 30
"""How many answers of a worker show that it is in full swing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to happen."""

    kills: int = 20
    seed: int = 1
    rooms: int = 6
    people: int = 3
    freezes: float = 0.15
    """The share of workers that are frozen first."""
    patience_s: float = 60.0
    """How long the last posts and answers may take once nobody is killed any more."""
    keys: bool = True
    fence: bool = True


@dataclass(slots=True)
class Run:
    """What happened."""

    kills: int = 0
    freezes: int = 0
    takeovers: int = 0
    retries: int = 0
    refused: list[str] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    figures: Figures = field(default_factory=Figures)

    def as_json(self) -> dict[str, Any]:
        """The counts as a JSON object."""
        counts = {"kills": self.kills, "freezes": self.freezes, "retries": self.retries}
        counts["takeovers"] = self.takeovers
        return counts | {"refused": len(self.refused)} | self.figures.as_json()


class Process:
    """One worker process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.port: int | None = None
        self.answers = 0
        self.up, self.holds, self.gone = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def hear(self, word: str, number: str = "") -> None:
        """Take in what it says about itself, or what its nursery says."""
        if word == "port":
            self.port = int(number)
            self.up.set()
        elif word == "holds":
            self.holds.set()
        elif word == "gone":
            self.port = None
            for event in (self.up, self.holds, self.gone):
                event.set()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to this process alone."""
        if not self.gone.is_set():
            os.kill(self.pid, number)

    async def stop(self) -> None:
        """Freeze it, and wait until it does not move any more."""
        self.send(signal.SIGSTOP)
        with suppress(psutil.NoSuchProcess):
            while psutil.Process(self.pid).status() != psutil.STATUS_STOPPED:  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    async def end(self, number: signal.Signals) -> None:
        """End it by a signal, and wait until it has gone."""
        self.send(number)
        await self.gone.wait()


class Nursery:
    """Where workers come from: a process that forks them."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._born: asyncio.Queue[Process] = asyncio.Queue()
        self._all: dict[int, Process] = {}
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def open(cls, path: Path, plan: Plan) -> "Nursery":
        """Start it, for workers on the database at ``path``."""
        options = ["--url", f"sqlite:///{path}", "--rooms", str(plan.rooms)]
        if not plan.fence:
            options.append("--unfenced")
        pipe = asyncio.subprocess.PIPE
        return cls(
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", worker_module.__file__, *options), stdin=pipe, stdout=pipe
            )
        )

    async def start(self, seed: int) -> Process:
        """A new worker."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seed}\n".encode())
        return await self._born.get()

    async def close(self) -> None:
        """End it, and all that it has forked."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._listening
        await self._process.wait()

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        while line := (await self._process.stdout.readline()).decode().split():
            pid = int(line[0])
            if line[1] == "born":
                self._all[pid] = Process(pid)
                self._born.put_nowait(self._all[pid])
            else:
                self._all[pid].hear(*line[1:])


class Client:
    """A person at a loopback socket, who says one thing after the other."""

    def __init__(self, crash: "Crash", room: str, who: str, seed: str) -> None:
        self._crash, self._room, self._who = crash, room, who
        self._chance = random.Random(seed)
        self._port = 0
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def talk(self) -> None:
        """Post until there is no more to say; each post until it is acknowledged."""
        number = 0
        try:
            while not self._crash.over.is_set():
                number += 1
                await self._say(self._next(number))
                await asyncio.sleep(self._chance.random() * 0.02)
        finally:
            self.hang_up()

    async def _say(self, post: Post) -> None:
        self._crash.run.posts.append(post)
        asked = {"room": post.room, "by": post.by, "text": post.text, "whisper": post.whisper}
        key = post.key if self._crash.plan.keys else None
        answer = await self.ask(asked | {"key": key})
        if "refused" in answer:
            self._crash.run.refused.append(answer["refused"])
        post.seq = answer.get("seq")

    def _next(self, number: int) -> Post:
        name = f"{self._room} {self._who} {number}"
        agent = self._chance.choice(AGENTS)
        match self._chance.randrange(6):
            case 0:
                return Post(self._room, self._who, name, f"{name}: pst", (agent,))
            case 1 | 2 | 3:
                return Post(self._room, self._who, name, f"{name}: @{agent}, ¿qué tal?")
            case _:
                return Post(self._room, self._who, name, f"{name}: well")

    async def ask(self, asked: dict[str, Any], wait_s: float = ANSWER_S) -> dict[str, Any]:
        """Send a request to whoever serves, again and again until it is answered."""
        while True:
            ports = self._crash.ports
            if ports:
                try:
                    port = self._chance.choice(ports)
                    answer = await asyncio.wait_for(self._try(asked, port), wait_s)
                except (OSError, EOFError, TimeoutError, ValueError):
                    self.hang_up()
                else:
                    self._crash.answered(port)
                    if "retry" not in answer:
                        return answer
            self._crash.run.retries += 1
            await asyncio.sleep(0.02 + self._chance.random() * 0.03)

    async def _try(self, asked: dict[str, Any], port: int) -> dict[str, Any]:
        if self._streams is None or self._port != port:
            self.hang_up()
            self._streams = await asyncio.open_connection("127.0.0.1", port)
            self._port = port
        reader, writer = self._streams
        writer.write(json.dumps(asked).encode() + b"\n")
        await writer.drain()
        answer: dict[str, Any] = json.loads(await reader.readuntil(b"\n"))
        return answer

    def hang_up(self) -> None:
        """Leave the line."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class Crash:
    """One run: the workers, the clients, and the hand on the switch."""

    def __init__(self, plan: Plan, path: Path) -> None:
        self.plan, self.run, self._path = plan, Run(), path
        self.over = asyncio.Event()
        self._chance = random.Random(plan.seed)
        self._alive: list[Process] = []
        self._started = 0

    @property
    def ports(self) -> list[int]:
        """Where somebody serves now."""
        return [process.port for process in self._alive if process.port is not None]

    def answered(self, port: int) -> None:
        """Somebody was answered at a port."""
        for process in self._alive:
            process.answers += process.port == port

    async def play(self) -> Run:
        """Let it all happen; the processes have ended when this returns."""
        async with AsyncExitStack() as stack:
            self._nursery = await Nursery.open(self._path, self.plan)
            stack.push_async_callback(self._nursery.close)
            talking = [asyncio.create_task(client.talk()) for client in self._clients()]
            current = await self._go()
            while self.run.kills < self.plan.kills:
                current = await self._strike(current)
            await _busy(current)
            self.over.set()
            await asyncio.wait(talking, timeout=self.plan.patience_s)
            for task in talking:
                task.cancel()
            await asyncio.gather(*talking, return_exceptions=True)
            await self._lapse()
            with suppress(TimeoutError):
                await asyncio.wait_for(current.end(signal.SIGTERM), self.plan.patience_s)
        self.run.figures = check(self._path, self.run.posts)
        return self.run

    async def _lapse(self) -> None:
        """Wait until every question has been answered."""
        asking = Client(self, "", "", "last")
        patience_s = self.plan.patience_s
        with suppress(TimeoutError):
            await asyncio.wait_for(asking.ask({"lapse": True}, patience_s), patience_s)
        asking.hang_up()

    def _clients(self) -> list[Client]:
        return [
            Client(self, f"room-{number}", who, f"{self.plan.seed} {number} {who}")
            for number in range(self.plan.rooms)
            for who in PEOPLE[: self.plan.people]
        ]

    async def _go(self) -> Process:
        """Let a new worker take over."""
        self._started += 1
        going = await self._nursery.start(self.plan.seed * 1000 + self._started)
        self._alive.append(going)
        return going

    async def _strike(self, current: Process) -> Process:
        """Kill the current worker, in one way or another, at some moment; the one that follows."""
        freezing = self._chance.random() < self.plan.freezes
        if freezing or not self.plan.keys or self._chance.random() < 0.8:  # else as it starts
            await current.up.wait()
        await asyncio.sleep(self._chance.random() * 0.6)
        if freezing and current.port is not None:
            return await self._freeze(current)
        if not self.plan.keys:
            await self._catch(current)
        await self._kill(current)
        return await self._go()

    async def _catch(self, current: Process) -> None:
        """Freeze a worker when something is in the log of which nobody has been told."""
        while not current.gone.is_set():
            await current.stop()
            await asyncio.sleep(0.02)
            for _ in range(20):  # what it has sent is read
                await asyncio.sleep(0)
            if written(self._path) & {post.text for post in self.run.posts if post.seq is None}:
                return
            current.send(signal.SIGCONT)
            await asyncio.sleep(self._chance.random() * 0.02)

    async def _freeze(self, frozen: Process) -> Process:
        """Freeze a worker between two transactions, and thaw it beside the one that followed."""
        self.run.freezes += 1
        await _soon(frozen.holds, SURELY_S)
        await frozen.stop()
        while is_locked(self._path):
            frozen.send(signal.SIGCONT)
            await asyncio.sleep(self._chance.random() * 0.01)
            await frozen.stop()
        following = await self._go()
        self.run.takeovers += await _soon(following.holds, self.plan.patience_s)
        await _busy(following)
        frozen.send(signal.SIGCONT)
        await _busy(frozen, frozen.answers)
        await asyncio.sleep(0.1 + self._chance.random() * 0.5)
        await self._kill(frozen)
        return following

    async def _kill(self, process: Process) -> None:
        self.run.kills += 1
        await process.end(signal.SIGKILL)
        self._alive.remove(process)


async def _busy(process: Process, since: int = 0) -> None:
    """Wait until a worker has answered a good many."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SURELY_S):
            while process.answers < since + MANY and not process.gone.is_set():  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def _soon(event: asyncio.Event, wait_s: float) -> bool:
    """Wait for something, but not for ever; whether it came."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), wait_s)
    return event.is_set()


async def play(plan: Plan, path: Path) -> Run:
    """Carry the plan out on a database that is not there yet."""
    return await Crash(plan, path).play()


def main() -> int:
    """Run it from a shell; 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rooms", type=int, default=6)
    parser.add_argument("--freezes", type=float, default=0.15, help="share of workers frozen first")
    parser.add_argument("--no-keys", dest="keys", action="store_false", help="must find faults")
    parser.add_argument("--no-fence", dest="fence", action="store_false", help="must find faults")
    parser.add_argument("--json", action="store_true")
    options = vars(parser.parse_args())
    as_json = options.pop("json")
    with tempfile.TemporaryDirectory() as folder:
        run = asyncio.run(play(Plan(**options), Path(folder) / "talk.db"))
    told = run.as_json()
    lines = json.dumps(told) if as_json else "\n".join(f"{k:15} {v}" for k, v in told.items())
    sys.stdout.write(lines + "\n")
    return 1 if run.figures.faults or run.refused else 0


if __name__ == "__main__":
    sys.exit(main())
