"""The commands by name. Each imports what it needs when it runs, so that ``--help`` is at once."""

from pathlib import Path
from typing import Annotated

import typer

from tertulia.cli.benching import Json, bench
from tertulia.cli.evaluating import examine
from tertulia.cli.inspecting import ModelsFile, inspection
from tertulia.cli.output import failing_clearly
from tertulia.cli.watching import LogJson, Metrics, Trace, watched

app = typer.Typer(
    name="tertulia",
    help="Rooms in which several people and several agents talk.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(bench, name="bench")
app.add_typer(examine, name="eval")
app.add_typer(inspection, name="models")

Db = Annotated[str, typer.Option(envvar="TERTULIA_DB", help="Database URL, or memory:")]
Model = Annotated[
    str | None,
    typer.Option(help="scripted, embedded, a name of models.yaml, or NAME@BASE_URL."),
]
Seed = Annotated[int | None, typer.Option(min=0, max=2**63 - 1, help="Where chance comes from.")]

DB = "sqlite:///tertulia.db"


@app.command()
@failing_clearly
def demo(
    *,
    db: Db = "sqlite:///demo.db",
    model: Model = None,
    models: ModelsFile = None,
    seed: Seed = None,
    metrics: Metrics = None,
    trace: Trace = None,
    log_json: LogJson = None,
    json: Json = False,
) -> None:
    """Watch three agents and two people at a design meeting, live, with a real model."""
    from tertulia.agents.models import Models
    from tertulia.cli.running import run_scenario, shipped, with_model

    known = Models.found(models)
    own = "default" if "default" in known else "embedded"
    scenario = with_model(shipped("design_meeting"), own)
    with watched(metrics, trace, log_json) as told:
        run_scenario(
            scenario,
            db=db,
            model=model,
            seed=seed,
            live=True,
            json=json,
            models=known,
            telemetry=told,
        )


@app.command()
@failing_clearly
def run(
    scenario: Annotated[Path, typer.Argument(help="A scenario file (YAML).")],
    *,
    db: Db = DB,
    model: Model = None,
    models: ModelsFile = None,
    seed: Seed = None,
    live: Annotated[bool, typer.Option("--live", help="On the wall clock.")] = False,
    metrics: Metrics = None,
    trace: Trace = None,
    log_json: LogJson = None,
    json: Json = False,
) -> None:
    """Run a scenario in virtual time: the same seed gives the same log, to the byte."""
    from tertulia.agents.models import Models
    from tertulia.cli.running import run_scenario
    from tertulia.simulation import load

    with watched(metrics, trace, log_json) as told:
        run_scenario(
            load(scenario),
            db=db,
            model=model,
            seed=seed,
            live=live,
            json=json,
            base=scenario.parent,
            models=Models.found(models),
            telemetry=told,
        )


@app.command()
@failing_clearly
def chat(
    room: Annotated[str, typer.Argument(help="The room's name; made if it is new.")] = "lounge",
    *,
    name: Annotated[str, typer.Option(help="Your name in the room.")] = "Guest",
    scenario: Annotated[
        Path | None,
        typer.Option(help="Take agents and policy from this file."),
    ] = None,
    db: Db = DB,
    model: Model = None,
    models: ModelsFile = None,
    metrics: Metrics = None,
    trace: Trace = None,
    log_json: LogJson = None,
    json: Json = False,
) -> None:
    """Sit down in a room beside agents; type whenever you like, also while they speak."""
    from tertulia.agents.models import Models
    from tertulia.cli.chatting import chat_in

    known = Models.found(models)
    with watched(metrics, trace, log_json) as told:
        chat_in(
            room,
            name=name,
            scenario=scenario,
            db=db,
            model=model,
            models=known,
            json=json,
            telemetry=told,
        )


@app.command()
@failing_clearly
def log(
    room: Annotated[str, typer.Argument(help="The room's name.")],
    *,
    db: Db = DB,
    reader: Annotated[
        str | None,
        typer.Option("--as", help="Show only what this participant may see."),
    ] = None,
    after: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Begin after this seq.")] = 0,
    threads: Annotated[
        bool, typer.Option("--threads", help="Show each exchange by itself, utterances only.")
    ] = False,
    json: Json = False,
) -> None:
    """Print what happened in a room."""
    from tertulia.cli.reading import print_log, print_threads

    if threads:
        print_threads(db, room, reader=reader, after=after, json=json)
    else:
        print_log(db, room, reader=reader, after=after, json=json)


@app.command()
@failing_clearly
def search(
    room: Annotated[str, typer.Argument(help="The room's name.")],
    words: Annotated[str, typer.Argument(help='Words; "in a row", or beginning so*.')],
    *,
    db: Db = DB,
    reader: Annotated[
        str | None,
        typer.Option("--as", help="Search only what this participant may see."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="So many, the last ones.")] = 20,
    json: Json = False,
) -> None:
    """Find what was said in a room: all these words, whatever their case and accents."""
    from tertulia.cli.recalling import print_found

    print_found(db, room, words, reader=reader, limit=limit, json=json)


@app.command()
@failing_clearly
def facts(
    room: Annotated[str, typer.Argument(help="The room's name.")],
    words: Annotated[str, typer.Argument(help="Any of these words; none: the newest.")] = "",
    *,
    db: Db = DB,
    reader: Annotated[
        str | None,
        typer.Option("--as", help="Show only what this participant may know."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="So many.")] = 20,
    ended: Annotated[
        bool, typer.Option("--ended", help="Also what was superseded or forgotten.")
    ] = False,
    json: Json = False,
) -> None:
    """Show what is remembered, where it comes from, and for whom it is."""
    from tertulia.cli.recalling import print_facts

    print_facts(db, room, words, reader=reader, limit=limit, ended=ended, json=json)


@app.command()
@failing_clearly
def effects(
    room: Annotated[str, typer.Argument(help="The room's name.")],
    *,
    db: Db = DB,
    reader: Annotated[
        str | None,
        typer.Option("--as", help="Show only what this participant may see."),
    ] = None,
    json: Json = False,
) -> None:
    """Print what the turns of a room did: each tool call, and what came of it."""
    from tertulia.cli.deeds import print_effects

    print_effects(db, room, reader=reader, json=json)


@app.command()
@failing_clearly
def prune(
    room: Annotated[str | None, typer.Argument(help="The room's name; all rooms.")] = None,
    *,
    older_than: Annotated[
        float, typer.Option(min=0, help="How many days ago they were settled, at least.")
    ],
    db: Db = DB,
    json: Json = False,
) -> None:
    """Forget settled effects of turns that are over; what is uncertain stays."""
    from tertulia.cli.deeds import prune_effects

    prune_effects(db, room, days=older_than, json=json)


@app.command()
@failing_clearly
def context(
    turn: Annotated[str, typer.Argument(help="A turn, as the log names it: kitchen/12.")],
    *,
    db: Db = DB,
    json: Json = False,
) -> None:
    """Show what a turn's model was given to read, and what was left out for want of room."""
    from tertulia.cli.recalling import print_context

    print_context(db, turn, json=json)


@app.command()
@failing_clearly
def metrics(
    room: Annotated[str, typer.Argument(help="The room's name.")],
    *,
    db: Db = DB,
    reader: Annotated[
        str | None,
        typer.Option("--as", help="Measure only what this participant may see."),
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it: .png, .svg or .pdf.")] = None,
    json: Json = False,
) -> None:
    """Measure a conversation: shares, waiting, overlaps, interruptions, silence, cost."""
    from tertulia.cli.measuring import print_metrics

    print_metrics(db, room, reader=reader, plot=plot, json=json)


@app.command()
@failing_clearly
def rooms(*, db: Db = DB, json: Json = False) -> None:
    """List the rooms of a database."""
    from tertulia.cli.reading import print_rooms

    print_rooms(db, json=json)


@app.command()
@failing_clearly
def fork(
    room: Annotated[str, typer.Argument(help="The room to go back in.")],
    new: Annotated[str, typer.Argument(help="The name of the room that goes on from there.")],
    *,
    at: Annotated[
        int | None, typer.Option(min=1, max=2**63 - 1, help="The last event to take over.")
    ] = None,
    db: Db = DB,
    json: Json = False,
) -> None:
    """Make a new room of all that happened in a room up to one of its events."""
    from tertulia.cli.time_travel import fork_room

    fork_room(db, room, new, at=at, json=json)


@app.command()
@failing_clearly
def floor(
    room: Annotated[str, typer.Argument(help="The room's name.")],
    *,
    at: Annotated[
        int | None, typer.Option(min=1, max=2**63 - 1, help="After which event; the last one.")
    ] = None,
    db: Db = DB,
    json: Json = False,
) -> None:
    """Show who was there, who held the floor and who was owed what, at any event."""
    from tertulia.cli.time_travel import print_floor

    print_floor(db, room, at=at, json=json)


@app.command()
@failing_clearly
def verify(*, db: Db = DB, json: Json = False) -> None:
    """Check a database against the invariants; exit 1 and name each violation if there are any."""
    from tertulia.cli.reading import print_report

    print_report(db, json=json)


@app.command()
@failing_clearly
def draw(
    graph: Annotated[str, typer.Argument(help="A template, or FILE.py:NAME, or MODULE:NAME.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option(help="Write .png, .svg or .mmd; else Mermaid is printed."),
    ] = None,
    turn: Annotated[
        str | None, typer.Option(help="Show how far this unfinished turn, ROOM/12, has come in it.")
    ] = None,
    forecast: Annotated[
        bool, typer.Option("--forecast", help="Show how long its nodes will take.")
    ] = False,
    db: Db = DB,
    json: Json = False,
) -> None:
    """Draw a turn's graph."""
    from tertulia.cli.drawing import draw_graph

    draw_graph(graph, out=out, turn=turn, forecasting=forecast, db=db, json=json)


@app.command()
@failing_clearly
def forecast(
    graph: Annotated[str, typer.Argument(help="A template, or FILE.py:NAME, or MODULE:NAME.")],
    *,
    walks: Annotated[int, typer.Option(min=1, max=1_000_000, help="Turns to draw.")] = 2000,
    price: Annotated[
        float | None, typer.Option(min=0, help="What a million tokens cost, in your money.")
    ] = None,
    seed: Seed = 0,
    db: Db = DB,
    json: Json = False,
) -> None:
    """Say what a turn of a graph will take, from how long its nodes took before."""
    from tertulia.cli.forecasting import print_forecast

    print_forecast(graph, db=db, walks=walks, seed=seed or 0, price=price, json=json)


@app.command("plan")
@failing_clearly
def plan(
    room: Annotated[str, typer.Argument(help="The room's name.")],
    *,
    db: Db = DB,
    reader: Annotated[
        str | None,
        typer.Option("--as", help="Show only what this participant may see."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Draw the last plan: .png, .svg, .pdf or .mmd."),
    ] = None,
    json: Json = False,
) -> None:
    """Show the plans of a room's agents, and how far they have come."""
    from tertulia.cli.planning import print_plans

    print_plans(db, room, reader=reader, out=out, json=json)
