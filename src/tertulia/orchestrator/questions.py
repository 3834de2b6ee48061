"""What a policy asks before it decides, and what it is answered.

Bodies of events, as in ``events``, which hands them on; and the value that the floor keeps.
"""

from dataclasses import dataclass

from tertulia.orchestrator.ballots import Ballot, Votes
from tertulia.orchestrator.room import ParticipantId


@dataclass(frozen=True, slots=True)
class Question:
    """What a policy has asked, and the answers so far. ``seq`` is that of the asking.

    ``choice`` is whom an adviser named; ``bids`` are the scores of those who made one, ``votes``
    what has been voted on the ``ballot``. ``failed``: no usable answer came, or not in time.
    ``used``: somebody has been granted the floor by these answers.
    """

    number: int
    seq: int
    kind: str
    candidates: tuple[ParticipantId, ...]
    bids: tuple[tuple[ParticipantId, float], ...] = ()
    choice: ParticipantId | None = None
    over: bool = False
    failed: bool = False
    until: float = 0.0
    ballot: Ballot | None = None
    votes: Votes = ()
    used: bool = False


@dataclass(frozen=True, slots=True)
class Consulted:
    """The policy wants to know something: ``select``, ``bid``, ``vote`` or ``route``.

    For ``select`` one adviser names one of the candidates; for ``bid`` each candidate says how much
    it wishes to speak; for ``vote`` each of them chooses an option of the ``ballot``; for ``route``
    a person's router names who answers the utterance ``about`` (its seq), and the event is by that
    person. Answers that come after ``until`` (Unix seconds) are not waited for.
    """

    question: int
    kind: str
    candidates: tuple[ParticipantId, ...]
    until: float
    about: int | None = None
    ballot: Ballot | None = None


@dataclass(frozen=True, slots=True)
class Advised:
    """An adviser named somebody, or nobody; ``problem`` if that could not be used.

    A router may also name ``everyone``: then the policy decides as though there were no router.
    """

    question: int
    choice: ParticipantId | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class BidMade:
    """How much an agent wishes to speak, from 0 to 1, and why (Inner Thoughts, CHI 2025).

    The thought is private: the event's audience is the agent alone.
    """

    question: int
    score: float
    thought: str = ""


@dataclass(frozen=True, slots=True)
class AddresseeFound:
    """A model said afterwards whom an utterance (its seq) was for, or that it was for nobody.

    Agents among ``addressees`` are obliged to answer it; ``problem`` if the model was of no use.
    """

    said: int
    addressees: tuple[ParticipantId, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class ConsultationEnded:
    """The question is no longer open; whoever has not answered is not waited for.

    ``again``: nobody works on it any more, and the policy may ask anew.
    """

    question: int
    again: bool = False
