"""Calls to models as they come: from group chats made up by a seed, or from a recorded trace."""

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from tertulia.agents.pool import Rank
from tertulia.bench.serving import Call
from tertulia.orchestrator.errors import Invalid

PERSONA = 400
"""Tokens of an agent's card and rules, with which its prompts begin."""
UTTERANCE = 35.0
"""Tokens of what a person says, on average."""


def group_chats(
    rooms: int, seconds: float, seed: int, tenant: str = "", agents: int = 3
) -> list[Call]:
    """Rooms of people and agents who talk for so long, each room a turn every half minute or so.

    The transcript of a room grows from turn to turn. Before one turn in three all agents bid; after
    each twentieth somebody sums up in the background. An agent's answers are about as long as it
    is used to make them.
    """
    chance = Random(f"{seed}/{tenant}")  # noqa: S311 - drawn from a seed, not for secrets
    calls: list[Call] = []
    for number in range(rooms):
        room = f"{tenant}room-{number}"
        calls += _room(room, tenant, seconds, agents, Random(chance.random()))  # noqa: S311
    return numbered(calls)


def _room(room: str, tenant: str, seconds: float, agents: int, chance: Random) -> Iterator[Call]:
    habits = [min(400.0, chance.lognormvariate(4.4, 0.6)) for _ in range(agents)]
    said = chance.uniform(200, 5_000)
    at, turn = chance.uniform(0, 30), 0
    while at < seconds:
        turn += 1
        said += chance.expovariate(1 / UTTERANCE)
        if chance.random() < 1 / 3:
            for agent in range(agents):
                prompt = int(PERSONA + said)
                yield Call(0, at, room, tenant, Rank.BID, f"{room}/{agent}", prompt, 6)
            at += 1.0
        agent = chance.randrange(agents)
        answer = max(4, int(habits[agent] * chance.lognormvariate(0, 0.35)))
        prompt = int(PERSONA + said)
        yield Call(0, at, room, tenant, Rank.HOLDER, f"{room}/{agent}", prompt, answer)
        said = min(said + answer, 12_000)
        if turn % 20 == 0:
            yield Call(0, at, room, tenant, Rank.BACKGROUND, f"{room}/sum", int(said), 200)
        at += 10.0 + chance.expovariate(1 / 20)


def trace(path: Path, most: int) -> list[Call]:
    """The first calls of a trace: lines of ``[seconds, tokens read, tokens written]``.

    Gzipped if its name ends so. Each call is a room of its own: nothing is known to be read twice.
    Raises ``Invalid`` for lines that are none.
    """
    calls: list[Call] = []
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        for number, line in enumerate(lines, 1):
            if len(calls) >= most:
                break
            try:
                at, read, written = json.loads(line)
                call = Call(0, float(at), f"call-{number}", "", 0, "", int(read), int(written))
            except (ValueError, TypeError) as error:
                what = "each line is [seconds, tokens read, tokens written]"
                raise Invalid(where=f"{path}, line {number}", what=what) from error
            call.prefix = call.room
            call.answer_tokens = max(1, call.answer_tokens)
            calls.append(call)
    return numbered(calls)


def numbered(calls: list[Call]) -> list[Call]:
    """In the order of coming, with their serial numbers."""
    ordered = sorted(calls, key=lambda call: call.at)
    for serial, call in enumerate(ordered, 1):
        call.serial = serial
    return ordered


def at_pace(calls: Sequence[Call], factor: float) -> list[Call]:
    """The same calls anew, coming ``factor`` times as fast."""
    return [
        Call(
            call.serial,
            call.at / factor,
            call.room,
            call.tenant,
            call.rank,
            call.prefix,
            call.prompt_tokens,
            call.answer_tokens,
        )
        for call in calls
    ]
