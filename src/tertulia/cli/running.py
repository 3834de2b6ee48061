"""Run a scenario, in virtual time or live, and show it."""

import asyncio
import random
from importlib import resources
from typing import TYPE_CHECKING

from tertulia.agents.cards import Card
from tertulia.agents.scripted import Scripted
from tertulia.agents.speaker import ModelSpeaker
from tertulia.cli.output import line
from tertulia.cli.transcript import LiveTranscript
from tertulia.compose import House, speaker
from tertulia.orchestrator import Clock, Delta, Event, Kind, Speaker, WallClock, handle
from tertulia.simulation import Scenario, VirtualClock, load, perform
from tertulia.simulation import run as run_virtually
from tertulia.simulation.scenario import Role
from tertulia.storage import to_json

if TYPE_CHECKING:  # LangGraph takes a second to import, and most scenarios have no graph
    from tertulia.graphs import Checkpoints

SEEDS = 2**31


def shipped(name: str) -> Scenario:
    """A scenario that comes with the package."""
    found = resources.files("tertulia.simulation").joinpath("scenarios", f"{name}.yaml")
    with resources.as_file(found) as path:
        return load(path)


def run_scenario(
    scenario: Scenario, *, db: str, model: str | None, seed: int | None, live: bool, json: bool
) -> None:
    """Run ``scenario`` to its end and show it.

    Without a seed a live run draws one, and a run in virtual time takes 0.
    """
    if seed is None:
        seed = random.SystemRandom().randrange(SEEDS) if live else 0
    if model is not None:
        scenario = with_model(scenario, model)
    main = _run(scenario, db, seed, WallClock() if live else VirtualClock(), json=json)
    if live:
        asyncio.run(main)
    else:
        run_virtually(main)


def with_model(scenario: Scenario, model: str) -> Scenario:
    """The same scenario with all its agents on one model."""
    roles = tuple(role.model_copy(update={"model": None}) for role in scenario.participants)
    return scenario.model_copy(update={"model": model, "participants": roles})


def speakers(
    scenario: Scenario, seed: int, checkpoints: "Checkpoints | None" = None
) -> dict[str, Speaker]:
    """Who speaks for the scenario's agents, by handle."""
    agents = [role for role in scenario.participants if role.kind is Kind.AGENT]
    return {handle(role.name): _speaker(role, scenario, seed, checkpoints) for role in agents}


async def _run(scenario: Scenario, db: str, seed: int, clock: Clock, *, json: bool) -> None:
    transcript = LiveTranscript()

    def show(happening: Event | Delta) -> None:
        if not json:
            transcript.show(happening)
        elif isinstance(happening, Event):
            print(line(to_json(happening)), flush=True)

    async with House(db, clock=clock) as house:
        thinking = any(role.graph for role in scenario.participants)
        kept = await house.checkpoints() if thinking and isinstance(clock, WallClock) else None
        cast = speakers(scenario, seed, kept)
        room = await perform(scenario, seed, house.log, house.scheduler, cast, show)
    if not json:
        print(
            f"\nseed {seed} · all of it is in {db} · read it again: tertulia log {room} --db {db}"
        )


def _speaker(
    role: Role, scenario: Scenario, seed: int, checkpoints: "Checkpoints | None"
) -> Speaker:
    model = role.model or scenario.model
    card = Card(role.name, role.persona, model, languages=role.languages)
    if role.lines and model == "scripted":
        script = Scripted(role.lines, tokens_per_second=6.0, first_token_seconds=0.8)
        return ModelSpeaker(card, script)
    return speaker(card, seed=seed, graph=role.graph, checkpoints=checkpoints)
