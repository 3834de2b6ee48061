"""Forward passes of one model over many rows, each row as long as it is.

A prompt is read alone, into keys of its own; then it joins the rows that are written together. A
row's keys begin at column 0 of its place in one big tensor, and its next token goes to the column
after its last, so nobody's length moves anybody else: a row that leaves is replaced by the last
one, and a mask keeps everybody within its own row and its own length.

Imported on the worker's thread only, because torch takes seconds.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np
import torch
from transformers import Cache, DynamicCache, RepetitionPenaltyLogitsProcessor
from transformers.cache_utils import DynamicLayer

from tertulia.agents.local.prefixes import Prefixes
from tertulia.agents.local.sampling import Likeliest, Want
from tertulia.agents.local.weights import Loaded

GROWTH = 256
"""By how many columns the keys' place grows at a time."""

Keys = list[tuple[Any, Any]]
"""For each layer the keys and values of one row: tensors of shape [1, heads, tokens, width]."""


@dataclass(slots=True)
class Place:
    """Where the next pass writes: row ``i`` at column ``columns[i]``; all layers share it."""

    rows: Any = None
    columns: Any = None
    width: int = 0


class Layer(DynamicLayer):  # type: ignore[misc]  # a class that mypy does not look into
    """The keys and values of one layer for all rows: [rows, heads, columns, width]."""

    def __init__(self, place: Place, keys: Any, values: Any) -> None:
        """Begin with an empty place of the same kind as ``keys`` and ``values``."""
        super().__init__()
        self.place, self.device, self.is_initialized = place, keys.device, True
        self.keys, self.values = (t.new_empty(0, t.shape[1], 0, t.shape[3]) for t in (keys, values))

    def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
        """Write one token of each row, and show all rows up to the longest."""
        place, count = self.place, len(key_states)
        self.keys[place.rows, :, place.columns] = key_states[:, :, 0]
        self.values[place.rows, :, place.columns] = value_states[:, :, 0]
        return self.keys[:count, :, : place.width], self.values[:count, :, : place.width]

    def grow(self, rows: int, columns: int) -> None:
        """Move to a bigger place, if this one is too small."""
        self.keys = _grown(self.keys, rows, columns)
        self.values = _grown(self.values, rows, columns)

    def put(self, row: int, keys: Any, values: Any) -> None:
        """Fill the beginning of a row."""
        self.keys[row, :, : keys.shape[2]] = keys[0]
        self.values[row, :, : values.shape[2]] = values[0]

    def show(self, row: int, length: int) -> tuple[Any, Any]:
        """Show the beginning of a row."""
        return self.keys[row : row + 1, :, :length], self.values[row : row + 1, :, :length]


@dataclass(slots=True)
class Reading:
    """A prompt that is being read."""

    tokens: Sequence[int]
    adapter: str
    cache: Any
    done: int


@dataclass(slots=True)
class Seat:
    """A row: whose it is, and how many columns of it are filled."""

    serial: int
    adapter: str
    length: int


class Passes:
    """Reads prompts and writes tokens. After a ``MemoryError`` all leave and begin again."""

    def __init__(self, loaded: Loaded) -> None:
        """Begin with no rows."""
        self.loaded = loaded
        self.kept: Prefixes[Keys] = Prefixes(loaded.settings.kept_tokens)
        self._reading: dict[int, Reading] = {}
        self._seats: list[Seat] = []
        self._place = Place()
        self._layers: list[Layer] = []
        known = signature(loaded.model.forward).parameters
        self._cache_name = "cache" if "cache" in known else "past_key_values"
        self._last_only = {"logits_to_keep": 1} if "logits_to_keep" in known else {}

    @property
    def seats(self) -> tuple[int, ...]:
        """Whose the rows are, in order."""
        return tuple(seat.serial for seat in self._seats)

    def begin(self, serial: int, tokens: Sequence[int], adapter: str) -> int:
        """Get ready to read a prompt; how much of it is known already. Raises ``ModelFailed``."""
        with _memory(), torch.inference_mode():
            name = self.loaded.adapter(adapter)
            done, keys = self.kept.longest(name, tokens)
            cache = DynamicCache()
            for layer, (key, value) in enumerate(keys or ()):
                cache.update(key[:, :, :done], value[:, :, :done], layer)
            self._reading[serial] = Reading(tokens, name, cache, done)
            return done

    def read(self, serial: int, count: int) -> Any:
        """Read so many tokens more: the logits after the last, [1, vocabulary]."""
        reading = self._reading[serial]
        part = reading.tokens[reading.done : reading.done + count]
        with _memory(), torch.inference_mode():
            logits = self._run([part], reading.cache, [reading.adapter])
        reading.done += count
        return logits

    def join(self, serial: int) -> None:
        """Let a prompt that is read become a row."""
        reading, row = self._reading[serial], len(self._seats)
        with _memory(), torch.inference_mode():
            columns = max([reading.done, *(seat.length for seat in self._seats)]) + 1
            if not self._layers:
                shown = [(layer.keys, layer.values) for layer in reading.cache.layers]
                self._layers = [Layer(self._place, *one) for one in shown]
            for layer, read in zip(self._layers, reading.cache.layers, strict=True):
                layer.grow(row + 1, columns)
                layer.put(row, read.keys, read.values)
        del self._reading[serial]
        self._seats.append(Seat(serial, reading.adapter, reading.done))

    def write(self, tokens: Mapping[int, int]) -> Any:
        """Give every row its last token: the logits of the next, [rows, vocabulary]."""
        seats = self._seats
        with _memory(), torch.inference_mode():
            lengths = torch.tensor([seat.length for seat in seats], device=self.loaded.device)
            width = max(seat.length for seat in seats) + 1
            for layer in self._layers:
                layer.grow(len(seats), width)
            self._place.rows = torch.arange(len(seats), device=self.loaded.device)
            self._place.columns, self._place.width = lengths, width
            columns = torch.arange(width, device=self.loaded.device)
            logits = self._run(
                [[tokens[seat.serial]] for seat in seats],
                Cache(layers=self._layers),
                [seat.adapter for seat in seats],
                attention_mask=(columns <= lengths[:, None])[:, None, None, :],
                position_ids=lengths[:, None],
            )
        for seat in seats:
            seat.length += 1
        return logits

    def forced(self, serial: int, logits: Any, answers: Sequence[Sequence[int]]) -> list[float]:
        """Put answers after a prompt that is read: the mean log-probability of each one's tokens.

        ``logits`` are those after the prompt. All answers are read in one pass.
        """
        reading = self._reading[serial]
        with _memory(), torch.inference_mode():
            keys = [(layer.keys, layer.values) for layer in reading.cache.layers]
            self._keep(reading.adapter, reading.tokens, keys)
            shown = logits.float().log_softmax(-1).expand(len(answers), -1)[:, None]
            longest = max(map(len, answers))
            if longest > 1:
                reading.cache.batch_repeat_interleave(len(answers))
                told = [[*answer[:-1], *[0] * (longest - len(answer))] for answer in answers]
                adapters = [reading.adapter] * len(answers)
                later = self._run(told, reading.cache, adapters, all_of_them=True)
                shown = torch.cat([shown, later.float().log_softmax(-1)], dim=1)
            return [
                float(shown[row, range(len(answer)), list(answer)].mean())
                for row, answer in enumerate(answers)
            ]

    def leave(self, serial: int, tokens: Sequence[int] = ()) -> None:
        """Let go of a prompt or a row; what was read and written (``tokens``) is kept, if told."""
        self._reading.pop(serial, None)
        row = next((at for at, seat in enumerate(self._seats) if seat.serial == serial), None)
        if row is None:
            return
        seat, last = self._seats[row], self._seats.pop()
        with torch.inference_mode():
            told = tokens[: seat.length]
            if len(told) == seat.length <= self.kept.limit:
                keys = [layer.show(row, seat.length) for layer in self._layers]
                self._keep(seat.adapter, told, keys)
            if last is not seat:
                self._seats[row] = last
                for layer in self._layers:
                    layer.put(row, *layer.show(len(self._seats), last.length))

    def likeliest(self, logits: Any, wants: Sequence[Want]) -> list[Likeliest]:
        """Find the likeliest tokens of each row."""
        with _memory(), torch.inference_mode():
            scores = logits.float()
            for row, want in enumerate(wants):
                if want.penalty != 1.0:
                    seen = torch.tensor([want.seen], device=scores.device)
                    penalise = RepetitionPenaltyLogitsProcessor(want.penalty)
                    scores[row : row + 1] = penalise(seen, scores[row : row + 1])
                if want.allowed is not None:
                    bits = np.unpackbits(np.frombuffer(want.allowed(), np.uint8), bitorder="little")
                    fits = torch.from_numpy(bits[: scores.shape[1]] == 1).to(scores.device)
                    scores[row].masked_fill_(~fits, -torch.inf)
            breadth = min(max(want.breadth for want in wants), scores.shape[1])
            values, ids = scores.topk(breadth)
            return list(zip(ids.tolist(), values.tolist(), strict=True))

    def relieve(self) -> None:
        """Give back what memory can be done without."""
        self.kept.clear()
        if self.loaded.device.type == "cuda":
            torch.cuda.empty_cache()

    def _keep(self, adapter: str, tokens: Sequence[int], keys: Keys) -> None:
        try:
            with _memory():
                copies = [(key.clone(), value.clone()) for key, value in keys]
        except MemoryError:
            self.kept.clear()
        else:
            self.kept.keep(adapter, tokens, copies)

    def _run(
        self,
        tokens: Sequence[Sequence[int]],
        cache: Any,
        adapters: list[str],
        *,
        all_of_them: bool = False,
        **more: Any,
    ) -> Any:
        """Run the model: the logits after the last token of each row, or after all of them."""
        if self.loaded.adapters:
            more["adapter_names"] = adapters
        told = self.loaded.model(
            input_ids=torch.tensor(tokens, device=self.loaded.device),
            use_cache=True,
            **{self._cache_name: cache},
            **({} if all_of_them else self._last_only),
            **more,
        )
        return told.logits if all_of_them else told.logits[:, -1]


def _grown(old: Any, rows: int, columns: int) -> Any:
    if old.shape[0] >= rows and old.shape[2] >= columns:
        return old
    columns = max(old.shape[2], -(-columns // GROWTH) * GROWTH)
    new = old.new_zeros(max(old.shape[0], rows), old.shape[1], columns, old.shape[3])
    new[: old.shape[0], :, : old.shape[2]] = old
    return new


@contextmanager
def _memory() -> Iterator[None]:
    """Say want of memory in Python's word, whichever device it is of."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise MemoryError(str(error)) from error
    except RuntimeError as error:
        if "allocate memory" in str(error) or "out of memory" in str(error):
            raise MemoryError(str(error)) from error
        raise
