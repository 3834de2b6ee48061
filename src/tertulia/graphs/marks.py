"""What is written on a graph's nodes when it is drawn: how far a turn has come, how long they take.

A value; the drawing is ``draw``'s and ``picture``'s.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Mark(StrEnum):
    """How a node is set off."""

    RAN = "ran"
    NEXT = "next"
    WAITS = "waits"
    LONGEST = "longest"
    UNKNOWN = "unknown"


LEGEND = {
    Mark.RAN: "has run",
    Mark.NEXT: "is next, or runs now",
    Mark.WAITS: "waits for somebody",
    Mark.LONGEST: "on the longest way",
    Mark.UNKNOWN: "never timed",
}
"""What each of them says, beside the picture."""

FILL = {
    Mark.RAN: "#d8eddf",
    Mark.NEXT: "#fdeec5",
    Mark.WAITS: "#f9d9d4",
    Mark.LONGEST: "#d9e6f7",
    Mark.UNKNOWN: "#ffffff",
}
EDGE = {
    Mark.RAN: "#3d8a5c",
    Mark.NEXT: "#b97f10",
    Mark.WAITS: "#b3402f",
    Mark.LONGEST: "#1f5fa8",
    Mark.UNKNOWN: "#9aa5b1",
}


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks by node, notes that stand under their names, and a line under the graph's name."""

    marks: Mapping[str, Mark] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    line: str = ""

    @property
    def used(self) -> tuple[Mark, ...]:
        """The marks that there are, in the order of the legend."""
        return tuple(mark for mark in LEGEND if mark in self.marks.values())


PLAIN = Marks()
"""Nothing is written on them."""
