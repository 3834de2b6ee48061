"""What a server says of itself and does, well or badly, comes out as plain findings."""

import json
from typing import Any

import pytest
from tests.agents.fault_server import (
    NOT_FOUND,
    FaultServer,
    Reply,
    ended,
    event,
    listing,
    nobody,
    refusal,
    said,
    serving,
)

from tertulia.agents.models import Models
from tertulia.agents.models.checking import Checked, check
from tertulia.orchestrator.errors import Unknown

KEY = "hush-0123456789"
GOOD = Reply([*said("Good ", "day."), *ended()])

pytestmark = [pytest.mark.net, pytest.mark.usefixtures("hung_up")]


def at(server: FaultServer, more: str = "", url: str = "") -> Models:
    entry = f"{{base_url: {url or server.base_url}, model: qwen3{more}}}"
    return Models.parse(f"models:\n  qwen: {entry}")


async def checked(models: Models, name: str = "qwen", *, asking: bool = False) -> Checked:
    found = [one async for one in check(models, name, asking=asking, clock=lambda: 0.0)]
    assert len(found) == 1
    return found[0]


def findings(found: Checked) -> dict[str, tuple[bool | None, str]]:
    return {one.what: (one.good, one.told) for one in found.findings}


async def test_without_asking_nothing_is_written() -> None:
    async with serving(
        GOOD, models=listing("qwen3", owned_by="vllm", max_model_len=4096)
    ) as server:
        found = await checked(at(server))
        assert server.asked == []
    assert found.ok
    assert findings(found) == {
        "reachable": (True, "vLLM, in 0 ms"),
        "key": (None, "none is sent"),
        "model": (True, "qwen3 is there"),
        "context": (True, "4,096 tokens"),
        "answers": (None, "not asked: name the model to have it write a few words"),
    }


async def test_one_that_is_asked_shows_what_it_can_do() -> None:
    call = {"index": 0, "id": "c", "function": {"name": "look_at_the_clock", "arguments": "{}"}}
    delta = {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}
    reply = Reply([*said("Good ", "day."), event(delta), *ended()])
    async with serving(reply, models=listing("qwen3:latest")) as server:
        found = await checked(at(server), asking=True)
        assert len(server.asked) < 20
        assert all(asked["max_tokens"] < 100 for asked in server.asked[:2])
    told = findings(found)
    assert list(told)[6:] == ["held to"]  # this server streams also what is not to be streamed
    assert dict(list(told.items())[:6]) == {
        "reachable": (True, "in 0 ms"),
        "key": (None, "none is sent"),
        "model": (True, "qwen3 is there"),
        "answers": (True, "2 pieces, the first after 0 ms"),
        "usage": (True, "tells 7 tokens read, 3 written"),
        "tools": (True, "it calls them"),
    }


async def test_what_a_model_does_not_do_is_told_and_is_not_wrong() -> None:
    reply = Reply([*said("Hello."), ended()[0], ended()[2]])
    async with serving(reply, models=listing("qwen3")) as server:
        found = await checked(at(server), asking=True)
    told = findings(found)
    assert found.ok
    assert told["streams"] == (None, "no: the answer came in one piece")
    assert told["usage"] == (None, "not told: costs and budgets are estimates")
    assert told["tools"] == (None, "it was offered one, and answered in words")


@pytest.mark.parametrize(
    ("pages", "what", "told"),
    [
        ({"models": refusal("401 Unauthorized", f"{KEY}?")}, "key", "is TERTULIA_API_KEY"),
        (
            {"models": listing("qwen2", "llama")},
            "model",
            "'qwen3' is not there; did you mean model",
        ),
        ({"models": listing("llama")}, "model", "'qwen3' is not there; there is llama"),
        ({"models": listing()}, "model", "'qwen3' is not there; the server has none"),
        ({"models": Reply(["<p>Hi"], kind="text/html")}, "reachable", "no list of models: check"),
        ({"models": Reply(["{}"], kind="application/json")}, "reachable", "no list of models"),
        ({"models": refusal("500 Oops", "no memory")}, "reachable", "the server failed (500): "),
        ({"models": refusal("429 Slow", "slow down")}, "reachable", "slow down"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_is_wrong_with_a_server_is_told_with_what_to_do(
    pages: dict[str, Reply], what: str, told: str
) -> None:
    async with serving(GOOD, **pages) as server:
        found = await checked(at(server), asking=True)
        assert server.asked == []
    assert not found.ok
    assert findings(found)[what][0] is False
    assert told in findings(found)[what][1]


async def test_nobody_there_is_not_reachable() -> None:
    with nobody() as url:
        gone = at(FaultServer(GOOD), url=url)
        assert "start the server there" in findings(await checked(gone))["reachable"][1]


async def test_a_url_that_is_a_step_short_is_told_as_it_should_be() -> None:
    async with serving(GOOD, models=listing("qwen3")) as server:
        found = await checked(at(server, url=server.base_url.removesuffix("/v1")))
    told = f"the API is at {server.base_url}: write base_url: {server.base_url}"
    assert findings(found) == {"reachable": (False, told)}


async def test_a_server_without_a_list_may_still_answer() -> None:
    async with serving(GOOD) as server:
        found = await checked(at(server), asking=True)
    told = findings(found)
    assert told["reachable"] == (None, "the server has no list of models there (404)")
    assert told["answers"][0] is True


async def test_a_key_is_sent_and_one_that_is_not_set_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(GOOD, models=listing("qwen3")) as server:
        models = at(server, ", api_key_env: QWEN_KEY")
        assert "set QWEN_KEY" in findings(await checked(models))["key"][1]
        monkeypatch.setenv("QWEN_KEY", KEY)
        assert findings(await checked(models))["key"] == (True, "accepted, from QWEN_KEY")
        assert server.keys == [f"Bearer {KEY}"]


async def test_llama_cpp_says_how_many_slots_it_has() -> None:
    props = {"total_slots": 4, "default_generation_settings": {"n_ctx": 2048}}
    page = Reply([json.dumps(props)], kind="application/json")
    async with serving(GOOD, models=listing("/m/x.gguf", owned_by="llamacpp")) as server:
        server.pages["/props"] = page
        told = findings(await checked(at(server)))
        assert told["slots"] == (True, "4, of 2,048 tokens each")
        assert told["model"] == (True, "/m/x.gguf, whatever name it is called by")
        server.pages["/props"] = NOT_FOUND
        assert "slots" not in findings(await checked(at(server)))


async def test_a_call_that_fails_is_told_as_the_turn_would_have_it() -> None:
    broken = refusal("400 Bad Request", "no such template")
    async with serving(broken, models=listing("qwen3")) as server:
        found = await checked(at(server), asking=True)
    good, told = findings(found)["answers"]
    assert (good, found.ok) == (False, False)
    assert "no such template" in told


async def test_each_server_of_a_pool_is_checked() -> None:
    async with serving(GOOD, models=listing("qwen3")) as server:
        entries = [f"{{base_url: {server.base_url}, model: {name}}}" for name in ("qwen3", "x")]
        text = f"pools: {{team: {{servers: {{left: {entries[0]}, right: {entries[1]}}}}}}}"
        found: list[Any] = [one async for one in check(Models.parse(text), "team", asking=True)]
    assert [(one.name, one.ok) for one in found] == [("team/left", True), ("team/right", False)]


async def test_a_scripted_model_is_well() -> None:
    assert (await checked(Models(), "scripted")).ok


async def test_a_model_that_nobody_bears_is_unknown() -> None:
    with pytest.raises(Unknown):
        await checked(Models(), "nope")
