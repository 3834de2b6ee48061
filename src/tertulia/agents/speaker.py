"""An agent without a graph: read the room, ask the model, say the answer. The fast path."""

from tertulia.agents.callers import calling, speaker_in
from tertulia.agents.cards import Card
from tertulia.agents.context import reading
from tertulia.agents.listening import ChatModel, hear
from tertulia.agents.prices import billing, prices_of
from tertulia.agents.prompts import BUDGET, Budget
from tertulia.agents.voting import model_vote
from tertulia.orchestrator.consultation import Consultation
from tertulia.orchestrator.ports import Reply
from tertulia.orchestrator.turns import Turn


class ModelSpeaker:
    """Says what the model answers, while it answers. Empty words are silence."""

    __slots__ = ("budget", "card", "model")

    def __init__(self, card: Card, model: ChatModel, *, budget: Budget = BUDGET) -> None:
        """Let ``model`` speak as the agent on the card."""
        self.card, self.model, self.budget = card, model, budget

    async def __call__(self, turn: Turn) -> Reply:
        """Take one turn. Raises what the model raises."""
        messages = await reading(turn, self.card, self.budget)
        bill = billing(turn, prices_of(self.model, self.card))
        with calling(speaker_in(turn)):
            heard = await hear(self.model, messages, turn.say, bill)
        return Reply(heard.text)

    async def vote(self, told: Consultation) -> str | None:
        """Vote on what the room puts to the vote. Raises what the model raises."""
        return await model_vote(self.model, self.card, told)
