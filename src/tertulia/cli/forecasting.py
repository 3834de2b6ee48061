"""``forecast``: what a turn of a graph will take, and what is not known of it."""

from dataclasses import asdict

from rich.text import Text

from tertulia.cli.drawing import foretold, graph_of
from tertulia.cli.output import columns, line, page
from tertulia.graphs import Forecast
from tertulia.graphs.forecast import spell

MILLION = 1_000_000


def print_forecast(
    reference: str, *, db: str, walks: int, seed: int, price: float | None, json: bool
) -> None:
    """Forecast from the history beside ``db``; ``price`` is that of a million tokens."""
    told = foretold(graph_of(reference), db, walks=walks, seed=seed)
    if json:
        costs = None
        if price is not None:
            costs = {k: v * price / MILLION for k, v in asdict(told.tokens).items()}
        print(line({**asdict(told), "cost": costs}))
        return
    out = page()
    if not told.runs:
        out.print(Text(_nothing(told, db)), soft_wrap=True)
        return
    out.print(Text(_whole(told, price), "bold"), soft_wrap=True)
    rows = [
        (
            name,
            str(node.timed),
            f"{node.per_turn:.2f}",
            spell(node.seconds.p50) if node.timed else "-",
            spell(node.seconds.p95) if node.timed else "-",
            f"{node.tokens.p50:.0f}" if node.timed else "-",
        )
        for name, node in told.nodes.items()
    ]
    columns(("node", "timed", "a turn", "p50", "p95", "tokens"), rows)
    for said in _caveats(told):
        out.print(Text(said), soft_wrap=True)


def _whole(told: Forecast, price: float | None) -> str:
    least = "at least " if told.unknown else ""
    took = f"p50 {spell(told.seconds.p50)}, p95 {spell(told.seconds.p95)}"
    tokens = f"tokens p50 {told.tokens.p50:.0f}, p95 {told.tokens.p95:.0f}"
    cost = ""
    if price is not None:
        p50, p95 = (tokens * price / MILLION for tokens in (told.tokens.p50, told.tokens.p95))
        cost = f"; cost p50 {p50:.4g}, p95 {p95:.4g}"
    return f"{told.graph}: {least}{took}; {tokens}{cost}; from {told.runs} runs"


def _caveats(told: Forecast) -> list[str]:
    said = [f"longest way: {' → '.join(told.longest)}"] if told.longest else []
    if told.unknown:
        said.append(f"never timed, so counted as no time: {', '.join(told.unknown)}")
    if told.guessed:
        said.append(f"nobody has seen what follows, so all is as likely: {_named(told.guessed)}")
    if told.cut:
        said.append(f"{told.cut:.0%} of the turns reach the graph's bound")
    return said


def _named(names: tuple[str, ...]) -> str:
    return ", ".join("START" if name == "__start__" else name for name in names)


def _nothing(told: Forecast, db: str) -> str:
    return (
        f"no run of the graph {told.graph!r} is on record beside {db}; record them: "
        "speaker_of(graph, manners=Manners(history=house.history()))"
    )
