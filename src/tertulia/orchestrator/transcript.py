"""The last utterances of a live room: one for all its agents, who each see their share of it."""

from collections import deque
from collections.abc import Iterable

from tertulia.orchestrator.events import Event, Said
from tertulia.orchestrator.floor import Hold
from tertulia.orchestrator.visibility import speakable

UTTERANCES = 100
"""How many utterances an agent's view goes back."""


class Transcript:
    """The last utterances, oldest first; older ones are in the log."""

    def __init__(self, said: Iterable[Event]) -> None:
        """Begin with the last utterances of the log."""
        self._said: deque[Event] = deque(maxlen=UTTERANCES)
        self._whispers = 0
        self.add(said)

    def add(self, events: Iterable[Event]) -> None:
        """Add what was said among newly committed events."""
        for event in events:
            if type(event.body) is Said:
                if len(self._said) == UTTERANCES:
                    self._whispers -= self._said[0].audience is not None
                self._said.append(event)
                self._whispers += event.audience is not None

    def view(self, hold: Hold) -> tuple[Event, ...]:
        """What the holder may draw on in its turn."""
        if not self._whispers and (not self._said or self._said[-1].seq <= hold.as_of):
            return tuple(self._said)  # all of it was meant for everybody
        heard = (event for event in self._said if event.seq <= hold.as_of)
        return tuple(speakable(heard, hold.participant, hold.audience))

    def public(self) -> tuple[Event, ...]:
        """What everybody may see."""
        return tuple(event for event in self._said if event.audience is None)

    def find(self, seq: int) -> Event | None:
        """The utterance with this seq, if it is recent."""
        return next((event for event in self._said if event.seq == seq), None)
