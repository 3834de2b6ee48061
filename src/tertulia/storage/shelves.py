"""Collections of passages (``ports.Shelf``): in the database of a log, or forgotten.

Who may be told is part of the question: a limit counts only what may be told. The vectors of a
shelf are kept in memory once somebody has searched it, and read again when it has changed.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from typing import Any

import sqlalchemy as sa

from tertulia.orchestrator.documents import Ears, Passage
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.query import CANDIDATES, Query, best, words_of
from tertulia.orchestrator.room import Audience, ParticipantId
from tertulia.storage.fulltext import FullText
from tertulia.storage.log import SqlLog
from tertulia.storage.nearness import Nearness, packed
from tertulia.storage.tables import passages
from tertulia.storage.views import for_all_of

_WORDS = FullText("passage_words")


class SqlShelf:
    """The passages of one collection, in the database of a log."""

    def __init__(self, log: SqlLog, name: str) -> None:
        """Share the database and the writer of ``log``; ``name`` tells collections apart."""
        self._log, self._name = log, name
        self._nearness, self._known, self._lock = Nearness(), (-1, -1), Lock()

    def put(self, passages: Sequence[Passage]) -> None:
        """Keep passages."""
        _check(passages)
        rows = [self._to_row(passage) for passage in passages]
        self._log.write_from_a_thread(lambda c: self._put(c, rows))

    def take(self, ids: Sequence[str] | None) -> None:
        """Keep those no longer."""
        self._log.write_from_a_thread(lambda c: self._take(c, ids))

    def get(self, ids: Sequence[str], ears: Ears | None) -> Sequence[Passage]:
        """Those passages, as far as they may be told."""
        wanted = sa.select(passages).where(*self._told(ears), passages.c.id.in_(ids))
        return self._log.query(lambda c: [_from_row(row) for row in c.execute(wanted)])

    def parts(self, document: str) -> Sequence[str]:
        """The ids of a document's passages."""
        c = passages.c
        wanted = sa.select(c.id).where(c.shelf == self._name, c.document == document)
        return self._log.query(lambda x: list(x.scalars(wanted.order_by(c.part))))

    def nearest(
        self, vector: Sequence[float], ears: Ears | None, limit: int
    ) -> Sequence[tuple[Passage, float]]:
        """Those most alike in meaning."""
        with self._lock:
            return self._log.query(lambda c: self._nearest(c, vector, ears, limit))

    def having(self, query: Query, ears: Ears | None, limit: int) -> Sequence[Passage]:
        """Those that the query finds."""
        return self._log.query(lambda c: self._having(c, query, ears, limit))

    def _put(self, connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
        self._take(connection, [row["id"] for row in rows])
        for row in rows:
            added = connection.execute(passages.insert().values(row)).inserted_primary_key
            _WORDS.add(connection, [(0 if added is None else added[0], row["text"])])

    def _take(self, connection: sa.Connection, ids: Sequence[str] | None) -> None:
        mine = passages.c.shelf == self._name
        chosen = mine if ids is None else sa.and_(mine, passages.c.id.in_(ids))
        gone = connection.execute(sa.select(passages.c.number, passages.c.text).where(chosen))
        _WORDS.remove(connection, [(row.number, row.text) for row in gone])
        connection.execute(passages.delete().where(chosen))

    def _nearest(
        self, connection: sa.Connection, vector: Sequence[float], ears: Ears | None, limit: int
    ) -> list[tuple[Passage, float]]:
        c = passages.c
        self._refresh(connection)
        told = connection.scalars(sa.select(c.number).where(*self._told(ears))).all()
        found = dict(self._nearness.nearest(vector, told, limit))
        rows = connection.execute(sa.select(passages).where(c.number.in_(found)))
        of = {row.number: _from_row(row) for row in rows}
        return [(of[number], cosine) for number, cosine in found.items()]

    def _refresh(self, connection: sa.Connection) -> None:
        c = passages.c
        mine = c.shelf == self._name
        state = sa.select(sa.func.count(), sa.func.coalesce(sa.func.max(c.number), 0)).where(mine)
        now = tuple(connection.execute(state).one())
        if now != self._known:
            rows = connection.execute(sa.select(c.number, c.vector).where(mine))
            self._nearness.set([(row.number, row.vector) for row in rows])
            self._known = now

    def _having(
        self, connection: sa.Connection, query: Query, ears: Ears | None, limit: int
    ) -> list[Passage]:
        words = _WORDS.table
        found = sa.select(passages).join(words, words.c.rowid == passages.c.number)
        found = found.where(_WORDS.found(query, connection.dialect.name), *self._told(ears))
        rows = connection.execute(found.order_by(passages.c.number.desc()).limit(CANDIDATES))
        told = [_from_row(row) for row in rows]
        return best(query, [(passage, words_of(passage.text)) for passage in told], limit)

    def _told(self, ears: Ears | None) -> list[sa.ColumnElement[bool]]:
        """The conditions that say what ``Ears.may_hear`` says."""
        mine = passages.c.shelf == self._name
        if ears is None:
            return [mine]
        who = ParticipantId("") if ears.who is None else ears.who
        return [mine, for_all_of(passages.c.audience, ears.hearers, who)]

    def _to_row(self, passage: Passage) -> dict[str, Any]:
        return {
            "shelf": self._name,
            "id": passage.id,
            "document": passage.document,
            "part": passage.part,
            "text": passage.text,
            "metadata": json.dumps(dict(passage.metadata), ensure_ascii=False),
            "audience": _written(passage.audience),
            "vector": packed(passage.vector),
        }


class VolatileShelf:
    """The passages of one collection, forgotten with the process."""

    def __init__(self) -> None:
        """No passage yet."""
        self._kept: dict[str, Passage] = {}

    def put(self, passages: Sequence[Passage]) -> None:
        """Keep passages."""
        _check(passages)
        for passage in passages:
            self._kept.pop(passage.id, None)
            self._kept[passage.id] = passage

    def take(self, ids: Sequence[str] | None) -> None:
        """Keep those no longer."""
        for name in list(self._kept) if ids is None else ids:
            self._kept.pop(name, None)

    def get(self, ids: Sequence[str], ears: Ears | None) -> Sequence[Passage]:
        """Those passages, as far as they may be told."""
        return [_bare(passage) for passage in self._told(ears) if passage.id in ids]

    def parts(self, document: str) -> Sequence[str]:
        """The ids of a document's passages."""
        mine = [passage for passage in self._kept.values() if passage.document == document]
        return [passage.id for passage in sorted(mine, key=lambda passage: passage.part)]

    def nearest(
        self, vector: Sequence[float], ears: Ears | None, limit: int
    ) -> Sequence[tuple[Passage, float]]:
        """Those most alike in meaning."""
        told, nearness = self._told(ears), Nearness()
        nearness.set([(number, packed(passage.vector)) for number, passage in enumerate(told)])
        found = nearness.nearest(vector, range(len(told)), limit)
        return [(_bare(told[number]), cosine) for number, cosine in found]

    def having(self, query: Query, ears: Ears | None, limit: int) -> Sequence[Passage]:
        """Those that the query finds."""
        told = [(_bare(one), words_of(one.text)) for one in reversed(self._told(ears))]
        found = [(passage, words) for passage, words in told if query.matches(words)]
        return best(query, found[:CANDIDATES], limit)

    def _told(self, ears: Ears | None) -> list[Passage]:
        every = self._kept.values()
        return [passage for passage in every if ears is None or ears.may_hear(passage.audience)]


def _bare(passage: Passage) -> Passage:
    return replace(passage, vector=())


def _check(passages: Sequence[Passage]) -> None:
    ids = [passage.id for passage in passages]
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise Invalid(where=f"passage {twice!r}", what="stands twice in what is to be kept")


def _from_row(row: Any) -> Passage:
    return Passage(
        row.id, row.text, row.document, row.part, _read(row.audience), json.loads(row.metadata)
    )


def _written(audience: Audience) -> str | None:
    return None if audience is None else json.dumps(audience, separators=(",", ":"))


def _read(audience: str | None) -> Audience:
    return None if audience is None else tuple(json.loads(audience))
