"""Policies as plain data and back, so that a room's first event says how the room arbitrates.

A policy is a frozen dataclass of numbers, texts, flags and other policies, known by a name.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from math import isfinite
from typing import Any, TypeVar

from tertulia.orchestrator.errors import Exists, Invalid, Unknown
from tertulia.orchestrator.ports import Policy

P = TypeVar("P")

_KNOWN: dict[str, type[Any]] = {}


def known_as(name: str) -> Callable[[type[P]], type[P]]:
    """Register a policy class (a decorator): ``@known_as("loudest")``. Yours as well as ours.

    Raises ``Exists`` when another class bears the name.
    """

    def register(policy: type[P]) -> type[P]:
        if _KNOWN.setdefault(name, policy) is not policy:
            raise Exists(kind="policy", name=name)
        return policy

    return register


def names() -> tuple[str, ...]:
    """The names of all policies known in this process, sorted."""
    return tuple(sorted(_KNOWN))


def specify(policy: Policy) -> dict[str, Any]:
    """Say a policy as data: its name and its fields."""
    kind: type[Any] = type(policy)
    name = next((name for name, known in _KNOWN.items() if known is kind), None)
    if name is None:
        raise Unknown(kind="policy", name=kind.__name__, hint="; register it with @known_as")
    values = {f.name: getattr(policy, f.name) for f in fields(kind) if f.init}
    return {"name": name} | {k: _said(v) for k, v in values.items()}


def build(specification: str | Mapping[str, Any]) -> Policy:
    """Make the policy that ``specification`` describes: a name, or a mapping with ``name``.

    Raises ``Unknown`` for a name that no policy bears, ``Invalid`` for fields that do not fit.
    """
    if isinstance(specification, str):
        specification = {"name": specification}
    if not isinstance(specification, Mapping):
        what = f"a policy is a name, or a mapping with a name; {_told(specification)}"
        raise Invalid(where="policy", what=what)
    name = str(specification.get("name", ""))
    kind = _KNOWN.get(name)
    if kind is None:
        close = get_close_matches(name, _KNOWN, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(names())}"
        raise Unknown(kind="policy", name=name, hint=hint)
    given = {k: v for k, v in specification.items() if k != "name"}
    allowed = {f.name: f.default for f in fields(kind) if f.init}
    if not given.keys() <= allowed.keys():
        wrong = ", ".join(sorted(given.keys() - allowed.keys()))
        takes = ", ".join(sorted(allowed)) or "none"
        raise Invalid(where=f"policy {name!r}", what=f"no field {wrong}; it takes {takes}")
    for field, value in given.items():
        _check_type(f"policy {name!r}", field, value, allowed[field])
    values = {k: _meant(k, v) for k, v in given.items()}
    try:
        policy: Policy = kind(**values)
    except TypeError as error:
        raise Invalid(where=f"policy {name!r}", what=str(error)) from error
    return policy


def _check_type(where: str, field: str, value: object, default: object) -> None:
    wanted = type(default)
    fits = type(value) is wanted or (wanted is float and type(value) is int)
    if wanted is tuple and not isinstance(value, list | tuple):
        raise Invalid(where=where, what=f"{field} must be a list, and {_told(value)}")
    if wanted is float and isinstance(value, int | float) and not isfinite(value):
        raise Invalid(where=where, what=f"{field} must be finite, and {_told(value)}")
    if wanted in (bool, int, float, str) and not fits:
        what = f"{field} must be {wanted.__name__}, and {_told(value)}"
        raise Invalid(where=where, what=what)


def _told(value: object) -> str:
    return f"{value!r:.80} is {type(value).__name__}"


def _said(value: Any) -> Any:
    """A field's value as data: policies are specified, tuples are lists, as in JSON."""
    if type(value) in _KNOWN.values():
        return specify(value)
    if isinstance(value, Mapping):
        return dict(value)
    return [_said(one) for one in value] if isinstance(value, tuple) else value


def _meant(field: str, value: Any) -> Any:
    """What ``_said`` says, understood. ``inner``, ``after`` and ``each`` hold policies."""
    if field in ("inner", "after"):
        return build(value)
    if isinstance(value, list | tuple):
        return tuple(build(one) if field == "each" else one for one in value)
    return dict(value) if isinstance(value, Mapping) else value
