"""A process that holds rooms under load, to be killed or frozen at any moment; and its nursery.

The nursery has imported everything and forks a worker for each line (a seed) on its input, so that
a new one is there at once. A worker prints ``PID born``, then ``PID port N`` when clients may come,
and ``PID holds`` when it has every room; the nursery prints ``PID gone``. SIGTERM lets a worker
leave cleanly; when the nursery's input ends, so do all.

Clients send a JSON object a line: ``{"room", "by", "text", "key", "whisper"}`` for a post, or
``{"lapse": true}``; the answer is ``{"seq"}``, ``{"lapsed"}``, ``{"retry"}`` or ``{"refused"}``.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
from dataclasses import replace
from typing import Any

import alembic.command  # noqa: F401  # so that no worker needs to
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from tertulia.orchestrator import (
    Kind,
    Participant,
    Refused,
    Room,
    RoomSettings,
    Scheduler,
    Speaker,
    TertuliaError,
    Turn,
    Unreachable,
    WallClock,
    handle,
)
from tertulia.orchestrator.events import Event, TurnEnded, TurnGranted
from tertulia.orchestrator.ports import Batch
from tertulia.storage import SqlLog
from tertulia.storage.codec import to_row
from tertulia.storage.tables import events, rooms, turns

PEOPLE = ("Ana", "Ben", "Cleo", "Dai")
AGENTS = ("Bo", "Flo", "Moe")
LEASE_S = 0.6
LATENCY_S = 0.02
"""How long, at most, an answer is on its way to a client."""


class Unfenced(SqlLog):
    """A log that never asks whether somebody else has the room by now (the negative control)."""

    async def append(self, batch: Batch) -> None:
        """Write the batch wherever the log ends now, under whatever epoch."""
        await self._writer.write(lambda connection: self._anyhow(connection, batch))

    def _anyhow(self, connection: sa.Connection, batch: Batch) -> None:
        mine = rooms.c.id == batch.room
        room = connection.execute(sa.select(rooms).where(mine)).one()
        shift, chain = room.head + 1 - batch.events[0].seq, room.chain
        for event in batch.events:
            row = to_row(replace(event, seq=event.seq + shift, cause=event.cause + shift), chain)
            chain = row["chain"]
            connection.execute(events.insert(), row)
            _settle(connection, event, event.seq + shift)
        head = batch.events[-1].seq + shift
        connection.execute(rooms.update().where(mine).values(head=head, chain=chain))


def _settle(connection: sa.Connection, event: Event, seq: int) -> None:
    match event.body:
        case TurnGranted(turn=turn):
            row = {"id": turn, "room": event.room, "participant": event.by, "granted": seq}
            connection.execute(insert(turns).values(row).on_conflict_do_nothing())
        case TurnEnded(turn=turn, outcome=outcome):
            ended = turns.update().where(turns.c.id == turn)
            connection.execute(ended.values(ended=seq, outcome=outcome))


def _speakers(chance: random.Random) -> dict[str, Speaker]:
    async def quick(turn: Turn) -> str:
        await turn.clock.sleep(chance.random() * 0.02)
        return f"to {turn.hold.answers}, in {turn.id}"

    async def streaming(turn: Turn) -> None:
        for piece in range(5):
            turn.say(f"piece {piece} in {turn.id} ")
            await turn.clock.sleep(chance.random() * 0.01)

    async def stumbling(turn: Turn) -> str:
        turn.say("well, ")
        await turn.clock.sleep(chance.random() * 0.02)
        if chance.random() < 0.3:
            raise LookupError("lost the thread")
        return f"well, {turn.id}"

    return dict(zip(AGENTS, (quick, streaming, stumbling), strict=True))


class Worker:
    """The rooms, and the clients at their doors."""

    def __init__(self, options: argparse.Namespace, seed: int) -> None:
        self._names = [f"room-{number}" for number in range(options.rooms)]
        self._log = Unfenced if options.unfenced else SqlLog
        self._url, self._chance = options.url, random.Random(seed)
        self._speakers = _speakers(self._chance)
        self._rooms: dict[str, Room] = {}

    async def run(self) -> None:
        """Serve until somebody says that it is enough."""
        enough = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, enough.set)
        self._scheduler = await self._open()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        tell(f"port {server.sockets[0].getsockname()[1]}")
        holding = asyncio.create_task(self._hold())
        await enough.wait()
        holding.cancel()
        server.close()
        await self._scheduler.aclose()

    async def _open(self) -> Scheduler:
        while True:
            try:
                return Scheduler(self._log(self._url, lease_s=LEASE_S), WallClock())
            except Unreachable:
                await asyncio.sleep(0.05)

    async def _hold(self) -> None:
        """Have every room that can be had, now and when others have gone."""
        told = False
        while True:
            for name in self._names:
                try:
                    await self._room(name)
                except TertuliaError:
                    continue  # somebody else's, or, without a fence, damaged
            if not told and len(self._rooms) == len(self._names):
                tell("holds")
                told = True
            await asyncio.sleep(0.1)

    async def _room(self, name: str) -> Room:
        if name not in self._rooms:
            members = [Participant(handle(who), who, Kind.HUMAN) for who in PEOPLE]
            members += [Participant(handle(who), who, Kind.AGENT) for who in AGENTS]
            speakers = {str(handle(who)): speaker for who, speaker in self._speakers.items()}
            self._rooms[name] = await self._scheduler.open(
                name, RoomSettings(lease_s=20.0), participants=members, speakers=speakers
            )
        return self._rooms[name]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                answer = await self._answer(json.loads(line))
                await asyncio.sleep(self._chance.random() * LATENCY_S)
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client went away, or we do
        finally:
            writer.close()

    async def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        name = asked.get("room", "")
        try:
            if "lapse" in asked:
                for each in self._names:
                    await (await self._room(each)).lapse()
                return {"lapsed": True}
            room = await self._room(name)
            text, key, whisper = asked["text"], asked["key"], asked["whisper"]
            return {"seq": (await room.post(asked["by"], text, key=key, whisper=whisper)).seq}
        except Refused as error:
            return {"refused": str(error)}
        except TertuliaError as error:
            self._rooms.pop(name, None)  # taken over, perhaps: ask again who has it
            return {"retry": str(error)}


def tell(what: str) -> None:
    """Say something about this process to the driver."""
    os.write(1, f"{os.getpid()} {what}\n".encode())


class Nursery:
    """Where workers come from."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._children: set[int] = set()

    def run(self) -> None:
        """Fork a worker for each line of the input; end them all when it ends."""
        signal.signal(signal.SIGCHLD, lambda number, frame: self._reap())
        for line in sys.stdin:
            self._fork(int(line))
        for child in list(self._children):
            os.kill(child, signal.SIGKILL)

    def _fork(self, seed: int) -> None:
        child = os.fork()
        if child:
            self._children.add(child)
            self._reap()  # in case it has gone already
            return
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        tell("born")
        try:
            asyncio.run(Worker(self._options, seed).run())
        finally:
            os._exit(0)

    def _reap(self) -> None:
        for child in list(self._children):
            if os.waitpid(child, os.WNOHANG)[0]:
                self._children.discard(child)
                os.write(1, f"{child} gone\n".encode())


def main() -> None:
    """Be a nursery."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--rooms", type=int, required=True)
    parser.add_argument("--unfenced", action="store_true")
    Nursery(parser.parse_args()).run()


if __name__ == "__main__":
    main()
