"""What a graph remembers within one turn. It is small: it holds no message of the room.

Plain text, numbers, lists and dictionaries only, so that a checkpoint of it is small and can be
read by any later version. The room's messages come with the turn, as the run's context.
"""

from typing import Any, Protocol, TypedDict

from tertulia.orchestrator.turns import Turn


class Call(TypedDict):
    """A tool call that a model asked for. ``problem`` says why its arguments cannot be used."""

    id: str
    name: str
    args: dict[str, Any]
    problem: str | None


class Round(TypedDict):
    """One model answer with tool calls; ``results`` come in the order of ``calls``, or not yet."""

    said: str
    calls: list[Call]
    results: list[str]


class Source(TypedDict):
    """A passage that was looked up, and where it stands."""

    name: str
    text: str


class TurnState(TypedDict, total=False):
    """The state of one turn. Add keys of your own by inheriting from it.

    ``draft`` is what the agent says at the end, ``addressees`` the ids of those it hands the floor
    to; ``more``, ``problem`` and ``keeps`` are those of ``Reply``. ``account`` is what came
    of a plan that was carried out.
    """

    draft: str
    addressees: list[str]
    more: bool
    problem: str
    keeps: dict[str, Any]
    plan: list[str]
    account: str
    tool_rounds: list[Round]
    sources: list[Source]


class InTurn(Protocol):
    """What a node is handed beside its state: LangGraph's ``Runtime[Turn]``."""

    @property
    def context(self) -> Turn:
        """The turn that is running."""
        ...


def open_calls(state: TurnState) -> list[Call]:
    """The tool calls that the last model answer asked for and nobody has run yet."""
    rounds = state.get("tool_rounds") or []
    return rounds[-1]["calls"] if rounds and not rounds[-1]["results"] else []
