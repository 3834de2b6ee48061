"""A model behind a URL: what it is sent, what it may do wrong, and that leaving it frees it."""

import asyncio
import logging
import traceback
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from tests.agents.fault_server import FOR_EVER, Reply, ended, event, nobody, refusal, said, serving
from tests.agents.pool.waiting import said_by, until

from tertulia.agents.cards import Card
from tertulia.agents.faults import (
    ModelFailed,
    ModelGarbled,
    ModelMissing,
    ModelRateLimited,
    ModelRefused,
    ModelStalled,
    ModelUnreachable,
)
from tertulia.agents.remote import Patience, Remote, remote
from tertulia.agents.speaker import ModelSpeaker
from tertulia.orchestrator import (
    Delta,
    Kind,
    Participant,
    RoomSettings,
    Scheduler,
    WallClock,
)
from tertulia.orchestrator.room import InputPolicy, ParticipantId
from tertulia.storage import MemoryLog

KEY = "sk-very-secret-0123456789"
ASKED: list[BaseMessage] = [
    SystemMessage("You plan trips.", name="Bo"),
    HumanMessage("Where to?", name="Ana"),
    AIMessage("To Porto.", name="Bo"),
    HumanMessage("Why?", name="Cy Twombly"),
]

pytestmark = [pytest.mark.net, pytest.mark.usefixtures("hung_up")]


async def failure_of(reply: Reply, **settings: Any) -> ModelFailed:
    async with serving(reply) as server:
        with pytest.raises(ModelFailed) as caught:
            await remote(server.base_url, "m", **settings).ainvoke(ASKED)
        assert server.base_url in str(caught.value)
    return caught.value


async def test_an_answer_comes_in_pieces_and_says_what_it_cost() -> None:
    async with serving(Reply([*said("Because ", "of ", "the bridges."), *ended()])) as server:
        chunks = [chunk async for chunk in remote(server.base_url, "m").astream(ASKED)]
    texts = [str(chunk.content) for chunk in chunks]
    assert [text for text in texts if text] == ["Because ", "of ", "the bridges."]
    usage = next(chunk.usage_metadata for chunk in chunks if chunk.usage_metadata)
    assert usage["output_tokens"] == 3


async def test_everybody_is_named_on_the_wire_and_the_agent_itself_is_not() -> None:
    async with serving(Reply([*said("So."), *ended()])) as server:
        await remote(server.base_url, "m", temperature=0.5).ainvoke(ASKED)
    asked = server.asked[0]
    assert asked["messages"] == [
        {"role": "system", "name": "Bo", "content": "You plan trips."},
        {"role": "user", "name": "Ana", "content": "Ana: Where to?"},
        {"role": "assistant", "name": "Bo", "content": "To Porto."},
        {"role": "user", "content": "Cy Twombly: Why?"},
    ]
    assert (asked["model"], asked["temperature"], asked["stream"]) == ("m", 0.5, True)


@pytest.mark.parametrize(
    ("deltas", "text"),
    [
        (("Bo", ": ", "Yes."), "Yes."),
        (("But ", "no."), "But no."),
        (("Bo",), "Bo"),
        (("Bo:",), ""),
    ],
)
async def test_its_own_name_tag_is_taken_off(deltas: tuple[str, ...], text: str) -> None:
    async with serving(Reply([*said(*deltas), *ended()])) as server:
        assert (await remote(server.base_url, "m").ainvoke(ASKED)).content == text


async def test_tools_are_offered_and_their_calls_come_back() -> None:
    call = {"index": 0, "id": "c", "function": {"name": "book", "arguments": '{"city": "Porto"}'}}
    delta = {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}

    def book(city: str) -> str:
        """Book a trip."""
        return city

    async with serving(Reply([event(delta), *ended("tool_calls")])) as server:
        model = remote(server.base_url, "m").bind_tools([book], tool_choice="book")
        answer = await model.ainvoke(ASKED)
    assert answer.tool_calls[0]["args"] == {"city": "Porto"}
    assert server.asked[0]["tools"][0]["function"]["name"] == "book"
    assert server.asked[0]["tool_choice"] == {"type": "function", "function": {"name": "book"}}


async def test_cancelling_the_task_hangs_up_on_the_server() -> None:
    heard = asyncio.Event()
    async with serving(Reply([*said("Because "), FOR_EVER])) as server:

        async def listen() -> None:
            async for chunk in remote(server.base_url, "m").astream(ASKED):
                if chunk.content:
                    heard.set()

        task = asyncio.create_task(listen())
        await heard.wait()
        assert not server.hung_up.is_set()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(server.hung_up.is_set)


async def test_barging_in_hangs_up_on_the_server_and_what_was_heard_stands() -> None:
    async with serving(Reply([*said("Because it "), FOR_EVER])) as server:
        speakers = {"bo": ModelSpeaker(Card("Bo"), remote(server.base_url, "m"))}
        people = [Participant(ParticipantId("ana"), "Ana", Kind.HUMAN), Card("Bo").participant]
        scheduler = Scheduler(MemoryLog(), WallClock())
        settings = RoomSettings(input=InputPolicy.INTERRUPT)
        room = await scheduler.open("kitchen", settings, participants=people, speakers=speakers)
        heard = room.subscribe("ana", room.floor.head)
        await room.post("ana", "Bo, why?")
        while not isinstance(await anext(heard), Delta):
            pass
        assert not server.hung_up.is_set()
        await room.post("ana", "Never mind.")
        await until(server.hung_up.is_set)
        cut = await said_by("bo", heard)
        assert "Because it".startswith(cut.text)
        assert cut.interrupted_by == "ana"
        await room.close()
        await scheduler.aclose()


async def test_cancelling_before_the_first_word_hangs_up_too() -> None:
    async with serving(Reply([FOR_EVER])) as server:
        task = asyncio.create_task(remote(server.base_url, "m").ainvoke(ASKED))
        await until(lambda: bool(server.asked))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(server.hung_up.is_set)


async def test_leaving_the_stream_early_hangs_up_too() -> None:
    async with serving(Reply([*said("Because "), FOR_EVER])) as server:
        stream = remote(server.base_url, "m")._astream(ASKED)
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
        await until(server.hung_up.is_set)


async def test_nobody_there_is_unreachable() -> None:
    told = r"connection failed.*start the server"
    with nobody() as url, pytest.raises(ModelUnreachable, match=told) as caught:
        await remote(url, "m").ainvoke(ASKED)
    assert (caught.value.where, caught.value.model) == (url, "m")


async def test_an_unknown_host_is_unreachable() -> None:
    with pytest.raises(ModelUnreachable, match=r"nowhere\.invalid"):
        await remote("http://nowhere.invalid/v1", "m").ainvoke(ASKED)


async def test_a_wrong_key_is_refused_and_told_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIP_KEY", KEY)
    reply = refusal("401 Unauthorized", f"Incorrect API key provided: {KEY}")
    async with serving(reply) as server:
        model = remote(server.base_url, "m", "TRIP_KEY")
        with pytest.raises(ModelRefused, match="check the key in TRIP_KEY") as caught:
            await model.ainvoke(ASKED)
    assert server.keys == [f"Bearer {KEY}"]
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(model)
    assert KEY not in told
    assert KEY not in repr(dict(model._clients))


async def test_a_key_that_a_server_repeats_elsewhere_is_struck_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRIP_KEY", KEY)
    error = await failure_of(refusal("400 Bad Request", f"{KEY} is odd"), api_key_env="TRIP_KEY")
    assert "*** is odd" in str(error)
    assert KEY not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("echo", [None, KEY], ids=["kept", "echoed"])
async def test_a_key_is_in_no_log_but_httpcore_s_where_a_server_echoes_it_in_a_header(
    echo: str | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TRIP_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    headers = {"X-Echo": f"Bearer {echo}"}
    async with serving(Reply([*said("So."), *ended()], headers=headers)) as server:
        await remote(server.base_url, "m", "TRIP_KEY").ainvoke(ASKED)
        shown = {one.name for one in caplog.records if KEY in one.getMessage()}
        assert {name.partition(".")[0] for name in shown} == ({"httpcore"} if echo else set())
        caplog.clear()
        caplog.set_level(logging.INFO, logger="httpcore")
        await remote(server.base_url, "m", "TRIP_KEY").ainvoke(ASKED)
    assert caplog.records
    assert KEY not in caplog.text
    assert server.keys == [f"Bearer {KEY}"] * 2


async def test_a_key_that_is_not_set_is_asked_for_by_its_name() -> None:
    with pytest.raises(ModelRefused, match="set NO_SUCH_KEY"):
        await remote("http://127.0.0.1:9/v1", "m", "NO_SUCH_KEY").ainvoke(ASKED)


async def test_the_key_of_another_service_is_not_sent_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    async with serving(Reply([*said("So."), *ended()])) as server:
        await remote(server.base_url, "m").ainvoke(ASKED)
    assert KEY not in server.keys[0]


def test_a_url_with_a_password_is_refused_without_telling_it() -> None:
    with pytest.raises(ModelRefused, match="api_key_env") as caught:
        remote("http://ana:hush@127.0.0.1:9/v1", "m")
    assert "hush" not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize(
    "url", ["127.0.0.1:9", "ana:hush@h/v1", "http://h:99999/v1", "http://", ""]
)
def test_a_url_that_cannot_be_called_is_refused_at_once(url: str) -> None:
    with pytest.raises(ModelRefused, match="begins with http://") as caught:
        remote(url, "m")
    assert "hush" not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (refusal("404 Not Found", "model m does not exist"), ModelMissing, "model's name"),
        (refusal("400 Bad Request", "too long"), ModelRefused, r"refused \(400\).*too long"),
        (refusal("500 Oops", "out of memory"), ModelUnreachable, r"failed \(500\).*memory"),
        (Reply(["<html>Hi"], kind="text/html"), ModelGarbled, "base URL"),
        (Reply(["data: {rubbish\n\n"]), ModelGarbled, "makes no sense"),
        (Reply(['data: {"a": 1}\n\n']), ModelUnreachable, "OpenAI-style"),
        (Reply(['data: {"error": {"message": "no slot"}}\n\n']), ModelUnreachable, "no slot"),
        (Reply(said("Because ")), ModelUnreachable, "broke off"),
    ],
)
async def test_each_failure_says_what_and_what_to_do(
    reply: Reply, kind: type[ModelFailed], words: str
) -> None:
    error = await failure_of(reply)
    assert type(error) is kind
    with pytest.raises(kind, match=words):
        raise error


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("Wed, 21 Oct 2026", None)])
async def test_too_many_requests_say_when_to_come_back(header: str, seconds: float | None) -> None:
    error = await failure_of(refusal("429 Too Many Requests", "slow down", Retry_After=header))
    assert isinstance(error, ModelRateLimited)
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    ("body", "patience", "words"),
    [
        ([FOR_EVER], Patience(first_token_seconds=0.2), "no answer began"),
        ([*said("Be"), FOR_EVER], Patience(stall_seconds=0.2), "in its middle"),
    ],
)
async def test_a_server_that_falls_silent_has_stalled(
    body: list[str | float], patience: Patience, words: str
) -> None:
    error = await failure_of(Reply(body), patience=patience)
    assert isinstance(error, ModelStalled)
    assert words in str(error)


async def test_models_at_one_url_share_their_connections() -> None:
    async with serving(Reply([*said("So."), *ended()])) as server:
        models = [remote(server.base_url, name) for name in ("m", "n")]
        await asyncio.gather(*(model.ainvoke(ASKED) for model in models))
        clients = {id(next(iter(model._clients.values())).http_async_client) for model in models}
    assert len(clients) == 1


def test_it_can_be_called_without_a_loop() -> None:
    with pytest.raises(ModelUnreachable):
        Remote(base_url="http://127.0.0.1:9/v1", model="m").invoke(ASKED)
