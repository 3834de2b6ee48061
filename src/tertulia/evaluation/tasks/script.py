"""Who does and says what, in which order: a task of an exam as a play, as values. Pure.

Each line is one turn: calls of tools, one after the other, then words. A line can be found again
from what has been said alone, so that a play goes on where it was, in any process.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.room import Kind

SEEN = "{seen}"
"""Stands in a line for what the last tool of its turn has answered."""
STOP = "###STOP###"
"""Whoever says this word ends the conversation."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One tool call that is to be made; ``id`` is its own in the whole play."""

    id: str
    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One turn of ``by``: the calls, then the words, then whose turn it is (nobody's: the end)."""

    by: str
    says: str
    to: str | None
    asks: tuple[Ask, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool of a player: ``schema`` is a JSON schema; ``writes``: it may change the world."""

    name: str
    description: str
    schema: Mapping[str, Any]
    writes: bool = True


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody in the room; persons have no tools."""

    id: str
    name: str
    kind: Kind = Kind.AGENT
    about: str = ""
    tools: tuple[ToolSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class Play:
    """One task: who is in its room, and what they do."""

    title: str
    players: tuple[Player, ...]
    lines: tuple[Line, ...]

    def __post_init__(self) -> None:
        """See that it comes to its end. Raises ``Invalid``."""
        tools = {player.id: {spec.name for spec in player.tools} for player in self.players}
        for number, (line, after) in enumerate(zip_longest(self.lines, self.lines[1:]), 1):
            where = f"play {self.title!r}, line {number}"
            if line.to != (after and after.by):
                raise Invalid(where=where, what=f"hands on to {line.to}, and {after} follows")
            if (STOP in line.says) != (after is None):
                raise Invalid(where=where, what=f"{STOP} belongs into the last line alone")
            strange = [ask.tool for ask in line.asks if ask.tool not in tools.get(line.by, ())]
            if strange:
                raise Invalid(where=where, what=f"{line.by} has no tool {', '.join(strange)}")

    @property
    def asks(self) -> tuple[Ask, ...]:
        """All calls, in order."""
        return tuple(ask for line in self.lines for ask in line.asks)

    def part(self, who: str) -> tuple[Line, ...]:
        """The lines of one player."""
        return tuple(line for line in self.lines if line.by == who)


def spoken(line: Line, seen: Sequence[str], most: int = 200) -> str:
    """The words of a line, given what the tools of its turn have answered."""
    last = seen[-1] if seen else "nothing"
    return line.says.replace(SEEN, last if len(last) <= most else last[:most] + " …")
