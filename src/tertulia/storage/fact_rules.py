"""What holds of the facts that were learnt in a room, as ``verify`` looks at them.

It changes nothing.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import sqlalchemy as sa

from tertulia.orchestrator.errors import LogDamaged
from tertulia.orchestrator.events import Event, Said
from tertulia.orchestrator.facts import Fact, Scope
from tertulia.orchestrator.room import RoomId
from tertulia.orchestrator.visibility import covers
from tertulia.storage.codec import from_row
from tertulia.storage.facts import fact_of
from tertulia.storage.tables import events, facts

Wrong: TypeAlias = tuple[int, str]
"""The seq of the last event that a fact comes from, and what is wrong."""

PAGE = 500


def wrong_facts(connection: sa.Connection, room: RoomId, head: int) -> Iterator[Wrong]:
    """What is wrong with the facts of a room whose last event has the seq ``head``."""
    after = facts.alias("successor")
    wanted = (
        sa.select(facts, after.c.number.label("then"), after.c.audience.label("then_for"))
        .join_from(facts, after, after.c.id == facts.c.successor, isouter=True)
        .where(facts.c.room == room)
        .order_by(facts.c.number)
    )
    for row in connection.execute(wanted.execution_options(yield_per=PAGE)):
        try:
            fact = fact_of(row)
        except (ValueError, TypeError) as error:
            yield 0, f"fact {row.id!r}: cannot be read ({type(error).__name__})"
            continue
        told = _events(connection, room, fact.sources)
        for what in (*_its_sources(fact, told, head), *_itself(fact), *_its_successor(fact, row)):
            yield fact.last, f"fact {fact.id!r}: {what}"


def _events(connection: sa.Connection, room: RoomId, seqs: tuple[int, ...]) -> Mapping[int, Event]:
    wanted = sa.select(events).where(events.c.room == room, events.c.seq.in_(seqs))
    found: dict[int, Event] = {}
    for row in connection.execute(wanted) if seqs else ():
        try:
            found[row.seq] = from_row(row)
        except LogDamaged:  # told by the rule ``unreadable``
            continue
    return found


def _its_sources(fact: Fact, told: Mapping[int, Event], head: int) -> Iterator[str]:
    ends = (fact.sources[0], fact.sources[-1]) if fact.sources else (fact.last, fact.last)
    if (fact.first, fact.last) != ends or fact.last > head:
        yield f"is said to come from events {fact.first} to {fact.last}"
    for seq in fact.sources:
        source = told.get(seq)
        if source is None or not isinstance(source.body, Said):
            yield f"comes from event {seq}, which is no utterance"
        elif not covers(source.audience, fact.audience):
            yield f"is for more than those who heard its source, event {seq}"


def _itself(fact: Fact) -> Iterator[str]:
    if (fact.owner is None) == (fact.scope is Scope.PARTICIPANT):
        yield f"is of the scope {fact.scope}, and its owner is {fact.owner!r}"
    if fact.scope is Scope.ROOM and fact.elsewhere != ():
        yield "is this room's, and others may know it elsewhere"
    if not covers(fact.audience, fact.elsewhere):
        yield "is for more in other rooms than in this one"


def _its_successor(fact: Fact, row: sa.Row[Any]) -> Iterator[str]:
    """Each fact takes the place of an older one, so no chain of them runs in a circle."""
    if row.ended is None and (row.ended_by, row.successor) != (None, None):
        yield "holds, and has been ended by somebody or something"
    if row.successor is None:
        return
    if row.then is None:
        yield f"fact {row.successor!r}, which took its place, is not there"
    elif row.then <= row.number:
        yield f"fact {row.successor!r}, which took its place, is older"
    elif not covers(None if row.then_for is None else json.loads(row.then_for), fact.audience):
        yield f"some who know it may not know fact {row.successor!r}, which took its place"
