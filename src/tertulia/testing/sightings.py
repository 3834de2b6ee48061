"""Every place in which somebody gets to see something of a room, walked through for everybody."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from tertulia.agents.prompts import Budget, prompt
from tertulia.orchestrator import Event, Log, Room, Said, Turn, WallClock
from tertulia.orchestrator.events import Consulted, TurnGranted, TurnInformed
from tertulia.orchestrator.feed import Feed
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.metrics import Metrics, measure
from tertulia.orchestrator.room import ParticipantId, RoomId, TurnId
from tertulia.orchestrator.threads import threads
from tertulia.orchestrator.transcript import Transcript
from tertulia.orchestrator.transitions import apply
from tertulia.orchestrator.visibility import in_mind, seen_by, sight_in, sight_of, sub_rooms_of
from tertulia.testing.eyes import Eyes

STRANGER = ParticipantId("somebody-who-never-came-in")
"""One who may see nothing at all."""

PAGE = 7
"""How many utterances are asked for at once: few, so that pages are turned."""

WHOLE = Budget(utterances=1_000_000, characters=1_000_000_000)


@dataclass(frozen=True, slots=True)
class Sighting:
    """Somebody got to see an event that was not for them: who, where, and which."""

    who: ParticipantId
    where: str
    event: Event

    def __str__(self) -> str:
        """Say it in a sentence."""
        event = self.event
        meant = "everybody there" if event.audience is None else ", ".join(event.audience)
        told = f": {event.text!r:.120}" if event.text else ""
        return (
            f"{self.who!r} saw event {event.seq} of room {event.room!r} in {self.where}; "
            f"it is {event.type} by {event.by!r}, for {meant}{told}"
        )


async def of_readers(log: Log, room: RoomId, eyes: Eyes, live: Room | None) -> list[Sighting]:
    """What readers are given beyond what is for them: events, utterances, figures."""
    floor = Floor(room)
    for event in eyes.events:
        floor = apply(floor, event)
    found: list[Sighting] = []
    for who in (*eyes.everybody, STRANGER):
        mine = eyes.of(who)

        def beyond(
            where: str, shown: Sequence[Event], mine: frozenset[int] = mine, who: str = who
        ) -> list[Sighting]:
            one = ParticipantId(who)
            return [Sighting(one, where, event) for event in shown if event.seq not in mine]

        found += beyond("the feed, read from the log", await _feed(log, floor, who))
        if live is not None:
            given = live.subscribe(who, until=floor.head)
            found += beyond("the live feed", [e async for e in given if isinstance(e, Event)])
        said = [event async for event in _said(log, room, floor.head + 1, eyes.events, who)]
        found += beyond("the utterances (said)", said)
        mine_of = list(seen_by(eyes.events, who))
        found += beyond("a log that was cut for them", mine_of)
        found += beyond("the threads", [e for t in threads(mine_of).values() for e in t])
        found += list(_of_metrics(eyes, who))
        known = sub_rooms_of(floor, who) if live is None else live.breakouts(who)
        if live is not None:
            kept = (note for about in floor.notes for note in live.notes(about, who))
            found += beyond("the notes", [eyes.events[note.seq - 1] for note in kept])
        found += beyond("the list of sub-rooms", [eyes.events[sub.seq - 1] for sub in known])
    return found


def of_turns(room: RoomId, events: Sequence[Event]) -> list[Sighting]:
    """What agents are given beyond what is for them: views and prompts of turns, and of bids."""
    floor, eyes, transcript = Floor(room), Eyes(), Transcript(())
    found: list[Sighting] = []
    for event in events:
        floor = apply(floor, event)
        eyes.add(event)
        transcript.add([event])
        match event.body:
            case TurnGranted(turn=turn) | TurnInformed(turn=turn):
                found += _of_turn(floor, eyes, transcript, turn)
            case Consulted(kind="bid", candidates=candidates):
                for who in candidates:
                    view = transcript.public(sight_of(floor, who))
                    mine = eyes.of(who)
                    found += [Sighting(who, "a bid", e) for e in view if e.seq not in mine]
    return found


def _of_turn(floor: Floor, eyes: Eyes, transcript: Transcript, turn: TurnId) -> list[Sighting]:
    hold = next(hold for hold in floor.holds if hold.turn == turn)
    who, usable = hold.participant, eyes.in_turn[turn]
    sight = sight_of(floor, who)
    view = transcript.view(hold, sight)
    notes = in_mind(chain(*floor.notes.values()), sight, hold.audience)
    found = [Sighting(who, f"the view of turn {turn}", e) for e in view if e.seq not in usable]
    noted = (eyes.events[note.seq - 1] for note in notes if note.seq not in usable)
    found += [Sighting(who, f"the notes of turn {turn}", event) for event in noted]
    seen = Turn(hold, floor.members, view, WallClock(), _unheard, notes=notes)
    messages = prompt(seen, budget=WHOLE)
    read = "\n".join(str(message.text) for message in messages)
    said = [event for event in eyes.events if isinstance(event.body, Said)]
    known = [event.text for event in said if event.seq in usable]
    return found + [
        Sighting(who, f"the prompt of turn {turn}", event)
        for event in said
        if event.seq not in usable
        and event.text in read
        and not any(event.text in text for text in known)
    ]


def _unheard(piece: str) -> None:
    return None


async def _feed(log: Log, floor: Floor, who: ParticipantId) -> list[Event]:
    feed = Feed(floor.room, log, floor)
    feed.end()
    return [event async for event in feed.read(who, 0) if isinstance(event, Event)]


async def _said(
    log: Log, room: RoomId, before: int, events: Sequence[Event], who: ParticipantId
) -> AsyncIterator[Event]:
    sight = sight_in(events, who)
    while page := await log.said(room, before, PAGE, sight):
        for event in page:
            yield event
        before = page[0].seq


def _of_metrics(eyes: Eyes, who: ParticipantId) -> Iterator[Sighting]:
    """Figures, made of what ``who`` sees, that tell of a turn or an utterance that it may not."""
    mine = eyes.of(who)
    shown = _told_by(measure(seen_by(eyes.events, who)))
    allowed = _told_by(measure(event for event in eyes.events if event.seq in mine))
    if shown == allowed:
        return
    for event in eyes.events:
        if event.seq not in mine and isinstance(event.body, Said | TurnGranted):
            yield Sighting(who, "the metrics", event)


def _told_by(metrics: Metrics) -> object:
    return metrics
