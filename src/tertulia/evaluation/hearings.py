"""A recorded chat heard as a room hears it: each line through the whole cascade of addressing.

Everybody is in the room from their first word on, as persons; nothing is known of what comes later.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tertulia.evaluation.corpora import Chat
from tertulia.orchestrator.addressing import Saying, addressees, understood
from tertulia.orchestrator.events import Event, Said
from tertulia.orchestrator.floor import Floor, Seat
from tertulia.orchestrator.hearing import Hearing
from tertulia.orchestrator.room import Addressing, Kind, ParticipantId, RoomId, RoomSettings

ROOM_ID = RoomId("recorded")


@dataclass(frozen=True, slots=True)
class Understood:
    """A line by its number, as the room took it, and who was there."""

    number: int
    event: Event
    said: Said
    members: dict[ParticipantId, Seat]


def hear(chat: Chat, addressing: Addressing = Addressing.LEARNED) -> Iterator[Understood]:
    """Each line that somebody said, in order. A line's seq is its number and one."""
    hearing, settings = Hearing(), RoomSettings(addressing=addressing)
    members: dict[ParticipantId, Seat] = {}
    for number, line in enumerate(chat.lines):
        if line.notice:
            continue
        by, seq = ParticipantId(line.speaker), number + 1
        now = float(number) if line.second is None else line.second
        if by not in members:
            members = {**members, by: Seat(by, line.speaker, Kind.HUMAN, seq)}
        floor = Floor(ROOM_ID, settings=settings, members=members)
        said = Said(line.text, addressees(line.text, members, by))
        said = understood(Saying(floor, by, said, None, now), hearing)
        event = Event(ROOM_ID, seq, seq, now, by, said)
        hearing.hear([event])
        yield Understood(number, event, said, members)
