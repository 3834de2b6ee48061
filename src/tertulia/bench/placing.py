"""Ways to place calls on simulated servers: ours, first come first served, and an oracle."""

from collections import deque
from collections.abc import Callable, Sequence
from math import inf
from typing import Protocol

from tertulia.agents.pool import Job, Placement, Queue, Rank, Server, admit, admit_alone
from tertulia.agents.pool.lengths import Lengths
from tertulia.bench.serving import Call, Hardware, SimulatedServer, Timeline

SERVERS = 4


class Placing(Protocol):
    """A way to place calls on servers."""

    def come(self, call: Call) -> None:
        """A call has come."""
        ...

    def began(self, call: Call) -> None:
        """The first token of one has come."""
        ...

    def ended(self, call: Call) -> None:
        """One has been answered."""
        ...


class RoundRobin:
    """First come, first served: each call goes to the next server at once, and waits in there."""

    def __init__(self, servers: Sequence[SimulatedServer], timeline: Timeline) -> None:
        """Begin with the first."""
        self._servers = deque(servers)

    def come(self, call: Call) -> None:
        """Send it on."""
        self._servers[0].send(call)
        self._servers.rotate(-1)

    def began(self, call: Call) -> None:
        """It does not care."""

    def ended(self, call: Call) -> None:
        """It does not care."""


class Oracle:
    """It knows how long each answer will be and what each server keeps: the shortest goes first."""

    def __init__(self, servers: Sequence[SimulatedServer], timeline: Timeline) -> None:
        """Nothing waits."""
        self._servers = servers
        self._waiting: dict[int, Call] = {}

    def come(self, call: Call) -> None:
        """Let it wait for its best place."""
        self._waiting[call.serial] = call
        self._place()

    def began(self, call: Call) -> None:
        """It knew."""

    def ended(self, call: Call) -> None:
        """There is a place again."""
        self._place()

    def _place(self) -> None:
        while self._waiting:
            free = [s for s in self._servers if s.running < s.hardware.slots]
            if not free:
                return
            _, _, call, server = min(
                (
                    (self._seconds(c, s), c.serial, c, s)
                    for c in self._waiting.values()
                    for s in free
                ),
                key=lambda found: found[:2],
            )
            del self._waiting[call.serial]
            server.send(call)

    def _seconds(self, call: Call, server: SimulatedServer) -> float:
        hardware = server.hardware
        reading = server.cold(call) / hardware.read_per_s
        step = hardware.step_s + hardware.call_s * (server.running + 1)
        return reading + call.answer_tokens * step


class Pooled:
    """Ours, by the same decisions as live: it knows no more than a client can."""

    def __init__(self, servers: Sequence[SimulatedServer], timeline: Timeline) -> None:
        """It knows the servers' names."""
        self._timeline = timeline
        self._real = {server.name: server for server in servers}
        self._servers = [Server(server.name) for server in servers]
        self._queue, self._lengths = Queue(), Lengths()
        self._sent: dict[int, Server] = {}
        self._calls: dict[int, Call] = {}

    def come(self, call: Call) -> None:
        """Send it at once, or let it wait."""
        rank, now = Rank(call.rank), self._timeline.now
        self._calls[call.serial] = call
        job = Job(
            call.serial,
            call.room,
            call.tenant,
            rank,
            call.at,
            call.prompt_tokens,
            self._lengths.expected(call.prefix, rank),
            call.prefix,
        )
        if not len(self._queue) and (found := admit_alone(job, self._servers, now)) is not None:
            self._send(found)
            return
        self._queue.put(job)
        self._place()

    def began(self, call: Call) -> None:
        """Learn from its first token, and send what may be sent."""
        self._sent[call.serial].began(call.serial, self._timeline.now)
        self._place()

    def ended(self, call: Call) -> None:
        """Learn from it, and send what may be sent."""
        server = self._sent.pop(call.serial)
        written_s = call.done - call.first
        server.ended(call.serial, self._timeline.now, call.answer_tokens, written_s)
        self._lengths.answered(call.prefix, Rank(call.rank), call.answer_tokens)
        self._place()

    def _place(self) -> None:
        while (found := admit(self._queue, self._servers, self._timeline.now)) is not None:
            self._queue.take(found.job)
            self._send(found)

    def _send(self, found: Placement) -> None:
        found.server.send(found.job, self._timeline.now)
        self._sent[found.job.serial] = found.server
        self._real[found.server.name].send(self._calls.pop(found.job.serial))


Way = Callable[[Sequence[SimulatedServer], Timeline], Placing]


def served(way: Way, calls: Sequence[Call], hardware: Hardware, servers: int = SERVERS) -> float:
    """Let all calls be answered; when the last was (virtual seconds). The calls know the rest."""
    timeline = Timeline()
    placing: Placing | None = None

    def told(call: Call) -> None:
        if placing is None:
            return
        if call.done == inf:
            placing.began(call)
        else:
            placing.ended(call)

    real = [SimulatedServer(f"gpu-{n}", hardware, timeline, told) for n in range(servers)]
    placing = way(real, timeline)
    for call in calls:
        timeline.at(call.at, lambda call=call: placing.come(call))  # type: ignore[misc]
    timeline.run()
    return timeline.now


def turn_s(calls: Sequence[Call], tenant: str | None = None) -> list[float]:
    """How long the turns took, from coming to the last token, in order."""
    took = (
        call.done - call.at
        for call in calls
        if call.rank == Rank.HOLDER and tenant in (None, call.tenant)
    )
    return sorted(took)


def p95(values: Sequence[float]) -> float:
    """The 95th of a hundred; the values are sorted."""
    return values[min(len(values) - 1, int(0.95 * len(values)))]
