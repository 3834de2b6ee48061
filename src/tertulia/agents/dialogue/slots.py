"""What a form asks for, slot by slot: its type, who may fill it, when it is asked for.

Types are anything that pydantic reads (enums, numbers with bounds, dates, lists, text). A value is
kept as plain JSON and read anew where it is used, so that what is kept outlives a change of code.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from json import dumps
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.room import ParticipantId, one_of

LONGEST = 500
"""Characters of one value, as JSON."""

MISSING: Any = object()
"""The default of a slot that has none, and has to be filled."""


@dataclass(frozen=True, slots=True)
class Party:
    """One of those whom a form may be filled by: who hears the agent in this turn."""

    id: ParticipantId
    name: str
    person: bool = True
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Who:
    """Who may do something with a form: its requester, some by handle, some by role.

    One that names nobody means every person who hears. Agents only where they are named.
    """

    requester: bool = False
    handles: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    def includes(self, party: Party, requester: ParticipantId) -> bool:
        """Whether ``party`` may."""
        if not (self.requester or self.handles or self.roles):
            return party.person
        asked_for_it = self.requester and party.id == requester
        return asked_for_it or party.id in self.handles or bool({*self.roles} & {*party.roles})

    def among(self, parties: Iterable[Party], requester: ParticipantId) -> tuple[Party, ...]:
        """Those of them who may, in their order."""
        return tuple(party for party in parties if self.includes(party, requester))


ANYBODY = Who()
"""Every person who hears it."""
REQUESTER = Who(requester=True)
"""The person who asked for the form."""


def only(*handles: str) -> Who:
    """These participants and nobody else."""
    return Who(handles=handles)


def with_role(*roles: str) -> Who:
    """Those with one of these roles in their profile."""
    return Who(roles=roles)


class Settle(StrEnum):
    """Whose value counts when several persons have given different ones."""

    AGREED = "agreed"
    """None, until all who have given one have given the same."""
    REQUESTER = "requester"
    """The requester's; before it has given one, as ``agreed``."""
    LATEST = "latest"
    """The last one given."""


Check = Callable[[Any, Mapping[str, Any]], str | None]
"""From a value, and those of the slots that it needs, to what is wrong with it, or to ``None``."""
Condition = Callable[[Mapping[str, Any]], bool]
"""From the values of the slots that it needs to whether a slot is asked for."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing that a form needs to know; ``ask`` is the question that asks for it.

    ``by`` says who may give it; with ``each``, all of them do, one value each. It is asked for
    after the slots that it ``needs``, and only if ``ask_if`` says so of their values; ``check``
    says what is wrong with a value, also of theirs ("we are closed on Mondays"). Both have to be
    pure. Without a ``default`` it has to be given. ``hears`` is a regular expression by which rules
    find the value (its first group, if it has one) in what is said. Raises ``Invalid``.
    """

    name: str
    type: Any = str
    ask: str = ""
    by: Who = ANYBODY
    each: bool = False
    needs: tuple[str, ...] = ()
    ask_if: Condition | None = None
    check: Check | None = None
    settle: Settle = Settle.AGREED
    default: Any = MISSING
    hears: str | None = None
    adapter: TypeAdapter[Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check everything once, at the door."""
        where = f"slot {self.name!r}"
        if not self.name.isidentifier():
            raise Invalid(where=where, what="a name is letters, digits and _")
        object.__setattr__(self, "settle", one_of(Settle, "settle", self.settle))
        try:
            adapter: TypeAdapter[Any] = TypeAdapter(self.type)
        except Exception as error:  # pydantic has several for types it cannot read
            raise Invalid(where=where, what=f"has a type that cannot be read: {error}") from error
        object.__setattr__(self, "adapter", adapter)

    @property
    def question(self) -> str:
        """The question, written or made from the name."""
        return self.ask or f"What is the {self.shown}?"

    @property
    def shown(self) -> str:
        """The name as people read it."""
        return self.name.replace("_", " ")

    def read(self, value: Any) -> Any:
        """The typed value of what was said or kept. Raises ``ValueError`` with a reason to tell."""
        try:
            return self.adapter.validate_python(value)
        except ValidationError as error:
            told = error.errors(include_url=False, include_context=False)[0]
            what = str(told["msg"]).removeprefix("Value error, ")
            raise ValueError(what.replace("Input should be", "it should be")) from error

    def plain(self, value: Any) -> Any:
        """A typed value as JSON. Raises ``ValueError`` for one that is too long to be kept."""
        kept = self.adapter.dump_python(value, mode="json")
        if len(dumps(kept)) > LONGEST:
            raise ValueError(f"it is longer than {LONGEST} characters")
        return kept
