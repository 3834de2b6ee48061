"""Conditions as plain data and back, so that a room's first event says when it stops.

``{"name": "turns", "n": 3}`` is how they are kept. In files they may be shorter: a mapping from the
name to its first field, or to its fields, or the name alone: ``{turns: 3}``, ``everybody_spoke``,
``{any: [{stop_word: {word: DONE, by: [bo]}}, {seconds: 600}]}``.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from difflib import get_close_matches
from typing import Any, TypeVar

from tertulia.orchestrator.errors import Exists, Invalid, Unknown

C = TypeVar("C")

_KNOWN: dict[str, type[Any]] = {}


def known_as(name: str) -> Callable[[type[C]], type[C]]:
    """Register a kind of condition (a decorator). Raises ``Exists`` when another bears the name."""

    def register(condition: type[C]) -> type[C]:
        if _KNOWN.setdefault(name, condition) is not condition:
            raise Exists(kind="condition", name=name)
        return condition

    return register


def names() -> tuple[str, ...]:
    """The names of all kinds of condition known in this process, sorted."""
    return tuple(sorted(_KNOWN))


def specify(condition: Any) -> dict[str, Any]:
    """Say a condition as data: its name and its fields. Raises ``Unknown``."""
    kind = type(condition)
    name = next((name for name, known in _KNOWN.items() if known is kind), None)
    if name is None:
        raise Unknown(kind="condition", name=kind.__name__, hint="; register it with @known_as")
    return {"name": name} | {f.name: _said(getattr(condition, f.name)) for f in fields(kind)}


def said(condition: Any) -> dict[str, Any] | None:
    """A condition, or what specifies one, as it is kept; ``None`` stays. Raises as ``build``."""
    if condition is None:
        return None
    return specify(condition if hasattr(condition, "leaves") else build(condition))


def build(specification: Any) -> Any:
    """Make the condition that ``specification`` describes, in full or short.

    Raises ``Unknown`` for a name that no condition bears, ``Invalid`` for fields that do not fit.
    """
    name, given = _read(specification)
    kind = _KNOWN.get(name)
    if kind is None:
        close = get_close_matches(name, _KNOWN, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(names())}"
        raise Unknown(kind="condition", name=name, hint=hint)
    where, taken = f"condition {name!r}", {f.name: f for f in fields(kind)}
    if not isinstance(given, Mapping):
        given = {next(iter(taken), "value"): given}
    values = {}
    for field, value in given.items():
        if field not in taken:
            takes = ", ".join(taken) or "none"
            raise Invalid(where=where, what=f"no field {field}; it takes {takes}")
        values[field] = _meant(where, field, value, taken[field])
    missing = [f.name for f in taken.values() if f.default is MISSING and f.name not in values]
    if missing:
        raise Invalid(where=where, what=f"{', '.join(missing)} is missing")
    return kind(**values)


def _read(specification: Any) -> tuple[str, Any]:
    if isinstance(specification, str):
        return specification, {}
    if isinstance(specification, Mapping) and "name" in specification:
        return str(specification["name"]), {k: v for k, v in specification.items() if k != "name"}
    if isinstance(specification, Mapping) and len(specification) == 1:
        [(name, given)] = specification.items()
        return str(name), {} if given is None else given
    what = f"a condition is a name, or a mapping from one name to its fields; {specification!r:.80}"
    raise Invalid(where="condition", what=f"{what} is {type(specification).__name__}")


def _said(value: Any) -> Any:
    if type(value) in _KNOWN.values():
        return specify(value)
    return [_said(one) for one in value] if isinstance(value, tuple) else value


def _meant(where: str, name: str, value: Any, field: "Field[Any]") -> Any:
    """What ``_said`` says, understood: of the type that the field has."""
    if name == "each":
        if not isinstance(value, list | tuple):
            raise Invalid(where=where, what=f"each must be a list of conditions, not {value!r:.80}")
        return tuple(build(one) for one in value)
    wanted = field.type.__name__ if isinstance(field.type, type) else str(field.type)
    if wanted.startswith("tuple"):
        value = [value] if isinstance(value, str) else value
        if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
            return tuple(value)
        raise Invalid(where=where, what=f"{name} must be a list of names, not {value!r:.80}")
    kinds: dict[str, tuple[type, ...]] = {"float": (int, float), "bool": (bool,), "int": (int,)}
    if type(value) not in kinds.get(wanted, (str,)):
        what = f"{name} must be {wanted if wanted in kinds else 'text'}, and {value!r:.80} is"
        raise Invalid(where=where, what=f"{what} {type(value).__name__}")
    return value
