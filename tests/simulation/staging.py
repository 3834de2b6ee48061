"""Scenarios put on in virtual time, with agents that are plain functions."""

import asyncio
from collections.abc import Mapping

from tertulia.orchestrator import Event, Log, Said, Scheduler, Speaker, Turn
from tertulia.simulation import Scenario, VirtualClock, parse, perform, run
from tertulia.simulation.clock import EPOCH
from tertulia.storage import MemoryLog, VolatileMemory


def talks(seconds: float, text: str = "Well, well.") -> Speaker:
    """An agent that speaks for so long, word by word."""

    async def speak(turn: Turn) -> None:
        words = text.split(" ")
        for place, word in enumerate(words):
            turn.say(f" {word}" if place else word)
            await asyncio.sleep(seconds / len(words))

    return speak


async def silent(turn: Turn) -> str:
    """An agent that has nothing to say."""
    return ""


def staged(
    scenario: str | Scenario,
    speakers: Mapping[str, Speaker] | None = None,
    *,
    seed: int = 0,
    log: Log | None = None,
) -> list[Event]:
    """Everything that happens when a scenario is put on."""
    wanted = parse(scenario) if isinstance(scenario, str) else scenario
    happened: list[Event] = []

    def watch(happening: object) -> None:
        if isinstance(happening, Event):
            happened.append(happening)

    async def main() -> None:
        kept = log or MemoryLog()
        scheduler = Scheduler(kept, VirtualClock(), memory=VolatileMemory(kept))
        await perform(wanted, seed, kept, scheduler, speakers or {"bo": silent}, watch)
        await scheduler.aclose()

    run(main())
    return happened


def said(happened: list[Event]) -> list[tuple[float, str, str]]:
    """Who said what, and when: seconds since the beginning."""
    return [
        (round(event.at - EPOCH, 3), event.by, event.body.text)
        for event in happened
        if isinstance(event.body, Said)
    ]


def happenings(happened: list[Event], kind: str) -> list[tuple[float, str]]:
    """When what kind of event was, and whose."""
    return [(round(e.at - EPOCH, 3), e.by) for e in happened if e.type == kind]
