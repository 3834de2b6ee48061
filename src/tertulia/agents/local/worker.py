"""One thread that owns a model and answers everybody: questions in, text out as it comes.

Between two tokens it lets people in and out as `batching` decides, and posts text to the event loop
of whoever asked. It begins with the first question and loads the model then. What fails, fails the
questions it was for; the next one begins anew. An event loop never waits for it, nor it for one.
"""

import asyncio
import queue
import threading
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, Protocol

from tertulia.agents.faults import (
    ModelFailed,
    ModelOverflowed,
    ModelRefused,
    ModelStalled,
    ModelUnreachable,
)
from tertulia.agents.local import batching
from tertulia.agents.local.answers import Answer, Decode, Held
from tertulia.agents.local.batching import Limits, Request
from tertulia.agents.local.questions import Piece, Question
from tertulia.agents.local.sampling import Likeliest, Want
from tertulia.agents.local.settings import HERE, Settings

SERIALS = count(1)


class Machine(Protocol):
    """A loaded model, as the worker uses it; see `machine`, and for the passes `passes`."""

    @property
    def context(self) -> int: ...  # noqa: D102
    @property
    def ends(self) -> frozenset[int]: ...  # noqa: D102
    @property
    def seats(self) -> tuple[int, ...]: ...  # noqa: D102
    def prompt(self, question: Question) -> list[int]: ...  # noqa: D102
    def decoder(self) -> Decode: ...  # noqa: D102
    def held(self, question: Question) -> Held | None: ...  # noqa: D102
    def begin(self, serial: int, tokens: Sequence[int], adapter: str) -> int: ...  # noqa: D102
    def read(self, serial: int, count: int) -> Any: ...  # noqa: D102
    def join(self, serial: int) -> None: ...  # noqa: D102
    def score(self, serial: int, logits: Any, answers: Sequence[str]) -> list[float]: ...  # noqa: D102
    def write(self, tokens: Mapping[int, int]) -> Any: ...  # noqa: D102
    def likeliest(self, logits: Any, wants: Sequence[Want]) -> list[Likeliest]: ...  # noqa: D102
    def leave(self, serial: int, tokens: Sequence[int] = ()) -> None: ...  # noqa: D102
    def relieve(self) -> None: ...  # noqa: D102


class Worker:
    """Answers questions with one model, several at once."""

    def __init__(self, settings: Settings, load: Callable[[Settings], Machine]) -> None:
        """Prepare; nothing is loaded before the first question."""
        self.settings = settings
        limits = Limits(settings.rows, settings.waiting, settings.chunk_tokens)
        self._load, self._limits = load, limits
        self._inbox: queue.SimpleQueue[Answer | int | None] = queue.SimpleQueue()
        self._batch = batching.batch(limits)
        self._answers: dict[int, Answer] = {}
        self._posts: list[tuple[Answer, Piece | Exception]] = []
        self._machine: Machine | None = None
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._tight = self._closed = False

    @property
    def busy(self) -> int:
        """How many answers wait or are being written."""
        return len(self._answers)

    @property
    def closed(self) -> bool:
        """Whether it has been closed for good."""
        return self._closed

    async def answer(self, question: Question) -> AsyncGenerator[Piece, None]:
        """Stream an answer; leaving the loop early frees its row before the next token.

        Raises ``ModelFailed``.
        """
        answer = Answer(next(SERIALS), question, asyncio.get_running_loop(), time.monotonic())
        self._send(answer)
        try:
            while True:
                heard = await answer.heard.get()
                if isinstance(heard, Exception):
                    raise heard
                yield heard
                if heard.reason:
                    return
        finally:
            self._inbox.put(answer.serial)

    def close(self) -> None:
        """Stop what is being said, and free the memory."""
        with self._starting:
            self._closed = True
            thread = self._thread
        self._inbox.put(None)
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _send(self, answer: Answer) -> None:
        with self._starting:
            if self._closed:
                raise self._failed(ModelUnreachable, "the model was closed", "ask again")
            self._inbox.put(answer)
            if self._thread is None:
                name = f"tertulia-local-{self.settings.name}"
                self._thread = threading.Thread(target=self._work, name=name, daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while self._hear():
            try:
                self._pass()
            except MemoryError as error:
                self._make_do(error)
            except Exception as error:  # told to whoever waits for what failed
                rows = [row.request.serial for row in self._batch.rows]
                self._fail_all(rows, f"a pass failed: {type(error).__name__}: {error}")
                self._machine = None
            self._deliver()
        self._fail_all(list(self._answers), "the model was closed")
        self._deliver()
        self._machine = None

    def _hear(self) -> bool:
        """Take what was sent; wait for it when there is nothing to do. False at the end."""
        while True:
            try:
                sent = self._inbox.get(block=self._batch.idle)
            except queue.Empty:
                return True
            if sent is None:
                return False
            if isinstance(sent, int):
                self._drop(sent)
            else:
                self._accept(sent)
                self._deliver()

    def _accept(self, answer: Answer) -> None:
        try:
            request = self._request(answer)
        except ModelFailed as error:
            self._posts.append((answer, error))
        except Exception as error:  # told to whoever asked
            what = f"it cannot answer: {type(error).__name__}: {error}"
            self._posts.append((answer, self._failed(ModelRefused, what, "see the cause")))
        else:
            self._answers[answer.serial] = answer
            self._batch = batching.joined(self._batch, request)

    def _request(self, answer: Answer) -> Request:
        if self._batch.full:
            what = f"{len(self._batch.waiting)} questions wait for it"
            raise self._failed(ModelUnreachable, what, "ask later, or raise `waiting`")
        machine = self._loaded()
        prompt = machine.prompt(answer.question)
        most = min(answer.question.most, machine.context - len(prompt))
        if most < 1:
            what = f"a prompt of {len(prompt)} tokens leaves no room of {machine.context}"
            raise self._failed(ModelOverflowed, what, "shorten it, or raise `context_tokens`")
        return answer.prepare(
            prompt, most, machine.ends, machine.decoder(), machine.held(answer.question)
        )

    def _loaded(self) -> Machine:
        if self._machine is None:
            self._machine = self._load(self.settings)
        return self._machine

    def _pass(self) -> None:
        self._batch, entry = batching.entered(self._batch, time.monotonic())
        for serial in entry.expired:
            seconds = self._answers[serial].question.patience_seconds
            what = f"no row was free within {seconds:g} s"
            self._fail(serial, self._failed(ModelStalled, what, "ask later, or raise `rows`"))
        for serial in entry.admitted:
            self._begin(self._answers[serial])
        work = batching.work(self._batch)
        if work.write:
            self._write(work.write)
        if work.read is not None:
            self._read(*work.read)

    def _begin(self, answer: Answer) -> None:
        tokens = answer.tokens
        try:
            known = self._loaded().begin(answer.serial, tokens, answer.question.adapter)
        except ModelFailed as error:
            self._fail(answer.serial, error)
        else:
            answer.known = answer.known or known
            self._batch = batching.known(self._batch, answer.serial, known)

    def _read(self, serial: int, tokens: int) -> None:
        machine = self._loaded()
        logits = machine.read(serial, tokens)
        self._batch = batching.read(self._batch, serial, tokens)
        if any(row.request.serial == serial and not row.reading for row in self._batch.rows):
            if answers := self._answers[serial].question.answers:
                scores = machine.score(serial, logits, answers)
                self._posts.append((self._answers[serial], self._answers[serial].scored(scores)))
                self._drop(serial)
                return
            machine.join(serial)
            self._draw(logits, (serial,))

    def _write(self, serials: tuple[int, ...]) -> None:
        machine = self._loaded()
        logits = machine.write({serial: self._answers[serial].last for serial in serials})
        self._batch = batching.wrote(self._batch, serials)
        self._draw(logits, machine.seats)
        self._tight = False

    def _draw(self, logits: Any, serials: tuple[int, ...]) -> None:
        answers = [self._answers[serial] for serial in serials]
        found = self._loaded().likeliest(logits, [answer.want for answer in answers])
        for answer, likeliest in zip(answers, found, strict=True):
            piece = answer.take(likeliest)
            if piece is not None:
                self._posts.append((answer, piece))
                if piece.reason:
                    self._drop(answer.serial)

    def _drop(self, serial: int) -> None:
        """Let go of an answer that ended or is not wanted any more."""
        answer = self._answers.pop(serial, None)
        if answer is None:
            return
        self._batch = batching.without(self._batch, {serial})
        if self._machine is not None:
            self._machine.leave(serial, answer.tokens)

    def _fail(self, serial: int, error: Exception) -> None:
        self._posts.append((self._answers[serial], error))
        self._drop(serial)

    def _fail_all(self, serials: list[int], what: str) -> None:
        for serial in serials:
            hint = "ask again; if it fails again, the cause is in the message"
            self._fail(serial, self._failed(ModelUnreachable, what, hint))

    def _make_do(self, error: MemoryError) -> None:
        """All begin again, fewer at once; one alone that finds no memory twice fails."""
        rows = [row.request.serial for row in self._batch.rows]
        machine = self._loaded()
        for serial in rows:
            machine.leave(serial)
        machine.relieve()
        if len(rows) == 1 and self._tight:
            what = f"the memory does not hold the prompt and its answer: {error}"
            hint = "shorten the messages, lower `context_tokens`, or quantise the model"
            self._fail(rows[0], self._failed(ModelRefused, what, hint))
        self._tight = len(rows) == 1
        self._batch = batching.shrunk(self._batch)

    def _deliver(self) -> None:
        """Hand over what was posted, at one go for each event loop."""
        posts, self._posts = self._posts, []
        for loop in {answer.loop for answer, _ in posts}:
            items = [(answer, item) for answer, item in posts if answer.loop is loop]
            with suppress(RuntimeError):  # the loop has closed, and its answers are dropped
                loop.call_soon_threadsafe(_hand_over, items)
                continue
            for answer, _ in items:
                self._drop(answer.serial)

    def _failed(self, kind: type[ModelFailed], what: str, hint: str) -> ModelFailed:
        return kind(what, model=self.settings.name, where=HERE, hint=hint)


def _hand_over(items: list[tuple[Answer, Piece | Exception]]) -> None:
    for answer, item in items:
        answer.heard.put_nowait(item)
