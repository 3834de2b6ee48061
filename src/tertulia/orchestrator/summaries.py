"""What was said to one audience, in short. Values only."""

from dataclasses import dataclass

from tertulia.orchestrator.room import Audience, ParticipantId, RoomId


@dataclass(frozen=True, slots=True)
class Summary:
    """What was said in ``room`` to ``audience``, and to nobody else, from ``first`` to ``last``.

    ``by`` is whose model wrote it, ``at`` when (Unix seconds). Of a room, an audience and a
    ``last`` there is one.
    """

    room: RoomId
    audience: Audience
    first: int
    last: int
    text: str
    by: ParticipantId
    at: float
