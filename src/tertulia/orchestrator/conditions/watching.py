"""Watch a room for its condition: what each event makes of the tally. Pure; ``apply`` asks it."""

from collections.abc import Iterator, Mapping
from typing import Any

from tertulia.orchestrator.conditions.condition import Condition, Criterion, reason
from tertulia.orchestrator.conditions.specification import build
from tertulia.orchestrator.events import Event, Outcome, Said, TurnEnded, Uptake
from tertulia.orchestrator.floor import Floor, Phase, Tally, revised
from tertulia.orchestrator.room import Kind

_PROBLEM_LIMIT = 500

_BUILT: dict[int, tuple[Mapping[str, Any], Condition]] = {}
_MOST_BUILT = 1024


def watched(floor: Floor, event: Event) -> Floor:
    """The floor after ``event``, with what its condition now knows; only an open room is watched.

    A part that raises is not asked again until the room begins anew, and its problem is kept. What
    was taken back has not been said, and ends nothing.
    """
    tally, until = floor.tally, floor.settings.until
    if tally is None or until is None or floor.phase is not Phase.OPEN or _taken_back(event):
        return floor
    condition = _built(until)
    floor = revised(floor, tally=_counted(tally, floor, event))
    came, broken, problem = set(tally.came), set(tally.broken), tally.problem
    for place, leaf in _waiting(condition, tally):
        try:
            if leaf.met(floor, event):
                came.add(place)
        except Exception as error:  # a condition may be anybody's code: its failure is an event
            broken.add(place)
            problem = f"condition {leaf.says()!r} raised {error!r}"[:_PROBLEM_LIMIT]
    known = revised(
        floor.tally,
        came=tuple(sorted(came)),
        broken=tuple(sorted(broken)),
        problem=problem,
        reason=reason(condition, came) if len(came) > len(tally.came) else tally.reason,
    )
    return revised(floor, tally=known)


def deadline(floor: Floor) -> float | None:
    """When the room's condition, or a part of it, comes true by time alone, in Unix seconds."""
    tally, until = floor.tally, floor.settings.until
    if tally is None or until is None or floor.phase is not Phase.OPEN:
        return None
    times = (leaf.deadline(tally) for _, leaf in _waiting(_built(until), tally))
    return min((at for at in times if at is not None), default=None)


def _waiting(condition: Condition, tally: Tally) -> Iterator[tuple[int, Criterion]]:
    done = {*tally.came, *tally.broken}
    return ((n, leaf) for n, leaf in enumerate(condition.leaves()) if n not in done)


def _taken_back(event: Event) -> bool:
    return isinstance(event.body, Said) and event.body.uptake is Uptake.RETRACTED


def _counted(tally: Tally, floor: Floor, event: Event) -> Tally:
    match event.body:
        case Said() if event.audience is None:
            spoke = tally.spoke if event.by in tally.spoke else (*tally.spoke, event.by)
            return revised(tally, utterances=tally.utterances + 1, spoke=spoke)
        case TurnEnded(outcome=outcome, tokens=tokens, cost=cost):
            seat = floor.members.get(event.by)
            agent = seat is not None and seat.kind is Kind.AGENT
            return revised(
                tally,
                turns=tally.turns + (agent and outcome is not Outcome.ROLLED_BACK),
                failed=tally.failed + (outcome is Outcome.FAILED),
                tokens=tally.tokens + tokens,
                cost=round(tally.cost + cost, 9),
            )
    return tally


def _built(until: Mapping[str, Any]) -> Condition:
    """Built once for each specification: the floors of a room all hold the same one."""
    kept = _BUILT.get(id(until))
    if kept is None or kept[0] is not until:
        if len(_BUILT) >= _MOST_BUILT:
            _BUILT.clear()
        kept = _BUILT[id(until)] = (until, build(until))
    return kept[1]
