"""What happened in a room, step by step: its log and its ledger, read together.

The order is the log's; what a turn did comes before what it said, in the order of its calls.
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from tertulia.orchestrator.effects import Effect, EffectState
from tertulia.orchestrator.events import Said, TurnEnded
from tertulia.orchestrator.ports import Ledger, Log
from tertulia.orchestrator.room import RoomId

PAGE = 500
HAPPENED = frozenset({EffectState.SUCCEEDED, EffectState.FAILED})


@dataclass(frozen=True, slots=True)
class Step:
    """An utterance (``text``), or a tool call (``tool``) with its answer as ``text``.

    ``at`` is Unix seconds, and never goes back.
    """

    by: str
    text: str
    at: float
    tool: str | None = None
    id: str = ""
    arguments: Mapping[str, Any] | None = None


async def steps(room: str, log: Log, ledger: Ledger) -> AsyncIterator[Step]:
    """All that was said to everybody and all calls that came to an end, in order."""
    after, latest, told = 0, 0.0, set[str]()
    while events := await log.read(RoomId(room), after, PAGE):
        after = events[-1].seq
        for event in events:
            match event.body:
                case Said(turn=turn) | TurnEnded(turn=turn) if turn is not None:
                    if turn not in told:
                        told.add(turn)
                        for effect in await ledger.of_turn(turn):
                            if effect.state in HAPPENED:
                                latest = max(latest, effect.began)
                                yield await _call(effect, latest, ledger)
            if isinstance(event.body, Said):
                latest = max(latest, event.at)
                yield Step(event.by, event.body.text, latest)


async def _call(effect: Effect, at: float, ledger: Ledger) -> Step:
    whole = None if effect.whole is None else await ledger.whole(effect.whole)
    text = effect.result if whole is None else whole
    arguments = json.loads(effect.arguments)
    name = effect.id.removeprefix(f"{effect.turn}/")
    return Step(effect.participant, text, at, effect.tool, name, arguments)
