"""Small weights, read from the package, and the arithmetic that they need; no library of arrays.

A weights file is JSON. A tensor in it is ``{"scale": s, "bytes": b}``: signed bytes in base 64,
each times ``s``. Nothing here knows what is scored.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import compress
from math import exp
from operator import mul
from typing import Any

Row = tuple[float, ...]


def shipped(name: str) -> Mapping[str, Any]:
    """A weights file of this package."""
    text = (files(__package__) / "weights" / f"{name}.json").read_text("utf8")
    stored: Mapping[str, Any] = json.loads(text)
    return stored


def unpacked(tensor: Mapping[str, Any]) -> Row:
    """The numbers of a tensor, in their order."""
    scale = float(tensor["scale"])
    signed = memoryview(base64.b64decode(tensor["bytes"])).cast("b")
    return tuple(scale * value for value in signed)


@dataclass(frozen=True, slots=True)
class Network:
    """Two hidden layers over two groups of features: of the question, and of one answer to it.

    The part of the question is computed once for all its answers. ``quick`` weighs an answer's
    features straight to a score, to tell which answers are worth the hidden layers. The layers are
    columns, one for each thing that goes in: most features are zero most of the time, and so is
    half of what a hidden layer says, and a column that counts nothing is left out.
    """

    question: tuple[Row, ...]
    answer: tuple[Row, ...]
    bias: Row
    second: tuple[Row, ...]
    second_bias: Row
    out: Row
    quick: Row

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Network":
        """The network of a weights file."""
        bias, second_bias = unpacked(stored["bias"]), unpacked(stored["second_bias"])
        return cls(
            _columns(unpacked(stored["question"]), len(bias)),
            _columns(unpacked(stored["answer"]), len(bias)),
            bias,
            _columns(unpacked(stored["second"]), len(second_bias)),
            second_bias,
            unpacked(stored["out"]),
            unpacked(stored["quick"]),
        )

    def scores(
        self, question: Sequence[float], answers: Sequence[Sequence[float]], keep: int
    ) -> dict[int, float]:
        """Scores of the ``keep`` best answers, by their place; the others are not worth it."""
        kept: Sequence[int] = range(len(answers))
        if len(answers) > keep:
            quick = [sum(map(mul, self.quick, answer)) for answer in answers]
            kept = sorted(kept, key=quick.__getitem__, reverse=True)[:keep]
        asked = _layer(self.bias, self.question, question)
        return {place: self._score(asked, answers[place]) for place in kept}

    def _score(self, asked: Row, answer: Sequence[float]) -> float:
        first = _rectified(_layer(asked, self.answer, answer))
        second = _rectified(_layer(self.second_bias, self.second, first))
        score: float = sum(map(mul, self.out, second))
        return score


def _layer(bias: Row, columns: tuple[Row, ...], values: Sequence[float]) -> Row:
    """The weighed sum of ``values`` for each row, which begins at its ``bias``."""
    weights = [value for value in values if value]
    if not weights:
        return bias
    rows = zip(*compress(columns, values), strict=True)
    return tuple(start + sum(map(mul, row, weights)) for start, row in zip(bias, rows, strict=True))


def _rectified(values: Row) -> Row:
    return tuple(value if value > 0.0 else 0.0 for value in values)


def softmax(scores: Mapping[int, float]) -> dict[int, float]:
    """Scores made into shares of one."""
    top = max(scores.values())
    raised = {key: exp(score - top) for key, score in scores.items()}
    whole = sum(raised.values())
    return {key: value / whole for key, value in raised.items()}


def _columns(values: Row, height: int) -> tuple[Row, ...]:
    """The columns of a matrix that is stored row by row, and has ``height`` rows."""
    width = len(values) // height
    return tuple(values[at::width] for at in range(width))
