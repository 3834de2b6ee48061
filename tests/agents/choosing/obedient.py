"""An OpenAI-style endpoint on 127.0.0.1 that obeys some fields of a request and not others.

What it would say is given; a field that it ``obeys`` binds that, one that it ``refuses`` is a 400,
and any other is ignored without a word, as real servers do.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.agents.fault_server import ended, event, said, unknown

Body = dict[str, Any]
Mind = Callable[[str], str]
"""From the last message to what would be said to it."""


@dataclass
class Obedient:
    mind: Mind
    obeys: frozenset[str] = frozenset()
    refuses: frozenset[str] = frozenset()
    status: str = "400 Bad Request"
    port: int = 0
    named: str = "m"
    reason: str = "stop"
    asked: list[Body] = field(default_factory=list)
    open: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def bound(self) -> list[Body]:
        """The requests that were no tests of what it obeys."""
        return [body for body in self.asked if "France" not in str(body["messages"])]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].split()[0])
            body: Body = json.loads(await reader.readexactly(length))
            self.asked.append(body)
            status, kind, pieces = self.answer(body)
            lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", "Connection: close", "", ""]
            writer.write("\r\n".join(lines).encode())
            for piece in pieces:
                writer.write(piece.replace('"model": "m"', f'"model": "{self.named}"').encode())
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def serve_in_sight(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.open[task] = writer
        try:
            await self.serve(reader, writer)
        finally:
            del self.open[task]

    async def hang_up(self) -> None:
        """Leave no connection to be found open by another test."""
        tasks = list(self.open)
        for writer in self.open.values():
            writer.close()
        await asyncio.gather(*tasks, return_exceptions=True)

    def answer(self, body: Body) -> tuple[str, str, Iterable[str]]:
        if refused := sorted(self.refuses & body.keys()):
            error = {"message": f"unknown field {refused[0]}", "type": "error", "code": None}
            return self.status, "application/json", [json.dumps({"error": error})]
        if body.get("prompt_logprobs") is not None and not body.get("stream"):
            tells = {"prompt_logprobs", "prompt_nonsense"} & self.obeys
            told = self.prompt(body) if tells else None
            return "200 OK", "application/json", [json.dumps(self.whole("", told))]
        would = self.mind(str(body["messages"][-1]["content"]))
        if "tools" in self.obeys and "tools" in body:
            return "200 OK", "text/event-stream", self.call(body, would)
        text = self.within(body, would)
        if "logprobs" in self.obeys and body.get("logprobs"):
            return "200 OK", "text/event-stream", self.with_logprobs(text)
        return "200 OK", "text/event-stream", [*said(text), *ended(self.reason)]

    def within(self, body: Body, would: str) -> str:
        """What it says, bound by the fields that it obeys."""
        for name in sorted(self.obeys & body.keys()):
            match name, body[name]:
                case "response_format", {"json_schema": {"schema": schema}}:
                    return json.dumps(fitted(schema, would))
                case "structured_outputs", {"json": schema}:
                    return json.dumps(fitted(schema, would))
                case "guided_json" | "json_schema", schema:
                    return json.dumps(fitted(schema, would))
                case "structured_outputs", {"choice": options}:
                    return picked(options, would)
                case "guided_choice", options:
                    return picked(options, would)
                case "grammar", text:
                    return picked(re.findall(r'"(.*?)"', text), would)
                case "regex", text:
                    return picked(text.strip("()").split("|"), would)
        return would

    def call(self, body: Body, would: str) -> Iterator[str]:
        function = body["tools"][0]["function"]
        arguments = json.dumps(fitted(function["parameters"], would))
        call = {"name": function["name"], "arguments": arguments}
        delta = {"tool_calls": [{"index": 0, "id": "c", "function": call}]}
        yield event({"choices": [{"index": 0, "delta": delta}]})
        yield from ended("tool_calls")

    def with_logprobs(self, text: str) -> Iterator[str]:
        """Each word is a token; beside the first, "Tom" and "Tomas" begin with half as much."""
        for place, word in enumerate(re.findall(r"\s*\S+", text)):
            others = [{"token": word, "logprob": -0.4}, {"token": "Tom", "logprob": -1.1}]
            told = {"token": word, "logprob": -0.4, "top_logprobs": others if not place else []}
            choice = {"index": 0, "delta": {"content": word}, "logprobs": {"content": [told]}}
            yield event({"choices": [choice]})
        yield from ended()

    def prompt(self, body: Body) -> list[Body | None]:
        """What is likely is what would be said; letters are tokens."""
        *before, last = body["messages"]
        answer, would = str(last["content"]), self.mind(str(before[-1]["content"]))
        told: list[Body | None] = [None, {"7": {"logprob": -3.0, "decoded_token": "\n"}}]
        score = -0.5 if answer == would or "prompt_nonsense" in self.obeys else -4.0
        return [*told, *({"9": {"logprob": score, "decoded_token": a}} for a in answer)]

    def whole(self, text: str, prompt: object) -> Body:
        message = {"role": "assistant", "content": text}
        choices = [{"index": 0, "message": message, "finish_reason": "length"}]
        usage = {"prompt_tokens": 7, "completion_tokens": 1, "total_tokens": 8}
        frame = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m"}
        return {**frame, "choices": choices, "usage": usage, "prompt_logprobs": prompt}


@asynccontextmanager
async def obedient(
    mind: Mind | str,
    *obeys: str,
    refuses: Iterable[str] = (),
    status: str = "400 Bad Request",
    port: int = 0,
) -> AsyncIterator[Obedient]:
    """Serve, on a free port, for as long as the block lasts; to France the answer is Paris."""

    def says(asked: str) -> str:
        if "France" in asked:
            return "Paris"
        return mind if isinstance(mind, str) else mind(asked)

    one = Obedient(says, frozenset(obeys), frozenset(refuses), status)
    server = await asyncio.start_server(one.serve_in_sight, "127.0.0.1", port)
    one.port = server.sockets[0].getsockname()[1]
    unknown(one.base_url)
    try:
        yield one
    finally:
        server.close()
        await one.hang_up()
        await server.wait_closed()


def picked(options: list[str], would: str) -> str:
    """What would be said, if it is one of them, and else the last."""
    return would if would in options else options[-1]


def fitted(schema: Body, would: str) -> Body:
    """An object that fits a simple schema: enumerations and strings."""
    return {
        name: picked(told["enum"], would) if "enum" in told else would
        for name, told in schema["properties"].items()
    }
