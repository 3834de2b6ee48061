"""What was understood of one utterance, and what whoever understands is told. Values only.

An understander may be rules or a model; what it gives back is data, and is checked like any other:
nobody may fill by a model what they may not fill, and no value counts that its slot refuses.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeAlias

from tertulia.agents.dialogue.filling import Filling
from tertulia.agents.dialogue.forms import Form
from tertulia.agents.dialogue.intents import Classifier
from tertulia.agents.dialogue.slots import Party, Slot
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.turns import Turn


@dataclass(frozen=True, slots=True)
class Fill:
    """A value that somebody has given for a slot, as plain JSON that its type can read."""

    slot: str
    value: Any


@dataclass(frozen=True, slots=True)
class Understanding:
    """What an utterance comes to.

    ``answer`` is a yes or no to what was asked; ``intent`` names a form that is wanted, or
    something else that is not part of a form; ``sure`` is how sure that is (0 to 1). ``direct``:
    it was said to the agent, so that it is a miss if nothing of it can be used. ``task`` is the
    task that it was understood in (``None``: the one that its speaker is in).
    """

    seq: int
    by: ParticipantId
    fills: tuple[Fill, ...] = ()
    answer: bool | None = None
    cancels: bool = False
    intent: str | None = None
    sure: float = 1.0
    direct: bool = True
    task: str | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing was understood."""
        return not (self.fills or self.cancels or self.intent) and self.answer is None


@dataclass(frozen=True, slots=True)
class Heard:
    """An utterance with what one has to know to understand it.

    ``form`` and ``filling`` are the task that its speaker is in, if any; ``asked`` is the slot that
    was asked for, ``wanted`` whether of the speaker too, ``confirming`` whether a yes or no is
    waited for. ``before`` are the utterances that went before it, ``parties`` those who hear it,
    ``names`` everybody's names and handles; ``turn`` pays for models.
    """

    event: Event
    text: str
    today: date
    direct: bool = True
    form: Form | None = None
    filling: Filling | None = None
    asked: Slot | None = None
    confirming: bool = False
    before: tuple[Event, ...] = ()
    parties: tuple[Party, ...] = ()
    names: tuple[str, ...] = ()
    wanted: bool = True
    turn: Turn | None = None

    def understood(self, **what: Any) -> Understanding:
        """An understanding of this utterance."""
        return Understanding(self.event.seq, self.event.by, direct=self.direct, **what)


QUESTION = "question"
"""The intent of what is asked in the middle of a form, where nobody says what it is about."""

Understand: TypeAlias = Callable[[Heard], Awaitable[Understanding]]
"""Understands one utterance: rules, a model, or anything else."""


def first_that_understands(*some: Understand) -> Understand:
    """Ask one after the other until something was understood: rules first, then a model, say."""

    async def understand(heard: Heard) -> Understanding:
        found = heard.understood()
        for one in some:
            found = await one(heard)
            if not found.empty:
                return replace(found, direct=heard.direct)
        return found

    return understand


def with_intents(understand: Understand, classify: Classifier) -> Understand:
    """Ask ``classify`` what is wanted, where ``understand`` found nothing that a form could use."""

    async def both(heard: Heard) -> Understanding:
        found = await understand(heard)
        if found.fills or found.cancels or found.answer is not None or not heard.direct:
            return found
        if found.intent not in (None, QUESTION):
            return found
        guess = await classify(heard.text)
        return (
            found if guess.intent is None else replace(found, intent=guess.intent, sure=guess.sure)
        )

    return both
