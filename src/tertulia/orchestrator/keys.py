"""Idempotency keys of one live room: a key names one message for ever, whatever is retried.

Recent keys are kept in memory with the promise of their event, so that a retry which overtakes its
first attempt waits for the same event. Older ones are looked up in the log.
"""

import asyncio
from collections import OrderedDict
from typing import TypeAlias

from tertulia.orchestrator.events import Event
from tertulia.orchestrator.ports import Log
from tertulia.orchestrator.room import ParticipantId, RoomId

REMEMBERED = 4096

Promise: TypeAlias = asyncio.Future[tuple[Event, ...]]
_Slot: TypeAlias = tuple[ParticipantId, str]


class Keys:
    """The promises behind the keys of one room."""

    def __init__(self, room: RoomId, log: Log, *, older: bool) -> None:
        """``older``: the log may hold keys from before this process had the room."""
        self._room, self._log, self._older = room, log, older
        self._promises: OrderedDict[_Slot, Promise] = OrderedDict()

    async def find(self, by: ParticipantId, key: str) -> Promise | None:
        """The promise of the event that this key names, if it was used before."""
        promise = self.kept(by, key)
        if promise is None and self._older:
            event = await self._log.keyed(self._room, by, key)
            promise = self.kept(by, key)  # somebody may have used it meanwhile
            if promise is None and event is not None:
                promise = asyncio.get_running_loop().create_future()
                promise.set_result((event,))
        return promise

    def kept(self, by: ParticipantId, key: str) -> Promise | None:
        """The promise, if this key is one of the recent ones."""
        return self._promises.get((by, key))

    def keep(self, by: ParticipantId, key: str, promise: Promise) -> None:
        """Remember a key's promise; one that is broken is forgotten, so that a retry is new."""
        slot = (by, key)
        self._promises[slot] = promise
        promise.add_done_callback(lambda done: self._forget(slot, done))
        if len(self._promises) > REMEMBERED and next(iter(self._promises.values())).done():
            self._promises.popitem(last=False)
            self._older = True

    def _forget(self, slot: _Slot, promise: Promise) -> None:
        if promise.cancelled() or promise.exception() is not None:
            self._promises.pop(slot, None)
