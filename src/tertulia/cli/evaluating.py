"""The commands of ``eval`` by name; each imports what it needs when it runs."""

from pathlib import Path
from typing import Annotated

import typer

from tertulia.cli.benching import Json
from tertulia.cli.output import failing_clearly

examine = typer.Typer(
    help="How often it is right: about what people really did, and in tasks to be done.",
    no_args_is_help=True,
)


@examine.command("turns")
@failing_clearly
def eval_turns(
    *,
    data: Annotated[Path, typer.Option(help="Folder of recorded rooms.")],
    split: Annotated[str, typer.Option(help="Which files of it: dev, test, …")] = "dev",
    rules: Annotated[bool, typer.Option("--rules", help="Simple rules instead.")] = False,
    json: Json = False,
) -> None:
    """Who answers what, who is meant, who speaks next: how often the learned scorers are right."""
    from tertulia.cli.output import print_figures
    from tertulia.evaluation import LEARNED, RULES
    from tertulia.evaluation import eval_turns as measure

    print_figures(measure(data, split, RULES if rules else LEARNED), json=json)


Rooms = Annotated[int, typer.Option(min=1, help="How many tasks are played at once.")]
Kills = Annotated[int, typer.Option(min=0, help="How often the process is killed (-9).")]
Chance = Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Where chance comes from.")]
PauseMs = Annotated[float, typer.Option(min=0, max=60_000, help="Longest pause, drawn each time.")]
Drop = Annotated[bool, typer.Option("--drop", help="Leave one action out: 0 is to come out.")]
Keep = Annotated[Path | None, typer.Option(help="A new folder in which the rooms stay.")]


@examine.command("tau2")
@failing_clearly
def eval_tau2(
    *,
    domain: Annotated[str, typer.Option(help="airline, retail, telecom, or all.")] = "all",
    split: Annotated[str, typer.Option(help="train, test, or full.")] = "train",
    rooms: Rooms = 1,
    kills: Kills = 0,
    seed: Chance = 1,
    pause_ms: PauseMs = 50,
    drop: Drop = False,
    keep: Keep = None,
    json: Json = False,
) -> None:
    """Customer service by scripted participants, judged by tau2's own evaluator."""
    from tertulia.cli.examining import pace, print_tau2

    wanted = pace(rooms=rooms, kills=kills, seed=seed, pause_ms=pause_ms)
    print_tau2(domain, split, wanted, drop=drop, keep=keep, json=json)


@examine.command("functions")
@failing_clearly
def eval_functions(
    *,
    data: Annotated[Path, typer.Option(help="Folder with the unpacked package bfcl-eval.")],
    category: Annotated[str, typer.Option(help="base or miss_param.")] = "base",
    rooms: Rooms = 1,
    kills: Kills = 0,
    seed: Chance = 1,
    pause_ms: PauseMs = 50,
    drop: Drop = False,
    keep: Keep = None,
    json: Json = False,
) -> None:
    """Function calls over several turns and agents, judged by BFCL's own checker."""
    from tertulia.cli.examining import pace, print_functions

    wanted = pace(rooms=rooms, kills=kills, seed=seed, pause_ms=pause_ms)
    print_functions(data, category, wanted, drop=drop, keep=keep, json=json)
