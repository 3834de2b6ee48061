"""What vLLM, SGLang, llama.cpp, Ollama, TGI and hosted services send, as `remote` takes it.

The bodies have the shapes that those servers send; their words are ours.
"""

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from tests.agents.fault_server import Reply, ended, said, serving

from tertulia.agents.diagnosis import wait_of
from tertulia.agents.faults import (
    ModelFailed,
    ModelForbidden,
    ModelMissing,
    ModelOverflowed,
    ModelRateLimited,
    ModelRefused,
    ModelUnreachable,
)
from tertulia.agents.remote import Remote, remote

ASKED: list[BaseMessage] = [HumanMessage("Where to?", name="Ana")]
USAGE = {"prompt_tokens": 11, "completion_tokens": 2, "total_tokens": 13}

FRAME = {"usage", "timings", "system_fingerprint", "prompt_filter_results", "error"}

pytestmark = [pytest.mark.net, pytest.mark.usefixtures("hung_up")]


def sse(*events: dict[str, Any] | str, space: str = " ", done: bool = True) -> Reply:
    lines = [one if isinstance(one, str) else f"data:{space}{json.dumps(one)}" for one in events]
    return Reply([f"{line}\n\n" for line in [*lines, *(["data: [DONE]"] if done else [])]])


def delta(finish: str | None = None, /, **more: Any) -> dict[str, Any]:
    """One chunk; what is not the choice's belongs to the frame."""
    outer: dict[str, Any] = {name: more.pop(name) for name in FRAME & more.keys()}
    own = {"matched_stop", "stop_reason"} & more.keys()
    inner: dict[str, Any] = {name: more.pop(name) for name in own}
    choice = {"index": 0, "delta": more, "finish_reason": finish, **inner}
    frame = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return {**frame, "choices": [choice], **outer}


def totals(**more: Any) -> dict[str, Any]:
    frame = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return {**frame, "choices": [], "usage": {**USAGE, **more}}


VLLM = sse(
    delta(role="assistant", content=""),
    delta(content="To "),
    delta(content="Porto."),
    delta("stop", content="", stop_reason=None),
    totals(prompt_tokens_details=None),
)
VLLM_THINKING = sse(
    delta(role="assistant", content=""),
    delta(reasoning_content="Ana wants to travel."),
    delta(content="To Porto."),
    delta("stop", content=""),
    totals(),
)
SGLANG = sse(
    delta(role="assistant", content="", tool_calls=None, usage=None),
    delta(content="To Porto.", reasoning_content=None, usage=None),
    delta("stop", content="", matched_stop=2, usage=None),
    totals(reasoning_tokens=0),
)
LLAMA_CPP = sse(
    delta(role="assistant", content=None),
    delta(content="To Porto."),
    delta("stop"),
    {**totals(), "timings": {"prompt_n": 11, "predicted_per_second": 60.1}},
)
OLLAMA = sse(
    delta(role="assistant", content="To ", system_fingerprint="fp_ollama"),
    delta(role="assistant", content="Porto.", system_fingerprint="fp_ollama"),
    delta("stop", role="assistant", content="", system_fingerprint="fp_ollama"),
    {**totals(), "system_fingerprint": "fp_ollama"},
)
TGI = sse(
    delta(role="assistant", content="To ", usage=None),
    delta("stop", role="assistant", content="Porto.", usage=None),
    totals(),
    space="",
    done=False,
)
AZURE = sse(
    {**totals(), "choices": [], "usage": None, "prompt_filter_results": [{"prompt_index": 0}]},
    delta(role="assistant", content="", refusal=None),
    delta(content="To Porto."),
    delta("stop"),
    totals(prompt_tokens_details={"cached_tokens": 8}),
)
MISTRAL = sse(
    delta(role="assistant", content=""),
    delta(content="To Porto."),
    delta("stop", content="", usage=USAGE),
)
OPENROUTER = sse(
    ": PROCESSING",
    delta(role="assistant", content="To "),
    ": PROCESSING",
    delta(role="assistant", content="Porto."),
    delta("stop", role="assistant", content=""),
    totals(cost=0.00001),
)
KINDS = {
    "vllm": VLLM,
    "vllm, thinking": VLLM_THINKING,
    "sglang": SGLANG,
    "llama.cpp": LLAMA_CPP,
    "ollama": OLLAMA,
    "tgi": TGI,
    "azure": AZURE,
    "mistral": MISTRAL,
    "openrouter": OPENROUTER,
}


@pytest.mark.parametrize("reply", KINDS.values(), ids=KINDS)
async def test_the_answer_and_what_it_cost_come_from_every_kind(reply: Reply) -> None:
    async with serving(reply) as server:
        answer = AIMessageChunk(content="")
        async for chunk in remote(server.base_url, "m").astream(ASKED):
            answer += chunk
    assert answer.text == "To Porto."
    assert answer.usage_metadata is not None
    assert (answer.usage_metadata["input_tokens"], answer.usage_metadata["output_tokens"]) == (
        11,
        2,
    )
    assert server.asked[0]["stream_options"] == {"include_usage": True}


async def test_a_tool_call_that_comes_whole_is_read_as_one_that_comes_in_pieces() -> None:
    """Ollama sends it whole, vLLM letter by letter."""
    made = {"index": 0, "id": "call_1", "type": "function"}
    args = '{"city": "Porto"}'
    whole = {**made, "function": {"name": "book", "arguments": args}}
    first = {**made, "function": {"name": "book", "arguments": ""}}
    parts = [delta(tool_calls=[{"index": 0, "function": {"arguments": one}}]) for one in args]
    ways = [[delta(tool_calls=[whole], role="assistant", content="")]]
    ways.append([delta(role="assistant", content=""), delta(tool_calls=[first]), *parts])
    for way in ways:
        async with serving(sse(*way, delta("tool_calls", content=""), totals())) as server:
            answer = await remote(server.base_url, "m").ainvoke(ASKED)
        [call] = answer.tool_calls
        assert (call["name"], call["args"], call["id"]) == ("book", {"city": "Porto"}, "call_1")


def failing(status: str, body: object, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply([json.dumps(body)], status, named, "application/json")


def openai(message: str, kind: str, code: object = None, **more: object) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code, **more}}


LONG = {
    "vllm": failing(
        "400 Bad Request",
        openai("This model's maximum context length is 4096 tokens.", "BadRequestError", 400),
    ),
    "vllm before 0.10": failing(
        "400 Bad Request",
        {"object": "error", "message": "This model's maximum context length is 4096", "code": 400},
    ),
    "sglang": failing(
        "400 Bad Request",
        {
            "object": "error",
            "message": "The input (5000 tokens) is longer than the model's context length (4096).",
            "type": "BadRequestError",
            "code": 400,
        },
    ),
    "llama.cpp": failing(
        "400 Bad Request",
        openai(
            "the request exceeds the available context size",
            "exceed_context_size_error",
            400,
            n_prompt_tokens=5000,
            n_ctx=4096,
        ),
    ),
    "tgi": failing(
        "422 Unprocessable Entity",
        {
            "error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096.",
            "error_type": "validation",
        },
    ),
    "hosted": failing(
        "400 Bad Request",
        openai("too much to read", "invalid_request_error", "context_length_exceeded"),
    ),
}


@pytest.mark.parametrize("reply", LONG.values(), ids=LONG)
async def test_a_prompt_that_is_too_long_is_told_from_other_refusals(reply: Reply) -> None:
    async with serving(reply) as server:
        with pytest.raises(ModelOverflowed, match=r"too long.*TokenBudget"):
            await remote(server.base_url, "m").ainvoke(ASKED)


FAILURES = {
    "llama.cpp loads": (
        failing("503 Service Unavailable", openai("Loading model", "unavailable_error", 503)),
        ModelUnreachable,
        "being loaded",
    ),
    "ollama has no such model": (
        failing("404 Not Found", openai('model "m" not found', "not_found_error")),
        ModelMissing,
        'model "m" not found',
    ),
    "ollama, older": (
        failing("404 Not Found", {"error": "model 'm' not found, try pulling it"}),
        ModelMissing,
        r"\(404\): model 'm' not found",
    ),
    "tgi is full": (
        failing(
            "429 Too Many Requests", {"error": "Model is overloaded", "error_type": "overloaded"}
        ),
        ModelRateLimited,
        "Model is overloaded",
    ),
    "nothing is left to pay with": (
        failing(
            "429 Too Many Requests",
            openai("You exceeded your quota.", "insufficient_quota", "insufficient_quota"),
        ),
        ModelForbidden,
        "see the account",
    ),
    "hosted, overloaded": (
        failing("529 Overloaded", openai("Overloaded", "overloaded_error")),
        ModelUnreachable,
        "529",
    ),
    "hosted, slow": (failing("408 Request Timeout", {}), ModelUnreachable, "408"),
    "hosted, unpaid": (
        failing("402 Payment Required", openai("Add credits", "payment", 402)),
        ModelForbidden,
        "Add credits",
    ),
    "fastapi": (
        failing("422 Unprocessable Entity", {"detail": "temperature is no number"}),
        ModelRefused,
        "temperature is no number",
    ),
    "vllm in the middle": (
        sse(delta(role="assistant", content="To "), openai("EngineDeadError", "Internal", 500)),
        ModelUnreachable,
        "EngineDeadError",
    ),
    "tgi in the middle": (
        sse(delta(content="To "), {"error": "CUDA out of memory", "error_type": "generation"}),
        ModelUnreachable,
        "CUDA out of memory",
    ),
    "openrouter in the middle": (
        sse(
            delta(content="To "),
            delta("error", content="", error={"code": 502, "message": "Provider left"}),
        ),
        ModelUnreachable,
        "Provider left",
    ),
}


@pytest.mark.parametrize(("reply", "kind", "words"), FAILURES.values(), ids=FAILURES)
async def test_failures_are_understood_and_said_in_the_server_s_words(
    reply: Reply, kind: type[ModelFailed], words: str
) -> None:
    async with serving(reply) as server:
        with pytest.raises(kind, match=words) as caught:
            await remote(server.base_url, "m").ainvoke(ASKED)
    assert type(caught.value) is kind


async def test_a_server_that_names_a_time_is_heard_whatever_it_failed_with() -> None:
    busy = failing("503 Service Unavailable", openai("busy", "busy"), Retry_After="9")
    async with serving(busy) as server:
        with pytest.raises(ModelUnreachable) as caught:
            await remote(server.base_url, "m").ainvoke(ASKED)
    assert caught.value.retry_after == 9


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "-1"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        (
            {
                "date": "Wed, 21 Oct 2026 07:28:00 GMT",
                "retry-after": "Wed, 21 Oct 2026 07:28:30 GMT",
            },
            30.0,
        ),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert wait_of(headers) == seconds


async def test_the_longest_answer_is_asked_for_by_the_name_that_all_servers_know() -> None:
    async with serving(Reply([*said("So."), *ended()])) as server:
        model = remote(server.base_url, "m", max_tokens=40, extra_body={"top_k": 5})
        await model.ainvoke(ASKED)
        await model.ainvoke(ASKED, max_tokens=7)
        await model.ainvoke(ASKED, extra_body={"min_p": 0.1})
        await remote(server.base_url, "m").ainvoke(ASKED)
    assert [asked.get("max_tokens") for asked in server.asked] == [40, 7, 40, None]
    assert not any("max_completion_tokens" in asked for asked in server.asked)
    assert [asked.get("top_k") for asked in server.asked] == [5, 5, 5, None]
    assert server.asked[2]["min_p"] == 0.1


@pytest.mark.parametrize("host", ["api.openai.com", "ana.openai.azure.com"])
def test_openai_is_asked_for_it_by_the_new_name(host: str) -> None:
    model = Remote(base_url=f"https://{host}/v1", model="m", max_tokens=40)
    assert model._bounded(max_tokens=7, seed=1) == {"max_completion_tokens": 7, "seed": 1}
    assert model._bounded() == {"max_completion_tokens": 40}
