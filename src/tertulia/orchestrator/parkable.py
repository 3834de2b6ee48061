"""How a turn waits off the floor, as its agent asks for it. The waiting itself is ``waits``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tertulia.orchestrator.approvals import Asking, Verdict
from tertulia.orchestrator.errors import Misbehaved
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.floor import Seat
from tertulia.orchestrator.waits import Waits


class Parkable:
    """A turn, as far as it can be off the floor."""

    __slots__ = ("_asked", "waits")

    me: Seat

    def __init__(self) -> None:
        """On the floor, and without a way to leave it."""
        self._asked = 0
        self.waits: Waits | None = None

    async def act(self) -> None:
        """Begin to do things beside speaking."""
        raise NotImplementedError

    def put(self, question: str, *, again: bool) -> None:
        """Say a question."""
        raise NotImplementedError

    @asynccontextmanager
    async def parked(self, until_s: float) -> AsyncIterator[None]:
        """Leave the floor to others while this waits for something: for so many seconds at most.

        What has been said is committed; afterwards a new utterance of this turn begins. Leaving the
        block waits until the turn has the floor again. It ends if it waits for too long. Several
        tasks of a turn may wait so at once: it comes back when the last of them has what it waits
        for. After a crash the turn runs again, and has the floor.
        """
        async with (await self._waiting()).parked(until_s):
            yield

    async def approval(self, asking: Asking) -> Verdict:
        """Have persons decide about a call, off the floor; what they have decided.

        Asked again under the same id, also after a crash, it is the same question. Raises
        ``Misbehaved`` for an id that names another one, or where too much waits in the room.
        """
        return await (await self._waiting()).approval(asking)

    async def ask(
        self, who: str, text: str, *, within_s: float = 300.0, number: int | None = None
    ) -> Event | None:
        """Ask somebody something, and wait off the floor for the utterance that answers it.

        ``None`` if none has come within so many seconds. The answer has to be for all who hear this
        turn. After a crash the turn runs again: what it asks first is then what it asked first. One
        that goes on elsewhere than at its beginning gives each question a ``number`` of its own.
        Raises ``Unknown``, ``BadContent``, and ``NotAllowed`` for one who does not hear the turn.
        """
        absent = await self._waiting()
        if number is None:
            number = self._asked = self._asked + 1
        return await absent.answer(number, who, text, within_s, self.put)

    async def _waiting(self) -> Waits:
        if self.waits is None:
            what = "wants to wait off the floor in a turn that cannot"
            raise Misbehaved(who=f"agent {self.me.id!r}", what=what)
        await self.act()
        return self.waits
