"""What a decision costs, what a learned reading, and an hour of virtual time in a full room."""

import time
from typing import Any

from tertulia.agents.cards import Card
from tertulia.agents.scripted import Scripted
from tertulia.agents.speaker import ModelSpeaker
from tertulia.bench.readings import reading_us
from tertulia.compose import House
from tertulia.orchestrator import Delta, Event, Kind, Outcome, Speaker, step
from tertulia.orchestrator.events import (
    Draft,
    FloorRequested,
    Joined,
    RoomOpened,
    Said,
    TurnEnded,
)
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies import Conversational, Fair, specify
from tertulia.orchestrator.ports import Policy
from tertulia.orchestrator.room import ROOM, ParticipantId, RoomId, RoomSettings
from tertulia.simulation import Habits, Scenario, VirtualClock, perform, run
from tertulia.simulation.scenario import Role

STEPS, ROUNDS = 200, 20
HOUR_S = 3600.0
PEOPLE, AGENTS = 120, 80
HABITS = Habits(pause_s=300, silence=0.1, patience_s=60, interrupts=0.002, leaves=0.02, away_s=300)
"""What each of the people is in the habit of doing."""


def bench_floor() -> dict[str, Any]:
    """Microseconds a ``step`` that ends one turn and grants the next, and an hour's seconds.

    ``reading_us_p50`` and ``_p99`` are the processor's microseconds in which a learned reader reads
    a line where 200 people talk, ``reading_5_us_p50`` and ``_p99`` where five do.
    """
    hour = time.perf_counter()
    utterances = run(_hour(PEOPLE, AGENTS, seed=1))
    hour = time.perf_counter() - hour
    few, many = reading_us(5), reading_us(200)
    return {
        "bench": "floor",
        "step_us_10": round(_step_us(10, 9), 2),
        "step_us_1000": round(_step_us(1001, 1000), 2),
        "virtual_hour_200_s": round(hour, 2),
        "virtual_hour_utterances": utterances,
        "policy": "fair(conversational)",
        "reading_us_p50": round(many[0], 1),
        "reading_us_p99": round(many[1], 1),
        "reading_5_us_p50": round(few[0], 1),
        "reading_5_us_p99": round(few[1], 1),
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
    """An hour in a room of people with habits; how many things were said."""
    cast: dict[str, Speaker] = {
        f"agent-{n}": ModelSpeaker(Card(f"Agent {n}"), _model(n)) for n in range(agents)
    }
    scenario = Scenario(
        title="hour",
        policy=specify(Fair(Conversational(volunteers=2))),
        participants=(
            *(Role(name=f"Person {n}", kind=Kind.HUMAN, habits=HABITS) for n in range(people)),
            *(Role(name=f"Agent {n}") for n in range(agents)),
        ),
        limit_s=HOUR_S,
    )
    said = 0

    def watch(happening: Event | Delta) -> None:
        nonlocal said
        said += isinstance(happening, Event) and isinstance(happening.body, Said)

    async with House(clock=VirtualClock()) as house:
        await perform(scenario, seed, house.log, house.scheduler, cast, watch)
    return said


def _model(number: int) -> Scripted:
    return Scripted.improvising(number, tokens_per_second=6.0, first_token_seconds=0.5)
