"""Words that nobody would say by chance, put where only some may hear them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from tertulia.orchestrator import Event, Room
from tertulia.orchestrator.room import ParticipantId
from tertulia.testing.eyes import Eyes
from tertulia.testing.recording import Sent
from tertulia.testing.sightings import Sighting


@dataclass(frozen=True, slots=True)
class Canary:
    """A word, and the utterance that it was planted in."""

    word: str
    event: Event


async def plant(
    room: Room, by: str, *, whisper: Iterable[str] = (), text: str = "The word is {word}."
) -> Canary:
    """Let ``by`` say an unmistakable word: to ``whisper`` alone, or to all who are there now.

    The word is made of room and place, so that a test that is run again plants the same. Whom
    ``text`` names is asked, as ever. Raises what ``Room.post`` raises.
    """
    place = f"{room.id} {room.floor.head} {by}"
    word = f"canary{blake2b(place.encode(), digest_size=8).hexdigest()}"
    return Canary(word, await room.post(by, text.format(word=word), whisper=tuple(whisper)))


def repeated(canary: Canary, eyes: Eyes) -> list[Sighting]:
    """Who got to hear a whispered word, in whatever was said later, for whom it was not."""
    meant = canary.event.audience
    if meant is None:  # what was said to all may be said again by who heard it
        return []
    found = []
    for event in eyes.events:
        if canary.word in event.text and event.seq != canary.event.seq:
            who = [one for one in eyes.everybody if event.seq in eyes.of(one) and one not in meant]
            where = f"event {event.seq}, said by {event.by!r}"
            found += [Sighting(one, where, canary.event) for one in who]
    return found


def sent(canary: Canary, calls: Iterable[Sent], rooms: Mapping[str, Eyes]) -> list[Sighting]:
    """Which agents' models were sent the word in a turn in which it may not be drawn on."""
    found = []
    for call in calls:
        eyes = rooms.get(call.room)
        if canary.word not in call.text or (eyes is not None and _may(canary, call, eyes)):
            continue
        where = f"what the model was sent in turn {call.turn}"
        found.append(Sighting(ParticipantId(call.who), where, canary.event))
    return found


def _may(canary: Canary, call: Sent, eyes: Eyes) -> bool:
    """Whether the word stands in an utterance that this turn may draw on."""
    usable = eyes.in_turn.get(call.turn, frozenset())
    return any(event.seq in usable and canary.word in event.text for event in eyes.events)
