"""The rule of who sees what, told a second time, event by event, for comparison.

It shares no line with ``orchestrator.visibility``: what one of the two gets wrong, the other finds.
"""

from collections.abc import Iterable

from tertulia.orchestrator.events import Event, Joined, Left, TurnGranted, TurnInformed
from tertulia.orchestrator.room import Audience, ParticipantId, TurnId


class Eyes:
    """What everybody has come to see of a room, and what each turn may be thought up from."""

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self.events: list[Event] = []
        self.in_turn: dict[TurnId, frozenset[int]] = {}
        """By turn: the events that its speaker may draw on, for those who will hear it."""
        self._seen: dict[ParticipantId, set[int]] = {}
        self._there: set[ParticipantId] = set()

    def add(self, event: Event) -> None:
        """See the next event."""
        self.events.append(event)
        who, body = event.by, event.body
        if isinstance(body, Joined):
            self._there.add(who)
            open_to = self._seen.setdefault(who, set())
            if body.history:
                open_to.update(e.seq for e in self.events if _meant(who, e.audience))
        for one in self._there:
            if _meant(one, event.audience):
                self._seen[one].add(event.seq)
        if isinstance(body, Left):
            self._there.discard(who)
        if isinstance(body, TurnGranted | TurnInformed):
            self.in_turn[body.turn] = frozenset(
                e.seq
                for e in self.events
                if e.seq in self._seen[who] and _for_all_of(event.audience, e.audience)
            )

    @property
    def everybody(self) -> Iterable[ParticipantId]:
        """All who ever came in."""
        return tuple(self._seen)

    def of(self, who: ParticipantId) -> frozenset[int]:
        """The events that ``who`` may see by now; none for one who never came in."""
        return frozenset(self._seen.get(who, ()))


def _meant(who: ParticipantId, audience: Audience) -> bool:
    return audience is None or who in audience


def _for_all_of(listeners: Audience, audience: Audience) -> bool:
    """Whether what was for ``audience`` was for every one of ``listeners``."""
    if listeners is None:
        return audience is None
    return all(_meant(who, audience) for who in listeners)
