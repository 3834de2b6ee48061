"""Effects as rows, and back."""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from tertulia.orchestrator.approvals import ApprovalRule
from tertulia.orchestrator.effects import Effect, EffectId, EffectPolicy, EffectState
from tertulia.orchestrator.room import Audience, ParticipantId, RoomId, TurnId
from tertulia.storage.codec import Row

_RULE: TypeAdapter[ApprovalRule] = TypeAdapter(ApprovalRule)


@dataclass(frozen=True, slots=True)
class Entry:
    """An effect to write under an epoch, and its whole result if that was cut."""

    effect: Effect
    epoch: int
    whole: str | None = None


def effect_row(entry: Entry) -> Row:
    """What ``WRITE_EFFECT`` is run with."""
    effect = entry.effect
    audience = effect.audience
    return {
        "_id": effect.id,
        "_room": effect.room,
        "_turn": effect.turn,
        "_participant": effect.participant,
        "_tool": effect.tool,
        "_policy": effect.policy.value,
        "_arguments": effect.arguments,
        "_digest": effect.digest,
        "_began": effect.began,
        "_state": effect.state.value,
        "_requester": effect.requester,
        "_principal": effect.principal,
        "_audience": None if audience is None else json.dumps(audience),
        "_attempt": effect.attempt,
        "_result": effect.result,
        "_whole": effect.whole,
        "_settled": effect.settled,
        "_data": effect.data,
        "_seq": effect.seq,
        "_decided_by": effect.decided_by,
        "_rule": None if effect.rule is None else _RULE.dump_json(effect.rule).decode(),
        "_epoch": entry.epoch,
    }


def effect_of(row: Any) -> Effect:
    """A row of ``effects`` as an effect."""
    return Effect(
        EffectId(row.id),
        RoomId(row.room),
        TurnId(row.turn),
        ParticipantId(row.participant),
        row.tool,
        EffectPolicy(row.policy),
        row.arguments,
        row.digest,
        row.began,
        EffectState(row.state),
        _somebody(row.requester),
        _somebody(row.principal),
        _audience(row.audience),
        row.attempt,
        row.result,
        row.whole,
        row.settled,
        bool(row.data),
        row.seq,
        _somebody(row.decided_by),
        None if row.rule is None else _RULE.validate_json(row.rule),
    )


def _somebody(name: str | None) -> ParticipantId | None:
    return None if name is None else ParticipantId(name)


def _audience(text: str | None) -> Audience:
    return None if text is None else tuple(map(ParticipantId, json.loads(text)))
