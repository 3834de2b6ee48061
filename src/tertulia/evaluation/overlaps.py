"""Overlaps and gaps: how people time their turns, and how near simulated rooms come to that.

Real speech and a simulated room's log are made into the same spans, and the same functions of
``orchestrator.metrics`` measure both.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from tertulia.compose import House, agent
from tertulia.evaluation.corpora import Meeting
from tertulia.orchestrator import Outcome, RoomSettings
from tertulia.orchestrator.metrics import Span, measure, offsets_s, overlap_share
from tertulia.orchestrator.room import ParticipantId, TurnId
from tertulia.simulation import Profile, Spoken, VirtualClock, run
from tertulia.simulation.habits import chance

ROOMS, ROOM_S = 6, 1800.0
"""How many rooms are simulated beside a corpus, and for how many virtual seconds each."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The timing of several rooms.

    Of each the share of its speech that overlaps, and its speech in seconds; the offsets of all.
    """

    overlaps: tuple[float, ...]
    speech_s: tuple[float, ...]
    offsets: tuple[float, ...]

    @property
    def overlap(self) -> float:
        """The share of speech in which two or more spoke, rooms weighed by their speech."""
        whole = sum(self.speech_s)
        return sum(o * s for o, s in zip(self.overlaps, self.speech_s, strict=True)) / whole

    @property
    def transfers_overlap(self) -> float:
        """The share of floor transfers that begin before the other has ended."""
        return mean(offset < 0 for offset in self.offsets)

    def quantile(self, share: float) -> float:
        """The offset below which so many lie."""
        return sorted(self.offsets)[int(share * (len(self.offsets) - 1))]


def distance(some: Sequence[float], others: Sequence[float]) -> float:
    """The two-sample Kolmogorov-Smirnov distance: 0 when alike, 1 when wholly apart."""
    one, other = sorted(some), sorted(others)
    return max(
        abs(bisect_right(one, at) / len(one) - bisect_right(other, at) / len(other))
        for at in (*one, *other)
    )


def of_meetings(meetings: Sequence[Meeting]) -> Timing:
    """The timing of recorded rooms."""
    return _timing([_spans(meeting) for meeting in meetings])


def of_simulated(profile: str, people: int, rooms: int = ROOMS, room_s: float = ROOM_S) -> Timing:
    """The timing of rooms that the engine runs in virtual time; the same every time."""
    found = [run(_simulated(Profile.named(profile), people, seed, room_s)) for seed in range(rooms)]
    return _timing(found)


def overlaps_beside(name: str, meetings: Sequence[Meeting], profile: str) -> dict[str, Any]:
    """The figures of a corpus, and of as many people in simulated rooms, as ``eval`` prints them.

    ``_ks`` is the distance between their offsets. All are None without meetings.
    """
    real = of_meetings(meetings) if meetings else None
    people = round(mean(len({s.speaker for s in m.speech}) for m in meetings)) if meetings else 0
    made = of_simulated(profile, people) if real is not None and people > 1 else None
    apart = None
    if real is not None and made is not None and real.offsets and made.offsets:
        apart = round(distance(real.offsets, made.offsets), 4)
    told = _figures(name, real) | _figures(f"{name}_simulated", made)
    return told | {f"{name}_simulated_ks": apart}


def _figures(name: str, timing: Timing | None) -> dict[str, Any]:
    if timing is None or not timing.offsets:
        return {f"{name}_{key}": None for key in ("overlap", "transfers_overlap", "offset_s")}
    return {
        f"{name}_overlap": round(timing.overlap, 4),
        f"{name}_transfers_overlap": round(timing.transfers_overlap, 4),
        f"{name}_offset_s": [round(timing.quantile(share), 2) for share in (0.1, 0.5, 0.9)],
    }


def _timing(rooms: Sequence[Sequence[Span]]) -> Timing:
    ordered = [sorted(spans, key=lambda span: (span.start, span.end)) for spans in rooms]
    return Timing(
        tuple(overlap_share(spans) or 0.0 for spans in ordered),
        tuple(_spoken_s(spans) for spans in ordered),
        tuple(offset for spans in ordered for offset in offsets_s(spans)),
    )


def _spans(meeting: Meeting) -> list[Span]:
    return [
        Span(
            ParticipantId(said.speaker),
            TurnId(f"{meeting.name}/{number}"),
            said.start,
            said.end,
            Outcome.COMMITTED,
            spoke=True,
        )
        for number, said in enumerate(meeting.speech)
    ]


def _spoken_s(spans: Sequence[Span]) -> float:
    """Seconds in which anybody spoke; ``spans`` in order."""
    spoken, until = 0.0, float("-inf")
    for span in spans:
        spoken += max(0.0, span.end - max(until, span.start))
        until = max(until, span.end)
    return spoken


async def _simulated(profile: Profile, people: int, seed: int, room_s: float) -> list[Span]:
    async with House(clock=VirtualClock()) as house:
        table = Spoken(profile, chance("overlaps", seed), {f"p{n}": None for n in range(people)})
        members = [agent(who, speaks) for who, speaks in table.speakers.items()]
        settings = RoomSettings(capacity=None, lease_s=room_s)
        room = await house.room("table", *members, policy="raised_hands", settings=settings)
        table.begin(room)
        await house.scheduler.clock.sleep(room_s)
        table.end()
        await room.close()
        spans = measure(await house.log.read(room.id, 0, 10**9)).spans
        return [span for span in spans if span.outcome is Outcome.COMMITTED and span.spoke]
