"""What agents keep from turn to turn, worded as events."""

from collections.abc import Mapping
from typing import Any

from tertulia.orchestrator.events import Draft, Kept
from tertulia.orchestrator.floor import Floor, Hold


def keep(floor: Floor, hold: Hold, what: Mapping[str, Any]) -> tuple[Draft, ...]:
    """Keep this for the turns before the same audience; nothing happens if the turn has ended."""
    held = floor.unfinished(hold.turn) is not None
    return (Draft(hold.participant, Kept(hold.turn, what), hold.audience),) if held else ()
