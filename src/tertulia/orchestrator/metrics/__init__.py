"""A conversation in numbers, from its log alone: who had how much of it, who waited, who cut whom.

Times are seconds, waiting is also counted in grants. A person's post that needs no turn takes no
time; an agent speaks from its grant to the end of its turn, but for what it waits off the floor.
What somebody may see of a room can be measured like a whole one (``measure(seen_by(events,
who))``): nothing else is in the figures then.
"""

from tertulia.orchestrator.metrics.addressees import Addressees
from tertulia.orchestrator.metrics.approvals import ApprovalWaits
from tertulia.orchestrator.metrics.interruptions import Interruption
from tertulia.orchestrator.metrics.measuring import Metrics, measure
from tertulia.orchestrator.metrics.parts import Part, evenness
from tertulia.orchestrator.metrics.silence import Silence
from tertulia.orchestrator.metrics.spans import Span, Spread, offsets_s, overlap_share, spread
from tertulia.orchestrator.metrics.waiting import Hand

__all__ = [
    "Addressees",
    "ApprovalWaits",
    "Hand",
    "Interruption",
    "Metrics",
    "Part",
    "Silence",
    "Span",
    "Spread",
    "evenness",
    "measure",
    "offsets_s",
    "overlap_share",
    "spread",
]
