"""Votes, and the time of phases."""

from difflib import get_close_matches

from tertulia.orchestrator.admission.members import member
from tertulia.orchestrator.admission.words import WORDS, clean
from tertulia.orchestrator.asking import asked_now
from tertulia.orchestrator.ballots import Ballot, Secrecy, VoteCast
from tertulia.orchestrator.errors import NotAllowed, NotNow, Unknown
from tertulia.orchestrator.events import (
    Draft,
)
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.room import ROOM, ParticipantId
from tertulia.orchestrator.stage import PhaseExpired
from tertulia.orchestrator.transitions import check


def vote(floor: Floor, who: ParticipantId, option: str | None) -> tuple[Draft, ...]:
    """Vote for an option, in any case of letters or by its number from 1; ``None`` abstains.

    A vote again takes the place of the one before. Raises ``NotNow`` if nothing is put to the vote,
    ``NotAllowed`` for who has no vote, ``Unknown`` for what is no option.
    """
    member(floor, who)
    check(floor, who, VoteCast)
    asked = floor.question
    if asked is None or asked.ballot is None or asked.over:
        hint = "; nothing is put to the vote now"
        raise NotNow(who=repr(who), standing=floor.standing(who), event="VoteCast", hint=hint)
    if who not in asked.candidates:
        voters = ", ".join(asked.candidates)
        raise NotAllowed(who=who, what="vote on this", hint=f"those who vote are {voters}")
    chosen = None if option is None else _option(asked.ballot, option)
    if option is not None and chosen is None:
        close = get_close_matches(option, asked.ballot.options, n=1)
        there = ", ".join(map(repr, asked.ballot.options))
        hint = f"; did you mean {close[0]!r}?" if close else f"; there are {there}"
        raise Unknown(kind="option", name=option[:WORDS], hint=hint)
    return (_cast(asked.ballot, who, VoteCast(asked.number, chosen)),)


def vote_of_agent(
    floor: Floor, question: int, who: ParticipantId, answer: object, problem: str | None
) -> tuple[Draft, ...]:
    """What an agent answered to a vote; what is no option is an abstention, and says why."""
    asked = asked_now(floor, question)
    if asked is None or asked.ballot is None or who not in asked.candidates:
        return ()
    chosen = _option(asked.ballot, answer) if isinstance(answer, str) else None
    if chosen is None and answer is not None and problem is None:
        problem = f"{answer!r:.80} is none of the options ({', '.join(asked.ballot.options)})"
    told = None if problem is None else clean(problem)[:WORDS]
    return (_cast(asked.ballot, who, VoteCast(question, chosen, told)),)


def expire(floor: Floor, number: int) -> tuple[Draft, ...]:
    """The time of that phase is up; nothing if the room has gone on to another one."""
    stage = floor.stage
    if stage.number != number or stage.until is None or stage.expired:
        return ()
    return (Draft(ROOM, PhaseExpired(number)),)


def _cast(ballot: Ballot, who: ParticipantId, vote: VoteCast) -> Draft:
    return Draft(who, vote, None if ballot.secrecy is Secrecy.OPEN else (who,))


def _option(ballot: Ballot, written: str) -> str | None:
    """The option that somebody means."""
    plain = written.strip().casefold()
    for number, option in enumerate(ballot.options, 1):
        if plain in (option.strip().casefold(), str(number)):
            return option
    return None
