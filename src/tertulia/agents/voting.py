"""A model that votes as the agent on a card, when a room puts something to the vote."""

from langchain_core.messages import SystemMessage

from tertulia.agents.advising import BESIDE, lines_of
from tertulia.agents.callers import calling
from tertulia.agents.cards import Card
from tertulia.agents.choosing import choose
from tertulia.agents.faults import ModelStrayed
from tertulia.agents.listening import ChatModel
from tertulia.agents.scripted import Scripted
from tertulia.orchestrator.consultation import Consultation

LINES = 24
"""How many of the last utterances the model is shown."""


async def model_vote(model: ChatModel, card: Card, told: Consultation) -> str | None:
    """Ask ``model`` which option the agent on the card prefers.

    An answer that is none of them, twice, is handed on as it is, which the room takes for an
    abstention and tells. A scripted model, which has no opinion, abstains. Raises what the model
    raises.
    """
    if told.ballot is None or isinstance(model, Scripted):
        return None
    order = f"You are {card.name}. {card.persona}\nYou vote as {card.name}."
    messages = [SystemMessage(order, name="Ballot"), *lines_of(told, LINES)]
    question = f"Which do you vote for, on: {told.ballot.title}?"
    try:
        with calling(BESIDE):
            choice = await choose(model, messages, told.ballot.options, question=question)
    except ModelStrayed as error:
        return str(error.said) or None
    return choice.option
