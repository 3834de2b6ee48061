"""A model that votes as the agent on a card, when a room puts something to the vote."""

import re

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from tertulia.agents.cards import Card
from tertulia.agents.listening import ChatModel, hear
from tertulia.agents.scripted import Scripted
from tertulia.orchestrator.consultation import Consultation

LINES = 24
"""How many of the last utterances the model is shown."""


async def model_vote(model: ChatModel, card: Card, told: Consultation) -> str | None:
    """Ask ``model`` which option the agent on the card prefers.

    An answer that names exactly one option is followed; any other is handed on as it is, which the
    room takes for an abstention and tells. A scripted model, which has no opinion, abstains. Raises
    what the model raises.
    """
    if told.ballot is None or isinstance(model, Scripted):
        return None
    heard = await hear(model, _question(card, told))
    named = [option for option in told.ballot.options if _is_named(option, heard.text)]
    return named[0] if len(named) == 1 else heard.text.strip() or None


def _question(card: Card, told: Consultation) -> list[BaseMessage]:
    names = {who: seat.name for who, seat in told.members.items()}
    lines = [f"{names.get(event.by, event.by)}: {event.text}" for event in told.view[-LINES:]]
    title, options = ("", ()) if told.ballot is None else (told.ballot.title, told.ballot.options)
    order = (
        f"You are {card.name}. {card.persona}\n"
        f"Read this conversation, and vote as {card.name} on: {title}. Answer with one of these "
        f"and nothing else: {'; '.join(options)}."
    )
    return [SystemMessage(order, name="Ballot"), HumanMessage("\n".join(lines), name="Transcript")]


def _is_named(option: str, answer: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(option)}(?!\w)", answer, re.IGNORECASE) is not None
