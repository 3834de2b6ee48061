"""Model servers on virtual time: continuous batching with chunked prefill, as in vLLM and SGLang.

A server works in steps. In each, every call that is being written gets one token, and one chunk of
a prompt that is being read goes along. A step takes longer the more calls are written in it, and
the more is read. Prompts are read one after the other; what begins like one that was read lately,
and is still kept, need not be read again. Between two events nothing changes, so time jumps from
one to the next.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from math import inf


@dataclass(frozen=True, slots=True)
class Hardware:
    """A server's pace. The defaults are about those of an 8-billion-parameter model on one GPU.

    A step takes ``step_s``, ``call_s`` more for each call that is written in it, and ``1 /
    read_per_s`` for each token read in it, ``chunk`` at most. It takes ``slots`` calls at once, and
    keeps ``kept_tokens`` of what it has read.
    """

    step_s: float = 0.007
    call_s: float = 0.0001
    read_per_s: float = 20_000.0
    chunk: int = 512
    slots: int = 32
    kept_tokens: int = 400_000


@dataclass(slots=True, eq=False)
class Call:
    """One call to a model: when it came, what has to be read and written, and what became of it.

    Times are virtual seconds.
    """

    serial: int
    at: float
    room: str
    tenant: str
    rank: int
    prefix: str
    prompt_tokens: int
    answer_tokens: int
    cold: int = 0
    to_read: float = 0.0
    to_write: float = 0.0
    sent: float = inf
    first: float = inf
    done: float = inf


class Timeline:
    """What happens next. Virtual seconds."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.now = 0.0
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = count()

    def at(self, when: float, then: Callable[[], None]) -> None:
        """Let something happen."""
        heappush(self._coming, (when, next(self._serial), then))

    def run(self) -> None:
        """Until nothing is to come."""
        while self._coming:
            self.now, _, then = heappop(self._coming)
            then()


Told = Callable[[Call], None]


class SimulatedServer:
    """One server. ``told`` hears of each call twice: at its first token, and at its end."""

    def __init__(self, name: str, hardware: Hardware, timeline: Timeline, told: "Told") -> None:
        """It is idle."""
        self.name, self.hardware = name, hardware
        self._timeline, self._told = timeline, told
        self._queue: deque[Call] = deque()
        self._reading: deque[Call] = deque()
        self._writing: dict[int, Call] = {}
        self._kept: OrderedDict[str, int] = OrderedDict()
        self._kept_sum = 0
        self._since = 0.0
        self._version = 0

    @property
    def running(self) -> int:
        """How many calls are being read or written."""
        return len(self._reading) + len(self._writing)

    def cold(self, call: Call) -> int:
        """What of a call's prompt would have to be read now."""
        return max(1, call.prompt_tokens - self._kept.get(call.prefix, 0))

    def send(self, call: Call) -> None:
        """Begin it, or let it wait in here for a slot."""
        self._advance()
        call.sent = self._timeline.now
        self._queue.append(call)
        self._go_on()

    def _go_on(self) -> None:
        while self._queue and self.running < self.hardware.slots:
            call = self._queue.popleft()
            call.cold = self.cold(call)
            call.to_read, call.to_write = float(call.cold), float(call.answer_tokens)
            self._reading.append(call)
        self._version += 1
        version, step = self._version, self._step_s()
        steps = inf
        if self._reading:
            steps = self._reading[0].to_read / self.hardware.chunk
        if self._writing:
            steps = min(steps, min(call.to_write for call in self._writing.values()))
        if steps < inf:
            self._timeline.at(self._timeline.now + steps * step, lambda: self._happen(version))

    def _step_s(self) -> float:
        hardware = self.hardware
        step = hardware.step_s + hardware.call_s * len(self._writing)
        return step + (hardware.chunk / hardware.read_per_s if self._reading else 0.0)

    def _advance(self) -> None:
        """Let pass what has passed since the last event."""
        passed, self._since = self._timeline.now - self._since, self._timeline.now
        if not (self._reading or self._writing):
            return
        steps = passed / self._step_s()
        if self._reading:
            self._reading[0].to_read -= steps * self.hardware.chunk
        for call in self._writing.values():
            call.to_write -= steps

    def _happen(self, version: int) -> None:
        if version != self._version:
            return
        self._advance()
        if self._reading and self._reading[0].to_read <= 1e-6:
            call = self._reading.popleft()
            call.first = self._timeline.now
            self._keep(call.prefix, call.prompt_tokens)
            self._writing[call.serial] = call
            self._told(call)
        ended = [call for call in self._writing.values() if call.to_write <= 1e-6]
        for call in ended:
            del self._writing[call.serial]
            call.done = self._timeline.now
            self._keep(call.prefix, call.prompt_tokens + call.answer_tokens)
        self._go_on()
        for call in ended:
            self._told(call)

    def _keep(self, prefix: str, tokens: int) -> None:
        self._kept_sum += tokens - self._kept.pop(prefix, 0)
        self._kept[prefix] = tokens
        while self._kept_sum > self.hardware.kept_tokens and len(self._kept) > 1:
            self._kept_sum -= self._kept.popitem(last=False)[1]
