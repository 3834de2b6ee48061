"""An OpenAI-style endpoint that does as it is told: it calls the tool that is offered, or chats.

Arguments are made up from the tool's schema, so that the standard suites can ask for whatever they
like. It runs in a thread, for tests that wait without an event loop.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


def made_up(schema: Json, word: str, whole: Json | None = None) -> Any:
    """A value that fits a JSON schema; ``word`` where it wants text."""
    whole = whole or schema
    if "$ref" in schema:
        return made_up(whole["$defs"][schema["$ref"].rpartition("/")[2]], word, whole)
    if "anyOf" in schema:
        return made_up(schema["anyOf"][0], word, whole)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            parts, wanted = schema.get("properties", {}), schema.get("required", [])
            return {
                name: made_up(part, word, whole) for name, part in parts.items() if name in wanted
            }
        case "array":
            return [made_up(schema.get("items", {}), word, whole)]
        case "integer" | "number":
            return 3
        case "boolean":
            return True
        case _:
            return word


def answer(asked: Json) -> Json:
    """The message that answers a request."""
    tools: list[Json] = asked.get("tools") or []
    if tools and asked.get("tool_choice") != "none" and asked["messages"][-1]["role"] == "user":
        chosen = _chosen(asked, tools)
        given = made_up(chosen["parameters"], str(asked["messages"][-1]["content"]))
        call = {"name": chosen["name"], "arguments": json.dumps(given)}
        return {"tool_calls": [{"index": 0, "id": "call-1", "type": "function", "function": call}]}
    stops = asked.get("stop") or []
    text = "Hello to you, and a very good day."
    for stop in [stops] if isinstance(stops, str) else stops:
        text = text.partition(stop)[0]
    return {"content": text}


def _chosen(asked: Json, tools: list[Json]) -> Json:
    choice = asked.get("tool_choice")
    functions: list[Json] = [tool["function"] for tool in tools]
    if isinstance(choice, dict):
        return next(f for f in functions if f["name"] == choice["function"]["name"])
    return functions[0]


def events(asked: Json) -> Iterator[Json]:
    """The chunks of an answer, its words one by one."""
    said = answer(asked)
    yield {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}
    for word in said.get("content", "").split(" "):
        if word:
            yield {"choices": [{"index": 0, "delta": {"content": word + " "}}]}
    if "tool_calls" in said:
        yield {"choices": [{"index": 0, "delta": {"tool_calls": said["tool_calls"]}}]}
    reason = "tool_calls" if "tool_calls" in said else "stop"
    yield {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}
    usage = {"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16}
    yield {"choices": [], "usage": usage}


class _Endpoint(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        frame = {"id": "c1", "object": "chat.completion.chunk", "created": 1}
        for event in events(asked):
            data = json.dumps({**frame, "model": asked["model"], **event})
            self.wfile.write(f"data: {data}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - it is called so there
        """Be quiet."""


@contextmanager
def endpoint() -> Iterator[str]:
    """Serve on a free port of this machine; the base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Endpoint)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
