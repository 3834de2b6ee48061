"""Asking persons about a call: whether it may be made, and what became of one in doubt."""

from tertulia.agents.terms import Terms
from tertulia.orchestrator.approvals import ApprovalRule, Asking, Matter, Ruling, Verdict
from tertulia.orchestrator.effects import Effect
from tertulia.orchestrator.turns import Turn


def may_ask(turn: Turn) -> bool:
    """Whether the turn can wait for persons; one that is over, or without a room, cannot."""
    return turn.waits is not None and not turn.waits.over


async def approval_of(turn: Turn, effect: Effect, terms: Terms, rule: ApprovalRule) -> Verdict:
    """Wait, off the floor, until it is decided whether a call may be made.

    Raises ``Misbehaved`` and ``Refused`` for what cannot be asked.
    """
    return await turn.approval(
        Asking(effect.id, Matter.APPROVE, effect.tool, effect.arguments, rule, terms.approval_s)
    )


async def fate_of(turn: Turn, effect: Effect, terms: Terms, why: str) -> Verdict:
    """Wait, off the floor, until somebody says what became of a call that is in doubt.

    That is who may approve it; else the person on whose behalf it is, else any person. Raises
    ``Misbehaved`` and ``Refused`` for what cannot be asked.
    """
    whom = ApprovalRule(requester=effect.principal is not None)
    return await turn.approval(
        Asking(
            f"{effect.id}/uncertain-{effect.attempt}",
            Matter.UNCERTAIN,
            effect.tool,
            effect.arguments,
            terms.approval or whom,
            terms.approval_s,
            why,
        )
    )


def why_refused(verdict: Verdict, terms: Terms) -> str:
    """Why a call is not made, for the model to read."""
    match verdict.ruling:
        case Ruling.EXPIRED:
            return f"nobody who may had approved it within {terms.approval_s:g} s"
        case Ruling.WITHDRAWN:
            return "the turn was over before anybody had approved it"
        case _:
            who = " and ".join(verdict.by) or "somebody"
            return f"{who} refused it" + (f": {verdict.note}" if verdict.note else "")
