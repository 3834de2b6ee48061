"""What models cost lands on the bill of the turn: known or, until it is known, at least so much."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata
from tests.agents.turns import said, turn_in

from tertulia.agents import Card, ModelSpeaker, Remote, Scripted, model_caller, planner
from tertulia.agents.listening import hear
from tertulia.agents.prices import Prices, prices_of
from tertulia.agents.state import InTurn, TurnState
from tertulia.graphs import speaker_of
from tertulia.orchestrator import Refused, Turn
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.spending import Spent


class Streams:
    """A model that streams these chunks, and then breaks if it is told to."""

    def __init__(self, *chunks: AIMessage, breaks: Exception | None = None) -> None:
        self._chunks, self._breaks = chunks, breaks

    async def astream(self, messages: list[BaseMessage], /) -> AsyncIterator[AIMessage]:
        for chunk in self._chunks:
            yield chunk
        if self._breaks is not None:
            raise self._breaks


def used(read: int, written: int, text: str = "") -> AIMessageChunk:
    usage = UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
    return AIMessageChunk(content=text, usage_metadata=usage)


ASKED: list[BaseMessage] = [HumanMessage("one two three", name="Ana")]


async def bills(model: Streams) -> list[tuple[int, int]]:
    """What was told of one answer, piece by piece."""
    told: list[tuple[int, int]] = []
    try:
        await hear(model, ASKED, bill=lambda read, written: told.append((read, written)))
    except LookupError:
        told.append((-1, -1))
    return told


async def test_until_a_model_tells_it_words_and_pieces_are_counted() -> None:
    told = await bills(
        Streams(AIMessageChunk(content="a"), AIMessageChunk(content="b"), used(40, 7))
    )
    assert told == [(3, 1), (3, 2), (40, 7)]


async def test_what_a_stream_tells_in_parts_adds_up() -> None:
    told = await bills(Streams(used(40, 1), AIMessageChunk(content="a"), used(0, 6)))
    assert told == [(40, 1), (40, 1), (40, 7)]


async def test_a_model_that_never_tells_is_billed_for_what_was_seen() -> None:
    assert (await bills(Streams(AIMessageChunk(content="a"), AIMessageChunk(content="b"))))[-1] == (
        3,
        2,
    )


async def test_an_answer_that_breaks_off_is_billed_until_there() -> None:
    broken = Streams(AIMessageChunk(content="a"), breaks=LookupError())
    assert await bills(broken) == [(3, 1), (-1, -1)]


async def test_a_model_that_does_not_answer_at_all_costs_nothing() -> None:
    assert await bills(Streams(breaks=LookupError())) == [(-1, -1)]


CARD = Card("Bo", price_in=1_000_000, price_out=2_000_000)


async def test_a_turn_of_a_model_costs_what_the_card_says() -> None:
    turn = turn_in(said(1, "ana", "Bo?"))
    await ModelSpeaker(CARD, Streams(used(10, 3, "Yes.")))(turn)
    assert turn.spent == Spent(13, 16.0)


async def test_the_scripted_model_counts_its_words() -> None:
    turn = turn_in(said(1, "ana", "Bo?"))
    await ModelSpeaker(Card("Bo", price_out=1_000_000), Scripted(["one two three"]))(turn)
    assert turn.spent.cost == 3
    assert turn.spent.tokens > 10


class Running:
    """What a node is handed."""

    def __init__(self, turn: Turn) -> None:
        self.context = turn


async def test_nodes_of_a_graph_add_to_the_bill_also_those_that_nobody_hears() -> None:
    turn = turn_in(said(1, "ana", "Bo?"))
    runtime: InTurn = Running(turn)
    await planner(Streams(used(5, 5, '{"steps": ["Speak."]}')), CARD)(TurnState(), runtime)
    await model_caller(Streams(used(7, 1, "Yes.")), CARD)(TurnState(), runtime)
    assert turn.spent == Spent(18, 24.0)


async def test_a_graph_compiled_elsewhere_brings_the_tokens_of_its_messages() -> None:
    from langgraph.graph import END, START, MessagesState, StateGraph

    def answer(state: MessagesState) -> dict[str, Any]:
        return {"messages": [used(9, 2, "Yes.")]}

    graph: Any = StateGraph(MessagesState)
    graph.add_node("answer", answer)
    graph.add_edge(START, "answer")
    graph.add_edge("answer", END)
    reply = await speaker_of(graph)(turn_in(said(1, "ana", "Bo?")))
    assert (reply.text, reply.tokens) == ("Yes.", 11)  # type: ignore[union-attr]


def test_prices_on_the_card_come_before_those_of_the_model() -> None:
    model = Remote(base_url="http://127.0.0.1:1/v1", model="x", price_in=3, price_out=6)
    assert prices_of(model) == Prices(3, 6)
    assert prices_of(model, Card("Bo", price_out=1)) == Prices(3, 1)
    assert prices_of(Scripted(), Card("Bo")) == Prices(0, 0)
    assert Prices(3, 1).of(2_000_000, 500_000) == 6.5


@pytest.mark.parametrize("price", [-1, float("nan"), float("inf"), "free", True])
def test_prices_that_are_none_are_refused(price: Any) -> None:
    with pytest.raises(Invalid, match="price_in: a price of a million tokens is a finite number"):
        Card("Bo", price_in=price)


@pytest.mark.parametrize("price", [-1, float("nan"), float("inf"), "free"])
def test_prices_of_an_endpoint_that_are_none_are_refused(price: Any) -> None:
    with pytest.raises((Refused, ValueError)):
        Remote(base_url="http://127.0.0.1:1/v1", model="x", price_out=price)
