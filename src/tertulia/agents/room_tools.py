"""Tools with which an agent acts on its room: as itself, with its own rights, each act once.

What an act tells others may come from everything that the turn has heard; so in a turn that not
everybody hears, an act tells nobody else. The room admits or refuses the rest.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from langchain_core.tools import BaseTool

from tertulia.agents.effects import Carried
from tertulia.agents.terms import IdempotencyKey, OwnTurn, tool
from tertulia.orchestrator.errors import Invalid, NotAllowed, Unknown
from tertulia.orchestrator.floor import Floor, Seat
from tertulia.orchestrator.powers import Powers
from tertulia.orchestrator.room import Kind, Participant, ParticipantId, RoomId, handle
from tertulia.orchestrator.turns import Turn

STEERS = "steers"
"""The key of a tool's metadata that says: what it returns changes how the turn ends."""


class Guest(Protocol):
    """Somebody who may be invited; what ``agent(…)`` and ``human(…)`` make is one."""

    @property
    def participant(self) -> Participant:
        """Who it is."""
        ...

    @property
    def speaker(self) -> Callable[..., Any] | None:
        """The program that speaks for it, if it is an agent."""
        ...

    @property
    def history(self) -> bool:
        """Whether it sees what was said before it came."""
        ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far agents may go: open sub-rooms of one agent, rooms below rooms, members in one."""

    sub_rooms: int = 3
    depth: int = 1
    members: int = 20


def room_tools(
    *names: str, guests: Iterable[Guest] = (), bounds: Bounds | None = None, aloud: bool = False
) -> list[BaseTool]:
    """The tools of those names; without names, all of them (``invite`` only if there are guests).

    There are ``whisper``, ``invite``, ``hand_over``, ``ask_for_the_floor``, ``take_note``,
    ``start_sub_room`` and ``close_sub_room``. ``guests`` are those who may be invited, ``aloud``
    has what came of a sub-room told to everybody, not only to those who were in it.
    Raises ``Unknown``.
    """
    known = {guest.participant.id: guest for guest in guests}
    made = {one.name: one for one in _made(known, bounds or Bounds(), aloud=aloud)}
    for name in names:
        if name not in made:
            hint = f" of a room; there are {', '.join(made)}"
            raise Unknown(kind="tool", name=name, hint=hint)
    wanted = names or [name for name in made if name != "invite" or known]
    return [made[name] for name in wanted]


def steering(tool: BaseTool, carried: Carried) -> dict[str, Any]:
    """What a call changes of how its turn ends, as keys of the turn's state."""
    if not carried.ok or STEERS not in (tool.metadata or {}):
        return {}
    value = carried.value if isinstance(carried.value, dict) else {}
    return {name: value[name] for name in ("addressees", "more") if name in value}


def _made(
    guests: Mapping[ParticipantId, Guest], bounds: Bounds, *, aloud: bool
) -> Sequence[BaseTool]:
    return [
        tool(effect="idempotent")(whisper),
        _invitation(guests),
        _steer(tool(effect="safe_retry")(hand_over)),
        _steer(tool(effect="safe_retry")(ask_for_the_floor)),
        tool(effect="idempotent")(take_note),
        _sub_room(bounds),
        _conclusion(aloud=aloud),
    ]


async def whisper(to: list[str], text: str, turn: OwnTurn, key: IdempotencyKey) -> str:
    """Say something to some of those in the room, so that the others do not hear it."""
    powers = _powers(turn)
    listeners = [_member(powers.floor, name).id for name in to]
    _check_told(turn, listeners)
    said = await powers.post(turn.me.id, text, whisper=listeners, key=key)
    return f"whispered to {', '.join(listeners)} (event {said.seq})"


async def hand_over(to: str, turn: OwnTurn) -> dict[str, Any]:
    """Hand the floor to somebody, an agent or a person: they speak next, when you have finished."""
    seat = _member(_powers(turn).floor, to)
    if seat.id == turn.me.id or seat.kind is Kind.OBSERVER:
        what = "you yourself" if seat.id == turn.me.id else f"{seat.id}, who only watches"
        raise Invalid(where="hand_over", what=f"it cannot go to {what}")
    _check_told(turn, [seat.id])
    return {"addressees": [seat.id], "next": f"finish your turn; then {seat.name} has the floor"}


async def ask_for_the_floor(turn: OwnTurn) -> dict[str, Any]:
    """Ask to speak again after this turn, if nobody else wants to."""
    return {"more": True, "next": "finish your turn; you may go on if nobody else speaks"}


async def take_note(about: str, text: str, turn: OwnTurn, key: IdempotencyKey) -> str:
    """Keep something in mind about somebody in the room, for later turns too."""
    powers = _powers(turn)
    subject = _member(powers.floor, about)
    others = [who for who in turn.audience or () if who != turn.me.id]
    kept = await powers.note(subject.id, text, by=turn.me.id, whisper=others)
    return f"noted about {subject.name} (event {kept.seq})"


def _invitation(guests: Mapping[ParticipantId, Guest]) -> BaseTool:
    there = ", ".join(guests) or "nobody"

    async def invite(who: str, turn: OwnTurn, key: IdempotencyKey) -> str:
        guest = guests.get(ParticipantId(who)) or guests.get(handle(who))
        if guest is None:
            raise Unknown(kind="guest", name=who, hint=f"; there are {there}")
        newcomer = guest.participant
        await _powers(turn).join(newcomer, guest.speaker, history=guest.history, by=turn.me.id)
        return f"{newcomer.name} is in the room"

    invite.__doc__ = f"Bring somebody into the room, by name: {there}."
    return tool(effect="idempotent")(invite)  # who is in does not come in again


def _sub_room(bounds: Bounds) -> BaseTool:
    async def start_sub_room(
        name: str, members: list[str], task: str, turn: OwnTurn, key: IdempotencyKey
    ) -> str:
        """Open a room beside this one for some of its members and you, to work on a task there."""
        powers = _powers(turn)
        whom = [_member(powers.floor, one).id for one in members]
        _check_told(turn, whom)
        _check_bounds(powers.floor, turn.me.id, name, len(whom), bounds)
        room = await powers.open_below(turn.me.id, name, whom, task=task, key=key)
        return f"room {room} is open for {', '.join(whom)} and you"

    return tool(effect="idempotent", per_room=1)(start_sub_room)


def _conclusion(*, aloud: bool) -> BaseTool:
    async def close_sub_room(summary: str, turn: OwnTurn, key: IdempotencyKey) -> str:
        """Close this room, which lies beside another, and tell there what came of it."""
        above = await _powers(turn).close_above(turn.me.id, summary, aloud=aloud)
        return f"closed; room {above} knows what came of it"

    return tool(effect="idempotent")(close_sub_room)  # what is closed stays so


def _steer(one: BaseTool) -> BaseTool:
    return one.model_copy(update={"metadata": {**(one.metadata or {}), STEERS: True}})


def _powers(turn: Turn) -> Powers:
    if turn.deeds.powers is None:
        raise Invalid(where="room tools", what="there is no room around this turn")
    return turn.deeds.powers


def _member(floor: Floor, name: str) -> Seat:
    for who in (ParticipantId(name), handle(name)):
        if who in floor.members:
            return floor.members[who]
    there = ", ".join(floor.members)
    raise Unknown(kind="participant", name=name, hint=f"; there are {there}")


def _check_told(turn: Turn, listeners: Iterable[ParticipantId]) -> None:
    """Let nobody be told what the turn has heard who was not to hear it."""
    if turn.audience is None:
        return
    strangers = [who for who in listeners if who not in turn.audience]
    if strangers:
        hint = f"what it knows in this turn is for {', '.join(turn.audience)} alone"
        what = f"tell {' and '.join(strangers)} of it"
        raise NotAllowed(who=turn.me.id, what=what, hint=hint)


def _check_bounds(
    floor: Floor, who: ParticipantId, name: str, members: int, bounds: Bounds
) -> None:
    wanted = RoomId(f"{floor.room}:{name}")
    if any(sub.room == wanted for sub in floor.subrooms):
        return
    mine = sum(sub.by == who for sub in floor.subrooms)
    limits = {
        f"more than {bounds.sub_rooms} at a time; close one first": mine < bounds.sub_rooms,
        "one beside a room that lies beside another": floor.room.count(":") < bounds.depth,
        f"one of more than {bounds.members} members": members <= bounds.members,
    }
    for limit, kept in limits.items():
        if not kept:
            raise NotAllowed(who=who, what="open a sub-room", hint=f"not {limit}")
