"""Answers to what a policy has asked."""

from tertulia.orchestrator.admission.words import WORDS, clean
from tertulia.orchestrator.events import (
    AddresseeFound,
    Advised,
    BidMade,
    ConsultationEnded,
    Draft,
)
from tertulia.orchestrator.floor import Floor, Phase, Question
from tertulia.orchestrator.room import ROOM, ParticipantId
from tertulia.orchestrator.routes import route_of


def advise(floor: Floor, question: int, name: str | None) -> tuple[Draft, ...]:
    """An adviser's answer: a candidate, or ``None`` for nobody; nothing if the question is over.

    A name that is none of the candidates' comes to nothing, and everybody can see it.
    """
    asked = _open_question(floor, question)
    if asked is None:
        return ()
    if name is None or name in asked.candidates:
        choice = None if name is None else ParticipantId(name)
        return (Draft(ROOM, Advised(question, choice)),)
    told = f"{name!r:.80} is none of the candidates ({', '.join(asked.candidates)})"
    return (Draft(ROOM, Advised(question, None, clean(told))),)


def unadvised(floor: Floor, question: int, problem: str) -> tuple[Draft, ...]:
    """The adviser failed."""
    if _open_question(floor, question) is None:
        return ()
    return (Draft(ROOM, Advised(question, None, clean(problem)[:WORDS])),)


def bid(
    floor: Floor, question: int, who: ParticipantId, score: float, thought: str
) -> tuple[Draft, ...]:
    """How much an agent wishes to speak, from 0 to 1 (beyond is cut); its thought is its own."""
    asked = _open_question(floor, question)
    if asked is None or who not in asked.candidates or who not in floor.members:
        return ()
    known = min(1.0, max(0.0, float(score))) if score == score else 0.0  # nan is no wish
    return (Draft(who, BidMade(question, known, clean(thought)[:WORDS]), (who,)),)


def end_consultation(floor: Floor, question: int, *, again: bool = False) -> tuple[Draft, ...]:
    """Wait no longer for answers; with ``again`` the policy, or the router, is asked anew."""
    route = route_of(floor, question)
    if route is not None:
        return (Draft(route.said.by, ConsultationEnded(question, again)),)
    if _open_question(floor, question) is None:
        return ()
    return (Draft(ROOM, ConsultationEnded(question, again)),)


def addressee_found(
    floor: Floor, seq: int, names: tuple[ParticipantId, ...], problem: str | None = None
) -> tuple[Draft, ...]:
    """Whom a model found the utterance ``seq`` to be for; nothing if somebody has spoken since.

    Who does not speak here as an agent is left out; a name that nobody here bears is told.
    """
    last = floor.latest
    if last is None or last.seq != seq or floor.phase not in (Phase.OPEN, Phase.PAUSED):
        return ()
    if any(hold.as_of >= seq for hold in floor.holds):  # somebody is at it already
        return ()
    strangers = [f"{who!r:.80}" for who in names if who not in floor.members]
    if strangers:
        problem = f"said to be for {', '.join(strangers)}, who is not here"
    agents = {seat.id for seat in floor.agents()} - {last.by}
    found = tuple(who for who in dict.fromkeys(names) if who in agents)
    told = None if problem is None else clean(problem)[:WORDS]
    return (Draft(ROOM, AddresseeFound(seq, found, told)),)


def _open_question(floor: Floor, number: int) -> Question | None:
    asked = floor.question
    return asked if asked is not None and asked.number == number and not asked.over else None
