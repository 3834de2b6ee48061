"""Who is meant, stage by stage: marks, names and adjacency pairs, a learned reading; or nobody.

An explicit address is an order, whoever gives it. Whatever is found otherwise is a hint: it obliges
agents only, only where it is sure, and never on an agent's word, so that agents cannot keep each
other going by what they seem to say. What is not sure enough is kept as ``meant``. Pure: what has
been said before comes in from outside.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tertulia.orchestrator.addressing.names import called, calls_all
from tertulia.orchestrator.addressing.pairs import LATE_S, Spoken, closes, exchange, pair
from tertulia.orchestrator.events import Found, Said
from tertulia.orchestrator.floor import Floor, revised
from tertulia.orchestrator.room import Addressing, Audience, Kind, ParticipantId
from tertulia.orchestrator.visibility import covers

OBLIGES = 0.9
"""How likely a learned reading must be to oblige an agent to answer."""
HINTS = 0.5
"""How likely it must be to be kept as whom an utterance is meant for."""
SURE = {Found.NAMED: 0.85, Found.PAIR: 0.75}
"""How often these are right where people talk (see ``docs/orchestrator.md``)."""


@dataclass(frozen=True, slots=True)
class Likely:
    """A learned reading in the room's own terms: who is meant, how likely, what is answered.

    ``answers`` is a seq, ``None`` where a thread begins.
    """

    who: ParticipantId | None
    likely: float
    answers: int | None


class Ear(Protocol):
    """What has been heard of a room until now."""

    def before(self, audience: Audience) -> Sequence[Spoken]:
        """The last utterances before exactly this audience, oldest first."""
        ...

    def thread(self, seq: int, audience: Audience) -> int | None:
        """The thread of an utterance, if all of ``audience`` may see it."""
        ...

    def reading(self, floor: Floor, by: ParticipantId, text: str, now: float) -> Likely:
        """What the learned reader makes of a public utterance."""
        ...


@dataclass(frozen=True, slots=True)
class Saying:
    """Somebody is about to say something: all that can be known of it at that moment."""

    floor: Floor
    by: ParticipantId
    said: Said
    audience: Audience
    now: float

    @property
    def reach(self) -> Addressing:
        """How far the room lets the cascade go."""
        return self.floor.settings.addressing or Addressing.EXPLICIT

    @property
    def by_a_person(self) -> bool:
        """Whether a person says it."""
        return self.floor.members[self.by].kind is Kind.HUMAN

    @property
    def alone(self) -> bool:
        """Whether no other person is there."""
        return sum(1 for _ in self.floor.people()) == 1


@dataclass(frozen=True, slots=True)
class _Meaning:
    """Whom an utterance is for, how that was found, and what it answers (a seq)."""

    whom: tuple[ParticipantId, ...] = ()
    found: Found = Found.EXPLICIT
    sure: float = 1.0
    obliges: bool = False
    everyone: bool = False
    answers: int | None = None


def understood(saying: Saying, ear: Ear) -> Said:
    """What is said, with whom it is meant for and the thread that it belongs to."""
    said, meaning = saying.said, _meaning(saying, ear)
    listening = [who for who in meaning.whom if _hears(saying, who)]
    obliged = [who for who in listening if meaning.obliges and _is_agent(saying.floor, who)]
    answers = meaning.answers if said.reply_to is None else said.reply_to
    return revised(
        said,
        addressees=said.addressees or tuple(obliged),
        meant=tuple(who for who in listening if who not in obliged),
        found=meaning.found,
        sure=meaning.sure,
        everyone=meaning.everyone,
        link=meaning.answers if said.reply_to is None else None,
        thread=None if answers is None else ear.thread(answers, saying.audience),
    )


def _meaning(saying: Saying, ear: Ear) -> _Meaning:
    said, audience = saying.said, saying.audience
    everyone = audience is None and not said.addressees and calls_all(said.text)
    if saying.reach is Addressing.EXPLICIT:
        return _Meaning(everyone=everyone and "@" in said.text)
    if said.addressees or audience is not None:
        return _Meaning(answers=_followed(saying, ear))
    if everyone:
        return _Meaning(found=Found.NAMED, sure=SURE[Found.NAMED], everyone=True)
    if not saying.by_a_person:
        return _Meaning()
    return _named(saying, ear) or _paired(saying, ear) or _read(saying, ear)


def _followed(saying: Saying, ear: Ear) -> int | None:
    """What an utterance with a mark goes on from: the exchange with those whom it addresses."""
    before = ear.before(saying.audience)
    if saying.audience is not None:
        return before[-1].seq if before else None
    last = exchange(saying.by, saying.said.addressees, before)
    if saying.by_a_person and saying.reach.reads:
        read = ear.reading(saying.floor, saying.by, saying.said.text, saying.now)
        return read.answers
    return None if last is None else last.seq


def _named(saying: Saying, ear: Ear) -> _Meaning | None:
    named = called(saying.said.text, saying.floor.members, saying.by)
    if not named:
        return None
    last = exchange(saying.by, named, ear.before(None))
    answers = None if last is None else last.seq
    return _Meaning(named, Found.NAMED, SURE[Found.NAMED], obliges=True, answers=answers)


def _paired(saying: Saying, ear: Ear) -> _Meaning | None:
    text = saying.said.text
    found = pair(saying.by, text, ear.before(None), saying.now)
    if found is None or found.first.by not in saying.floor.members:
        return None
    expected = found.expected or (saying.alone and not closes(text))
    return _Meaning(
        (found.first.by,), Found.PAIR, SURE[Found.PAIR], expected, answers=found.first.seq
    )


def _read(saying: Saying, ear: Ear) -> _Meaning:
    before = ear.before(None)
    if saying.reach.reads:
        read = ear.reading(saying.floor, saying.by, saying.said.text, saying.now)
        sure = round(read.likely, 3)
        whom = () if read.who is None or sure < HINTS else (read.who,)
        return _Meaning(whom, Found.LEARNED, sure, sure >= OBLIGES, answers=read.answers)
    last = before[-1] if before else None
    if last is not None and last.by == saying.by and saying.now - last.at <= LATE_S:
        return _Meaning(last.to, Found.PAIR, SURE[Found.PAIR], answers=last.seq)
    return _Meaning()


def _hears(saying: Saying, who: ParticipantId) -> bool:
    """Whether somebody can be meant: another member, who may see it and does not only watch."""
    seat = saying.floor.members.get(who)
    there = seat is not None and seat.kind is not Kind.OBSERVER and who != saying.by
    return there and covers(saying.audience, (who,))


def _is_agent(floor: Floor, who: ParticipantId) -> bool:
    return floor.members[who].kind is Kind.AGENT
