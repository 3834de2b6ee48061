"""Agents speak unasked only where the talk is open to them."""

from dataclasses import dataclass, field

from tertulia.orchestrator.addressing.gate import opening
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies.conversational import Conversational
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Decision, Policy
from tertulia.orchestrator.room import ParticipantId


@known_as("gated")
@dataclass(frozen=True, slots=True)
class Gated:
    """``inner`` decides, without the agents to whom the last utterance is open less than ``gate``.

    Who owes an answer, raises a hand, was nominated, was cut off or would go on, is never held
    back. The others are not even asked, so that their silence costs nothing. At 0 all are let in;
    above 0.75 only those who are asked speak. See ``addressing.gate``.
    """

    inner: Policy = field(default_factory=Conversational)
    gate: float = 0.4

    def __post_init__(self) -> None:
        """Check the number once."""
        if not 0 <= self.gate <= 1:
            raise Invalid(where="policy 'gated'", what="gate must be between 0 and 1")

    def choose(self, floor: Floor, now: float) -> Decision | None:
        """Let ``inner`` choose among those who have reason to speak."""
        free = _with_a_reason(floor)
        shut = [
            seat.id
            for seat in floor.agents()
            if seat.id not in free and opening(floor, seat.id) < self.gate
        ]
        return self.inner.choose(floor.without(shut), now)


def _with_a_reason(floor: Floor) -> set[ParticipantId]:
    free = {owed.participant for owed in floor.owed}
    free.update(request.participant for request in floor.pending)
    free.update(nomination.participant for nomination in floor.nominated)
    free.update(cut.participant for cut in floor.cut_off)
    return free if floor.continuing is None else free | {floor.continuing}
