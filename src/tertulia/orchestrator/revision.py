"""Copies of frozen values with some fields changed."""

from typing import Any, TypeVar

Value = TypeVar("Value")


def revised(value: Value, **changes: Any) -> Value:
    """A copy of a frozen value with some fields changed.

    It does what ``dataclasses.replace`` does in half the time, which every step pays several times,
    and checks nothing again. Values that each step revises have a dictionary instead of slots: it
    is copied as one.
    """
    kind = type(value)
    copy = _new(kind)
    if hasattr(copy, "__dict__"):
        _put(copy, "__dict__", {**value.__dict__, **changes})
        return copy
    for name in kind.__slots__:  # type: ignore[attr-defined]
        _put(copy, name, changes[name] if name in changes else getattr(value, name))
    return copy


_new, _put = object.__new__, object.__setattr__
