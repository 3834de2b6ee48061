"""A vote among the members of the room."""

from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import TypeVar

from tertulia.orchestrator.ballots import Ballot, Majority, Secrecy, Tie
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies.phases import Phase, Planned
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Consult
from tertulia.orchestrator.room import Kind, ParticipantId

Word = TypeVar("Word", bound=StrEnum)

_LONGEST = 80
"""The most characters of a title or an option."""


@known_as("ballot")
@dataclass(frozen=True, slots=True)
class Balloted:
    """Asks once, in a phase, which of ``options`` everybody prefers; grants nobody.

    ``who`` votes (handles; everybody if there are none) but for ``but``. One vote a head, which may
    be changed until the vote is over: when all have voted, or after ``within_s`` seconds.
    ``secrecy`` is ``open``, ``sealed`` (told when it is over) or ``secret``; the ``majority`` is a
    ``plurality`` or ``absolute`` (more than half of the votes for any option); on a ``tie`` there
    is ``nothing``, or the ``first`` of these options as they are listed.
    """

    title: str = "vote"
    options: tuple[str, ...] = ("yes", "no")
    who: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    within_s: float = 60.0
    secrecy: str = "open"
    majority: str = "plurality"
    tie: str = "nothing"

    def __post_init__(self) -> None:
        """Check the words once."""
        self.ballot()
        for words in (self.title, *self.options):
            if type(words) is not str or not words.strip() or len(words) > _LONGEST:
                what = (
                    f"title and options are texts of 1 to {_LONGEST} characters, not {words!r:.90}"
                )
                raise Invalid(where="vote", what=what)
        if len({option.casefold() for option in self.options}) < max(2, len(self.options)):
            raise Invalid(where="vote", what="there must be two options or more, all different")
        if not 0 < self.within_s < inf:
            raise Invalid(where="vote", what="within_s must be greater than 0, and finite")

    def ballot(self) -> Ballot:
        """What is put to the vote."""
        secrecy = _one_of(Secrecy, "secrecy", self.secrecy)
        majority = _one_of(Majority, "majority", self.majority)
        return Ballot(self.title, self.options, secrecy, majority, _one_of(Tie, "tie", self.tie))

    def choose(self, floor: Floor, now: float) -> Consult | None:
        """Put it to the vote, unless that has been done in this phase."""
        verdict = floor.verdict
        counted = verdict is not None and verdict.seq > floor.stage.seq
        voters = () if counted else tuple(self._voters(floor))
        return Consult("vote", voters, self.within_s, self.ballot()) if voters else None

    def _voters(self, floor: Floor) -> list[ParticipantId]:
        return [
            seat.id
            for seat in floor.members.values()
            if seat.kind is not Kind.OBSERVER
            and seat.id not in self.but
            and (not self.who or seat.id in self.who)
        ]


@known_as("vote")
@dataclass(frozen=True, slots=True)
class Vote(Planned):
    """A phase in which everybody votes, as ``ballot`` does it.

    Nobody is waited for longer than ``within_s`` seconds; everybody may post meanwhile.
    """

    title: str = "vote"
    options: tuple[str, ...] = ("yes", "no")
    who: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    within_s: float = 60.0
    secrecy: str = "open"
    majority: str = "plurality"
    tie: str = "nothing"

    def __post_init__(self) -> None:
        """Check the words once."""
        self.balloted()

    def balloted(self) -> Balloted:
        """The policy of its one phase."""
        return Balloted(
            self.title,
            self.options,
            self.who,
            self.but,
            self.within_s,
            self.secrecy,
            self.majority,
            self.tie,
        )

    def plan(self) -> tuple[Phase, ...]:
        """One phase."""
        return (Phase(self.title, self.balloted(), lapses=True),)


def _one_of(kind: type[Word], name: str, word: str) -> Word:
    try:
        return kind(word)
    except ValueError:
        what = f"{name}: there is no {word!r:.80}; there are {', '.join(kind)}"
        raise Invalid(where="vote", what=what) from None
