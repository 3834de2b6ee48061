"""Traces: a turn is a tree, each part of it in its place, and what went wrong says so."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from langchain_core.messages import AIMessage
from langchain_core.tools import tool as langchain_tool
from opentelemetry.trace import StatusCode
from tests.agents.fault_server import Reply as Served
from tests.agents.fault_server import serving
from tests.orchestrator.rooms import in_no_time, settle
from tests.telemetry.onlookers import Onlookers

from tertulia.agents import Card, Hang, ModelSpeaker, Scripted, TurnState, model_adviser, tool
from tertulia.agents.connections import around_requests
from tertulia.agents.faults import ModelUnreachable
from tertulia.agents.pool import pooled
from tertulia.agents.remote import remote
from tertulia.compose import agent, human
from tertulia.graphs import END, START, TurnGraph, speaker_of, tool_user
from tertulia.orchestrator import ApprovalRule, Turn, WallClock
from tertulia.storage import MemoryLog
from tertulia.storage.memory import Memory

CHUNK = (
    'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"small-1",'
    '"choices":[{"index":0,"delta":{"role":"assistant","content":"Hm."},"finish_reason":"stop"}],'
    '"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}\n\ndata: [DONE]\n\n'
)


def calls(name: str, **arguments: object) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": arguments, "id": "call-1"}])


@in_no_time
async def test_a_turn_is_a_tree_of_nodes_calls_tools_and_approvals(seen: Onlookers) -> None:
    model = Scripted([calls("refund", order=7), "It is on its way."], first_token_seconds=0.5)

    @tool(effect="at_most_once", approval=ApprovalRule())
    async def refund(order: int) -> str:
        """Give money back."""
        seen.provider.get_tracer("bank").start_span("bank").end()
        return f"order {order} is paid back"

    async with seen.house() as house:
        bo = agent("Bo", speaker_of(tool_user(model, [refund])))
        room = await house.room("kitchen", human("Ana"), bo)
        await room.post("ana", "Bo, my money!")
        await settle(60)
        await room.approve("ana", "kitchen/1/call-1")
        await room.lapse()

    assert [(span.name, span.parent is None) for span in seen.spans if span.name != "post"] == [
        ("chat scripted", False),
        ("node model", False),
        ("approval refund", False),
        ("bank", False),
        ("execute_tool refund", False),
        ("node tools", False),
        ("chat scripted", False),
        ("node model", False),
        ("invoke_agent bo", True),
    ]
    assert seen.tree() == {
        "invoke_agent bo": None,
        "node model": "invoke_agent bo",
        "chat scripted": "node model",
        "node tools": "invoke_agent bo",
        "execute_tool refund": "node tools",
        "approval refund": "execute_tool refund",
        "bank": "execute_tool refund",
    }
    assert len({span.context.trace_id for span in seen.spans if span.name != "post"}) == 1
    about = {"gen_ai.conversation.id": "kitchen", "tertulia.turn.id": "kitchen/1"}
    assert dict(seen.span("approval refund").attributes or {}) == about | {
        "gen_ai.tool.name": "refund",
        "tertulia.approval.id": "kitchen/1/call-1",
        "tertulia.approval.kind": "approve",
        "tertulia.approval.ruling": "approved",
    }
    assert dict(seen.span("execute_tool refund").attributes or {}) == about | {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.agent.name": "bo",
        "gen_ai.tool.name": "refund",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "call-1",
        "tertulia.effect.id": "kitchen/1/call-1",
        "tertulia.effect.policy": "at_most_once",
        "tertulia.effect.state": "succeeded",
        "tertulia.effect.attempt": 1,
    }


@in_no_time
async def test_spans_say_what_the_conventions_ask_for(seen: Onlookers) -> None:
    model = Scripted(["By the door."], first_token_seconds=0.5, tokens_per_second=2)
    async with seen.house() as house:
        bo = agent("Bo", ModelSpeaker(Card("Bo", price_in=1e6), model))
        room = await house.room("kitchen", human("Ana"), bo)
        await room.post("ana", "Bo, where does it go?")
        await room.lapse()
    turn, chat = seen.span("invoke_agent bo"), seen.span("chat scripted")
    words = turn.attributes["tertulia.turn.tokens"]  # type: ignore[index]
    assert dict(turn.attributes or {}) == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "bo",
        "gen_ai.conversation.id": "kitchen",
        "tertulia.turn.id": "kitchen/1",
        "tertulia.turn.attempt": 1,
        "tertulia.turn.private": False,
        "tertulia.turn.answers": 4,
        "tertulia.turn.outcome": "committed",
        "tertulia.turn.tokens": words,
        "tertulia.turn.cost": words - 3.0,  # type: ignore[operator]
    }
    told = dict(chat.attributes or {})
    assert told.pop("gen_ai.usage.input_tokens") == words - 3  # type: ignore[operator]
    assert told == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "scripted",
        "gen_ai.request.model": "scripted",
        "gen_ai.response.model": "tertulia-scripted",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.response.time_to_first_chunk": 0.5,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.conversation.id": "kitchen",
        "gen_ai.agent.name": "bo",
        "tertulia.turn.id": "kitchen/1",
    }
    assert [event.name for event in chat.events] == ["first_token"]
    assert (turn.end_time or 0) - (turn.start_time or 0) == 2_000_000_000
    assert turn.status.status_code is StatusCode.UNSET


@in_no_time
async def test_a_turn_is_linked_to_the_post_that_it_answers(seen: Onlookers) -> None:
    async def bo(turn: Turn) -> str:
        return "Hm."

    async with seen.house() as house:
        room = await house.room("kitchen", human("Ana"), agent("Bo", bo))
        with seen.provider.get_tracer("web").start_as_current_span("request"):
            await room.post("ana", "@bo?")
            await room.lapse()
    post, turn = seen.span("post"), seen.span("invoke_agent bo")
    assert [(one.context, dict(one.attributes or {})) for one in turn.links] == [
        (post.context, {"tertulia.link": "answers"})
    ]
    assert turn.parent is None  # though it was woken within a request


@in_no_time
async def test_a_model_that_is_asked_beside_turns_is_in_no_turn_and_no_request(
    seen: Onlookers,
) -> None:
    async def bo(turn: Turn) -> str:
        return "Hm."

    async with seen.house() as house:
        members = (human("Ana"), agent("Bo", bo), agent("Eve", bo))
        room = await house.room("kitchen", *members, policy="selector")
        model = Scripted(["Bo"] * 30)
        room.consult(model_adviser(model))
        with seen.provider.get_tracer("web").start_as_current_span("request"):
            await room.post("ana", "Who knows?")
            await room.lapse()
    asked = [span for span in seen.spans if span.name == "chat scripted"]
    assert [span.parent for span in asked] == [None] * model._spoken
    assert asked


@in_no_time
async def test_what_an_agent_does_by_itself_lies_within_its_turn(seen: Onlookers) -> None:
    tracer = seen.provider.get_tracer("mine")

    async def bo(turn: Turn) -> None:
        with tracer.start_as_current_span("thinking"):
            await asyncio.gather(*(one("left"), one("right")))

    async def one(side: str) -> None:
        with tracer.start_as_current_span(side):
            await asyncio.sleep(1)

    async with seen.house() as house:
        room = await house.room("kitchen", human("Ana"), agent("Bo", bo))
        await room.post("ana", "@bo?")
        await room.lapse()
    wanted = {"invoke_agent bo": None, "thinking": "invoke_agent bo"}
    assert seen.tree() == wanted | {"left": "thinking", "right": "thinking"}


@in_no_time
async def test_what_comes_after_a_call_is_not_taken_for_a_part_of_it(seen: Onlookers) -> None:
    tracer, model = seen.provider.get_tracer("mine"), Scripted(["Hm."] * 4)

    @langchain_tool
    async def look(at: str) -> str:
        """Look at something."""
        with tracer.start_as_current_span("looking"):
            return "fine"

    async def think(state: TurnState) -> TurnState:
        await model.ainvoke("Well?")
        await look.ainvoke({"at": "it"})
        async for _ in model.astream("And?"):
            break  # it is left, and nobody closes it
        with tracer.start_as_current_span("by itself"):
            await model.ainvoke("So?")
        return {"draft": "Hm."}

    graph = TurnGraph("thinker").add_sequence([("think", think)])
    async with seen.house() as house:
        bo = agent("Bo", speaker_of(graph.add_edge(START, "think").add_edge("think", END)))
        room = await house.room("kitchen", human("Ana"), bo)
        await room.post("ana", "@bo?")
        await room.lapse()
    names = {span.context.span_id: span.name for span in seen.spans}
    within = [(s.name, names[s.parent.span_id]) for s in seen.spans if s.parent is not None]
    assert sorted(within) == [
        ("by itself", "node think"),
        ("chat scripted", "by itself"),
        ("chat scripted", "node think"),
        ("chat scripted", "node think"),
        ("execute_tool look", "node think"),
        ("looking", "execute_tool look"),
        ("node think", "invoke_agent bo"),
    ]


@in_no_time
async def test_a_turn_that_breaks_says_by_what_kind_of_error(seen: Onlookers) -> None:
    async def bo(turn: Turn) -> None:
        raise KeyError("a secret")

    async with seen.house() as house:
        room = await house.room("kitchen", human("Ana"), agent("Bo", bo))
        await room.post("ana", "@bo?")
        await room.lapse()
    turn = seen.span("invoke_agent bo")
    assert turn.status.status_code is StatusCode.ERROR
    assert turn.attributes is not None
    assert turn.attributes["error.type"] == "KeyError"
    assert turn.attributes["tertulia.turn.outcome"] == "failed"
    assert not turn.events  # an exception's text is nobody's business
    assert not turn.status.description


@in_no_time
async def test_a_turn_that_is_cut_off_says_so_and_so_does_its_call(seen: Onlookers) -> None:
    async with seen.house() as house:
        bo = agent("Bo", ModelSpeaker(Card("Bo"), Scripted([Hang("Well, as I")])))
        room = await house.room("kitchen", human("Ana"), bo)
        await room.post("ana", "@bo?")
        await settle(2)
        await room.interrupt("ana")
        await room.lapse()
    names = [span.name for span in seen.spans if span.name != "post"]
    assert names == ["chat scripted", "invoke_agent bo"]  # the call is not left behind
    chat, turn = seen.span("chat scripted"), seen.span("invoke_agent bo")
    assert turn.attributes is not None
    assert turn.attributes["tertulia.turn.outcome"] == "interrupted"
    assert turn.status.status_code is chat.status.status_code is StatusCode.UNSET
    assert chat.attributes is not None
    assert chat.attributes["tertulia.cancelled"] is True


@in_no_time
async def test_a_turn_that_waits_is_marked_as_parked_and_tells_for_how_long(
    seen: Onlookers,
) -> None:
    async def bo(turn: Turn) -> str:
        async with turn.parked(600):
            await turn.clock.sleep(300)
        return "Hm."

    async with seen.house() as house:
        room = await house.room("kitchen", human("Ana"), agent("Bo", bo))
        await room.post("ana", "@bo?")
        await room.lapse()
    turn = seen.span("invoke_agent bo")
    assert [event.name for event in turn.events] == ["parked", "returned"]
    assert turn.attributes is not None
    assert turn.attributes["tertulia.turn.parked_s"] == 300


@in_no_time
async def test_after_a_crash_a_turn_is_linked_to_its_first_attempt(seen: Onlookers) -> None:
    memory = Memory()

    async def dies(turn: Turn) -> None:
        await asyncio.Event().wait()

    async def goes_on(turn: Turn) -> str:
        return "As I was saying."

    first = MemoryLog(memory)
    crashing = seen.house(first)
    room = await crashing.room("kitchen", human("Ana"), agent("Bo", dies))
    await room.post("ana", "@bo?")
    await settle(1)
    for kept in memory.rooms.values():
        kept.owner = None  # it is dead, and has ended no span
    later = Onlookers()
    try:
        async with later.house(MemoryLog(memory)) as house:
            room = await house.room("kitchen", human("Ana"), agent("Bo", goes_on))
            await room.lapse()
        again = later.span("invoke_agent bo")
        assert again.attributes is not None
        assert again.attributes["tertulia.turn.attempt"] == 2
        await crashing.scheduler.aclose()
        began = seen.span("invoke_agent bo")
        assert [one.context.span_id for one in again.links] == [began.context.span_id]
        assert [one.context.trace_id for one in again.links] == [began.context.trace_id]
        assert again.context.trace_id != began.context.trace_id
    finally:
        later.close()


@in_no_time
async def test_a_turn_that_is_handed_back_ends_its_span(seen: Onlookers) -> None:
    async def bo(turn: Turn) -> None:
        await asyncio.Event().wait()

    async with seen.house() as house:
        room = await house.room("kitchen", human("Ana"), agent("Bo", bo))
        await room.post("ana", "@bo?")
        await settle(1)
    turn = seen.span("invoke_agent bo")
    assert turn.attributes is not None
    assert turn.attributes["tertulia.turn.outcome"] == "handed_back"


@in_no_time
async def test_what_a_pool_tries_again_shows_on_the_call(seen: Onlookers) -> None:
    wrong = ModelUnreachable("nobody answers", model="m", where="there", hint="wait")
    servers = {"east": Scripted([wrong, wrong, wrong]), "west": Scripted(["Hm.", "Hm."])}
    async with seen.house() as house:
        bo = agent("Bo", ModelSpeaker(Card("Bo"), pooled("small", servers)))
        room = await house.room("kitchen", human("Ana"), bo)
        await room.post("ana", "@bo?")
        await room.lapse()
    chat = seen.span("chat small")
    assert [event.name for event in chat.events] == ["placed", "retried", "placed", "first_token"]
    assert dict(chat.events[1].attributes or {}) == {
        "tertulia.pool.server": "east",
        "error.type": "ModelUnreachable",
    }
    assert chat.attributes is not None
    assert chat.attributes["tertulia.pool.server"] == "west"
    assert chat.attributes["gen_ai.request.model"] == "small"
    assert chat.attributes["tertulia.pool.wait_s"] == 0.0


@pytest.mark.net
async def test_a_server_is_told_which_trace_a_request_belongs_to(seen: Onlookers) -> None:
    heard: list[httpx.Headers] = []
    async with serving(Served([CHUNK])) as server, seen.house(clock=WallClock()) as house:
        bo = agent("Bo", ModelSpeaker(Card("Bo"), remote(server.base_url, "small")))
        room = await house.room("kitchen", human("Ana"), bo)

        @contextmanager
        def listen(request: httpx.Request) -> Iterator[None]:
            heard.append(request.headers)
            yield

        leave = around_requests(listen)
        await room.post("ana", "@bo?")
        await room.lapse()
        leave()
    chat = seen.span("chat small")
    [headers] = heard
    version, trace, span, _ = headers["traceparent"].split("-")
    assert (version, int(trace, 16), int(span, 16)) == (
        "00",
        chat.context.trace_id,
        chat.context.span_id,
    )
    assert chat.attributes is not None
    assert chat.attributes["server.address"] == "127.0.0.1"
    assert chat.attributes["server.port"] == server.port
    assert chat.attributes["gen_ai.provider.name"] == "openai"
    assert chat.attributes["gen_ai.response.model"] == "small-1"


@in_no_time
async def test_what_is_said_is_told_only_on_request_and_a_whisper_never(seen: Onlookers) -> None:
    open_ear = Onlookers(content=True)
    try:
        async with open_ear.house() as house:
            bo = agent("Bo", ModelSpeaker(Card("Bo"), Scripted(["Aloud.", "Aside."])))
            room = await house.room("kitchen", human("Ana"), human("Cy"), bo)
            await room.post("ana", "Bo, tell us.")
            await room.lapse()
            await room.post("ana", "And me?", whisper=["bo"])
            await room.lapse()
        aloud, aside = [s for s in open_ear.spans if s.name == "chat scripted"]
        assert aloud.attributes is not None
        assert aside.attributes is not None
        assert "tell us" in str(aloud.attributes["gen_ai.input.messages"])
        assert "Aloud." in str(aloud.attributes["gen_ai.output.messages"])
        assert not {"gen_ai.input.messages", "gen_ai.output.messages"} & set(aside.attributes)
        told = "".join(str(span.attributes) for span in open_ear.spans)
        assert "Aside." not in told
        assert "And me?" not in told
    finally:
        open_ear.close()
