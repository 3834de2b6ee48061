"""Threads: the exchanges that go on side by side in one room. Pure, folded from utterances.

A thread bears the seq of the utterance with which it began. Logs of old name no threads: there an
explicit reply goes on with the thread of what it replies to.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tertulia.orchestrator.events import Event, Said, Uptake
from tertulia.orchestrator.floor import Hold
from tertulia.orchestrator.room import Audience
from tertulia.orchestrator.visibility import covers

LONGEST = 100
"""How many utterances of a thread an agent is shown that answers in it."""
OPEN = 32
"""How many threads may go on at once and be shown whole."""
REMEMBERED = 1000
"""How many utterances have their thread remembered."""


@dataclass(frozen=True, slots=True)
class Place:
    """The thread that an utterance is in, and who may see the utterance."""

    thread: int
    audience: Audience


class Threads:
    """The threads of the last utterances."""

    def __init__(self) -> None:
        """Know none yet."""
        self._places: dict[int, Place] = {}

    def add(self, event: Event) -> int:
        """Take an utterance in; its thread."""
        said = event.body
        thread = event.seq
        if isinstance(said, Said):
            answered = self._places.get(said.reply_to) if said.reply_to is not None else None
            if answered is not None and covers(answered.audience, event.audience):
                thread = answered.thread
            thread = said.thread or thread
        self._places[event.seq] = Place(thread, event.audience)
        if len(self._places) > 2 * REMEMBERED:
            self._places = dict(list(self._places.items())[-REMEMBERED:])
        return thread

    def of(self, seq: int) -> Place | None:
        """Where an utterance is, if it is remembered."""
        return self._places.get(seq)


def thread_of(event: Event) -> int:
    """The thread of an utterance by its own word alone."""
    named = event.body.thread if isinstance(event.body, Said) else None
    return event.seq if named is None else named


class RecentThreads:
    """The utterances of the threads that have gone on lately, beyond what is recent in the room."""

    def __init__(self) -> None:
        """Know none yet."""
        self._said: OrderedDict[int, deque[Event]] = OrderedDict()

    def add(self, event: Event) -> None:
        """Take an utterance in."""
        thread = thread_of(event)
        self._said.setdefault(thread, deque(maxlen=LONGEST)).append(event)
        self._said.move_to_end(thread)
        if len(self._said) > OPEN:
            self._said.popitem(last=False)

    def of(self, hold: Hold) -> Sequence[Event]:
        """The thread in which a turn answers, oldest utterance first; else nothing."""
        if hold.answers is None or hold.thread is None:
            return ()
        return tuple(self._said.get(hold.thread, ()))


def threads(events: Iterable[Event]) -> dict[int, Sequence[Event]]:
    """The utterances of a log, or of what somebody may see of it, by thread, oldest thread first.

    What was said in passing or taken back belongs to no thread.
    """
    folded = Threads()
    found: dict[int, list[Event]] = {}
    for event in events:
        if isinstance(event.body, Said) and event.body.uptake in (Uptake.TAKEN, Uptake.DECLINED):
            found.setdefault(folded.add(event), []).append(event)
    return {thread: tuple(said) for thread, said in found.items()}
