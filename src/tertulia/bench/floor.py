"""What a decision costs, and an hour of virtual time in a full room."""

import time
from random import Random
from typing import Any

from tertulia.agents.cards import Card
from tertulia.agents.scripted import Scripted
from tertulia.agents.speaker import ModelSpeaker
from tertulia.compose import House, agent, human
from tertulia.orchestrator import Kind, Outcome, Room, step
from tertulia.orchestrator.events import (
    Draft,
    FloorRequested,
    Joined,
    RoomOpened,
    Said,
    TurnEnded,
)
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies import Conversational, Fair
from tertulia.orchestrator.ports import Policy
from tertulia.orchestrator.room import ROOM, ParticipantId, RoomId, RoomSettings
from tertulia.simulation import VirtualClock, run

STEPS, ROUNDS = 200, 20
HOUR_S = 3600.0
PEOPLE, AGENTS = 120, 80
PAUSE_S = (30.0, 600.0)
"""How long a simulated person is silent between two things it says."""


def bench_floor() -> dict[str, Any]:
    """Microseconds a ``step`` that ends one turn and grants the next, and an hour's seconds."""
    hour = time.perf_counter()
    utterances = run(_hour(PEOPLE, AGENTS, seed=1))
    hour = time.perf_counter() - hour
    return {
        "bench": "floor",
        "step_us_10": round(_step_us(10, 9), 2),
        "step_us_1000": round(_step_us(1001, 1000), 2),
        "virtual_hour_200_s": round(hour, 2),
        "virtual_hour_utterances": utterances,
        "policy": "fair(conversational)",
    }


def _step_us(members: int, hands: int) -> float:
    """The least of several rounds, for a room with so many members and raised hands."""
    policy = Fair(Conversational(volunteers=2))
    floor = _crowd(members, hands, policy)
    hold = floor.holds[0]
    drafts = [Draft(hold.participant, TurnEnded(hold.turn, Outcome.COMMITTED))]
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(STEPS):
            step(floor, drafts, 1.0, policy)
        best = min(best, time.perf_counter() - began)
    return 1e6 * best / STEPS


def _crowd(members: int, hands: int, policy: Policy) -> Floor:
    crowd = [ParticipantId(f"p{number}") for number in range(members)]
    drafts = [Draft(ROOM, RoomOpened(RoomSettings()))]
    drafts += [
        Draft(who, Joined(who, Kind.AGENT if n else Kind.HUMAN)) for n, who in enumerate(crowd)
    ]
    drafts.append(Draft(crowd[0], Said("What do you think?", (crowd[1],))))
    floor = step(Floor(RoomId("crowd")), drafts, 0.0, policy).floor
    raised = [Draft(who, FloorRequested()) for who in crowd[2 : hands + 2]]
    return step(floor, raised, 0.0, policy).floor if raised else floor


async def _hour(people: int, agents: int, seed: int) -> int:
    """An hour in a room; how many things were said."""
    async with House(clock=VirtualClock()) as house:
        persons = [human(f"Person {number}") for number in range(people)]
        cast = [
            agent(f"Agent {number}", ModelSpeaker(Card(f"Agent {number}"), _model(number)))
            for number in range(agents)
        ]
        room = await house.room("hour", *persons, *cast, policy=Fair(Conversational(volunteers=2)))
        clock, chance = house.scheduler.clock, Random(seed)  # noqa: S311 - a simulation
        end = clock.now() + HOUR_S
        moments = sorted(
            moment
            for number in range(people)
            for moment in _moments(chance, clock.now(), end, number)
        )
        for at, number in moments:
            await clock.sleep(at - clock.now())
            await _say(room, number, chance)
        await clock.sleep(end - clock.now())
        return sum(isinstance(e.body, Said) for e in await house.log.read(room.id, 0, 10**9))


def _moments(chance: Random, start: float, end: float, number: int) -> list[tuple[float, int]]:
    moments, at = [], start + chance.uniform(*PAUSE_S)
    while at < end:
        moments.append((at, number))
        at += chance.uniform(*PAUSE_S)
    return moments


async def _say(room: Room, number: int, chance: Random) -> None:
    asked = f"Agent {chance.randrange(AGENTS)}, " if chance.random() < 0.3 else ""
    await room.post(f"person-{number}", f"{asked}what about the garden?", key=str(room.floor.head))


def _model(number: int) -> Scripted:
    return Scripted.improvising(number, tokens_per_second=6.0, first_token_seconds=0.5)
