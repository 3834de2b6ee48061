"""Should I speak? How much an utterance opens the floor for one of its hearers, from 0 to 1.

Pure, and known without asking anybody: from whom the last utterance was meant for, whether it asks,
how many others could answer, and whether they have. The weights are set by hand, near to how often
people who were in that place did answer (``docs/orchestrator.md`` has the counts).
"""

from tertulia.orchestrator.floor import Floor, Utterance
from tertulia.orchestrator.room import Kind, ParticipantId

TO_ME = (0.5, 0.75)
"""Meant for me: a remark, a question."""
OPEN = (0.4, 0.7)
"""Meant for nobody in particular, and nobody else there to answer: a remark, a question."""
PARTNER = 0.5
"""What is left of an open utterance, at least, for whom its speaker heard last."""
TO_ANOTHER = 0.1
"""Meant for somebody else."""
ANSWERED = 0.5
"""What is left for the next one with each volunteer who has answered already."""


def opening(floor: Floor, who: ParticipantId) -> float:
    """How much the last public utterance opens the floor for ``who``; 0 after its own words.

    What is open to several people is shared among them, and agents count as one of them together;
    a call to everybody that asks something is not shared.
    """
    said = floor.latest
    if said is None or said.by == who:
        return 0.0
    return _place(floor, said, who) * float(ANSWERED**floor.volunteers)


def _place(floor: Floor, said: Utterance, who: ParticipantId) -> float:
    if who in said.to:
        return TO_ME[said.asks]
    if said.to:
        return TO_ANOTHER
    if said.everyone and said.asks:
        return OPEN[True]
    return OPEN[said.asks] * _share(floor, said, who)


def _share(floor: Floor, said: Utterance, who: ParticipantId) -> float:
    people = sum(
        seat.kind is Kind.HUMAN and seat.id not in (said.by, who) for seat in floor.members.values()
    )
    heard_last = floor.before is not None and floor.before.by == who
    return max(2 / (2 + people), PARTNER if heard_last else 0.0)
