"""What waits off the floor and for approval, in words; and answers as a person types them."""

from collections.abc import Callable, Iterator, Sequence

from tertulia.orchestrator import Event, Room
from tertulia.orchestrator.approvals import Approval, Matter, Ruling
from tertulia.orchestrator.errors import Unknown
from tertulia.orchestrator.events import (
    AnswerMissed,
    ApprovalAnswered,
    ApprovalAsked,
    ApprovalExpired,
    ApprovalSettled,
    OutcomeAsked,
    TurnParked,
    TurnReturned,
)
from tertulia.orchestrator.room import ParticipantId

ANSWERS = ("/approve", "/refuse", "/resolve")
"""The commands."""

Name = Callable[[ParticipantId], str]
"""How somebody is called."""


def of_waiting(event: Event, name: Name) -> Iterator[tuple[str, str]]:
    """One of these events as lines with their styles; none for what nobody need read."""
    line = _told(event, name)
    if line is not None:
        yield line, "bold" if isinstance(event.body, ApprovalAsked | OutcomeAsked) else "dim"


def _told(event: Event, name: Name) -> str | None:
    who = name(event.by)
    match event.body:
        case TurnParked(problem=problem):
            return f"{who} waits, and leaves the floor" + (f": {problem}" if problem else "")
        case TurnReturned():
            return f"floor → {who} · back from waiting"
        case AnswerMissed():
            return "nobody has answered in time"
        case ApprovalAsked() as asked:
            return _asked(asked, who)
        case OutcomeAsked(approval=approval, participant=agent, tool=tool, arguments=arguments):
            return (
                f"nobody knows whether {tool} {arguments} by {name(agent)} has happened, whose turn"
                f" is over · /resolve {approval} happened | not_done | give_up"
            )
        case ApprovalAnswered(approval=approval, answer=answer, arguments=arguments, note=note):
            edited = f", with {arguments}" if arguments else ""
            return f"{who}: {answer} {approval}{edited}" + (f": {note}" if note else "")
        case ApprovalExpired(approval=approval):
            return f"{approval} was not approved in time"
        case ApprovalSettled(approval=approval, ruling=Ruling.WITHDRAWN):
            return f"{approval} is not asked any more"
        case ApprovalSettled(approval=approval, ruling=ruling):
            return f"{approval}: {ruling}"
    return None


def _asked(asked: ApprovalAsked, who: str) -> str:
    why = f" ({asked.why})" if asked.why else ""
    if asked.kind is Matter.UNCERTAIN:
        return (
            f"{who} does not know whether {asked.tool} {asked.arguments} has happened{why}"
            f" · /resolve {asked.approval} happened | again | give_up"
        )
    what = f"{who} wants to do {asked.tool} {asked.arguments}{why}"
    return f"{what} · /approve {asked.approval} or /refuse {asked.approval}"


def still_waiting(waiting: Sequence[Approval]) -> str:
    """What waits, for a line at the foot of the screen."""
    return f" · waits for approval: {', '.join(one.id for one in waiting)}" if waiting else ""


async def answer(room: Room, me: ParticipantId, command: str, rest: str) -> str | None:
    """Do what was typed: ``ID`` and what follows it; what was written wrong, if something was.

    An id may be told by its last part. Raises what the room raises.
    """
    typed, _, words = rest.strip().partition(" ")
    if not typed:
        waiting = ", ".join(one.id for one in room.approvals(me)) or "nothing waits"
        return f"write {command} ID ({waiting})"
    name, words = _found(room.approvals(me), typed), words.strip()
    if command == "/approve":
        await room.approve(me, name, arguments=words or None)
    elif command == "/refuse":
        await room.refuse(me, name, words)
    else:
        what, _, note = words.partition(" ")
        await room.resolve(me, name, what, note.strip())
    return None


def _found(waiting: Sequence[Approval], typed: str) -> str:
    """The id that is meant. Raises ``Unknown`` where it could be several."""
    if any(one.id == typed for one in waiting):
        return typed
    close = [one.id for one in waiting if one.id.endswith(f"/{typed}")]
    if len(close) > 1:
        hint = f" alone; there are {', '.join(close)}"
        raise Unknown(kind="approval", name=typed, hint=hint)
    return close[0] if close else typed
