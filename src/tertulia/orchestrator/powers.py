"""What an agent can do to its room beside speaking, as a Protocol. A turn's deeds carry it.

Everything is asked for in a member's name, and admitted or refused as if a person had asked.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

from tertulia.orchestrator.events import Event
from tertulia.orchestrator.floor import Floor, Note
from tertulia.orchestrator.room import Participant, RoomId

ACTS = (
    "whisper",
    "hand_over",
    "ask_for_the_floor",
    "take_note",
    "start_sub_room",
    "close_sub_room",
)
"""The tools that act on a room and need nothing else: a scenario may name them."""


class Powers(Protocol):
    """The room of a turn, as its agent may act on it. Each raises the ``Refused`` that fits."""

    @property
    def floor(self) -> Floor:
        """Who is there, and how things stand."""
        ...

    async def post(
        self,
        by: str,
        text: str,
        *,
        key: str | None = None,
        to: Iterable[str] = (),
        whisper: Iterable[str] = (),
    ) -> Event:
        """Say something; under one key, once."""
        ...

    async def join(
        self,
        participant: Participant,
        speaker: Callable[..., Awaitable[Any]] | None = None,
        *,
        history: bool = True,
        by: str | None = None,
    ) -> None:
        """Let somebody in whom ``by`` brings in; nothing if they are in."""
        ...

    async def note(
        self, about: str, text: str, *, by: str, whisper: Iterable[str] = ()
    ) -> Event | Note:
        """Keep something in mind about a participant; once, however often it is asked for."""
        ...

    async def open_below(
        self, by: str, name: str, members: Iterable[str], *, task: str, key: str
    ) -> RoomId:
        """Open a sub-room, or take it up again, and say there what is to be done; once per key."""
        ...

    async def close_above(self, by: str, summary: str, *, aloud: bool) -> RoomId:
        """End this room, a sub-room, with word in its parent of what came of it; the parent.

        To everybody there if ``aloud``, else to those who are in this room. Nothing if it has ended
        already.
        """
        ...
