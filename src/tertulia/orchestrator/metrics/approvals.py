"""How long what needed somebody's approval waited for it."""

from dataclasses import dataclass, field
from statistics import quantiles

from tertulia.orchestrator.events import (
    ApprovalAsked,
    ApprovalExpired,
    ApprovalSettled,
    Event,
    OutcomeAsked,
    OutcomeRecorded,
)


@dataclass(slots=True)
class Approvals:
    """Collects how long approvals waited, also questions about what became of a call.

    ``waits_s`` are those of what is settled, expired or withdrawn, in seconds, in that order.
    """

    waits_s: list[float] = field(default_factory=list)
    _asked: dict[str, float] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Take note of an event."""
        match event.body:
            case ApprovalAsked(approval=name) | OutcomeAsked(approval=name):
                self._asked[name] = event.at
            case (
                ApprovalSettled(approval=name)
                | ApprovalExpired(approval=name)
                | OutcomeRecorded(approval=name)
            ) if name in self._asked:
                self.waits_s.append(event.at - self._asked.pop(name))

    def end(self) -> "ApprovalWaits":
        """The log ends here."""
        waits = sorted(self.waits_s)
        twentieths = quantiles(waits, n=20, method="inclusive") if len(waits) > 1 else waits * 19
        median, p95 = (twentieths[9], twentieths[18]) if waits else (None, None)
        return ApprovalWaits(len(waits) + len(self._asked), len(self._asked), median, p95)


@dataclass(frozen=True, slots=True)
class ApprovalWaits:
    """How many approvals were asked for, how many are still open, and how long the others took.

    In seconds: their median and 95th percentile; ``None`` where none has been settled.
    """

    asked: int
    open: int
    median_s: float | None
    p95_s: float | None


NO_WAITS = ApprovalWaits(0, 0, None, None)
"""Nobody was asked to approve anything."""
