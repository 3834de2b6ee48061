"""A recorded chat heard as a room hears it: each line through the whole cascade of addressing.

Everybody is in the room from their first word on, as persons; nothing is known of what comes later.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tertulia.evaluation.corpora import Chat
from tertulia.evaluation.measures import Tally
from tertulia.orchestrator.addressing import OBLIGES, Saying, addressees, understood
from tertulia.orchestrator.events import Event, Found, Said
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


def meant(chat: Chat, whole: Iterable[Understood]) -> Tally:
    """Annotated lines whose addressee was found, and all of them; nobody is an answer too."""
    asked = [(set(_whom(one)), chat.meant(one.number)) for one in _annotated(chat, whole)]
    return sum(bool(said & true) if true else not said for said, true in asked), len(asked)


def surely(chat: Chat, whole: Iterable[Understood]) -> Tally:
    """Found and named, of lines without a mark whose reading was sure enough to oblige an agent."""
    asked = [
        (set(_whom(one)), chat.meant(one.number))
        for one in _annotated(chat, whole)
        if one.said.found is Found.LEARNED and one.said.sure >= OBLIGES
    ]
    return sum(bool(said & true) for said, true in asked), len(asked)


def _annotated(chat: Chat, whole: Iterable[Understood]) -> Iterator[Understood]:
    return (one for one in whole if one.number in chat.answers)


def _whom(one: Understood) -> tuple[ParticipantId, ...]:
    return one.said.addressees + one.said.meant


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
