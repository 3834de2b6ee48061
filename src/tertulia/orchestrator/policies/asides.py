"""Side conversations: who was asked in a whisper answers there, beside everybody's floor.

Each audience that whispers has a floor of its own. A room's policy arbitrates everybody's; on a
side floor its combinators hold back whom they hold back, and the one within is ``addressed``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from tertulia.orchestrator.floor import Floor, revised
from tertulia.orchestrator.policies.addressed import Addressed
from tertulia.orchestrator.ports import Choice, Exhausted, Policy
from tertulia.orchestrator.room import Audience, Kind, ParticipantId

ASIDE = "asked aside"
"""The rule by which whispered turns are granted."""


def within(floor: Floor, audience: Audience) -> Floor:
    """The floor as those in ``audience`` have it among themselves, when they whisper.

    Of what is owed there only agents' answers count: persons speak when they like, and nobody
    has to wait for them. The same for everybody (``None``) is without what is whispered.
    """
    if audience is None:
        return revised(floor, owed=tuple(o for o in floor.owed if o.audience is None))
    inside = {who: seat for who, seat in floor.members.items() if who in audience}
    owed = tuple(
        revised(o, audience=None)
        for o in floor.owed
        if o.audience == audience and inside[o.participant].kind is Kind.AGENT
    )
    here = tuple(hold for hold in floor.holds if hold.audience == audience)
    capacity = floor.settings.capacity
    full = capacity is not None and len(here) >= capacity
    return revised(
        floor,
        members=inside,
        owed=() if full else owed,
        pending=(),
        nominated=(),
        question=None,
        latest=None,
        before=None,
        continuing=None,
    )


def whispered(floor: Floor) -> bool:
    """Whether anybody owes an answer in a whisper."""
    return any(owed.audience is not None for owed in floor.owed)


def in_order(policy: Policy) -> bool:
    """Whether the policy has questions answered on everybody's floor, too.

    Then an agent answers in the order in which it was asked, wherever that was: what is whispered
    to it goes before later questions, and never before earlier ones.
    """
    return _agent_run(policy) is not None


def aside(floor: Floor, policy: Policy, now: float, *, ordered: bool) -> Choice | Exhausted | None:
    """Whom to grant on which side floor, the oldest question first; or which limit is used up.

    With ``ordered``, nobody who owes an earlier answer to everybody.
    """
    for_asides = _for_asides(policy)
    for audience, busy in _audiences(floor, policy, ordered=ordered):
        beside = within(floor, audience).without(busy)
        choice = for_asides.choose(beside, now)
        if isinstance(choice, Exhausted):
            return choice
        if isinstance(choice, Choice) and any(
            o.participant == choice.participant and o.seq == choice.answers for o in beside.owed
        ):
            return Choice(choice.participant, ASIDE, choice.answers)
    return None


def _audiences(
    floor: Floor, policy: Policy, *, ordered: bool
) -> Iterator[tuple[Audience, Iterable[ParticipantId]]]:
    """The audiences in which something is owed; who has to answer everybody before that."""
    run = _agent_run(policy)
    earlier: set[ParticipantId] = set()
    done: set[Audience] = set()
    for owed in floor.unanswered(Addressed().agent_run if run is None else run):
        if owed.audience is None:
            earlier |= {owed.participant} if ordered else set()
        elif owed.participant not in earlier and owed.audience not in done:
            done.add(owed.audience)
            yield owed.audience, frozenset(earlier)


def _agent_run(policy: Policy) -> int | None:
    """After how many agents' turns in a row agents wait, where the policy says so."""
    for inner in _inner(policy):
        return _agent_run(inner)
    run: int | None = getattr(policy, "agent_run", None)
    return run


def _for_asides(policy: Policy) -> Policy:
    changed: dict[str, Any] = {}
    if _inner(policy) and is_dataclass(policy):
        for field in fields(policy):
            value = getattr(policy, field.name)
            if field.name == "inner":
                changed["inner"] = _for_asides(value)
            elif field.name == "each":
                changed["each"] = tuple(map(_for_asides, value))
        whole: Policy = replace(policy, **changed)
        return whole
    run = getattr(policy, "agent_run", None)
    return Addressed() if run is None else Addressed(agent_run=run)


def _inner(policy: Policy) -> tuple[Policy, ...]:
    """The policies within a combinator."""
    if hasattr(policy, "plan"):  # its phases are those of everybody's floor
        return ()
    inner = getattr(policy, "inner", None)
    return tuple(getattr(policy, "each", ())) if inner is None else (inner,)
