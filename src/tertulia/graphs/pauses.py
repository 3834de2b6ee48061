"""What a graph waits for in the middle of a turn, put to the room: questions, and approvals.

Each is known by what LangGraph calls it, so that a turn which a crash cut short finds what has been
asked and answered, and asks for nothing twice.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from langgraph.types import Interrupt

from tertulia.graphs.manners import Action, Manners, actions_of
from tertulia.orchestrator.approvals import Asking, Matter, Ruling, Verdict
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.turns import Turn

NUMBER = 12
"""How many hexadecimal digits of an interrupt's id number a question."""


class Waits(Protocol):
    """A turn, as far as it can wait for people."""

    async def ask(
        self, who: str, text: str, *, within_s: float = 300.0, number: int | None = None
    ) -> Event | None:
        """Ask somebody, and wait off the floor."""
        ...

    async def approval(self, asking: Asking) -> Verdict:
        """Have persons decide."""
        ...

    def parked(self, until_s: float) -> AbstractAsyncContextManager[None]:
        """Leave the floor to others."""
        ...


class Unanswered(Exception):
    """Nobody answered in time, or not so that the graph may go on: the turn ends here."""


async def answers_to(
    turn: Turn, interrupts: Sequence[Interrupt[Any]], manners: Manners
) -> dict[str, Any]:
    """Put all that a graph waits for to the room; what it resumes with, by the interrupts' ids.

    Several persons are asked side by side, each of them one thing at a time. Raises ``Unanswered``.
    """
    by_person: dict[str, list[tuple[Interrupt[Any], str]]] = {}
    resumed: dict[str, Any] = {}
    approving = []
    for one in interrupts:
        if actions := actions_of(one.value):
            approving.append(_decisions(turn, one, actions, manners))
            continue
        who, text = manners.asks(turn, one.value)
        by_person.setdefault(who, []).append((one, text))
    asking = [_one_by_one(turn, who, asked, manners) for who, asked in by_person.items()]
    for found in await asyncio.gather(*asking, *approving):
        resumed |= found
    return resumed


async def may_go_on(turn: Turn, nodes: Sequence[str], stop: str, manners: Manners) -> None:
    """Have it approved that a graph goes on from the breakpoint ``stop``, before ``nodes``.

    Raises ``Unanswered`` unless it is.
    """
    named = " and ".join(nodes)
    why = f"{turn.me.name} has stopped before {named}"
    asking = Asking(
        f"{turn.id}/{stop}", Matter.APPROVE, named, "{}", manners.rule, manners.within_s, why
    )
    verdict = await _waiting(turn).approval(asking)
    if not verdict.approved:
        raise Unanswered(f"stopped before {named}: {_told(verdict)}")


async def _one_by_one(
    turn: Turn, who: str, asked: Sequence[tuple[Interrupt[Any], str]], manners: Manners
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one, text in asked:
        number = int(one.id[:NUMBER], 16)
        answer = await _waiting(turn).ask(who, text, within_s=manners.within_s, number=number)
        if answer is None:
            raise Unanswered(f"{who} did not answer within {manners.within_s:g} s")
        found[one.id] = manners.hears(one.value, answer)
    return found


async def _decisions(
    turn: Turn, one: Interrupt[Any], actions: Sequence[Action], manners: Manners
) -> dict[str, Any]:
    """Each action is approved, edited or refused by itself; so LangChain wants to be told."""
    asking = [
        Asking(
            f"{turn.id}/{one.id[:NUMBER]}-{place}",
            Matter.APPROVE,
            action.name,
            action.arguments,
            manners.rule,
            manners.within_s,
            action.why,
        )
        for place, action in enumerate(actions, 1)
    ]
    verdicts = await asyncio.gather(*(_waiting(turn).approval(each) for each in asking))
    decided = [_decision(*each) for each in zip(actions, verdicts, strict=True)]
    return {one.id: {"decisions": decided}}


def _decision(action: Action, verdict: Verdict) -> Mapping[str, Any]:
    if not verdict.approved:
        return {"type": "reject", "message": _told(verdict)}
    used = json.loads(verdict.arguments)
    if used == json.loads(action.arguments):
        return {"type": "approve"}
    return {"type": "edit", "edited_action": {"name": action.name, "args": used}}


def _told(verdict: Verdict) -> str:
    if verdict.ruling is Ruling.EXPIRED:
        return "nobody approved it in time"
    by = f" by {', '.join(verdict.by)}" if verdict.by else ""
    note = f": {verdict.note}" if verdict.note else ""
    return f"{verdict.ruling}{by}{note}"


def _waiting(turn: Any) -> Waits:
    waits: Waits = turn
    return waits
