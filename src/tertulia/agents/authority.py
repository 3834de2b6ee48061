"""On whose behalf a call is made, and whether that one may use the tool. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from langchain_core.tools import BaseTool

from tertulia.agents.terms import Terms, terms_of
from tertulia.orchestrator.events import Event, Said
from tertulia.orchestrator.floor import Seat
from tertulia.orchestrator.room import Kind, ParticipantId
from tertulia.orchestrator.turns import Turn

NAMES = 5
"""How many of those who may are named to one who may not."""


def requester_of(turn: Turn) -> ParticipantId | None:
    """Who said what the turn answers; ``None`` where the agent acts of its own accord."""
    return next((event.by for event in _asked_for_by(turn)), None)


def principal_of(turn: Turn) -> ParticipantId | None:
    """The person on whose behalf the turn acts: the nearest up the chain of who asked whom."""
    for event in _asked_for_by(turn):
        seat = turn.members.get(event.by)
        if seat is not None and seat.kind is Kind.HUMAN:
            return event.by
    return None


def refusal(turn: Turn, tool: str, terms: Terms) -> str | None:
    """Why the tool may not be used in this turn, for the model to read; ``None`` if it may."""
    return why_not(tool, terms, turn.me.id, principal_of(turn), turn.members)


def offered(turn: Turn, box: Mapping[str, BaseTool]) -> tuple[str, ...]:
    """The names of those tools that may be used in this turn; a model is offered no others."""
    return tuple(name for name, t in box.items() if refusal(turn, name, terms_of(t)) is None)


def why_not(
    tool: str,
    terms: Terms,
    agent: ParticipantId,
    principal: ParticipantId | None,
    members: Mapping[ParticipantId, Seat],
) -> str | None:
    """Why ``agent`` may not call a tool on behalf of ``principal``, and who may; ``None``: it may.

    Without a principal the agent answers for itself. Who has left the room has no role any more.
    """
    if terms.agents and agent not in terms.agents:
        return f"{agent} may not call {tool}: {_one_of(terms.agents)} may"
    who = principal or agent
    if _may(terms, who, members.get(who)):
        return None
    able = [seat.id for seat in members.values() if _may(terms, seat.id, seat)]
    hint = f"{_one_of(able)} may" if able else f"nobody in the room may{_takes(terms)}"
    return f"{who} may not have {tool} called: {hint}"


def _may(terms: Terms, who: ParticipantId, seat: Seat | None) -> bool:
    if who in terms.denied:
        return False
    if not (terms.roles or terms.allowed):
        return True
    roles = () if seat is None else seat.profile.roles
    return who in terms.allowed or not set(terms.roles).isdisjoint(roles)


def _takes(terms: Terms) -> str:
    return f"; it takes the role {' or '.join(terms.roles)}" if terms.roles else ""


def _one_of(names: Sequence[str]) -> str:
    more = f" or {len(names) - NAMES} more" if len(names) > NAMES else ""
    return " or ".join(names[:NAMES]) + more


def _asked_for_by(turn: Turn) -> Iterator[Event]:
    """What the turn answers, what that answered, and so on, but for the agent's own words."""
    event = turn.answers
    while event is not None:
        if event.by != turn.me.id:
            yield event
        said, seq = event.body, event.seq
        before = said.reply_to if isinstance(said, Said) else None
        earlier = before is not None and before < seq
        event = next((one for one in turn.view if one.seq == before), None) if earlier else None
