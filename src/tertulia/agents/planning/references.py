"""How arguments of a task refer to the results of other tasks. Pure.

One form: ``${flights.0.price}`` is what lies at ``0``, ``price`` in the result of the task
``flights``. A text that is nothing but a reference becomes that value, with its type; within a
longer text it becomes words. ``$${`` writes ``${``.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tertulia.orchestrator.errors import Refused

TASK_NAME = r"[A-Za-z][A-Za-z0-9_-]{0,39}"
_MARK = re.compile(r"\$\$\{|\$\{([^{}]*)\}")
_INSIDE = re.compile(rf"\s*({TASK_NAME})((?:\.[^.\s]+)*)\s*")


class Unresolved(Refused):
    """A reference to something that the result does not have."""

    says = "{reference}: {what}"


@dataclass(frozen=True, slots=True)
class Reference:
    """The result of a task, or a part of it."""

    task: str
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As it is written in arguments."""
        return "${" + ".".join((self.task, *self.path)) + "}"


def ref(task: str, *path: str | int) -> str:
    """Refer to the result of a task, or to what lies at ``path`` in it, within arguments."""
    return str(Reference(task, tuple(map(str, path))))


def referred(value: Any) -> Iterator[Reference]:
    """Every reference in a value, however deep; malformed ones are passed over."""
    for text in _texts(value):
        for mark in _MARK.finditer(text):
            reference = _read(mark)
            if reference is not None:
                yield reference


def malformed(value: Any) -> Iterator[str]:
    """What looks like a reference in a value and is none."""
    for text in _texts(value):
        for mark in _MARK.finditer(text):
            if mark.group(1) is not None and _read(mark) is None:
                yield mark.group(0)


def is_open(value: Any) -> bool:
    """Whether it is not known yet what this will be, because it refers to a result."""
    return isinstance(value, str) and any(m.group(1) is not None for m in _MARK.finditer(value))


def resolved(value: Any, results: Mapping[str, Any]) -> Any:
    """The value with each reference replaced. Raises ``Unresolved``."""
    match value:
        case str():
            return _filled(value, results)
        case Mapping():
            return {key: resolved(inner, results) for key, inner in value.items()}
        case list() | tuple():
            return [resolved(inner, results) for inner in value]
    return value


def _filled(text: str, results: Mapping[str, Any]) -> Any:
    whole = _MARK.fullmatch(text)
    reference = None if whole is None else _read(whole)
    if reference is not None:
        return _looked_up(reference, results)

    def words(mark: re.Match[str]) -> str:
        inner = _read(mark)
        if inner is None:
            return "${" if mark.group(1) is None else mark.group(0)
        found = _looked_up(inner, results)
        return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)

    return _MARK.sub(words, text)


def _looked_up(reference: Reference, results: Mapping[str, Any]) -> Any:
    if reference.task not in results:
        raise Unresolved(reference=reference, what=f"task {reference.task!r} has no result")
    found, walked = results[reference.task], reference.task
    for step in reference.path:
        try:
            found = found[int(step)] if isinstance(found, list) else found[step]
        except (KeyError, IndexError, TypeError, ValueError):
            raise Unresolved(reference=reference, what=_missing(found, walked, step)) from None
        walked += f".{step}"
    return found


def _missing(found: Any, walked: str, step: str) -> str:
    match found:
        case Mapping():
            there = ", ".join(map(str, list(found)[:10])) or "nothing"
            return f"{walked} has no {step!r}; it has {there}"
        case list():
            return f"{walked} is a list of {len(found)}, and has no {step!r}"
    return f"{walked} is {type(found).__name__}, which has no parts"


def _read(mark: re.Match[str]) -> Reference | None:
    inside = None if mark.group(1) is None else _INSIDE.fullmatch(mark.group(1))
    if inside is None:
        return None
    return Reference(inside[1], tuple(inside[2].split(".")[1:]))


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case int() | float() | None:
            return
        case Mapping():
            for inner in value.values():
                yield from _texts(inner)
        case list() | tuple():
            for inner in value:
                yield from _texts(inner)
