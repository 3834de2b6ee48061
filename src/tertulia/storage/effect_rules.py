"""What holds of the effects of a room, as ``verify`` looks at them. It changes nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa

from tertulia.orchestrator.effects import LEFT_OPEN, SETTLED, Effect, EffectPolicy, EffectState
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.room import RoomId, TurnId
from tertulia.storage.effect_rows import effect_of
from tertulia.storage.tables import effects, results

Wrong: TypeAlias = tuple[int, str]
"""The seq of a turn's grant (0: there is none), and what is wrong."""

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Turns:
    """The turns of a room: their grants, which have ended, and whether a process has the room."""

    grants: Mapping[TurnId, Event]
    ended: frozenset[TurnId]
    owned: bool


def wrong_effects(connection: sa.Connection, room: RoomId, turns: Turns) -> Iterator[Wrong]:
    """What is wrong with the effects of a room."""
    kept = sa.exists().where(results.c.digest == effects.c.whole)
    wanted = (
        sa.select(effects, kept.label("kept"))
        .where(effects.c.room == room)
        .order_by(effects.c.number)
    )
    for row in connection.execute(wanted.execution_options(yield_per=PAGE)):
        grant = turns.grants.get(TurnId(row.turn))
        seq = 0 if grant is None else grant.seq
        for what in _wrong(row, grant, turns):
            yield seq, f"effect {row.id!r}: {what}"


def _wrong(row: sa.Row[Any], grant: Event | None, turns: Turns) -> Iterator[str]:
    try:
        effect = effect_of(row)
    except ValueError as error:
        yield f"cannot be read ({error})"
        return
    if grant is None:
        yield f"its turn {effect.turn!r} was never granted"
    elif (grant.by, grant.audience) != (effect.participant, effect.audience):
        yield f"not the holder and audience of turn {effect.turn!r}"
    if not effect.id.startswith(f"{effect.turn}/"):
        yield f"its id is not that of a call in turn {effect.turn!r}"
    if effect.state in LEFT_OPEN and effect.turn in turns.ended and not turns.owned:
        yield f"is {effect.state} though its turn is over and nobody has the room"
    if effect.whole is not None and not row.kept:
        yield "its whole result is not kept"
    yield from _wrong_in_itself(effect)


def _wrong_in_itself(effect: Effect) -> Iterator[str]:
    once = effect.policy is EffectPolicy.AT_MOST_ONCE
    if once and effect.attempt > 1 and effect.decided_by is None:
        yield f"was begun {effect.attempt} times, and nobody had said so"
    if (effect.settled is None) == (effect.state in SETTLED):
        yield f"is {effect.state}, and {'not ' * (effect.settled is None)}settled"
    if effect.state is EffectState.GIVEN_UP and effect.decided_by is None:
        yield "was given up, and nobody had said so"
