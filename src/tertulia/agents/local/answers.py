"""One answer as it comes into being: its tokens, its text, its chance, and who listens."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from random import Random
from typing import Protocol

from tertulia.agents.local.batching import Request
from tertulia.agents.local.questions import Piece, Question
from tertulia.agents.local.sampling import Likeliest, Want, drawn
from tertulia.agents.local.text import Stops

Decode = Callable[[int], str]
"""Takes the next token of an answer; its text, as far as its characters are whole."""


class Held(Protocol):
    """What an answer is held to; see `grammar`."""

    def allowed(self) -> bytes: ...  # noqa: D102
    def take(self, token: int) -> bool: ...  # noqa: D102


class Answer:
    """What is known of one answer. Made where it is asked for; then the worker's alone."""

    def __init__(
        self, serial: int, question: Question, loop: asyncio.AbstractEventLoop, now: float
    ) -> None:
        """Nothing is read or written yet; it is asked ``now``, in seconds."""
        self.serial, self.question, self.loop = serial, question, loop
        self.heard: asyncio.Queue[Piece | Exception] = asyncio.Queue()
        self.known = 0
        self._until = now + question.patience_seconds
        self._prompt: list[int] = []
        self._written: list[int] = []
        self._most = 0
        self._ends: Collection[int] = ()
        self._stops = Stops(question.stops)
        self._chance = Random(question.seed)  # noqa: S311 - draws words, not secrets
        self._decode: Decode = str
        self._held: Held | None = None

    def prepare(
        self, prompt: list[int], most: int, ends: Collection[int], decode: Decode, held: Held | None
    ) -> Request:
        """Take the prompt, once it is written in tokens; what the batcher has to know."""
        question = self.question
        self._prompt, self._most, self._decode, self._held = prompt, most, decode, held
        self._ends = () if question.endless else ends
        return Request(self.serial, question.room, question.rank, len(prompt), most, self._until)

    @property
    def tokens(self) -> list[int]:
        """Prompt and answer, as far as it goes."""
        return [*self._prompt, *self._written]

    @property
    def last(self) -> int:
        """The newest token."""
        return self._written[-1]

    @property
    def want(self) -> Want:
        """What has to be known to draw the next token."""
        how = self.question.sampling
        penalty = how.repetition_penalty
        allowed = None if self._held is None else self._held.allowed
        return Want(how.breadth, penalty, self.tokens if penalty != 1 else (), allowed)

    def take(self, likeliest: Likeliest) -> Piece | None:
        """Draw the next token: the text that it makes sure, if any, or the end."""
        token = drawn(*likeliest, self.question.sampling, self._chance)
        if token in self._ends:
            return self._end("stop", self._stops.rest())
        self._written.append(token)
        text = self._stops.take(self._decode(token))
        whole = self._held is not None and self._held.take(token)
        if self._stops.found or whole:
            text += self._stops.rest()
            return self._end("stop", text)
        if len(self._written) >= self._most:
            return self._end("length", text + self._stops.rest())
        return Piece(text) if text else None

    def scored(self, scores: Sequence[float]) -> Piece:
        """Tell how likely the answers are that were asked about."""
        return Piece("", "stop", len(self._prompt), self.known, scores=tuple(scores))

    def _end(self, reason: str, text: str) -> Piece:
        return Piece(text, reason, len(self._prompt), self.known, len(self._written))
