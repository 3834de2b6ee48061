"""A room in numbers and as a picture."""

from pathlib import Path
from statistics import mean, median
from typing import Any

from rich.table import Table

from tertulia.cli.archive import Archive
from tertulia.cli.output import line, page, writing
from tertulia.orchestrator.metrics import Metrics, Part, measure


def print_metrics(db: str, room: str, *, plot: Path | None, json: bool) -> None:
    """Print the metrics of a room; with ``plot`` draw them too."""
    with Archive.at(db) as archive:
        metrics = measure(list(archive.events(room)))
    if plot is not None:
        from tertulia.evaluation.timeline import paint  # matplotlib takes a second to import

        with writing(plot):
            paint(metrics, plot, room)
    if json:
        print(line(_as_json(metrics, room, plot)))
    else:
        _print_table(metrics, room)
        if plot is not None:
            print(f"drawn: {plot}")


def _as_json(metrics: Metrics, room: str, plot: Path | None) -> dict[str, Any]:
    words = sum(part.words for part in metrics.parts)
    return {
        "room": room,
        "seconds": round(metrics.seconds, 3),
        "evenness": metrics.evenness,
        "overlap_share": metrics.overlap_share,
        "offset_s_median": median(metrics.offsets_s) if metrics.offsets_s else None,
        "posts_during_turns": metrics.posts_during_turns,
        "participants": [_part(part, words) for part in metrics.parts],
        "answers": [[who, whom, times] for (who, whom), times in metrics.answers.items()],
        "plot": None if plot is None else str(plot),
    }


def _part(part: Part, words: int) -> dict[str, Any]:
    return {
        "participant": part.participant,
        "kind": part.kind,
        "utterances": part.utterances,
        "words": part.words,
        "share": round(part.words / words, 4) if words else None,
        "turns": part.turns,
        "silent_turns": part.silent_turns,
        "floor_s": round(part.floor_s, 3),
        "wait_s_mean": round(mean(part.waits_s), 3) if part.waits_s else None,
        "wait_s_longest": round(max(part.waits_s), 3) if part.waits_s else None,
        "wait_grants_longest": part.longest_wait_grants,
        "was_cut": part.was_cut,
        "cut_others": part.cut_others,
    }


def _print_table(metrics: Metrics, room: str) -> None:
    found = _as_json(metrics, room, None)
    table = Table(title=room)
    columns = ("participant", "words", "share", "turns", "silent_turns", "floor_s", "wait_s_mean")
    for column in (*columns, "was_cut", "cut_others"):
        table.add_column(
            column.replace("_", " "), justify="left" if column == "participant" else "right"
        )
    for part in found["participants"]:
        cells = (part[column] for column in (*columns, "was_cut", "cut_others"))
        table.add_row(*("-" if cell is None else str(cell) for cell in cells))
    console = page()
    console.print(table)
    for name in ("seconds", "evenness", "overlap_share", "offset_s_median", "posts_during_turns"):
        value = found[name]
        told = "-" if value is None else f"{value:.3g}" if isinstance(value, float) else value
        console.print(f"{name.replace('_', ' ')}: {told}")
