"""A model that goes one way or another in a graph: a chooser for its conditional edges."""

from collections.abc import Iterable, Mapping

from tertulia.agents.callers import calling, speaker_in
from tertulia.agents.cards import Card
from tertulia.agents.choosing import choose
from tertulia.agents.choosing.answers import checked_options
from tertulia.agents.context import reading
from tertulia.agents.listening import ChatModel
from tertulia.agents.nodes import Chooser
from tertulia.agents.prices import billing, prices_of
from tertulia.agents.prompts import BUDGET, Budget
from tertulia.agents.state import InTurn, TurnState


def model_chooser(
    model: ChatModel,
    routes: Iterable[str] | Mapping[str, str],
    card: Card | None = None,
    *,
    question: str = "Which way does it go on?",
    otherwise: str | None = None,
    budget: Budget = BUDGET,
) -> Chooser:
    """Ask the model, unheard by the room, which of ``routes`` to take; what each is for, in a map.

    An answer that is none of them, twice, is ``otherwise``, or fails the turn (``ModelStrayed``).
    Raises ``Invalid`` for labels that cannot be told apart, and what the model raises.
    """
    labels, prices = checked_options(tuple(routes)), prices_of(model, card)
    meant = dict(routes) if isinstance(routes, Mapping) else {}
    notes = [f"{label}: {meaning}" for label, meaning in meant.items() if meaning]

    async def choose_way(state: TurnState, runtime: InTurn) -> str:
        turn = runtime.context
        messages = await reading(turn, card, budget, notes, state.get("sources") or [])
        bill = billing(turn, prices)
        with calling(speaker_in(turn)):
            choice = await choose(
                model, messages, labels, question=question, otherwise=otherwise, bill=bill
            )
        return choice.option

    return choose_way
