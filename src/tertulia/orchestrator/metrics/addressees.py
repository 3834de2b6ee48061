"""Whether the room knew whom an utterance was for.

The addressees that the room recorded are compared with two things, each where it is there:

* *explicit marks*: the members whom the text names by ``@handle`` or ``@Name``, and the author of
  what a post replies to by a link. The room was right if it recorded all of them. (What a turn
  replies to, the room itself has chosen: that is no mark.)
* *who answered*: the first to reply to it by a link, or else whoever else speaks next to an
  audience of the same. The room was right if that was one of the recorded ones. (An agent that
  is granted a turn because it was addressed answers by that very record: so this says something
  about people, and about agents that volunteer.)

Only utterances that the room took up are looked at (no backchannels). Each accuracy is the share
of utterances with which the room was right; ``None`` where there is nothing to compare.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tertulia.orchestrator.events import Event, Said, Uptake
from tertulia.orchestrator.room import Audience, ParticipantId


@dataclass(frozen=True, slots=True)
class Addressees:
    """How often the room was right about addressees, out of how often there was something to see.

    ``marked`` utterances had explicit marks; ``answered`` ones had addressees and an answer.
    """

    marked: int = 0
    marked_right: int = 0
    answered: int = 0
    answered_right: int = 0

    @property
    def against_marks(self) -> float | None:
        """Accuracy against explicit marks."""
        return self.marked_right / self.marked if self.marked else None

    @property
    def against_answers(self) -> float | None:
        """Accuracy against who answered."""
        return self.answered_right / self.answered if self.answered else None


@dataclass(slots=True)
class _Asked:
    by: ParticipantId
    to: tuple[ParticipantId, ...]
    audience: Audience
    answered_by: ParticipantId | None = None
    followed_by: ParticipantId | None = None


@dataclass(slots=True)
class Addressing:
    """Collects what is known of addressees."""

    _authors: dict[int, ParticipantId] = field(default_factory=dict)
    _asked: dict[int, _Asked] = field(default_factory=dict)
    _unfollowed: list[_Asked] = field(default_factory=list)
    _marked: int = 0
    _right: int = 0

    def add(self, event: Event, names: Mapping[ParticipantId, str]) -> None:
        """Take note of an event."""
        said = event.body
        if not isinstance(said, Said) or said.uptake is not Uptake.TAKEN:
            return
        asked = self._asked.get(said.reply_to or 0)
        if asked is not None and asked.by != event.by and asked.answered_by is None:
            asked.answered_by = event.by
        for one in self._unfollowed:
            if one.by != event.by and one.audience == event.audience:
                one.followed_by = event.by
        self._unfollowed = [one for one in self._unfollowed if one.followed_by is None]
        linked = self._authors.get(said.reply_to or 0) if said.turn is None else None
        marks = {*_mentioned(said.text, names), linked} - {None, event.by}
        if marks and said.interrupted_by is None:  # one that was cut off has no addressees
            self._marked += 1
            self._right += marks <= set(said.addressees)
        self._authors[event.seq] = event.by
        if said.addressees:
            self._asked[event.seq] = _Asked(event.by, said.addressees, event.audience)
            self._unfollowed.append(self._asked[event.seq])

    def end(self) -> Addressees:
        """How often it was right."""
        answers = [
            (one.answered_by or one.followed_by) in one.to
            for one in self._asked.values()
            if one.answered_by or one.followed_by
        ]
        return Addressees(self._marked, self._right, len(answers), sum(answers))


def _mentioned(text: str, names: Mapping[ParticipantId, str]) -> list[ParticipantId]:
    if "@" not in text:
        return []
    return [
        who
        for who, name in names.items()
        if re.search(rf"(?<![\w@])@(?:{re.escape(who)}|{re.escape(name)})(?![\w-])", text, re.I)
    ]
