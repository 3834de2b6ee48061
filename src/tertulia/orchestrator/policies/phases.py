"""One thing after another: a phase, a list of phases, and what all policies share that have them.

A policy keeps nothing: which phase it is stands in the log (``PhaseBegan``) and on the floor.
"""

from abc import abstractmethod
from dataclasses import dataclass, field, fields, is_dataclass
from functools import lru_cache

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.floor import Floor, revised
from tertulia.orchestrator.policies.addressed import Addressed
from tertulia.orchestrator.policies.conversational import Conversational
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Advance, Decision, Policy
from tertulia.orchestrator.room import Kind, ParticipantId

MOST = 99
"""How many phases a policy may have."""

_TITLE = 80
"""As long as a name."""


class Planned:
    """A policy that is a plan: a list of phases, made of what it says in a few numbers."""

    __slots__ = ()

    @abstractmethod
    def plan(self) -> "tuple[Phase, ...]":
        """Its phases, in their order."""

    def choose(self, floor: Floor, now: float) -> Decision | None:
        """Go through the phases."""
        return _alone(self).choose(floor, now)


@known_as("phase")
@dataclass(frozen=True, slots=True)
class Phase(Planned):
    """``inner`` decides among ``who`` (handles; all if there are none), until the first end comes.

    It is over after so many ``turns`` in all, so many ``rounds`` (turns of each of ``who``, or of
    each agent), so many ``seconds``; when everybody has ``passed`` (since the last word to
    everybody, each but its speaker has had a turn and said nothing); when ``inner`` lapses, if
    ``lapses`` says so. A turn that runs then is finished first, and a vote. With none of these it
    goes on for ever.

    If it ends with ``agreement`` (the last vote gave one option that share, from 0 to 1) or because
    everybody has passed, the next ``skips`` phases are left out.
    """

    title: str = "phase"
    inner: Policy = field(default_factory=Conversational)
    who: tuple[str, ...] = ()
    turns: int = 0
    rounds: int = 0
    seconds: float = 0.0
    passed: bool = False
    lapses: bool = False
    agreement: float = 0.0
    skips: int = 0

    def __post_init__(self) -> None:
        """Check the numbers once, and that there is no phase within the phase."""
        where = f"phase {self.title!r:.80}"
        if not self.title.strip() or len(self.title) > _TITLE:
            raise Invalid(where=where, what=f"a title is 1 to {_TITLE} characters")
        if min(self.turns, self.rounds, self.seconds, self.skips) < 0:
            raise Invalid(where=where, what="turns, rounds, seconds, skips must not be negative")
        if not 0 <= self.agreement <= 1:
            raise Invalid(where=where, what="agreement must be from 0 to 1")
        if _has_a_plan(self.inner):
            what = "what has phases of its own belongs beside this phase, not in it"
            raise Invalid(where=where, what=what)

    def plan(self) -> "tuple[Phase, ...]":
        """Itself, alone."""
        return (self,)

    def decide(self, floor: Floor, now: float) -> Decision | None:
        """What ``inner`` wants."""
        if self.who:
            floor = floor.without(set(floor.members) - set(self.who))
        return self.inner.choose(floor, now)

    def over(self, floor: Floor) -> bool:
        """Whether an end has come that can be counted."""
        stage = floor.stage
        return (
            stage.expired
            or 0 < self.turns <= sum(stage.turns.values())
            or (self.rounds > 0 and self._least(floor) >= self.rounds)
            or (self.passed and self._all_passed(floor))
        )

    def lapsed(self, floor: Floor, now: float) -> bool:
        """Whether ``inner``, which wants nobody, wants nobody of its own accord.

        One whom a combinator around this holds back for a while is not passed over.
        """
        if not self.lapses or floor.holds:
            return False
        if not floor.barred:
            return True
        free = revised(floor, barred=frozenset())
        return self.decide(free, now) is None

    def skipped(self, floor: Floor) -> int:
        """How many of the following phases its end leaves out."""
        verdict = floor.verdict
        agreed = (
            self.agreement > 0
            and verdict is not None
            and verdict.seq > floor.stage.seq
            and verdict.agreement >= self.agreement
        )
        return self.skips if agreed or (self.passed and self._all_passed(floor)) else 0

    def _heads(self, floor: Floor) -> list[ParticipantId]:
        if self.who:
            named = (floor.members.get(ParticipantId(who)) for who in self.who)
            return [s.id for s in named if s is not None and s.kind is not Kind.OBSERVER]
        return [seat.id for seat in floor.agents()]

    def _least(self, floor: Floor) -> int:
        """How many turns everybody has had: where nobody is left to take any, enough."""
        heads, turns = self._heads(floor), floor.stage.turns
        return min((turns.get(who, 0) for who in heads), default=self.rounds)

    def _all_passed(self, floor: Floor) -> bool:
        heads, passed = self._heads(floor), set(floor.stage.passed)
        last = floor.latest
        if last is not None and last.seq > floor.stage.seq:
            passed.add(last.by)
        return bool(floor.stage.passed) and passed.issuperset(heads)


@known_as("phases")
@dataclass(frozen=True, slots=True)
class Phases:
    """One after another of ``each`` (phases, and policies that have some); ``after`` them another.

    They begin when something has been said to everybody. It bounds waiting as the present phase's
    policy does. Put combinators around all of it (``fair``, ``cooldown``), or in a phase.
    """

    each: tuple[Policy, ...] = ()
    after: Policy = field(default_factory=Addressed)
    plan: tuple[Phase, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Lay all phases out, once."""
        where = "policy 'phases'"
        for policy in self.each:
            if not isinstance(policy, Planned):
                what = f"each takes phases, and policies that have some, not {policy!r:.80}"
                raise Invalid(where=where, what=what)
        if _has_a_plan(self.after):
            raise Invalid(where=where, what="after the phases comes a policy without any")
        plan = tuple(phase for policy in self.each for phase in _laid_out(policy))
        if len(plan) > MOST:
            raise Invalid(where=where, what=f"{len(plan)} phases; at most {MOST} are kept apart")
        object.__setattr__(self, "plan", plan)

    def choose(self, floor: Floor, now: float) -> Decision | None:
        """Let the present phase's policy decide, or go on to the next phase."""
        number = floor.stage.number
        if number == 0:
            return None if floor.latest is None else self._begin(1)
        if number > len(self.plan):
            return self.after.choose(floor, now)
        phase = self.plan[number - 1]
        if phase.over(floor):
            if _under_way(floor):
                return None  # nobody else begins, and who has begun finishes
        else:
            wanted = phase.decide(floor, now)
            if wanted is not None or not phase.lapsed(floor, now):
                return wanted
        return self._begin(number + 1 + phase.skipped(floor))

    def _begin(self, number: int) -> Advance:
        if number > len(self.plan):
            return Advance(len(self.plan) + 1, "over")
        phase = self.plan[number - 1]
        return Advance(number, phase.title, phase.seconds or None)


def _under_way(floor: Floor) -> bool:
    """Whether a turn runs, or a vote, which a phase lets come to its end."""
    return bool(floor.holds) or (floor.question is not None and floor.question.ballot is not None)


@lru_cache(maxsize=64)
def _alone(policy: Planned) -> Phases:
    return Phases((policy,))


def _laid_out(policy: Policy) -> tuple[Phase, ...]:
    return policy.plan() if isinstance(policy, Planned) else ()


def _has_a_plan(policy: object) -> bool:
    """Whether a policy, or one within it, goes through phases."""
    if isinstance(policy, (Phases, Planned)):
        return True
    if isinstance(policy, tuple | list):
        return any(map(_has_a_plan, policy))
    if not is_dataclass(policy):
        return False
    return any(_has_a_plan(getattr(policy, f.name)) for f in fields(policy))
