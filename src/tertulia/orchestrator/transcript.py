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
        self._said: deque[Event] = deque(said, maxlen=UTTERANCES)

    def add(self, events: Iterable[Event]) -> None:
        """Add what was said among newly committed events."""
        self._said.extend(event for event in events if type(event.body) is Said)

    def view(self, hold: Hold) -> tuple[Event, ...]:
        """What the holder may draw on in its turn."""
        heard = (event for event in self._said if event.seq <= hold.as_of)
        return tuple(speakable(heard, hold.participant, hold.audience))

    def find(self, seq: int) -> Event | None:
        """The utterance with this seq, if it is recent."""
        return next((event for event in self._said if event.seq == seq), None)
