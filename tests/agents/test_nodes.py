"""The nodes, called as LangGraph calls them: a state, a runtime, and what changes."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.messages.tool import tool_call_chunk
from tests.agents.choosing.scripts import Keeping
from tests.agents.turns import ANA, said, turn_in
from tests.orchestrator.rooms import in_no_time

from tertulia.agents import (
    Card,
    Hang,
    ModelSpeaker,
    Scripted,
    TurnState,
    model_caller,
    model_chooser,
    open_calls,
    planner,
    router,
    tool_executor,
)
from tertulia.agents.faults import ModelStrayed
from tertulia.agents.nodes import joined
from tertulia.agents.state import Call, Round
from tertulia.orchestrator import Reply, Turn
from tertulia.orchestrator.errors import Invalid, Misbehaved


@dataclass
class Run:
    """What LangGraph would hand to a node."""

    context: Turn


class Reading:
    """A model that remembers what it read."""

    def __init__(self, *answers: str | AIMessageChunk) -> None:
        self.answers = list(answers)
        self.read: list[BaseMessage] = []

    async def astream(self, messages: list[BaseMessage], /) -> AsyncIterator[Any]:
        self.read = messages
        for answer in self.answers:
            yield AIMessageChunk(content=answer) if isinstance(answer, str) else answer


class Unfinished(Reading):
    """A model that takes tools, and fails at it."""

    def bind_tools(self, tools: list[Any]) -> Any:
        return [self._converted(tool) for tool in tools]

    def _converted(self, tool: Any) -> Any:
        raise NotImplementedError("no pictures yet")


def call(name: str, args: dict[str, Any] | None = None, ident: str = "c1") -> dict[str, Any]:
    return {"name": name, "args": args or {}, "id": ident}


async def book(city: str) -> str:
    """Book a train."""
    return f"booked {city}"


async def break_down() -> str:
    """Fail."""
    raise OSError("no power")


def asked(*calls: tuple[str, dict[str, Any]], problem: str | None = None) -> TurnState:
    wanted = [
        Call(id=f"c{place}", name=name, args=args, problem=problem)
        for place, (name, args) in enumerate(calls)
    ]
    return TurnState(tool_rounds=[Round(said="", calls=wanted, results=[])])


# ---- calling the model


async def test_what_the_model_says_is_heard_as_it_comes_and_kept_as_the_draft() -> None:
    turn = turn_in(said(1, ANA, "Hello."))
    changed = await model_caller(Scripted(["Good morning, Ana."]))({}, Run(turn))
    assert changed == {"draft": "Good morning, Ana."}
    assert turn.delivered == "Good morning, Ana."


async def test_an_empty_answer_is_silence() -> None:
    turn = turn_in()
    assert await model_caller(Scripted([""]))({}, Run(turn)) == {"draft": ""}
    assert turn.delivered == ""


async def test_a_model_that_fails_fails_the_node() -> None:
    with pytest.raises(OSError, match="the line is cut"):
        await model_caller(Scripted([OSError("the line is cut")]))({}, Run(turn_in()))


@in_no_time
async def test_a_model_that_hangs_has_said_what_it_said_when_it_is_cancelled() -> None:
    turn = turn_in()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5):
            await model_caller(Scripted([Hang("I was")]))({}, Run(turn))
    assert turn.delivered == "I was"


async def test_speaking_twice_makes_one_utterance_that_is_heard_as_it_is_kept() -> None:
    turn, model = turn_in(), Scripted(["One moment.", "Done."])
    speak = model_caller(model)
    state = await speak({}, Run(turn))
    state |= await speak(state, Run(turn))
    assert turn.delivered == state["draft"] == "One moment. Done."


async def test_a_model_that_is_not_aloud_is_not_heard_and_starts_its_draft_anew() -> None:
    turn = turn_in()
    think = model_caller(Scripted(["Better."]), aloud=False)
    assert await think({"draft": "Good."}, Run(turn)) == {"draft": "Better."}
    assert turn.delivered == ""


async def test_plan_and_earlier_words_of_the_turn_are_told_to_the_model() -> None:
    model = Reading("Yes.")
    await model_caller(model)({"plan": ["ask", "wait"], "draft": "Well."}, Run(turn_in()))
    text = str(model.read[0].text)
    assert "1. ask\n2. wait" in text
    assert "you have said already: Well." in text


# ---- tools


async def test_tool_calls_become_a_round_that_waits_for_results() -> None:
    model = Scripted([AIMessage("One moment.", tool_calls=[call("book", {"city": "Porto"})])])
    state = await model_caller(model, tools=[book])({}, Run(turn_in()))
    assert state["draft"] == "One moment."
    assert open_calls(state) == [
        {"id": "c1", "name": "book", "args": {"city": "Porto"}, "problem": None}
    ]


async def test_arguments_that_broke_off_are_not_used() -> None:
    half = AIMessageChunk(
        content="",
        tool_call_chunks=[tool_call_chunk(name="book", args='{"city": "Por', id="c1", index=0)],
    )
    (wanted,) = open_calls(await model_caller(Reading(half))({}, Run(turn_in())))
    assert (wanted["args"], "not valid JSON" in str(wanted["problem"])) == ({}, True)


async def test_calls_that_come_in_pieces_are_put_together() -> None:
    pieces = [
        AIMessageChunk(
            content="",
            tool_call_chunks=[
                tool_call_chunk(name=name, args=args, id="c1" if name else None, index=0)
            ],
        )
        for name, args in (("book", '{"city": '), (None, '"Porto"}'))
    ]
    (wanted,) = open_calls(await model_caller(Reading(*pieces))({}, Run(turn_in())))
    assert wanted == {"id": "c1", "name": "book", "args": {"city": "Porto"}, "problem": None}


async def test_every_call_gets_its_result_in_its_place() -> None:
    state = asked(("book", {"city": "Porto"}), ("break_down", {}), ("bok", {}), ("book", {}))
    done = await tool_executor([book, break_down])(state, Run(turn_in()))
    booked, broken, unknown, wrong = done["tool_rounds"][0]["results"]
    assert booked == "booked Porto"
    assert broken == "error: OSError: no power"
    assert unknown == "error: there is no tool 'bok'; did you mean 'book'?"
    assert wrong.startswith("error: ")


async def test_a_call_with_a_problem_is_not_run() -> None:
    state = asked(("book", {"city": "Porto"}), problem="the arguments are not valid JSON")
    done = await tool_executor([book])(state, Run(turn_in()))
    assert done["tool_rounds"][0]["results"] == ["error: the arguments are not valid JSON"]


async def test_calls_run_at_the_same_time() -> None:
    met = asyncio.Barrier(2)

    async def meet() -> str:
        """Wait for the other."""
        await asyncio.wait_for(met.wait(), 60)
        return "met"

    done = await tool_executor([meet])(asked(("meet", {}), ("meet", {})), Run(turn_in()))
    assert done["tool_rounds"][0]["results"] == ["met", "met"]


async def test_a_long_result_is_cut_and_says_so() -> None:
    async def read() -> str:
        """Read much."""
        return "x" * 30_000

    done = await tool_executor([read])(asked(("read", {})), Run(turn_in()))
    assert done["tool_rounds"][0]["results"][0].endswith("[cut at 20,000 of 30,000 characters]")


async def test_without_calls_nothing_is_run() -> None:
    assert await tool_executor([book])({}, Run(turn_in())) == {}


async def test_the_model_reads_each_call_with_its_result() -> None:
    model = Reading("Booked.")
    state = asked(("book", {"city": "Porto"}))
    state |= await tool_executor([book])(state, Run(turn_in()))
    await model_caller(model)(state, Run(turn_in()))
    wanted, result = model.read[-2:]
    assert isinstance(wanted, AIMessage)
    assert isinstance(result, ToolMessage)
    assert (result.tool_call_id, result.text) == (wanted.tool_calls[0]["id"], "booked Porto")


def test_tools_that_cannot_be_used_are_refused_when_the_graph_is_made() -> None:
    with pytest.raises(Invalid, match="two tools bear this name"):
        tool_executor([book, book])
    with pytest.raises(Invalid, match="neither a tool nor a function"):
        tool_executor(["book"])  # type: ignore[list-item]
    with pytest.raises(Invalid, match="cannot call tools"):
        model_caller(Reading(), tools=[book])
    with pytest.raises(Invalid, match="cannot call tools"):
        model_caller(FakeListChatModel(responses=["Hm."]), tools=[book])
    with pytest.raises(NotImplementedError, match="no pictures yet"):
        model_caller(Unfinished(), tools=[book])


# ---- planning and choosing


def steps(*them: str) -> str:
    return json.dumps({"steps": them})


@pytest.mark.parametrize(
    "said_of_it",
    [
        steps(" Ask.", "Look.", ""),
        AIMessage("", tool_calls=[call("plan_steps", {"steps": ["Ask.", "Look."]})]),
    ],
    ids=["as JSON", "by a call"],
)
async def test_a_plan_is_unheard_and_filled_in(said_of_it: Any) -> None:
    turn = turn_in()
    assert await planner(Scripted([said_of_it]))({}, Run(turn)) == {"plan": ["Ask.", "Look."]}
    assert turn.delivered == ""


async def test_there_may_be_nothing_to_plan() -> None:
    assert await planner(Scripted([steps()]))({}, Run(turn_in())) == {"plan": []}


@pytest.mark.parametrize(
    ("first", "told"),
    [
        ("1. Ask.\n2) Look.", "is not a JSON object"),
        (steps("Ask.", "Look.", "Say."), "is too long"),
        (steps("Ask. " * 100), "is too long"),
    ],
)
async def test_what_is_no_plan_is_told_to_the_model_once(first: str, told: str) -> None:
    model = Keeping([first, steps("Ask.")])
    assert await planner(model, most=2)({}, Run(turn_in())) == {"plan": ["Ask."]}
    assert told in str(model.kept[1][-1].text)
    with pytest.raises(ModelStrayed, match="nor was the one before"):
        await planner(Scripted([first, first]), most=2)({}, Run(turn_in()))


async def test_a_router_takes_plain_and_async_choosers_with_and_without_the_turn() -> None:
    async def by_turn(state: TurnState, runtime: Run) -> str:
        return "loud" if runtime.context.me.name == "Bo" else "soft"

    run = Run(turn_in())
    assert await router(lambda state: state["draft"], ["soft"])({"draft": "soft"}, run) == "soft"
    assert await router(by_turn, {"loud": "x", "soft": "y"})({}, run) == "loud"


async def test_a_router_that_chooses_no_route_names_the_one_it_may_have_meant() -> None:
    def choose(state: TurnState) -> str:
        return "draf"

    with pytest.raises(Misbehaved, match=r"'choose'.*chose 'draf'; did you mean 'draft'\?"):
        await router(choose, ["draft", "tools"])({}, Run(turn_in()))


async def test_a_model_goes_one_of_the_ways_and_nothing_else() -> None:
    routes = {"tools": "there is something to look up", "draft": "all is known"}
    turn = turn_in(said(2, "ana", "Bo, tea?"))
    go = router(model_chooser(Scripted(["Draft.", "I would look it up.", "tools"]), routes), routes)
    assert [await go({}, Run(turn)), await go({}, Run(turn))] == ["draft", "tools"]
    assert turn.spent.tokens > 0
    lost = model_chooser(Scripted(["?", "?"]), routes, otherwise="draft")
    assert await router(lost, routes)({}, Run(turn)) == "draft"
    with pytest.raises(ModelStrayed, match="none of tools; draft"):
        await router(model_chooser(Scripted(["?", "?"]), routes), routes)({}, Run(turn))
    with pytest.raises(Invalid, match="cannot be told from 'draft'"):
        model_chooser(Scripted(), ["draft", "Draft"])


@pytest.mark.parametrize(
    ("before", "text", "both"),
    [("", "b", "b"), ("a", "", "a"), ("a", "b", "a b"), ("a ", "b", "a b"), ("a", "\nb", "a\nb")],
)
def test_two_pieces_are_joined_by_one_space_at_most(before: str, text: str, both: str) -> None:
    assert joined(before, text) == both


# ---- without a graph


async def test_an_agent_needs_no_graph() -> None:
    turn = turn_in(said(1, ANA, "Hello."))
    speaker = ModelSpeaker(Card("Bo", persona="A cook."), Scripted(["Soup?"]))
    assert await speaker(turn) == Reply("Soup?")
    assert turn.delivered == "Soup?"
