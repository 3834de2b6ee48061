"""Run a scenario, in virtual time or live, and show it."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from tertulia import compose
from tertulia.agents.cards import Card
from tertulia.agents.models import Models
from tertulia.agents.models.recipes import SCRIPTED
from tertulia.agents.scripted import Scripted
from tertulia.agents.speaker import ModelSpeaker
from tertulia.cli.output import leave_in_peace, line
from tertulia.cli.toolkits import beside, names_of, toolkits
from tertulia.cli.transcript import LiveTranscript
from tertulia.compose import MEMORY, House, open_log, router_from, speaker
from tertulia.orchestrator import (
    Adviser,
    Clock,
    Delta,
    Event,
    Kind,
    Log,
    Router,
    Speaker,
    WallClock,
)
from tertulia.orchestrator.errors import Invalid, Refused
from tertulia.simulation import (
    Machine,
    Once,
    Outside,
    Partitioned,
    Rehearsed,
    Scenario,
    VirtualClock,
    load,
    outside,
    perform,
    rehearsed_adviser,
)
from tertulia.simulation import run as run_virtually
from tertulia.simulation.clock import EPOCH
from tertulia.simulation.scenario import Role
from tertulia.storage import Memory, MemoryLog, SqlLog, to_json

if TYPE_CHECKING:  # LangGraph takes a second to import, and most scenarios have no graph
    from langchain_core.tools import BaseTool

    from tertulia.graphs import Checkpoints
    from tertulia.telemetry import Telemetry

SEEDS = 2**31


@dataclass(frozen=True, slots=True)
class Means:
    """What a scenario's agents have: models by name, tools by handle, files beside ``base``.

    ``telemetry`` watches what they do.
    """

    models: Models
    checkpoints: "Checkpoints | None" = None
    base: Path | None = None
    tools: "Mapping[str, list[BaseTool]]" = field(default_factory=dict)
    telemetry: "Telemetry | None" = None


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
    models: Models | None = None,
    telemetry: "Telemetry | None" = None,
) -> None:
    """Run ``scenario`` to its end and show it; files that it names lie beside ``base``.

    ``model`` is all its agents', whatever the scenario or ``models`` say; ``telemetry`` watches it.
    Without a seed a live run draws one, and a run in virtual time takes 0.
    """
    if seed is None:
        seed = random.SystemRandom().randrange(SEEDS) if live else 0
    known = Models.found() if models is None else models
    if model is not None:
        scenario, known = with_model(scenario, model), known.without_agents()
    if live and not json:
        print(f"seed {seed} · stop with Ctrl-C; the same seed goes on where it stopped")
    clock = WallClock() if live else VirtualClock()
    means = Means(known, base=base, telemetry=telemetry)
    show = _Showing(scenario, db, seed, clock, means, json=json)
    if live:
        asyncio.run(show.put_on(db))
    elif scenario.faults is None:
        run_virtually(show.put_on(db))
    else:
        memory = Memory()
        machine = Machine(lambda: MemoryLog(memory) if db == MEMORY else SqlLog(db))
        machine.survive(show.put_on, scenario.faults.crashes_of(seed, scenario.limit_s))
    show.sign()


def with_model(scenario: Scenario, model: str) -> Scenario:
    """The same scenario with all its agents on one model."""
    roles = tuple(role.model_copy(update={"model": None}) for role in scenario.participants)
    return scenario.model_copy(update={"model": model, "participants": roles})


def speakers(scenario: Scenario, seed: int, means: Means) -> dict[str, Speaker]:
    """Who speaks for the scenario's agents, by handle.

    Raises ``Invalid``, which names the agent, for a model or a graph that cannot be used.
    """
    agents = [role for role in scenario.participants if role.kind is Kind.AGENT]
    return {role.who: _speaker(role, scenario, seed, means) for role in agents}


def routers(scenario: Scenario, base: Path | None = None) -> dict[str, Router]:
    """The routers that the scenario names, by the handle of the person.

    Raises ``Invalid``, which names the person, for one that cannot be used.
    """
    found: dict[str, Router] = {}
    for role in scenario.participants:
        if isinstance(role.router, str):
            try:
                found[role.who] = router_from(beside(role.router, base))
            except Refused as error:
                raise Invalid(where=f"router of {role.name!r}", what=str(error)) from None
    return found


def adviser(scenario: Scenario, seed: int, models: Models) -> Adviser:
    """Who advises the scenario's room: its adviser's model, else the model of its agents.

    Raises ``Invalid`` for a model that cannot be used.
    """
    name = scenario.adviser or scenario.model
    try:
        if models.known(name).kind == SCRIPTED:
            return rehearsed_adviser(seed)
        return outside(compose.adviser(name, seed=seed, models=models))
    except Refused as error:
        raise Invalid(where="adviser", what=str(error)) from None


class _Showing:
    """One performance on the terminal, by one process or, where they crash, by several."""

    def __init__(
        self,
        scenario: Scenario,
        db: str,
        seed: int,
        clock: Clock,
        means: Means,
        *,
        json: bool,
    ) -> None:
        self._scenario, self._db, self._seed, self._clock = scenario, db, seed, clock
        self._means, self._json, self._room = means, json, ""
        self._transcript = LiveTranscript()
        self._watch = Once(self._show)

    async def put_on(self, where: str | Log) -> None:
        scenario, seed, clock = self._scenario, self._seed, self._clock
        async with House(
            self._spoilt(where), clock=clock, telemetry=self._means.telemetry
        ) as house:
            thinking = any(role.graph or role.tools for role in scenario.participants)
            live = isinstance(clock, WallClock)
            kept = await house.checkpoints() if thinking and live else None
            base = self._means.base
            tools = await toolkits(scenario, house, base, live=live)
            cast = speakers(scenario, seed, replace(self._means, checkpoints=kept, tools=tools))
            house.scheduler.adviser = adviser(scenario, seed, self._means.models)
            try:
                own = routers(scenario, base)
                self._room = await perform(
                    scenario, seed, house.log, house.scheduler, cast, self._watch, own
                )
            finally:
                leave_in_peace()

    def sign(self) -> None:
        if self._json:
            return
        db, room = self._db, self._room
        kept = f"all of it is in {db} · read it again: tertulia log {room} --db {db}"
        print(f"\nseed {self._seed} · {'nothing of it is kept' if db == MEMORY else kept}")

    def _show(self, happening: Event | Delta) -> None:
        if not self._json:
            self._transcript.show(happening)
        elif isinstance(happening, Event):
            print(line(to_json(happening)), flush=True)

    def _spoilt(self, where: str | Log) -> str | Log:
        """The log with the faults that the scenario has for it."""
        faults = self._scenario.faults
        if faults is None or not faults.partitions:
            return where
        log = open_log(where) if isinstance(where, str) else where
        since = EPOCH if isinstance(self._clock, VirtualClock) else self._clock.now()
        cut = faults.partitions_of(self._seed, since, self._scenario.limit_s)
        return Partitioned(log, self._clock, cut)


def _speaker(role: Role, scenario: Scenario, seed: int, means: Means) -> Speaker:
    tools = means.tools.get(role.who, [])
    card = Card(
        role.name,
        role.persona,
        role.model or scenario.model,
        tools=names_of(tools),
        languages=role.languages,
        id=role.who,
        price_in=role.price_in or None,
        price_out=role.price_out or None,
    )
    try:
        scripted = means.models.for_agent(card).kind == SCRIPTED
        if (role.lines or role.votes) and scripted:
            return Rehearsed(card, role.lines, role.votes, paced=scenario.spoken is None)
        if scenario.spoken is not None and scripted and not (role.graph or tools):
            return ModelSpeaker(card, Scripted.improvising(seed))
        found = speaker(
            card,
            seed=seed,
            graph=None if role.graph is None else beside(role.graph, means.base),
            checkpoints=means.checkpoints,
            tools=tools,
            models=means.models,
        )
    except Refused as error:
        raise Invalid(where=f"agent {role.name!r}", what=str(error)) from None
    return found if scripted else Outside(found, paced=scenario.spoken is None)
