"""Facts as rows and back, and which of them may be recalled, in the database's words."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from tertulia.orchestrator.errors import Unknown
from tertulia.orchestrator.facts import Ending, Fact, FactId, Scope, Wanted
from tertulia.orchestrator.query import CANDIDATES, best, words_of
from tertulia.orchestrator.room import Audience, ParticipantId, RoomId
from tertulia.orchestrator.visibility import Reach
from tertulia.storage.codec import Row
from tertulia.storage.fulltext import FullText
from tertulia.storage.tables import facts
from tertulia.storage.views import for_all_of, reached

_WORDS = FullText("fact_words")


def keep(connection: sa.Connection, fact: Fact, instead_of: FactId | None) -> Fact:
    """Write a fact, and the end of the one that it supersedes; the one that is kept."""
    kept = named(connection, fact.id)
    if kept is not None:
        return kept
    if instead_of is not None:
        ending = Ending(fact.at, fact.by, fact.id)
        if not end(connection, instead_of, ending):
            raise Unknown(kind="fact", name=instead_of, hint=" that still holds")
    number = connection.execute(facts.insert().values(_to_row(fact))).inserted_primary_key
    _WORDS.add(connection, [(0 if number is None else number[0], fact.text)])
    return fact


def end(connection: sa.Connection, name: FactId, ending: Ending) -> bool:
    """Write that a fact has ended; whether it held until now."""
    open_one = facts.update().where(facts.c.id == name, facts.c.ended.is_(None))
    told = {"ended": ending.at, "ended_by": ending.by, "successor": ending.successor}
    return connection.execute(open_one.values(told)).rowcount > 0


def named(connection: sa.Connection, name: FactId) -> Fact | None:
    """The fact of an id."""
    row = connection.execute(sa.select(facts).where(facts.c.id == name)).one_or_none()
    return None if row is None else fact_of(row)


def chosen(
    connection: sa.Connection, room: RoomId, reach: Reach | None, wanted: Wanted
) -> Sequence[Fact]:
    """The facts that may be recalled: the newest, or the best for a query."""
    c, query = facts.c, wanted.query
    limit = wanted.limit if query is None else CANDIDATES
    found = sa.select(facts).where(c.room == room if reach is None else _recallable(room, reach))
    if query is not None:
        words = _WORDS.table
        found = found.join(words, words.c.rowid == c.number)
        found = found.where(_WORDS.found(query, connection.dialect.name))
    if wanted.about is not None:
        found = found.where(c.about == wanted.about)
    if not wanted.ended:
        found = found.where(c.ended.is_(None))
    rows = connection.execute(found.order_by(c.number.desc()).limit(limit))
    told = [fact_of(row) for row in rows]
    if query is None:
        return told
    return best(query, [(fact, words_of(fact.text)) for fact in told], wanted.limit)


def _recallable(room: RoomId, reach: Reach) -> sa.ColumnElement[bool]:
    """The condition that says what ``visibility.recallable`` says."""
    c, who = facts.c, reach.sight.who
    own = sa.or_(c.scope != Scope.PARTICIPANT, c.owner == who)
    here = sa.and_(c.room == room, reached(reach, c.audience, c.first, c.last))
    known = for_all_of(c.elsewhere, reach.hearers, who)
    there = sa.and_(c.room != room, c.scope != Scope.ROOM, known)
    return sa.and_(own, sa.or_(here, there))


def _to_row(fact: Fact) -> Row:
    ending = fact.ending
    return {
        "id": fact.id,
        "text": fact.text,
        "scope": fact.scope.value,
        "room": fact.room,
        "sources": json.dumps(fact.sources),
        "first": fact.first,
        "last": fact.last,
        "by": fact.by,
        "at": fact.at,
        "owner": fact.owner,
        "about": fact.about,
        "audience": _written(fact.audience),
        "elsewhere": _written(fact.elsewhere),
        "ended": None if ending is None else ending.at,
        "ended_by": None if ending is None else ending.by,
        "successor": None if ending is None else ending.successor,
    }


def fact_of(row: Any) -> Fact:
    """A row of ``facts`` as a fact."""
    ending = None if row.ended is None else Ending(row.ended, row.ended_by, row.successor)
    return Fact(
        FactId(row.id),
        row.text,
        Scope(row.scope),
        RoomId(row.room),
        tuple(json.loads(row.sources)),
        row.first,
        row.last,
        ParticipantId(row.by),
        row.at,
        row.owner,
        row.about,
        _read(row.audience),
        _read(row.elsewhere),
        ending,
    )


def _written(audience: Audience) -> str | None:
    return None if audience is None else json.dumps(audience, separators=(",", ":"))


def _read(audience: str | None) -> Audience:
    return None if audience is None else tuple(json.loads(audience))
