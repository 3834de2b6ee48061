"""A machine without weights: it spells the last message out, a token a letter.

It keeps the worker's promises in view: what is written in one pass belongs to who has a seat.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from tertulia.agents.faults import ModelMissing
from tertulia.agents.local.answers import Decode, Held
from tertulia.agents.local.questions import Question
from tertulia.agents.local.sampling import Likeliest, Want

END = 0


class Spelling:
    """Says what it is told. Fails as it is told, too."""

    def __init__(self, *, context: int = 1_000, memory: int = 10**9) -> None:
        """Hold at most so many rows in ``memory``."""
        self.context, self.memory = context, memory
        self.ends = frozenset({END})
        self.seats: tuple[int, ...] = ()
        self.passes = list[tuple[int, ...]]()
        self.failures = list[Exception]()
        self.gate = threading.Event()
        self.gate.set()
        self.relieved = 0
        self._texts: dict[int, list[int]] = {}

    def prompt(self, question: Question) -> list[int]:
        """A token a letter."""
        return [ord(letter) for letter in str(question.messages[-1].content)]

    def decoder(self) -> Decode:
        """A letter a token."""
        return chr

    def held(self, question: Question) -> Held | None:
        """Nothing is held to anything."""
        return None

    def begin(self, serial: int, tokens: Sequence[int], adapter: str) -> int:
        """Know nothing beforehand."""
        if adapter:
            raise ModelMissing("no adapter", model="m", where="here", hint="-")
        self._texts[serial] = list(tokens)
        return 0

    def read(self, serial: int, count: int) -> Any:
        """Tell the first letter, or the one after what was said before."""
        return [self._next(serial)]

    def join(self, serial: int) -> None:
        """Give a seat."""
        self.seats = (*self.seats, serial)

    def score(self, serial: int, logits: Any, answers: Sequence[str]) -> list[float]:
        """The longer the likelier."""
        return [float(len(answer)) for answer in answers]

    def write(self, tokens: Mapping[int, int]) -> Any:
        """Tell the next letter of each."""
        self.gate.wait(10)
        self.passes.append(self.seats)
        if len(self.seats) > self.memory:
            raise MemoryError("so many do not fit")
        if self.failures:
            raise self.failures.pop()
        assert set(tokens) == set(self.seats)
        for serial, token in tokens.items():
            self._texts[serial].append(token)
        return [self._next(serial) for serial in self.seats]

    def likeliest(self, logits: Any, wants: Sequence[Want]) -> list[Likeliest]:
        """One letter each."""
        assert len(logits) == len(wants)
        return [([token], [0.0]) for token in logits]

    def leave(self, serial: int, tokens: Sequence[int] = ()) -> None:
        """Free the seat."""
        self.seats = tuple(seat for seat in self.seats if seat != serial)
        self._texts.pop(serial, None)

    def relieve(self) -> None:
        """Count."""
        self.relieved += 1

    def _next(self, serial: int) -> int:
        """Text is "abc|", and then what was said of it: "abc|ab" goes on with c."""
        text, _, said = "".join(map(chr, self._texts[serial])).partition("|")
        return ord(text[len(said)]) if len(said) < len(text) else END
