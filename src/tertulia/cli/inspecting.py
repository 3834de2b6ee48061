"""The commands of ``models`` by name; each imports what it needs when it runs."""

from pathlib import Path
from typing import Annotated

import typer

from tertulia.cli.benching import Json
from tertulia.cli.output import failing_clearly
from tertulia.cli.serving import serve_model

inspection = typer.Typer(
    help="Which models there are, whether they answer, and how fast.", no_args_is_help=True
)

ModelsFile = Annotated[
    Path | None,
    typer.Option(help="Where models are configured; else TERTULIA_MODELS, ./models.yaml."),
]


@inspection.command("list")
@failing_clearly
def list_models(*, models: ModelsFile = None, json: Json = False) -> None:
    """Show the models and pools that are configured, their prices, and who uses them."""
    from tertulia.cli.model_pages import print_models

    print_models(models, json=json)


@inspection.command("check")
@failing_clearly
def check_models(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Which ones; these write a few words, which may cost money."),
    ] = None,
    *,
    models: ModelsFile = None,
    json: Json = False,
) -> None:
    """See whether models can be used; without a name none of them is made to write anything."""
    from tertulia.cli.model_pages import print_checks

    if not print_checks(models, names or [], json=json):
        raise typer.Exit(1)


@inspection.command("bench")
@failing_clearly
def bench_model(
    name: Annotated[str, typer.Argument(help="A model's or a pool's name.")],
    *,
    tokens: Annotated[int, typer.Option(min=2, max=4096, help="Most tokens of an answer.")] = 64,
    at_once: Annotated[int, typer.Option(min=1, max=64, help="Most calls at a time.")] = 8,
    models: ModelsFile = None,
    json: Json = False,
) -> None:
    """Measure a model: time to the first token, tokens a second. A hosted one costs money."""
    from tertulia.cli.model_pages import print_speed

    print_speed(models, name, tokens=tokens, at_once=at_once, json=json)


inspection.command("serve")(serve_model)
