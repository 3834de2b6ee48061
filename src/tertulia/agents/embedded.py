"""A small real model inside this process: no download, no server, no network.

It is there so that everything can be tried with real tokens in a real stream. Its 135 million
parameters talk plausibly for a while and mean little by it: judge the plumbing by it, never the
conversation.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from hashlib import blake2b
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk
from pydantic import model_validator

from tertulia.agents.callers import caller
from tertulia.agents.echoes import worn
from tertulia.agents.engine import Chunk, Engine, engine_for
from tertulia.agents.llama import MODEL, EngineSettings, weights
from tertulia.agents.restraint import Restraint
from tertulia.agents.screenplay import boasts, introduction, screenplay
from tertulia.agents.streaming import StreamedModel, last_piece, piece
from tertulia.agents.transcript import Transcript, transcript_of

ATTEMPTS = 2
LINES_NOT_TO_REPEAT = 10
WARMER = 0.25
"""How much is added to the temperature when the first attempt only repeated what was said."""

UNWANTED_TOKENS = [
    *([token, -4] for token in ("!", "...")),
    *([token, -9] for token in ("!!", "!!!", " (", "(", ")", ".)")),
]
"""Stage directions and shouting, in which the model is otherwise rich; weights are logits."""

NOTHING_AGAIN = {
    "repeat_last_n": 256,
    "dry_multiplier": 1.2,
    "dry_allowed_length": 2,
    "dry_penalty_last_n": 1024,
    "dry_sequence_breakers": ["\n", ":"],
}
"""Runs of more than two tokens that were said before are made unlikely, the more the longer."""

LINES_THAT_WEAR_WORDS_OUT = 8
WORN = -4
"""The weight, in logits, of a word that nobody wants to hear again."""


class Embedded(StreamedModel):
    """Speaks as the agent named in the system message, with the model that this process holds.

    The same ``seed`` after the same messages says the same, on one machine, with as many
    ``threads``, as long as the engine works on one prompt at a time. All instances with the same
    engine settings share one engine.
    """

    seed: int = 0
    threads: int = 2
    slots: int = 4
    context_tokens: int = 2048
    max_tokens: int = 48
    temperature: float = 0.6
    min_p: float = 0.05
    repeat_penalty: float = 1.05

    @model_validator(mode="after")
    def _is_installed(self) -> "Embedded":
        weights()
        return self

    @property
    def engine(self) -> Engine:
        """The engine that this model shares with all others of the same settings."""
        return engine_for(EngineSettings(self.threads, self.slots, self.context_tokens))

    @property
    def slots_known(self) -> int:
        """As many as the engine's slots."""
        return self.slots

    @property
    def _llm_type(self) -> str:
        return "tertulia-embedded"

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        transcript, most = transcript_of(messages), kwargs.get("max_tokens")
        bound = self.model_copy(update={"max_tokens": most}) if most else self
        spent = Spent()
        for attempt in range(ATTEMPTS):
            restraint = _restraint(transcript)
            request = bound._request(transcript, len(messages), attempt, stop or [])
            async with aclosing(
                self.engine.complete(_whose(transcript.speaker), request)
            ) as chunks:
                async for chunk in chunks:
                    if released := restraint.take(spent.count(chunk)):
                        yield piece(released)
                    if restraint.done:
                        break
            if rest := restraint.end(cut_off=spent.cut_off):
                yield piece(rest)
            if restraint.said:
                break
        yield last_piece(spent.usage(), model=MODEL)

    def _request(
        self, transcript: Transcript, count: int, attempt: int, stop: list[str]
    ) -> dict[str, Any]:
        budget_bytes = self.context_tokens - self.max_tokens - 16
        return {
            "prompt": screenplay(transcript, budget_bytes),
            "max_tokens": self.max_tokens,
            "temperature": self.temperature + attempt * WARMER,
            "min_p": self.min_p,
            "repeat_penalty": self.repeat_penalty,
            **NOTHING_AGAIN,
            "seed": _seed(self.seed, transcript.speaker, count, attempt),
            "stop": ["\n", *stop],
            "logit_bias": [
                *UNWANTED_TOKENS,
                *([f" {word}", WORN] for word in _unwanted(transcript)),
            ],
            "cache_prompt": True,
            "stream": True,
            "return_progress": True,
        }


class Spent:
    """The tokens of one answer, over all its attempts, and whether the last ran out of them."""

    def __init__(self) -> None:
        self.cut_off = False
        self._read = self._cached = self._written = 0

    def count(self, chunk: Chunk) -> str:
        """Count a chunk of the engine's and return its text."""
        if progress := chunk.get("prompt_progress"):
            if progress["processed"] == progress["cache"]:
                self._read += progress["total"]
                self._cached += progress["cache"]
            return ""
        text = "".join(choice["text"] for choice in chunk["choices"])
        self._written += bool(text)
        self.cut_off = any(choice.get("finish_reason") == "length" for choice in chunk["choices"])
        return text

    def usage(self) -> UsageMetadata:
        """Sum up in LangChain's form."""
        return UsageMetadata(
            input_tokens=self._read,
            output_tokens=self._written,
            total_tokens=self._read + self._written,
            input_token_details={"cache_read": self._cached},
        )


def _whose(speaker: str) -> str:
    """Name a speaker so that another room's is another one."""
    who = caller()
    return f"{who.room}/{who.participant or speaker}"


def _unwanted(transcript: Transcript) -> list[str]:
    """Words with which the room has begun to say everything, and one's own name."""
    recent = transcript.lines[-LINES_THAT_WEAR_WORDS_OUT:]
    return [*worn(line.text for line in recent), transcript.speaker.split()[-1]]


def _restraint(transcript: Transcript) -> Restraint:
    recent = [line.text for line in transcript.lines[-LINES_NOT_TO_REPEAT:]]
    told = introduction(transcript)
    known = [told, *boasts(told), *recent]
    return Restraint(transcript.speaker, transcript.others, known)


def _seed(*parts: object) -> int:
    """Mix into 31 bits, the same in every process."""
    digest = blake2b(repr(parts).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") >> 1
