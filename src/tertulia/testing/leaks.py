"""One call that fails if anybody in a room gets what was not meant for them."""

from collections.abc import Sequence

from tertulia.compose import House
from tertulia.orchestrator import Event, Log, Room
from tertulia.orchestrator.errors import Unknown
from tertulia.orchestrator.feed import PAGE
from tertulia.orchestrator.room import RoomId
from tertulia.testing.canaries import Canary, repeated, sent
from tertulia.testing.eyes import Eyes
from tertulia.testing.recalled import Askers
from tertulia.testing.recording import Recording
from tertulia.testing.sightings import Sighting, of_readers, of_turns

TOLD = 20
"""How many sightings an error spells out."""


class Leaked(AssertionError):
    """Somebody saw what was not for them; ``sightings`` has all of it."""

    def __init__(self, sightings: Sequence[Sighting]) -> None:
        """Word the first of them."""
        once = {(s.who, s.where, s.event.room, s.event.seq): s for s in sightings}
        self.sightings = tuple(once.values())
        lines = [str(sighting) for sighting in self.sightings[:TOLD]]
        more = len(self.sightings) - len(lines)
        if more:
            lines.append(f"and {more} more")
        super().__init__(
            "\n  ".join(
                ["1 leak:" if len(self.sightings) == 1 else f"{len(self.sightings)} leaks:", *lines]
            )
        )


async def assert_no_leak(
    house: House | Log,
    *rooms: str,
    canaries: Sequence[Canary] = (),
    recording: Recording | None = None,
) -> None:
    """Raise ``Leaked``, an ``AssertionError``, if anybody can see what is not for them.

    It takes everybody who ever was in these rooms (all rooms, unless some are named), and a
    stranger, and looks at every projection there is: readers' feeds, live and from the log, the
    utterances page by page, the metrics; the view and the prompt of every turn, and what bids are
    made from; of a ``House`` also what is remembered and summed up, and what searches find. With
    ``canaries`` (see ``plant``) it also looks for their words in all that was said since, and in
    what models were sent, if there is a ``recording`` of that.
    Raises ``Unknown`` for a room that is not there.
    """
    log = house.log if isinstance(house, House) else house
    names = [summary.room for summary in await log.rooms()]
    for room in rooms:
        if room not in names:
            raise Unknown(kind="room", name=room, hint=f"; there are {', '.join(names) or 'none'}")
    found: list[Sighting] = []
    eyes_of: dict[str, Eyes] = {}
    for name in names:
        if rooms and name not in rooms:
            continue
        eyes = eyes_of[name] = await _eyes(log, name)
        live = await _live(house, name)
        found += await of_readers(log, name, eyes, live)
        found += of_turns(name, eyes.events)
    if isinstance(house, House):
        words = [canary.word for canary in canaries]
        for looked_at in eyes_of:
            asked = Askers(house.memory, RoomId(looked_at), eyes_of)
            found += await asked.sightings(words)
    for canary in canaries:
        for eyes in eyes_of.values():
            found += repeated(canary, eyes)
        found += sent(canary, recording.sent if recording is not None else (), eyes_of)
    if found:
        raise Leaked(found)


async def _eyes(log: Log, room: RoomId) -> Eyes:
    eyes = Eyes()
    page: Sequence[Event] = await log.read(room, 0, PAGE)
    while page:
        for event in page:
            eyes.add(event)
        page = await log.read(room, page[-1].seq, PAGE)
    return eyes


async def _live(house: House | Log, room: RoomId) -> Room | None:
    return await house.scheduler.live(room) if isinstance(house, House) else None
