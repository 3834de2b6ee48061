"""Run a scenario, in virtual time or live, and show it."""

import asyncio
import random
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from tertulia.agents.cards import Card
from tertulia.cli.output import leave_in_peace, line
from tertulia.cli.transcript import LiveTranscript
from tertulia.compose import MEMORY, House, speaker
from tertulia.orchestrator import Clock, Delta, Event, Kind, Speaker, WallClock
from tertulia.orchestrator.errors import Invalid, Refused
from tertulia.simulation import Outside, Rehearsed, Scenario, VirtualClock, load, perform
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
    scenario: Scenario,
    *,
    db: str,
    model: str | None,
    seed: int | None,
    live: bool,
    json: bool,
    base: Path | None = None,
) -> None:
    """Run ``scenario`` to its end and show it; files that it names lie beside ``base``.

    Without a seed a live run draws one, and a run in virtual time takes 0.
    """
    if seed is None:
        seed = random.SystemRandom().randrange(SEEDS) if live else 0
    if model is not None:
        scenario = with_model(scenario, model)
    if live and not json:
        print(f"seed {seed} · stop with Ctrl-C; the same seed goes on where it stopped")
    clock = WallClock() if live else VirtualClock()
    main = _run(scenario, db, seed, clock, base, json=json)
    if live:
        asyncio.run(main)
    else:
        run_virtually(main)


def with_model(scenario: Scenario, model: str) -> Scenario:
    """The same scenario with all its agents on one model."""
    roles = tuple(role.model_copy(update={"model": None}) for role in scenario.participants)
    return scenario.model_copy(update={"model": model, "participants": roles})


def speakers(
    scenario: Scenario,
    seed: int,
    checkpoints: "Checkpoints | None" = None,
    base: Path | None = None,
) -> dict[str, Speaker]:
    """Who speaks for the scenario's agents, by handle.

    Raises ``Invalid``, which names the agent, for a model or a graph that cannot be used.
    """
    agents = [role for role in scenario.participants if role.kind is Kind.AGENT]
    return {role.who: _speaker(role, scenario, seed, checkpoints, base) for role in agents}


async def _run(
    scenario: Scenario, db: str, seed: int, clock: Clock, base: Path | None, *, json: bool
) -> None:
    transcript = LiveTranscript()

    def show(happening: Event | Delta) -> None:
        if not json:
            transcript.show(happening)
        elif isinstance(happening, Event):
            print(line(to_json(happening)), flush=True)

    async with House(db, clock=clock) as house:
        thinking = any(role.graph for role in scenario.participants)
        kept = await house.checkpoints() if thinking and isinstance(clock, WallClock) else None
        cast = speakers(scenario, seed, kept, base)
        try:
            room = await perform(scenario, seed, house.log, house.scheduler, cast, show)
        finally:
            leave_in_peace()
    if json:
        return
    again = "" if db == MEMORY else f" · read it again: tertulia log {room} --db {db}"
    print(f"\nseed {seed} · all of it is in {db}{again}")


def _speaker(
    role: Role,
    scenario: Scenario,
    seed: int,
    checkpoints: "Checkpoints | None",
    base: Path | None,
) -> Speaker:
    model = role.model or scenario.model
    card = Card(role.name, role.persona, model, languages=role.languages, id=role.who)
    if role.lines and model == "scripted":
        return Rehearsed(card, role.lines)
    graph = None if role.graph is None else _beside(role.graph, base)
    try:
        found = speaker(card, seed=seed, graph=graph, checkpoints=checkpoints)
    except Refused as error:
        raise Invalid(where=f"agent {role.name!r}", what=str(error)) from None
    return found if model == "scripted" else Outside(found)


def _beside(graph: str, base: Path | None) -> str:
    """The same reference, with its file looked for in the scenario's folder."""
    file, _, name = graph.rpartition(":")
    return f"{base / file}:{name}" if base is not None and file.endswith(".py") else graph
