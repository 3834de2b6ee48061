"""Conditions about what has been said to everybody. Whispers stop nothing: all would notice."""

import re
from dataclasses import dataclass

from tertulia.orchestrator.conditions.condition import Criterion
from tertulia.orchestrator.conditions.specification import known_as
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.events import Event, Said
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.room import Kind, ParticipantId, handle

_HANDLE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


def _handles(where: str, field: str, names: object) -> tuple[ParticipantId, ...]:
    """The handles of one name or several, each of them a handle already or a display name."""
    named = (names,) if isinstance(names, str) else names
    if not isinstance(named, tuple | list) or not all(isinstance(n, str) and n for n in named):
        what = f"{field} must be a name or a list of names, not {names!r:.80}"
        raise Invalid(where=f"condition {where!r}", what=what)
    return tuple(ParticipantId(n) if _HANDLE.fullmatch(n) else handle(n) for n in named)


@known_as("stop_word")
@dataclass(frozen=True, slots=True)
class StopWord(Criterion):
    """A word, or some words in a row, have been said, written exactly so, and not within others.

    ``by`` names whose utterances count; nobody: everybody's.
    """

    word: str
    by: tuple[str, ...] | str = ()

    def __post_init__(self) -> None:
        """Check the word once, and find the handles."""
        if not str(self.word).strip():
            raise Invalid(where="condition 'stop_word'", what="word must be text, and not empty")
        object.__setattr__(self, "by", _handles("stop_word", "by", self.by))

    def met(self, floor: Floor, event: Event) -> bool:
        """Look for the word."""
        if not isinstance(event.body, Said) or event.audience is not None:
            return False
        if self.by and event.by not in self.by:
            return False
        return self.word in event.body.text and _stands_alone(self.word, event.body.text)

    def says(self) -> str:
        """The word."""
        who = f"{' or '.join(self.by)} said" if self.by else "somebody said"
        return f"{who} {self.word!r}"


def _stands_alone(word: str, text: str) -> bool:
    """Whether it is not a part of a longer word, where its writing parts words by spaces."""
    before = r"(?<!\w)" if _has_case(word[0]) else ""
    behind = r"(?!\w)" if _has_case(word[-1]) else ""
    return re.search(before + re.escape(word) + behind, text) is not None


def _has_case(letter: str) -> bool:
    return letter.lower() != letter.upper() or letter.isdigit()


@known_as("spoke")
@dataclass(frozen=True, slots=True)
class Spoke(Criterion):
    """Somebody of ``who`` has said something."""

    who: tuple[str, ...] | str

    def __post_init__(self) -> None:
        """Find the handles."""
        object.__setattr__(self, "who", _handles("spoke", "who", self.who))
        if not self.who:
            raise Invalid(where="condition 'spoke'", what="who must name somebody")

    def met(self, floor: Floor, event: Event) -> bool:
        """Look who speaks."""
        return isinstance(event.body, Said) and event.audience is None and event.by in self.who

    def says(self) -> str:
        """Who."""
        return f"{' or '.join(self.who)} spoke"


@known_as("handed_to")
@dataclass(frozen=True, slots=True)
class HandedTo(Criterion):
    """An agent has handed the floor to ``who``: it addressed them in its turn."""

    who: str

    def __post_init__(self) -> None:
        """Find the handle."""
        [who] = _handles("handed_to", "who", (self.who,))
        object.__setattr__(self, "who", who)

    def met(self, floor: Floor, event: Event) -> bool:
        """Look whom an agent addresses."""
        said = event.body
        if not isinstance(said, Said) or said.turn is None or event.audience is not None:
            return False
        seat = floor.members.get(event.by)
        return seat is not None and seat.kind is Kind.AGENT and self.who in said.addressees

    def says(self) -> str:
        """To whom."""
        return f"the floor was handed to {self.who}"


@known_as("everybody_spoke")
@dataclass(frozen=True, slots=True)
class EverybodySpoke(Criterion):
    """Everybody who may speak and is in the room has said something; or all ``agents`` have."""

    agents: bool = False

    def met(self, floor: Floor, event: Event) -> bool:
        """Look who has not."""
        if floor.tally is None or not isinstance(event.body, Said):
            return False
        kinds = (Kind.AGENT,) if self.agents else (Kind.AGENT, Kind.HUMAN)
        return all(s.id in floor.tally.spoke for s in floor.members.values() if s.kind in kinds)

    def says(self) -> str:
        """Who."""
        return "all agents have spoken" if self.agents else "everybody has spoken"
