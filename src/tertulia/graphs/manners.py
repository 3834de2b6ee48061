"""How a graph that knows nothing of rooms behaves in one: what it is handed, and what it may ask.

LangGraph's interrupts become questions to somebody in the room, its breakpoints and the action
requests of LangChain's human-in-the-loop become approvals. Everything here is worded, and nothing
waits.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tertulia.agents.authority import principal_of
from tertulia.graphs.history import History
from tertulia.orchestrator.approvals import ApprovalRule
from tertulia.orchestrator.errors import Misbehaved
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.room import Kind
from tertulia.orchestrator.turns import Turn

REQUESTER = ApprovalRule(requester=True)
"""Who approves what a graph stops before, unless another rule is given."""

WITHIN_S = 300.0
"""How long an answer or an approval is waited for, in seconds."""

QUESTIONS = ("question", "message", "text", "prompt", "description")
"""Under which of its keys the value of an interrupt usually says what is asked."""

Asks: TypeAlias = Callable[[Turn, Any], tuple[str, str]]
"""From a turn and an interrupt's value to who is asked (a handle), and in what words."""
Hears: TypeAlias = Callable[[Any, Event], Any]
"""From an interrupt's value and the utterance that answers it to what the graph resumes with."""


def ask_principal(turn: Turn, value: Any) -> tuple[str, str]:
    """Ask the person on whose behalf the turn acts, or the first person there, in its own words.

    Raises ``Misbehaved`` where no person is there.
    """
    people = (seat.id for seat in turn.members.values() if seat.kind is Kind.HUMAN)
    who = principal_of(turn) or next(people, None)
    if who is None:
        what = "wants to ask somebody something, and no person is there"
        raise Misbehaved(who=f"agent {turn.me.id!r}", what=what)
    return who, worded(value)


def worded(value: Any) -> str:
    """The question in an interrupt's value: the text that it is or has, or else all of it."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        for key in QUESTIONS:
            if isinstance(value.get(key), str) and value[key].strip():
                return str(value[key])
    return json.dumps(value, ensure_ascii=False, default=str)


def as_said(value: Any, answer: Event) -> Any:
    """Resume with the words of the answer."""
    return answer.text


@dataclass(frozen=True, slots=True)
class Manners:
    """How a foreign graph is run in a turn.

    ``context`` makes what its nodes find in their runtime's context; without it they find the turn.
    ``aloud`` are the nodes whose models are heard while they write; ``None``: in a graph of
    messages those after which it may end, ``True``: all of them. ``asks`` and ``hears`` translate
    interrupts; ``rule`` says who approves what it stops before. All are waited for ``within_s``
    seconds. ``history`` remembers how long its nodes took.
    """

    context: Callable[[Turn], Any] | None = None
    aloud: Collection[str] | bool | None = None
    asks: Asks = ask_principal
    hears: Hears = as_said
    rule: ApprovalRule = REQUESTER
    within_s: float = WITHIN_S
    history: History | None = None


MANNERS = Manners()
"""How a graph is run of which nothing is said."""


@dataclass(frozen=True, slots=True)
class Action:
    """What LangChain's human-in-the-loop middleware wants a person to decide about."""

    name: str
    arguments: str
    why: str
    allowed: tuple[str, ...]


def actions_of(value: Any) -> tuple[Action, ...]:
    """The action requests in an interrupt's value; nothing for any other interrupt."""
    if not isinstance(value, Mapping) or not isinstance(value.get("action_requests"), list):
        return ()
    allowed = {
        one["action_name"]: tuple(one.get("allowed_decisions", ()))
        for one in value.get("review_configs", ())
    }
    return tuple(
        Action(
            one["name"],
            json.dumps(one.get("args") or {}, sort_keys=True, default=str),
            str(one.get("description") or ""),
            allowed.get(one["name"], ()),
        )
        for one in value["action_requests"]
    )
