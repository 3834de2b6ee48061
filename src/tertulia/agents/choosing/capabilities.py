"""What a model can be held to, as values: each with the test that found it. Pure.

``findings.capabilities`` finds them.
"""

from dataclasses import dataclass
from enum import StrEnum

from tertulia.agents.choosing.constraints import SPELLINGS, Spelling


class Kind(StrEnum):
    """What there is to be found out about a model."""

    CHOICE = "choice"
    """Answers with one of given options and nothing else."""
    SCHEMA = "json-schema"
    """Answers with JSON of a given schema."""
    CALLS = "function calls"
    """Calls the function that it is told to call."""
    SCORES = "log-probabilities"
    """Tells how likely an answer is."""


ITSELF, OWN_GRAMMAR = "the model itself", "its own grammar"
"""By what a model in this process is held: nobody has to ask for it, nor can, in a request."""


@dataclass(frozen=True, slots=True)
class Finding:
    """That a model can do something ``by`` some means, or cannot, and what showed it."""

    kind: Kind
    by: str
    works: bool
    shown: str

    def __str__(self) -> str:
        """As a person reads it."""
        verdict = "yes" if self.works else "no"
        return f"{self.kind} by {self.by}: {verdict} ({self.shown})"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """All that was found out about one model. What is not found here, it cannot be held to."""

    findings: tuple[Finding, ...] = ()

    def works(self, kind: Kind, by: str) -> bool:
        """Whether this was found to work."""
        return any(one.works and (one.kind, one.by) == (kind, by) for one in self.findings)

    @property
    def choice(self) -> Spelling | None:
        """How a choice is put to it, if it obeys one."""
        return next((one for one in SPELLINGS if self.works(kind_of_choice(one), one.name)), None)

    @property
    def schema(self) -> Spelling | None:
        """How a JSON schema is put to it, if it obeys one."""
        return next((one for one in SPELLINGS if self.works(Kind.SCHEMA, one.name)), None)

    @property
    def calls(self) -> bool:
        """Whether it calls the function that it is told to call."""
        return any(one.works for one in self.findings if one.kind is Kind.CALLS)

    @property
    def scores(self) -> str | None:
        """By what means options can be scored, if they can."""
        return next((f.by for f in self.findings if f.works and f.kind is Kind.SCORES), None)

    def __str__(self) -> str:
        """A line for each finding, those that work first."""
        return "\n".join(map(str, sorted(self.findings, key=lambda one: not one.works)))


def kind_of_choice(spelling: Spelling) -> Kind:
    """What has to be found out of a spelling before a choice is put in it."""
    return Kind.SCHEMA if spelling.choice is None else Kind.CHOICE


def in_all(some: "list[Capabilities]", names: list[str]) -> Capabilities:
    """What servers behind one name can do: only what each of them can, each in its own way."""
    if len(some) == 1:
        return some[0]
    asked = {(one.kind, one.by): None for found in some for one in found.findings}
    return Capabilities(tuple(_common(kind, by, some, names) for kind, by in asked))


def _common(kind: Kind, by: str, some: list[Capabilities], names: list[str]) -> Finding:
    ways = {by, ITSELF, OWN_GRAMMAR}
    without = [
        name
        for name, found in zip(names, some, strict=True)
        if not any(found.works(kind, way) for way in ways)
    ]
    shown = f"not at {', '.join(without)}" if without else f"at all {len(some)} servers"
    return Finding(kind, by, not without, shown)
