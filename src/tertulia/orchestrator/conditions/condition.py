"""What a condition is, and how two of them make one. Pure, like all that is decided.

A condition's parts come true one by one and stay so until the room begins anew: ``a & b`` means
that each has come true since, not that both are true at this moment. So ``&`` and ``|`` keep the
laws that they have for statements.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import count

from tertulia.orchestrator.conditions.specification import known_as
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.floor import Floor, Tally


class Condition(ABC):
    """Something that may come true in a room. ``a & b``: both have; ``a | b``: one of them has.

    It is a ``Criterion``, or composed of others.
    """

    __slots__ = ()

    @abstractmethod
    def leaves(self) -> Iterator["Criterion"]:
        """Its parts that are not composed of others, in their order."""

    @abstractmethod
    def holds(self, came: Iterator[bool]) -> bool:
        """Whether it is true as a whole, where ``came`` tells it of each of its leaves in order."""

    @abstractmethod
    def reason(self, came: Iterator[bool]) -> str:
        """Why it is true, in words; empty where it is not."""

    def __and__(self, other: "Condition") -> "Condition":
        """Come true when both have."""
        return All((*_parts(self, All), *_parts(other, All)))

    def __or__(self, other: "Condition") -> "Condition":
        """Come true when one of them has."""
        return Any((*_parts(self, Any), *_parts(other, Any)))


class Criterion(Condition):
    """A condition that is not composed of others: inherit it for one of your own."""

    __slots__ = ()

    @abstractmethod
    def met(self, floor: Floor, event: Event) -> bool:
        """Whether it has come true with this event.

        ``floor`` is the floor after it; ``floor.tally`` counts since the room began (anew).
        """

    def says(self) -> str:
        """What has happened when it has come true, as the room tells it."""
        return type(self).__name__

    def deadline(self, tally: Tally) -> float | None:
        """When it comes true by time alone, in Unix seconds; ``None``: it does not."""
        return None

    def leaves(self) -> Iterator["Criterion"]:
        """Itself."""
        yield self

    def holds(self, came: Iterator[bool]) -> bool:
        """Whether it is true."""
        return next(came)

    def reason(self, came: Iterator[bool]) -> str:
        """What it says, once it is."""
        return self.says() if next(came) else ""


@dataclass(frozen=True, slots=True)
class _Composed(Condition):
    each: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        """Check that there are conditions in it."""
        if not self.each or not all(isinstance(one, Condition) for one in self.each):
            raise Invalid(where=_named(self), what="is made of one or more conditions")

    def leaves(self) -> Iterator[Criterion]:
        """Those of all that it is made of."""
        for one in self.each:
            yield from one.leaves()


@known_as("all")
@dataclass(frozen=True, slots=True)
class All(_Composed):
    """Every one of ``each`` has come true: ``a & b``."""

    def holds(self, came: Iterator[bool]) -> bool:
        """Whether all are (each takes its part of ``came``)."""
        return all([one.holds(came) for one in self.each])

    def reason(self, came: Iterator[bool]) -> str:
        """All of them."""
        told = [one.reason(came) for one in self.each]
        return " and ".join(told) if all(told) else ""


@known_as("any")
@dataclass(frozen=True, slots=True)
class Any(_Composed):
    """One of ``each`` has come true: ``a | b``."""

    def holds(self, came: Iterator[bool]) -> bool:
        """Whether one is (each takes its part of ``came``)."""
        return any([one.holds(came) for one in self.each])

    def reason(self, came: Iterator[bool]) -> str:
        """The first of them."""
        return next(filter(None, [one.reason(came) for one in self.each]), "")


def reason(condition: Condition, came: AbstractSet[int]) -> str | None:
    """Why the condition is true, when the leaves of these numbers are; ``None`` if it is not."""
    if not condition.holds(leaf in came for leaf in count()):
        return None
    return condition.reason(leaf in came for leaf in count())


def _parts(condition: Condition, kind: type[_Composed]) -> tuple[Condition, ...]:
    return condition.each if type(condition) is kind else (condition,)


def _named(condition: Condition) -> str:
    return f"condition {type(condition).__name__.lower()!r}"
