"""How a plan is to be carried out, and what of it the ledger remembers beside tools. Values."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool

from tertulia.agents.planning.plan import LIMITS, PlanLimits
from tertulia.agents.terms import Terms, on_terms
from tertulia.orchestrator.effects import EffectPolicy
from tertulia.orchestrator.errors import Invalid

LONG_S = 10 * 365 * 86_400.0
"""How long what has a time limit of its own may take in the ledger's eyes."""


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a plan is carried out.

    At most ``at_once`` tasks run at the same time. After a failure another plan is asked for, at
    most ``replans`` times; likewise when a person says something, ``revisions`` times. Whoever is
    asked is waited for ``ask_s`` seconds. Every ``look_s`` seconds the turn looks whether
    somebody has said something. ``name`` tells several plans of one turn apart.
    """

    at_once: int = 16
    replans: int = 2
    revisions: int = 8
    ask_s: float = 600.0
    look_s: float = 1.0
    limits: PlanLimits = LIMITS
    name: str = "plan"

    def __post_init__(self) -> None:
        """Check the numbers once, at the door."""
        if self.at_once < 1 or not (self.ask_s > 0 and self.look_s > 0):
            what = "at_once must be at least 1, ask_s and look_s greater than 0"
            raise Invalid(where="conduct of a plan", what=what)
        if not self.name.isidentifier():
            raise Invalid(where="conduct of a plan", what=f"name {self.name!r} is no identifier")


CONDUCT = Conduct()


def recorded(name: str, work: Callable[..., Awaitable[Any]]) -> BaseTool:
    """What a turn finds out without changing anything, as a call that the ledger remembers."""
    tool = StructuredTool.from_function(
        coroutine=work, name=name, description=name, infer_schema=True
    )
    terms = Terms(EffectPolicy.SAFE_RETRY, timeout_s=LONG_S, tries=1, result_limit=1_000_000)
    return on_terms(tool, terms)
