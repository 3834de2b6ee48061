"""Asking persons what became of effects in doubt whose turn is over."""

from collections.abc import Sequence

from tertulia.orchestrator.admission.words import check_words
from tertulia.orchestrator.approvals import ARGUMENTS, ApprovalRule, Matter, OutcomeAsked
from tertulia.orchestrator.effects import Effect
from tertulia.orchestrator.events import Draft, OutcomeRecorded
from tertulia.orchestrator.floor import Approval, Floor, Phase
from tertulia.orchestrator.room import ROOM

OUTCOMES = 32
"""About how many effects persons are asked in one room at a time; the others wait."""

_WHY = "its turn was over before anybody knew"


def ask_outcomes(floor: Floor, in_doubt: Sequence[Effect]) -> tuple[Draft, ...]:
    """Have persons say what became of these, as far as their turns are over.

    What is asked already is not asked again; a question about another effect than these is dropped.
    """
    if floor.phase not in (Phase.OPEN, Phase.PAUSED):
        return ()
    asked = {one.effect: one for one in floor.approvals if one.kind is Matter.OUTCOME}
    doubtful = {effect.id for effect in in_doubt}
    gone = [one for one in asked.values() if one.open and one.effect not in doubtful]
    new = [e for e in in_doubt if e.id not in asked and floor.unfinished(e.turn) is None]
    room = max(0, OUTCOMES - len(asked) + len(gone))
    return (*map(_recorded, gone), *map(_asked, new[:room]))


def outcome_recorded(floor: Floor, name: str) -> tuple[Draft, ...]:
    """The ledger has what somebody said of this one."""
    return tuple(_recorded(one) for one in floor.approvals if one.id == name)


def _asked(effect: Effect) -> Draft:
    check_words("tool", effect.tool)
    whole = len(effect.arguments) <= ARGUMENTS
    body = OutcomeAsked(
        f"{effect.id}/outcome",
        effect.id,
        effect.turn,
        effect.participant,
        effect.tool,
        effect.arguments if whole else "{}",
        effect.rule or ApprovalRule(requester=effect.principal is not None),
        effect.principal,
        _WHY if whole else f"{_WHY}; its arguments are too long to be shown",
    )
    return Draft(ROOM, body, effect.audience)


def _recorded(asked: Approval) -> Draft:
    return Draft(ROOM, OutcomeRecorded(asked.id), asked.audience)
