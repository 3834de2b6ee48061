"""Summaries of what was said, one for each audience, made by a model, never mixing two.

A summary rolls on: the model is given the one before and what was said since, and the new one
covers both. It is kept once for each range, so that a turn that begins again, or an agent beside,
does no harm. Nothing here is heard in the room.
"""

from collections.abc import Sequence

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from tertulia.agents.cards import Card
from tertulia.agents.company import name_of
from tertulia.agents.listening import ChatModel, hear
from tertulia.agents.nodes import Node
from tertulia.agents.prices import billing, prices_of
from tertulia.agents.state import InTurn, TurnState
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.events import Event, Said, Uptake
from tertulia.orchestrator.summaries import Summary
from tertulia.orchestrator.turns import Turn

KEEP, EVERY = 30, 20
"""How many utterances stay out of the summary, the last ones; how many more there have to be."""

AT_ONCE = 200
"""How many utterances go into one summary at most; the rest waits for the next turn."""

SUMMARY = 4_000
"""The most characters of a summary."""

ORDER = (
    "You keep the minutes. Sum up in a few sentences what was said: who wants what, what was "
    "decided, what is still open, names and numbers. Write only the summary."
)


def summarizer(
    model: ChatModel, card: Card | None = None, *, keep: int = KEEP, every: int = EVERY
) -> Node:
    """A node that brings the summaries up to date which the turn may draw on.

    Those are the one for everybody, and in a whispered turn the one of its audience. The last
    ``keep`` utterances stay as they are, and nothing is done for fewer than ``every`` before them.
    Where the agent was not there from the beginning, it sums up nothing. Raises what the model
    raises.
    """
    if keep < 0 or every < 1:
        raise Invalid(where="summarizer", what="keep must be at least 0, every at least 1")
    prices = prices_of(model, card)

    async def sum_up(state: TurnState, runtime: InTurn) -> TurnState:
        turn = runtime.context
        known = {summary.audience: summary for summary in await turn.mind.summaries()}
        for audience in dict.fromkeys([None, turn.audience]):
            before = known.get(audience)
            last = 0 if before is None else before.last
            said = await turn.mind.said_to(audience, last, AT_ONCE + keep)
            ripe = said[: len(said) - keep]
            if len(ripe) < every:
                continue
            messages = _to_read(turn, before, ripe)
            heard = await hear(model, messages, bill=billing(turn, prices))
            text = heard.text.strip()[:SUMMARY]
            if text:
                first = ripe[0].seq if before is None else before.first
                await turn.mind.summarise(audience, first, ripe[-1].seq, text)
        return TurnState()

    return sum_up


def _to_read(turn: Turn, before: Summary | None, said: Sequence[Event]) -> list[BaseMessage]:
    lines = [
        f"{name_of(event.by, turn.members)}: {event.text}"
        for event in said
        if isinstance(event.body, Said) and event.body.uptake is not Uptake.RETRACTED
    ]
    earlier = [f"Until then, in short: {before.text}"] if before is not None else []
    return [
        SystemMessage(ORDER, name=turn.me.name),
        HumanMessage("\n".join([*earlier, *lines]), name="Minutes"),
    ]
