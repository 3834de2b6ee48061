"""The embedded model, held to its answers by llama.cpp: scored, or bound by a grammar.

It reads the talk as a script and a question after it; orders and lists of options only confuse it
(of the twenty talks of ``bench choices`` it gets seventeen right so, and nine with them).
"""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk

from tertulia.agents.callers import caller
from tertulia.agents.choosing.answers import Schema
from tertulia.agents.embedded import Embedded, Spent
from tertulia.agents.engine import Chunk
from tertulia.agents.llama import MODEL
from tertulia.agents.streaming import last_piece, piece
from tertulia.agents.transcript import transcript_of

MOST_BYTES = 1_200
"""Of what was said, so much of its end is read; a token is a byte or more."""

MOST_TOKENS = 400
"""In an object that is filled in."""

FORCE = 60.0
"""Added to the logits of an answer's own tokens, so that it is not spelt letter by letter.

What is told are logits before that.
"""


async def forced(
    model: Embedded, messages: list[BaseMessage], question: str, answers: Sequence[str]
) -> AsyncGenerator[ChatGenerationChunk, None]:
    """Force each answer on the model; the last piece tells the ``scores`` (nats a token)."""
    prompt, scores = f"{_talk(messages)}{question}\nAnswer:", dict[str, float]()
    for answer in answers:
        spent = Spent()
        scores[answer] = await _mean(model, prompt, f" {answer}", spent)
        yield ChatGenerationChunk(
            message=AIMessageChunk(content="", usage_metadata=spent.usage()),
        )
    yield ChatGenerationChunk(
        message=AIMessageChunk(content="", response_metadata={"scores": scores})
    )


def most_tokens(question: str, answers: Sequence[str]) -> int:
    """What forcing answers on the model comes to at most, in tokens read and written."""
    asked = MOST_BYTES + len(question.encode())
    return sum(asked + 2 * len(answer.encode()) + len("\nAnswer: ") for answer in answers)


async def filled(
    model: Embedded, messages: list[BaseMessage], schema: Schema
) -> AsyncGenerator[ChatGenerationChunk, None]:
    """Stream an object of the schema. Raises ``ModelRefused`` for one that makes no grammar."""
    request = {
        "prompt": f"{_talk(messages)}\nThe form, filled in, as JSON:\n",
        "json_schema": dict(schema),
        "max_tokens": MOST_TOKENS,
    }
    spent = Spent()
    async with aclosing(_completed(model, request)) as chunks:
        async for chunk in chunks:
            yield piece(spent.count(chunk))
    yield last_piece(spent.usage(), model=MODEL)


async def _mean(model: Embedded, prompt: str, answer: str, spent: Spent) -> float:
    request = {
        "prompt": prompt,
        "grammar": f"root ::= {json.dumps(answer, ensure_ascii=False)}",
        "logit_bias": [[answer, FORCE]],
        "logprobs": 1,
        "max_tokens": len(answer.encode()),
    }
    scores = list[float]()
    async with aclosing(_completed(model, request)) as chunks:
        async for chunk in chunks:
            spent.count(chunk)
            for choice in chunk.get("choices", ()):
                told = (choice.get("logprobs") or {}).get("content") or ()
                scores += [token["logprob"] for token in told if token["token"]]
    return sum(scores) / len(scores)


def _completed(model: Embedded, request: Mapping[str, Any]) -> AsyncGenerator[Chunk, None]:
    """Each room's questions have a place of their own, where their beginning stays known."""
    how = {"temperature": 0.0, "cache_prompt": True, "stream": True, "return_progress": True}
    return model.engine.complete(f"choice {caller().room}", {**how, **request})


def _talk(messages: list[BaseMessage]) -> str:
    """What was said, a line each; of too much, its end."""
    lines = (f"{line.speaker}: {line.text}\n" for line in transcript_of(messages).lines)
    return "".join(lines).encode()[-MOST_BYTES:].decode(errors="ignore")
