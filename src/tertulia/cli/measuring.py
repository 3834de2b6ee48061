"""A room in numbers and as a picture."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import mean
from typing import Any

from rich.table import Table

from tertulia.cli.archive import Archive
from tertulia.cli.output import line, page, writing
from tertulia.orchestrator import Event
from tertulia.orchestrator.metrics import Metrics, Part, Silence, Spread, measure
from tertulia.orchestrator.visibility import seen_by

TABLES: tuple[tuple[str, Mapping[str, str]], ...] = (
    (
        "speaking",
        {
            "words": "words",
            "share": "share",
            "turns": "turns",
            "silent_turns": "silent",
            "floor_s": "floor s",
            "tokens": "tokens",
            "cost": "cost",
        },
    ),
    (
        "waiting",
        {
            "wait_s_mean": "hand s",
            "starved_s": "starved s",
            "starved_grants": "grants",
            "without_floor_s": "without s",
            "without_floor_grants": "grants",
        },
    ),
    (
        "cutting in and keeping silent",
        {
            "was_cut": "was cut",
            "cut_others": "cuts",
            "cuts_won": "won",
            "silence_precision": "precision",
            "silence_recall": "recall",
            "silence_moments": "moments",
        },
    ),
)
"""What a terminal shows of each participant, in tables that fit it, and under which head."""


def print_metrics(db: str, room: str, *, reader: str | None, plot: Path | None, json: bool) -> None:
    """Print the metrics of a room, or of what ``reader`` may see of it; with ``plot`` draw them."""
    with Archive.at(db) as archive:
        metrics = measure(_events(archive, room, reader))
    if plot is not None:
        from tertulia.evaluation.timeline import paint  # matplotlib takes a second to import

        with writing(plot):
            paint(metrics, plot, room if reader is None else f"{room}, as {reader} sees it")
    if json:
        print(line(_as_json(metrics, room, reader, plot)))
    else:
        _print_tables(metrics, room)
        if plot is not None:
            print(f"drawn: {plot}")


def _events(archive: Archive, room: str, reader: str | None) -> Iterator[Event]:
    happened = archive.events(room)
    first = next(happened, None)  # a room that is not there is told before a reader who is not
    events = () if first is None else (first, *happened)
    return iter(events) if reader is None else seen_by(events, archive.reader(room, reader))


def _as_json(metrics: Metrics, room: str, reader: str | None, plot: Path | None) -> dict[str, Any]:
    words = sum(part.words for part in metrics.parts)
    addressees = metrics.addressees
    return {
        "room": room,
        "as": reader,
        "seconds": round(metrics.seconds, 3),
        "evenness": metrics.evenness,
        "overlap_share": metrics.overlap_share,
        "offset_s_median": None if metrics.offsets is None else metrics.offsets.p50,
        "offset_s": _spread(metrics.offsets),
        "gap_s": _spread(metrics.gaps),
        "overlap_s": _spread(metrics.overlaps),
        "posts_during_turns": metrics.posts_during_turns,
        "interruptions": len(metrics.interruptions),
        "interruptions_won": sum(one.won for one in metrics.interruptions),
        "addressees_marked": addressees.marked,
        "addressees_against_marks": _rounded(addressees.against_marks),
        "addressees_answered": addressees.answered,
        "addressees_against_answers": _rounded(addressees.against_answers),
        **_silence(metrics.silence),
        "approvals": metrics.approvals.asked,
        "approvals_open": metrics.approvals.open,
        "approval_wait_s_median": metrics.approvals.median_s,
        "approval_wait_s_p95": metrics.approvals.p95_s,
        "tokens": metrics.tokens,
        "cost": metrics.cost,
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
        "tokens": part.tokens,
        "cost": part.cost,
        "wait_s_mean": round(mean(part.waits_s), 3) if part.waits_s else None,
        "wait_s_longest": round(max(part.waits_s), 3) if part.waits_s else None,
        "wait_grants_longest": part.longest_wait_grants,
        "starved_s": round(part.starved_s, 3),
        "starved_grants": part.starved_grants,
        "without_floor_s": round(part.longest_without_s, 3),
        "without_floor_grants": part.longest_without_grants,
        "was_cut": part.was_cut,
        "cut_others": part.cut_others,
        "cuts_won": part.cuts_won,
        **_silence(part.silence),
    }


def _silence(silence: Silence) -> dict[str, Any]:
    return {
        "silence_moments": silence.moments,
        "silence_precision": _rounded(silence.precision),
        "silence_recall": _rounded(silence.recall),
    }


def _spread(spread: Spread | None) -> dict[str, float] | None:
    if spread is None:
        return None
    return {"n": spread.n, "p10": spread.p10, "p50": spread.p50, "p90": spread.p90}


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _print_tables(metrics: Metrics, room: str) -> None:
    found = _as_json(metrics, room, None, None)
    console = page()
    console.print(room)
    for title, columns in TABLES:
        table = Table(title=title, title_justify="left")
        table.add_column("participant", overflow="fold")
        for head in columns.values():
            table.add_column(head, justify="right", no_wrap=True)
        for part in found["participants"]:
            table.add_row(part["participant"], *(_cell(part[column]) for column in columns))
        console.print(table)
    for name, told in _lines(found):
        console.print(f"{name}: {told}")


def _lines(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("seconds", "evenness", "overlap_share"):
        yield name.replace("_", " "), _cell(found[name])
    for name in ("offset_s", "gap_s", "overlap_s"):
        spread = found[name]
        told = "-"
        if spread is not None:
            parts = (f"{key} {_cell(spread[key])}" for key in ("p10", "p50", "p90", "n"))
            told = ", ".join(parts)
        yield f"{name.removesuffix('_s')} in seconds", told
    yield "posts during turns", _cell(found["posts_during_turns"])
    cuts, won = found["interruptions"], found["interruptions_won"]
    yield "interruptions", f"{cuts}, of which {won} got the floor"
    for name, count in (("marks", "marked"), ("answers", "answered")):
        share = found[f"addressees_against_{name}"]
        told = "-" if share is None else f"{share:.0%} of {found[f'addressees_{count}']}"
        yield f"addressees right by {name}", told
    precision, recall = found["silence_precision"], found["silence_recall"]
    told = (
        f"precision {_cell(precision)}, recall {_cell(recall)}, {found['silence_moments']} moments"
    )
    yield "silence of agents", told
    median, p95 = (_cell(found[f"approval_wait_s_{which}"]) for which in ("median", "p95"))
    told = f"{found['approvals']}, of which {found['approvals_open']} open"
    yield "approvals", f"{told}; seconds waited: median {median}, p95 {p95}"
    yield "tokens", f"{found['tokens']:,}, cost {found['cost']:g}"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
