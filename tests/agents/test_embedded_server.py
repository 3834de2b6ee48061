"""The embedded model's endpoint, with the clients that people have."""

import json
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionUserMessageParam
from openai.types.shared_params import ResponseFormatJSONSchema
from pydantic import SecretStr
from tests.agents.pool.waiting import tokens_by, until

from tertulia.agents.embedded_server import KEY, EmbeddedServer, embedded_server
from tertulia.agents.faults import ModelRefused
from tertulia.agents.llama import Door, EngineSettings
from tertulia.agents.remote import remote

pytestmark = [pytest.mark.model, pytest.mark.net]

SECRET = "a-key-of-the-tests"  # noqa: S105 - of a server that lives for a second
HELLO: list[ChatCompletionUserMessageParam] = [{"role": "user", "content": "Count to ten."}]
FOR_EVER = {"ignore_eos": True}
AGE: ResponseFormatJSONSchema = {
    "type": "json_schema",
    "json_schema": {
        "name": "person",
        "schema": {
            "type": "object",
            "properties": {"age": {"type": "integer"}},
            "required": ["age"],
        },
    },
}


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    door = Door(SECRET, clients=6, watched=True)
    server = EmbeddedServer(EngineSettings(threads=1, slots=2, context_tokens=512), door)
    yield server
    server.close()


def test_the_openai_client_gets_answers_log_probabilities_and_json(server: EmbeddedServer) -> None:
    with OpenAI(base_url=server.base_url, api_key=SECRET) as client:
        assert [model.id for model in client.models.list()] == [server.model]
        answer = client.chat.completions.create(
            model=server.model, messages=HELLO, max_tokens=4, logprobs=True, top_logprobs=3
        )
        counted = answer.choices[0].logprobs
        assert counted is not None
        assert counted.content is not None
        assert {len(token.top_logprobs) for token in counted.content} == {3}
        shaped = client.chat.completions.create(
            model=server.model,
            messages=[{"role": "user", "content": "Bo is 7. How old is he?"}],
            max_tokens=60,
            temperature=0,
            response_format=AGE,
        )
        assert isinstance(json.loads(shaped.choices[0].message.content or "")["age"], int)
        words = [
            chunk.choices[0].delta.content or ""
            for chunk in client.chat.completions.create(
                model=server.model, messages=HELLO, max_tokens=4, stream=True
            )
            if chunk.choices
        ]
        assert "".join(words)


async def test_an_asynchronous_stream_stops_at_a_word_and_frees_its_slot_when_it_is_left(
    server: EmbeddedServer,
) -> None:
    async with AsyncOpenAI(base_url=server.base_url, api_key=SECRET) as client:
        whole = await client.completions.create(
            model=server.model, prompt="One, two, three, four,", max_tokens=12, temperature=0
        )
        stop = whole.choices[0].text.split()[1]
        short = await client.completions.create(
            model=server.model,
            prompt="One, two, three, four,",
            max_tokens=12,
            temperature=0,
            stop=[stop],
        )
        assert whole.choices[0].text.startswith(short.choices[0].text)
        assert stop not in short.choices[0].text
        before = tokens_by(server._server)
        stream = await client.chat.completions.create(
            model=server.model, messages=HELLO, max_tokens=400, stream=True, extra_body=FOR_EVER
        )
        await anext(aiter(stream))
        assert server.processing() == 1
        await stream.close()
        await until(lambda: not server.processing(), 120)
        assert tokens_by(server._server) - before < 400


async def test_langchains_client_works_against_it(server: EmbeddedServer) -> None:
    async with httpx.AsyncClient() as http:
        model = ChatOpenAI(
            base_url=server.base_url,
            api_key=SecretStr(SECRET),
            model=server.model,
            max_completion_tokens=6,
            http_async_client=http,
        )
        answer = await model.ainvoke("Say hello.")
        assert answer.text
        assert answer.usage_metadata is not None
        assert answer.usage_metadata["output_tokens"] <= 6
        assert "".join([str(chunk.text) async for chunk in model.astream("Say hello.")])


async def test_a_remote_talks_to_it_and_is_turned_away_without_its_key(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, SECRET)
    model = remote(server.base_url, server.model, KEY, max_tokens=6)
    said = await model.ainvoke([HumanMessage("Good morning!", name="Ana")])
    assert said.text
    assert said.usage_metadata is not None
    monkeypatch.setenv(KEY, "another")
    with pytest.raises(ModelRefused, match=KEY):
        await remote(server.base_url, server.model, KEY).ainvoke("Good morning!")
    await model._leave()


async def test_what_it_does_is_told_to_who_has_the_key(server: EmbeddedServer) -> None:
    async with httpx.AsyncClient(base_url=server.root_url) as http:
        told = {"Authorization": f"Bearer {SECRET}"}
        slots = (await http.get("/slots", headers=told)).json()
        assert [slot["is_processing"] for slot in slots] == [False, False]
        assert "requests_processing" in (await http.get("/metrics", headers=told)).text
        for path in ("/slots", "/metrics", "/props", "/v1/completions"):
            assert (await http.get(path)).status_code == 401
        assert (await http.get("/health")).status_code == 200


async def test_it_closes_while_it_answers_and_refuses_a_port_that_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(KEY, "from the environment")
    async with embedded_server(threads=1, slots=1, context_tokens=512) as server:
        assert server.api_key == "from the environment"
        assert server.api_key not in repr(server)
        port = httpx.URL(server.root_url).port
        with pytest.raises(ModelRefused, match="another port"):
            EmbeddedServer(server.settings, Door("key", port=port or 0))
        model = remote(server.base_url, server.model, KEY, extra_body=FOR_EVER)
        answer = model.astream([HumanMessage("Tell me a story.", name="Ana")])
        await anext(answer)
    with pytest.raises(Exception, match=r"broke off|connection failed|gave up"):
        async for _ in answer:
            pass
    await model._leave()
    async with httpx.AsyncClient() as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(server.root_url + "/health")


def test_it_closes_while_a_client_waits_for_a_slot_and_another_engine_writes() -> None:
    command = [sys.executable, "-m", "tests.agents.closing"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "hung up on 2, the other goes on: True", done.stderr
