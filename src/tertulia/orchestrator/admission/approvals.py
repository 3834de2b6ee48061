"""Approving what an agent wants to do: who may, and what it takes.

Authority is a person's: an agent never approves anything, whatever a rule says.
"""

from difflib import get_close_matches

from tertulia.orchestrator.admission.members import member
from tertulia.orchestrator.admission.rights import NAMES
from tertulia.orchestrator.admission.words import check_words
from tertulia.orchestrator.approvals import (
    ANSWERS,
    ARGUMENTS,
    Answer,
    ApprovalAnswered,
    ApprovalAsked,
    ApprovalExpired,
    Asking,
    Matter,
    canonical,
)
from tertulia.orchestrator.conditions.amounts import EARLY_S
from tertulia.orchestrator.errors import BadContent, Misbehaved, NotAllowed, NotNow, Unknown
from tertulia.orchestrator.events import Draft
from tertulia.orchestrator.floor import Approval, Floor, Hold
from tertulia.orchestrator.off_floor import on_behalf_of
from tertulia.orchestrator.room import ROOM, Kind, ParticipantId
from tertulia.orchestrator.transitions import check
from tertulia.orchestrator.visibility import sight_of

APPROVALS = 256
"""How much may wait for approval in one room at a time."""

_USE = {
    Matter.APPROVE: "approve or refuse it",
    Matter.UNCERTAIN: "it is uncertain: resolve it as happened, again or give_up",
    Matter.OUTCOME: "its turn is over: resolve it as happened, not_done or give_up",
}


def ask_approval(floor: Floor, hold: Hold, asking: Asking, until: float) -> tuple[Draft, ...]:
    """Have persons decide about a call; nothing if they have been asked this already.

    Raises ``Misbehaved`` for an id that names another question, and where too much waits.
    """
    for known in floor.approvals:
        if known.id == asking.id:
            same = (known.turn, known.kind, known.tool, canonical(known.arguments))
            if same == (hold.turn, asking.kind, asking.tool, canonical(asking.arguments)):
                return ()
            what = f"asked something else under the id {asking.id!r} before"
            raise Misbehaved(who=f"agent {hold.participant!r}", what=what)
    if sum(one.open for one in floor.approvals) >= APPROVALS:
        what = f"asked for more than the {APPROVALS} approvals that may wait in a room"
        raise Misbehaved(who=f"agent {hold.participant!r}", what=what)
    for name, words in (("id", asking.id), ("tool", asking.tool), ("why", asking.why)):
        check_words(name, words)
    body = ApprovalAsked(
        asking.id,
        hold.turn,
        asking.kind,
        asking.tool,
        asking.arguments,
        asking.rule,
        until,
        on_behalf_of(hold),
        asking.why,
    )
    return (Draft(hold.participant, body, hold.audience),)


def may_decide(floor: Floor, asked: Approval, who: ParticipantId) -> bool:
    """Whether the rule lets this member decide: a person who could see that it was asked."""
    seat, rule = floor.members.get(who), asked.rule
    if seat is None or seat.kind is not Kind.HUMAN:
        return False
    if not sight_of(floor, who).sees(asked.audience, asked.seq):
        return False
    return (
        rule.anybody
        or (rule.requester and who == asked.principal)
        or who in rule.participants
        or bool(set(rule.roles) & set(seat.profile.roles))
    )


def approve(
    floor: Floor,
    by: str,
    name: str,
    now: float,
    *,
    arguments: str | None = None,
    key: str | None = None,
) -> tuple[Draft, ...]:
    """Let a call be made; with ``arguments`` (a JSON object as text) with these instead.

    Whoever has approved may approve again with other arguments, which takes the first one's place.
    Raises ``Unknown``, ``NotAllowed``, ``NotNow``, ``BadContent`` and ``RoomClosed``.
    """
    asked = _open(floor, by, name, now, Answer.APPROVE)
    check_words("key", key or "")
    edited = None if arguments is None else _edited(asked, arguments)
    for before in asked.answers:
        if before.by == by and canonical(before.arguments) == canonical(edited):
            raise _not_now(floor, by, f"; {by} has approved it already")
    body = ApprovalAnswered(name, Answer.APPROVE, edited)
    return (Draft(ParticipantId(by), body, asked.audience, key),)


def decide(
    floor: Floor, by: str, name: str, now: float, answer: Answer, note: str = ""
) -> tuple[Draft, ...]:
    """Refuse a call, or say what became of an uncertain one. Raises what ``approve`` raises."""
    asked = _open(floor, by, name, now, answer)
    check_words("reason", note)
    if any(before.by == by and before.answer is answer for before in asked.answers):
        raise _not_now(floor, by, f"; {by} has said so already")
    return (Draft(ParticipantId(by), ApprovalAnswered(name, answer, None, note), asked.audience),)


def expire_approvals(floor: Floor, now: float) -> tuple[Draft, ...]:
    """What has waited for approval for too long: it is not approved."""
    return tuple(
        Draft(ROOM, ApprovalExpired(asked.id), asked.audience)
        for asked in floor.approvals
        if asked.open and asked.until is not None and now >= asked.until - EARLY_S
    )


def _open(floor: Floor, by: str, name: str, now: float, answer: Answer) -> Approval:
    """What waits under this id for an answer of this kind, by somebody who may give it."""
    who = member(floor, by).id
    check(floor, who, ApprovalAnswered)
    sight = sight_of(floor, who)
    seen = [asked for asked in floor.approvals if sight.sees(asked.audience, asked.seq)]
    asked = next((one for one in seen if one.id == name), None)
    if asked is None:
        waiting = [one.id for one in seen if one.open]
        close = get_close_matches(name, waiting, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else f"; {_listed(waiting)} waits"
        raise Unknown(kind="approval", name=name[:200], hint=hint)
    _check_may(floor, asked, who)
    if asked.verdict is not None:
        by_whom = ", ".join(asked.verdict.by)
        told = f"; it was {asked.verdict.ruling}" + (f" by {by_whom}" if by_whom else "")
        raise _not_now(floor, by, told)
    if asked.until is not None and now >= asked.until:
        raise _not_now(floor, by, "; its time is up")
    if answer not in ANSWERS[asked.kind]:
        raise _not_now(floor, by, f"; {_USE[asked.kind]}")
    return asked


def _check_may(floor: Floor, asked: Approval, who: ParticipantId) -> None:
    if may_decide(floor, asked, who):
        return
    able = [one for one in floor.members if may_decide(floor, asked, one)]
    named = ", ".join(able[:NAMES]) + (f" and {len(able) - NAMES} more" if able[NAMES:] else "")
    hint = f"{named} may" if able else "nobody who is in the room now may"
    raise NotAllowed(who=who, what=f"decide about {asked.id!r}", hint=hint)


def _edited(asked: Approval, arguments: str) -> str | None:
    """The arguments as they were edited; ``None`` where they are those that were asked."""
    if len(arguments) > ARGUMENTS:
        hint = f"at most {ARGUMENTS:,} are kept"
        raise BadContent(what=f"arguments of {len(arguments):,} characters", hint=hint)
    spelled = canonical(arguments)
    if spelled is None:
        hint = f"they were {asked.arguments:.200}"
        raise BadContent(what="arguments that are not a JSON object", hint=hint)
    return None if spelled == canonical(asked.arguments) else spelled


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - NAMES} more" if names[NAMES:] else ""
    return (", ".join(names[:NAMES]) or "nothing") + more


def _not_now(floor: Floor, by: str, hint: str) -> NotNow:
    standing = floor.standing(ParticipantId(by))
    return NotNow(who=repr(by), standing=standing, event="ApprovalAnswered", hint=hint)
