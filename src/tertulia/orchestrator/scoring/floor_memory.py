"""What a forecaster remembers of a room's speech, and what it makes of it for each person.

An end is known once something has begun after it, never before: until then somebody is still
talking. What is said in passing takes no floor, but is heard. Nothing here is learned.
"""

from collections import Counter, defaultdict
from math import log, log1p

from tertulia.orchestrator.scoring.lines import Utterance

FADES = 0.6, 0.8, 0.93
_LONG_AGO = 60.0
_SHORT_S = 2.0

OF_FLOOR = (  # noqa: SIM905 - read as one row, not as a column
    "back people turns stretches turn_length somebody_on question words lean short_before"
).split()

OF_PERSON = (  # noqa: SIM905 - read as one row, not as a column
    "second third fourth fifth later long_ago never recency share log_share talk fade0 fade1 fade2 "
    "after log_after back since on since_short on_second length length_second short_second "
    "stretches_second share_length passed_stretch passed_turn passing passed_since passed_count "
    "lean_second question_second last_to_me"
).split()


class FloorMemory:
    """Counts, shares and the latest times of one room's speakers."""

    def __init__(self, people: tuple[str, ...]) -> None:
        self.people = tuple(sorted(people))
        self.clock = 0.0
        self.count = 0
        self.holder: str | None = None
        self.before: str | None = None
        self.stretch: Utterance | None = None
        self.last_before: Utterance | None = None
        self._last = dict[str, int]()
        self._taken = Counter[str]()
        self._after = defaultdict[str, Counter[str]](Counter)
        self._fading = [dict.fromkeys(self.people, 0.0) for _ in FADES]
        self._came = dict[str, str]()
        self._back = 0
        self._begun = 0.0
        self._stretches = 0
        self._talk = defaultdict[str, float](float)
        self._until = dict[str, float]()
        self._length = dict[str, float]()
        self._passed = dict[str, float]()
        self._passes = Counter[str]()
        self._passes_here = Counter[str]()

    def hear(self, utterance: Utterance) -> None:
        """Remember that ``utterance`` has begun."""
        who = utterance.speaker
        self.clock = max(self.clock, utterance.start)
        if utterance.in_passing:
            self._passed[who] = utterance.start
            self._passes[who] += 1
            self._passes_here[who] += 1
            return
        if who != self.holder:
            self._change(utterance)
        self._stretches += 1
        self._talk[who] += utterance.end - utterance.start
        self._until[who] = max(utterance.end, self._until.get(who, utterance.end))
        self._length[who] = utterance.end - self._begun
        self.stretch = utterance

    def _change(self, utterance: Utterance) -> None:
        who = utterance.speaker
        if self.holder is not None:
            self._after[self.holder][who] += 1
            self._came[who] = self.holder
        self._back += who == self.before
        self.before, self.holder = self.holder, who
        self.last_before = self.stretch
        self._last[who] = self.count
        self.count += 1
        self._taken[who] += 1
        self._begun, self._stretches = utterance.start, 0
        self._passes_here.clear()
        for fade, shares in zip(FADES, self._fading, strict=True):
            for name in shares:
                shares[name] *= fade
            shares[who] = shares.get(who, 0.0) + 1.0

    def others(self) -> list[str]:
        """Everybody but the holder of the floor."""
        return [who for who in self.people if who != self.holder]

    def of_floor(self, lean: float) -> list[float]:
        """The features of the present turn, named in ``OF_FLOOR``."""
        said = self.stretch.text if self.stretch else ""
        return [
            self._returns(),
            log1p(len(self.people)) / 3,
            log1p(self.count) / 6,
            min(self._stretches, 4) / 4,
            self._turn_length(),
            float(any(self._on(who) for who in self.others())),
            float("?" in said),
            log1p(len(said.split())) / 4,
            lean,
            float(self._known_length(self.before) < _SHORT_S) if self.before else 0.0,
        ]

    def of_people(self, people: list[str], lean: float) -> list[list[float]]:
        """The features of each person as the next speaker, named in ``OF_PERSON``."""
        every = zip(
            self._of_shares(people),
            map(self._of_times, people),
            self._of_passing(people),
            people,
            strict=True,
        )
        asks = float(self.stretch is not None and "?" in self.stretch.text)
        rows = []
        for shares, times, passing, who in every:
            recency, second = self._of_recency(who), float(self._ago(who) == 2)
            length = self._turn_length() * shares[0]
            came = float(self._came.get(who) == self.holder)
            end = [lean * second, asks * second, came]
            rows.append([*recency, *shares, *times, length, *passing, *end])
        return rows

    def _ago(self, who: str) -> int:
        return self.count - self._last[who] if who in self._last else 0

    def _of_recency(self, who: str) -> list[float]:
        ago = self._ago(who)
        return [
            float(ago == 2),
            float(ago == 3),
            float(ago == 4),
            float(ago == 5),
            float(ago in (6, 7)),
            float(ago > 7),
            float(ago == 0),
            log1p(ago or 99) / 4,
        ]

    def _of_shares(self, people: list[str]) -> list[list[float]]:
        taken = sum(self._taken[who] for who in people) or 1
        talked = [self._talk[who] - self._unknown(who) for who in people]
        talk = sum(talked) or 1.0
        fading = [sum(shares.get(who, 0.0) for who in people) or 1.0 for shares in self._fading]
        after = self._after[self.holder or ""]
        followed = sum(after[who] for who in people)
        rows = []
        for who, told in zip(people, talked, strict=True):
            share = self._taken[who] / taken
            next_to = (after[who] + 2 * share) / (followed + 2)
            faded = zip(self._fading, fading, strict=True)
            rows.append(
                [
                    share,
                    log(share + 0.02) / 4,
                    told / talk,
                    *(shares.get(who, 0.0) / whole for shares, whole in faded),
                    next_to,
                    log(next_to + 0.05) / 3,
                ]
            )
        return rows

    def _of_times(self, who: str) -> list[float]:
        second = float(self._ago(who) == 2)
        on = float(self._on(who))
        silent = max(0.0, self.clock - self._until[who]) if who in self._until else _LONG_AGO
        length = log1p(self._known_length(who)) / 4
        return [
            second * self._returns(),
            log1p(silent) / 5,
            on,
            min(silent, 2.0) / 2,
            on * second,
            length,
            length * second,
            second * float(self._known_length(who) < _SHORT_S),
            second * float(self._stretches > 1),
        ]

    def _of_passing(self, people: list[str]) -> list[list[float]]:
        passes = sum(self._passes[who] for who in people) + 1
        begun = self.stretch.start if self.stretch else 0.0
        rows = []
        for who in people:
            passed = self._passed.get(who)
            rows.append(
                [
                    float(passed is not None and passed >= begun),
                    float(passed is not None and passed >= self._begun),
                    self._passes[who] / passes,
                    log1p(self.clock - passed if passed is not None else 300.0) / 6,
                    min(self._passes_here[who], 3) / 3,
                ]
            )
        return rows

    def _returns(self) -> float:
        return (self._back + 2) / (max(0, self.count - 2) + 4)

    def _on(self, who: str) -> bool:
        return self._until.get(who, 0.0) > self.clock

    def _turn_length(self) -> float:
        if self.stretch is None:
            return 0.0
        return log1p(max(0.0, min(self.stretch.end, self.clock) - self._begun)) / 4

    def _known_length(self, who: str) -> float:
        return max(0.0, self._length.get(who, 0.0) - self._unknown(who))

    def _unknown(self, who: str) -> float:
        return max(0.0, self._until.get(who, 0.0) - self.clock)
