"""Passages of documents that agents may draw on, and for whom they are. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tertulia.orchestrator.room import Audience, ParticipantId
from tertulia.orchestrator.visibility import covers


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a document: the ``part``-th of ``document``, counted from 0.

    ``audience`` are those who may know it, in any room (``None``: everybody). ``metadata`` is what
    JSON can hold; ``vector`` is what an embedding model made of the text, in its own length.
    """

    id: str
    text: str
    document: str = ""
    part: int = 0
    audience: Audience = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    vector: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Ears:
    """For whom something is looked up: the one who looks, and all who will hear what comes of it.

    Nobody in particular, and everybody, get what is for everybody.
    """

    who: ParticipantId | None = None
    hearers: Audience = None

    def may_hear(self, audience: Audience) -> bool:
        """Whether what is for ``audience`` may be told."""
        meant = audience is None or self.who in audience
        return meant and covers(audience, self.hearers)


EVERYBODY = Ears()
"""Looks up what everybody may know."""
