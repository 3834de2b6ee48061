"""A database that is only read: nothing is made, migrated or locked, and nobody owns a room."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Self

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from tertulia.compose import MEMORY
from tertulia.orchestrator import Event, handle
from tertulia.orchestrator.effects import Effect
from tertulia.orchestrator.errors import Invalid, Unknown
from tertulia.orchestrator.facts import Fact, Wanted
from tertulia.orchestrator.feed import PAGE
from tertulia.orchestrator.ports import RoomSummary
from tertulia.orchestrator.room import ParticipantId, RoomId
from tertulia.orchestrator.visibility import Reach, Sight, sight_in
from tertulia.storage.codec import from_row
from tertulia.storage.effect_rows import effect_of
from tertulia.storage.engine import connect, place
from tertulia.storage.facts import chosen
from tertulia.storage.faults import in_our_words
from tertulia.storage.schema import expect
from tertulia.storage.search import Sought, search
from tertulia.storage.summaries import recorded
from tertulia.storage.tables import effects, events, turns
from tertulia.storage.views import listed


class Archive:
    """The rooms of a database, for commands that show them: ``with Archive.at(url) as archive``."""

    def __init__(self, connection: sa.Connection, where: str) -> None:
        """Made by ``at``."""
        self._connection, self._where = connection, where

    @classmethod
    @contextmanager
    def at(cls, url: str) -> Iterator[Self]:
        """The archive at a database URL.

        Raises ``Unknown`` where there is no such file, and whatever ``storage`` raises when it
        cannot be read.
        """
        existing(url)
        engine, where = connect(url, reading=True), place(url)
        try:
            with (
                in_our_words(where),
                engine.connect().execution_options(reading=True) as connection,
            ):
                expect(connection, where)
                yield cls(connection, where)
        finally:
            engine.dispose()

    def rooms(self) -> Sequence[RoomSummary]:
        """Every room, by name."""
        return listed(self._connection)

    def events(self, room: str, after: int = 0) -> Iterator[Event]:
        """The events of a room after a seq. Raises ``Unknown`` for a room that is not there."""
        names = [summary.room for summary in self.rooms()]
        if room not in names:
            close = get_close_matches(room, names, n=1)
            listing = f"; list them: tertulia rooms --db {self._where}"
            hint = f"; did you mean {close[0]!r}?" if close else listing
            raise Unknown(kind="room", name=room, hint=hint)
        while page := self._page(room, after):
            yield from page
            after = page[-1].seq

    def found(self, sought: Sought) -> list[Event]:
        """What a search finds, newest first; what is not indexed yet is read."""
        return search(self._connection, sought)

    def facts(self, room: RoomId, reach: Reach | None, wanted: Wanted) -> Sequence[Fact]:
        """The facts that may be recalled in a room."""
        return chosen(self._connection, room, reach, wanted)

    def context(self, turn: str) -> str | None:
        """What a turn's model was given, as JSON; ``None`` where nothing is recorded."""
        return recorded(self._connection, turn)

    def known(self, room: str) -> RoomId:
        """The room of that name. Raises ``Unknown`` for a room that is not there."""
        next(self.events(room), None)
        return RoomId(room)

    def joined(self, room: RoomId) -> Sequence[Event]:
        """Who came in, in order."""
        c = events.c
        coming = sa.select(events).where(c.room == room, c.type == "Joined").order_by(c.seq)
        return [from_row(row) for row in self._connection.execute(coming)]

    def reader(self, room: str, name: str) -> ParticipantId:
        """The handle of somebody who is or was in the room, by handle or by display name.

        Raises ``Unknown``, with those who were there.
        """
        joined = sa.select(events.c.by).where(events.c.room == room, events.c.type == "Joined")
        there = list(dict.fromkeys(self._connection.scalars(joined.order_by(events.c.seq))))
        for wanted in (name.lower(), handle(name)):
            if wanted in there:
                return ParticipantId(wanted)
        hint = f" in room {room!r}: {', '.join(there) or 'nobody'}"
        raise Unknown(kind="participant", name=name, hint=hint)

    def sight(self, room: str, who: ParticipantId) -> Sight:
        """What a participant may see of the room."""
        moves = sa.select(events).where(
            events.c.room == room, events.c.by == who, events.c.type.in_(("Joined", "Left"))
        )
        rows = self._connection.execute(moves.order_by(events.c.seq))
        return sight_in(map(from_row, rows), who)

    def effects(self, room: str) -> Iterator[Effect]:
        """What the turns of the room did, in the order in which it was begun."""
        wanted = sa.select(effects).where(effects.c.room == room).order_by(effects.c.number)
        rows = self._connection.execute(wanted.execution_options(yield_per=PAGE))
        return map(effect_of, rows)

    def turn(self, name: str) -> tuple[ParticipantId, str | None]:
        """Whose turn it is, and how it ended (``None``: it has not). Raises ``Unknown``."""
        found = self._connection.execute(sa.select(turns).where(turns.c.id == name)).one_or_none()
        if found is None:
            open_ones = sa.select(turns.c.id).where(turns.c.ended.is_(None)).order_by(turns.c.id)
            there = ", ".join(self._connection.scalars(open_ones.limit(10))) or "none"
            raise Unknown(kind="turn", name=name, hint=f"; under way are {there}")
        return ParticipantId(found.participant), found.outcome

    def _page(self, room: str, after: int) -> list[Event]:
        wanted = sa.select(events).where(events.c.room == room, events.c.seq > after)
        rows = self._connection.execute(wanted.order_by(events.c.seq).limit(PAGE))
        return [from_row(row) for row in rows]


def existing(url: str) -> None:
    """Raise ``Unknown`` when the database's file is not there, ``Invalid`` for no database URL."""
    if url == MEMORY:
        what = (
            "it is forgotten when the command that filled it ends; name a file, sqlite:///talk.db"
        )
        raise Invalid(where=f"database {url!r}", what=what)
    target = make_url(place(url))
    name = target.database or ""
    if not name.startswith("file:") and not Path(name).is_file():
        raise Unknown(kind="database", name=url, hint="; name one with --db or TERTULIA_DB")
