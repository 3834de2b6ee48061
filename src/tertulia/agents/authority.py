"""On whose behalf a call is made, and whether that one may use the tool. Pure."""

from collections.abc import Iterator

from tertulia.agents.terms import Terms
from tertulia.orchestrator.events import Event, Said
from tertulia.orchestrator.room import Kind, ParticipantId
from tertulia.orchestrator.turns import Turn


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
    who = principal_of(turn) or turn.me.id
    seat = turn.members.get(who)
    roles = () if seat is None else getattr(seat.profile, "roles", ())
    if not terms.roles or set(terms.roles).intersection(roles):
        return None
    return f"{who} may not use {tool}: that takes the role {' or '.join(terms.roles)}"


def _asked_for_by(turn: Turn) -> Iterator[Event]:
    """What the turn answers, what that answered, and so on, but for the agent's own words."""
    known = {event.seq: event for event in turn.view}
    event = turn.answers
    while event is not None:
        if event.by != turn.me.id:
            yield event
        said = event.body
        before = said.reply_to if isinstance(said, Said) else None
        event = known.get(before) if before is not None and before < event.seq else None
