"""That time has passed."""

from tertulia.orchestrator.conditions import deadline
from tertulia.orchestrator.conditions.amounts import EARLY_S
from tertulia.orchestrator.events import Draft, TimeElapsed
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.room import ROOM


def elapse(floor: Floor, now: float) -> tuple[Draft, ...]:
    """Let the room look at its condition; nothing if time alone brings nothing about now."""
    at = deadline(floor)
    due = at is not None and now >= at - EARLY_S
    return (Draft(ROOM, TimeElapsed()),) if due else ()
