"""Decide a recorded room again. The same log gives the same floor and the same grants, anywhere."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, zip_longest

from tertulia.orchestrator.arbiter import is_decision, step
from tertulia.orchestrator.events import Draft, Event
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies import build, policy_after
from tertulia.orchestrator.room import RoomId


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Where a log says one thing and the floor, decided again, another. ``None``: nothing there."""

    recorded: Event | None
    decided: Event | None


def replay(room: RoomId, events: Iterable[Event]) -> Iterator[Floor | Disagreement]:
    """Step through a whole log: the floor after each step, and at most one disagreement, the last.

    What came from outside is taken as recorded; every decision is made again and compared. Raises
    what ``step`` raises where an event does not fit, and ``Unknown`` for a policy not known here.
    """
    floor = Floor(room)
    policy = build("conversational")
    for _, recorded in groupby(events, key=lambda event: event.cause):
        written = list(recorded)
        policy = policy_after(written, policy)
        asked = [Draft(e.by, e.body, e.audience, e.key) for e in written if not is_decision(e)]
        decided = step(floor, asked, written[0].at, policy)
        for theirs, ours in zip_longest(written, decided.events):
            if theirs != ours:
                yield Disagreement(theirs, ours)
                return
        floor = decided.floor
        yield floor
