"""Messages as a model's own chat template writes them, and an answer's tool calls read back.

Names become text as on the wire (`agents.wire`). Templates that want persons and agent to alternate
get what several people say one after the other as one message; templates without a system role get
it at the beginning of the first message. Nothing here knows torch.
"""

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import BaseMessage, convert_to_openai_messages

from tertulia.agents.faults import ModelRefused
from tertulia.agents.local.settings import HERE, Settings
from tertulia.agents.wire import as_chat

Turn = dict[str, Any]

OPENING, CLOSING = "<tool_call>", "</tool_call>"
"""What most open models (Hermes, Qwen, SmolLM) put round a call, which is JSON."""


def turns_of(messages: Sequence[BaseMessage], settings: Settings) -> list[Turn]:
    """Write messages in the form that templates read. Raises ``ModelRefused`` for pictures."""
    turns = convert_to_openai_messages(as_chat(messages))
    return [{**turn, **_plain(turn, settings)} for turn in turns]


def encoded(
    turns: list[Turn], tools: Sequence[Turn], tokenizer: Any, settings: Settings
) -> list[int]:
    """Write a prompt with the tokenizer's template, as tokens. Raises ``ModelRefused``."""
    if not tokenizer.chat_template:
        raise _refused(settings, "has no chat template", "give one: `chat_template=`")
    if tools and "tools" not in str(tokenizer.chat_template):
        raise _refused(settings, "knows no tools in its chat template", "use a model that does")
    from jinja2 import TemplateError

    problem: Exception | None = None
    for form in (turns, alternating(turns), alternating(without_system(turns))):
        try:
            told = tokenizer.apply_chat_template(
                form, tools=list(tools) or None, add_generation_prompt=True, tokenize=False
            )
        except TemplateError as error:
            problem = error
        else:
            return list(tokenizer(told, add_special_tokens=False)["input_ids"])
    what = f"has a chat template that refuses these messages: {problem}"
    raise _refused(settings, what, "give another: `chat_template=`") from problem


def alternating(turns: Sequence[Turn]) -> list[Turn]:
    """Make one message of those that follow each other in one role, a line each."""
    told: list[Turn] = []
    for turn in turns:
        mergeable = turn["role"] in ("user", "assistant") and not turn.get("tool_calls")
        if told and mergeable and told[-1]["role"] == turn["role"]:
            text = f"{told[-1]['content']}\n{turn['content']}"
            told[-1] = {"role": turn["role"], "content": text}
        else:
            told.append(turn)
    return told


def without_system(turns: Sequence[Turn]) -> list[Turn]:
    """Let the first person's message begin with what the system says."""
    system = "\n".join(turn["content"] for turn in turns if turn["role"] == "system")
    rest = [turn for turn in turns if turn["role"] != "system"]
    return [{"role": "user", "content": system}, *rest] if system else rest


class Calls:
    """Takes tool calls out of an answer that comes in pieces."""

    def __init__(self) -> None:
        """Nothing is taken yet."""
        self.calls: list[Turn] = []
        self._held = ""

    def take(self, text: str) -> str:
        """Return what is surely not part of a call."""
        self._held += text
        told = ""
        while True:
            before, opened, after = self._held.partition(OPENING)
            if not opened:
                kept = _beginning(self._held)
                told += self._held[: len(self._held) - kept]
                self._held = self._held[len(self._held) - kept :]
                return told
            told += before
            inside, closed, rest = after.partition(CLOSING)
            if not closed:
                self._held = opened + after
                return told
            told += self._call(inside, opened + inside + closed)
            self._held = rest

    def rest(self) -> str:
        """Return what was held back, when no more text will come: a call may lack its end."""
        held, self._held = self._held, ""
        if held.startswith(OPENING):
            return self._call(held.removeprefix(OPENING), held)
        return held

    def _call(self, inside: str, whole: str) -> str:
        try:
            call = json.loads(inside)
            name, arguments = call["name"], call.get("arguments", call.get("parameters", {}))
        except (ValueError, TypeError, KeyError, AttributeError):
            return whole  # no call after all: the caller sees what was said
        told = arguments if isinstance(arguments, str) else json.dumps(arguments)
        self.calls.append({"name": str(name), "args": told})
        return ""


def _beginning(text: str) -> int:
    """How many characters at the end may be the beginning of a call."""
    longest = min(len(text), len(OPENING) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(OPENING[:n])), 0)


def _plain(turn: Turn, settings: Settings) -> Turn:
    content = turn.get("content")
    if isinstance(content, list):
        if strange := [part.get("type") for part in content if part.get("type") != "text"]:
            raise _refused(settings, f"reads text, not {strange[0]}", "send text alone")
        content = "\n".join(part["text"] for part in content)
    calls = [
        {**call, "function": {**call["function"], "arguments": _arguments(call)}}
        for call in turn.get("tool_calls") or ()
    ]
    return {"content": content or "", **({"tool_calls": calls} if calls else {})}


def _arguments(call: Turn) -> Any:
    """Templates write arguments as JSON themselves."""
    told = call["function"]["arguments"]
    return json.loads(told) if isinstance(told, str) and told.strip() else told


def _refused(settings: Settings, what: str, hint: str) -> ModelRefused:
    return ModelRefused(f"the model {what}", model=settings.name, where=HERE, hint=hint)
