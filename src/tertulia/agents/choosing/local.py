"""The embedded model, held to its answers by llama.cpp: scored, or bound by a grammar.

It reads the talk as a script and a question after it; orders and lists of options only confuse it
(of the twenty talks of ``bench choices`` it gets seventeen right so, and nine with them).
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage

from tertulia.agents.callers import caller
from tertulia.agents.choosing.answers import Schema
from tertulia.agents.choosing.asking import Account
from tertulia.agents.embedded import Embedded, Spent
from tertulia.agents.engine import Chunk
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
    model: Embedded,
    messages: list[BaseMessage],
    question: str,
    answers: Sequence[str],
    account: Account,
) -> dict[str, float]:
    """The mean log-probability (nats) of the tokens of each answer, forced on the model."""
    prompt = f"{_talk(messages)}{question}\nAnswer:"
    return {answer: await _mean(model, prompt, f" {answer}", account) for answer in answers}


class Held:
    """The embedded model as one that only streams, and that fills in a schema."""

    def __init__(self, model: Embedded, schema: Schema) -> None:
        """Hold this model to this schema."""
        self._model, self._schema = model, schema

    async def astream(self, messages: list[BaseMessage], /) -> AsyncIterator[AIMessageChunk]:
        """Stream the object. Raises ``ModelRefused`` for a schema that makes no grammar."""
        request = {
            "prompt": f"{_talk(messages)}\nThe form, filled in, as JSON:\n",
            "json_schema": dict(self._schema),
            "max_tokens": MOST_TOKENS,
        }
        spent = Spent()
        async with aclosing(_completed(self._model, request)) as chunks:
            async for chunk in chunks:
                yield AIMessageChunk(content=spent.count(chunk))
        yield AIMessageChunk(content="", usage_metadata=spent.usage())


async def _mean(model: Embedded, prompt: str, answer: str, account: Account) -> float:
    request = {
        "prompt": prompt,
        "grammar": f"root ::= {json.dumps(answer, ensure_ascii=False)}",
        "logit_bias": [[answer, FORCE]],
        "logprobs": 1,
        "max_tokens": len(answer.encode()),
    }
    bill, spent, scores = account.part(), Spent(), list[float]()
    async with aclosing(_completed(model, request)) as chunks:
        async for chunk in chunks:
            spent.count(chunk)
            for choice in chunk.get("choices", ()):
                told = (choice.get("logprobs") or {}).get("content") or ()
                scores += [token["logprob"] for token in told if token["token"]]
            usage = spent.usage()
            bill(usage["input_tokens"], usage["output_tokens"])
    return sum(scores) / len(scores)


def _completed(model: Embedded, request: Mapping[str, Any]) -> AsyncGenerator[Chunk, None]:
    """Each room's questions have a place of their own, where their beginning stays known."""
    how = {"temperature": 0.0, "cache_prompt": True, "stream": True, "return_progress": True}
    return model.engine.complete(f"choice {caller().room}", {**how, **request})


def _talk(messages: list[BaseMessage]) -> str:
    """What was said, a line each; of too much, its end."""
    lines = (f"{line.speaker}: {line.text}\n" for line in transcript_of(messages).lines)
    return "".join(lines).encode()[-MOST_BYTES:].decode(errors="ignore")
