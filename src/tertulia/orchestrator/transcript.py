"""The last utterances of a live room: one for all its agents, who each see their share of it."""

from collections import deque
from collections.abc import Iterable, Iterator

from tertulia.orchestrator.events import Event, Said, Uptake
from tertulia.orchestrator.floor import Hold
from tertulia.orchestrator.threads import RecentThreads
from tertulia.orchestrator.visibility import Sight, entrusted, seen, speakable

UTTERANCES = 100
"""How many utterances an agent's view goes back."""


class Transcript:
    """The last utterances, oldest first; older ones are in the log.

    What was said to everybody and what was whispered are kept apart, so that no whispering crowds
    the room's talk out of what agents see.
    """

    def __init__(self, said: Iterable[Event]) -> None:
        """Begin with the last utterances of the log."""
        self._public: deque[Event] = deque(maxlen=UTTERANCES)
        self._whispers: deque[Event] = deque(maxlen=UTTERANCES)
        self._threads = RecentThreads()
        self.add(said)

    def add(self, events: Iterable[Event]) -> None:
        """Add what was said among newly committed events."""
        for event in events:
            if type(event.body) is Said and event.body.uptake is not Uptake.RETRACTED:
                (self._public if event.audience is None else self._whispers).append(event)
                self._threads.add(event)

    def view(self, hold: Hold, sight: Sight) -> tuple[Event, ...]:
        """What the holder, who has this sight, may draw on; the thread that it answers in is whole.

        What all hear is thought up from what all heard.
        """
        if hold.discloses is not None:
            return self._with_what_it_was_told(hold, sight, hold.discloses)
        thread = [e for e in self._threads.of(hold) if e.seq <= hold.as_of]
        if hold.audience is None and sight.whole:
            public = self.public()
            older = [e for e in thread if e.audience is None and e.seq < public[0].seq]
            whole = not public or public[-1].seq <= hold.as_of
            last = public if whole else tuple(e for e in public if e.seq <= hold.as_of)
            return (*older, *last)
        heard = sorted((*self._public, *self._whispers), key=lambda event: event.seq)
        until = (event for event in heard if event.seq <= hold.as_of)
        last = tuple(speakable(until, sight, hold.audience))[-UTTERANCES:]
        own = speakable(thread, sight, hold.audience)
        return (*(e for e in own if not last or e.seq < last[0].seq), *last)

    def _with_what_it_was_told(self, hold: Hold, sight: Sight, since: int) -> tuple[Event, ...]:
        """What everybody heard, and what the holder was told in private turns after ``since``."""
        told = (e for e in self._whispers if e.seq > since and entrusted(e, sight))
        heard = sorted((*self.public(sight), *told), key=lambda event: event.seq)
        return tuple(event for event in heard if event.seq <= hold.as_of)[-UTTERANCES:]

    def public(self, sight: Sight | None = None) -> tuple[Event, ...]:
        """What was said to everybody; of it, what ``sight`` reaches (``None``: all)."""
        return tuple(self._public if sight is None else seen(self._public, sight))

    def since(self, hold: Hold, sight: Sight) -> Iterator[Event]:
        """What was said after what the turn has seen, of what the holder might draw on."""
        heard = (*self._public, *(self._whispers if hold.audience is not None else ()))
        later = (event for event in heard if event.seq > hold.as_of)
        return speakable(later, sight, hold.audience)

    def all(self) -> Iterable[Event]:
        """All of it, in order."""
        return sorted((*self._public, *self._whispers), key=lambda event: event.seq)

    def find(self, seq: int) -> Event | None:
        """The utterance with this seq, if it is recent."""
        said = (*self._public, *self._whispers)
        return next((event for event in said if event.seq == seq), None)
