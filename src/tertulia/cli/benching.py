"""The commands of ``bench`` by name; each imports what it needs when it runs."""

from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

import typer

from tertulia.cli.output import failing_clearly

bench = typer.Typer(
    help="Measure this machine, each figure beside its floor.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@bench.command("turns")
@failing_clearly
def bench_turns(
    *,
    agents: Annotated[int, typer.Option(min=1)] = 10,
    turns: Annotated[int, typer.Option(min=20)] = 1000,
    json: Json = False,
) -> None:
    """One room: time and bytes a turn, and how they grow."""
    from tertulia.bench.turns import bench_turns as measure
    from tertulia.cli.output import print_bench

    print_bench(measure(agents, turns), json=json)


@bench.command("telemetry")
@failing_clearly
def bench_telemetry(
    *,
    agents: Annotated[int, typer.Option(min=1)] = 10,
    turns: Annotated[int, typer.Option(min=20)] = 1000,
    json: Json = False,
) -> None:
    """What a turn costs that is watched, beside one that nobody watches."""
    from tertulia.bench.telemetry import bench_telemetry as measure
    from tertulia.cli.output import print_bench

    print_bench(measure(agents, turns), json=json)


@bench.command("floor")
@failing_clearly
def bench_floor(*, json: Json = False) -> None:
    """What a decision costs, and an hour of virtual time with two hundred in the room."""
    from tertulia.bench.floor import bench_floor as measure
    from tertulia.cli.output import print_bench

    print_bench(measure(), json=json)


class Bits(Enum):
    """How many bits a weight has."""

    EIGHT = "8bit"
    FOUR = "4bit"


@bench.command("batching")
@failing_clearly
def bench_batching(
    *,
    path: Annotated[str, typer.Option(help="A model's folder; without, random weights.")] = "",
    quantise: Annotated[Bits | None, typer.Option(help="Fewer bits a weight.")] = None,
    threads: Annotated[int, typer.Option(min=1)] = 1,
    read: Annotated[int, typer.Option(min=1, help="Tokens of a prompt.")] = 64,
    write: Annotated[int, typer.Option(min=2, help="Tokens of an answer.")] = 32,
    runs: Annotated[int, typer.Option(min=1)] = 1,
    json: Json = False,
) -> None:
    """Tokens a second of Transformers in this process: 1, 2, 4 and 8 rooms, and one at a time."""
    from tertulia.agents.local.settings import Settings
    from tertulia.bench.batching import Load
    from tertulia.bench.batching import bench_batching as measure
    from tertulia.cli.output import print_bench

    bits: Literal["8bit", "4bit"] | None = None
    if quantise is not None:
        bits = "8bit" if quantise is Bits.EIGHT else "4bit"
    Settings(path or "random", quantise=bits).check()
    found = measure(path=path, quantise=bits, threads=threads, load=Load(read, write, runs))
    print_bench(found, json=json)


@bench.command("memory")
@failing_clearly
def bench_memory(
    *, utterances: Annotated[int, typer.Option(min=100)] = 100_000, json: Json = False
) -> None:
    """Find what was said in a long room, and recall facts, beside plain FTS5."""
    from tertulia.bench.memory import bench_memory as measure
    from tertulia.cli.output import print_bench

    print_bench(measure(utterances), json=json)


@bench.command("rooms")
@failing_clearly
def bench_rooms(
    *,
    rooms: Annotated[int, typer.Option(min=1)] = 100,
    agents: Annotated[int, typer.Option(min=1)] = 3,
    turns: Annotated[int, typer.Option(min=1)] = 20,
    delay_ms: Annotated[float, typer.Option(min=0, max=60_000)] = 50,
    json: Json = False,
) -> None:
    """Many rooms at once, with a model that takes its time."""
    from tertulia.bench.rooms import bench_rooms as measure
    from tertulia.cli.output import print_bench

    print_bench(measure(rooms, agents, turns, delay_ms), json=json)


@bench.command("plan")
@failing_clearly
def bench_plan(
    *,
    tasks: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    width: Annotated[int, typer.Option(min=1, max=1_000)] = 10,
    json: Json = False,
) -> None:
    """A plan of small tasks: its time over that of its longest chain, and what the ledger costs."""
    from tertulia.bench.plan import bench_plan as measure
    from tertulia.cli.output import print_bench

    print_bench(measure(tasks, width), json=json)


@bench.command("pool")
@failing_clearly
def bench_pool(
    *,
    rooms: Annotated[int, typer.Option(min=1)] = 100,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    trace: Annotated[Path | None, typer.Option(help="Recorded calls: [s, read, written].")] = None,
    simulated: Annotated[bool, typer.Option("--simulated", help="No real server.")] = False,
    json: Json = False,
) -> None:
    """Many rooms before a few model servers: who is answered how soon."""
    from tertulia.bench.pool import bench_pool as measure
    from tertulia.cli.output import print_bench

    print_bench(measure(rooms, seed, trace, real=not simulated), json=json)


@bench.command("embedded")
@failing_clearly
def bench_embedded(
    *,
    turns: Annotated[int, typer.Option(min=1, help="Turns of each room.")] = 24,
    cancels: Annotated[int, typer.Option(min=0, help="How often it is cut off.")] = 100,
    json: Json = False,
) -> None:
    """The embedded model: how soon it speaks, how fast, and how soon it stops when cut off."""
    from tertulia.bench.embedded import bench_embedded as measure
    from tertulia.cli.output import print_bench

    print_bench(measure(turns, cancels), json=json)


@bench.command("choices")
@failing_clearly
def bench_choices(
    *,
    model: Annotated[str, typer.Option(help="scripted, embedded, or NAME@BASE_URL.")] = "embedded",
    json: Json = False,
) -> None:
    """Who should reply? How often a model is right, held to the names and not."""
    from tertulia.bench.choices import bench_choices as measure
    from tertulia.cli.output import print_bench

    print_bench(measure(model), json=json)
