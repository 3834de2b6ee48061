"""What rooms do, counted for Prometheus: names, units and labels. It decides nothing.

Labels are few and bounded: no room, no participant, never a text.
"""

from collections.abc import Callable
from functools import partial

from prometheus_client import CollectorRegistry

from tertulia.orchestrator.approvals import Matter
from tertulia.orchestrator.effects import Effect
from tertulia.orchestrator.events import BargedIn, Event
from tertulia.telemetry.course import Answered, ApprovalOver, Course, Fact, TurnOver
from tertulia.telemetry.instruments import LONG_S, MANY, QUICK_S, SLOW_S, Instruments
from tertulia.telemetry.labels import Bounded


class Figures:
    """The figures of the rooms that are live in one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register them."""
        self._courses: dict[Course, Callable[[], int]] = {}
        self._node = Bounded()
        make = Instruments(registry)
        self._of_turns(make)
        self._of_people(make)
        self._of_storage(make)
        self._of_now(make)

    def _of_turns(self, make: Instruments) -> None:
        self.turns = make.counter("tertulia_turns_total", "Turns that have ended.", "outcome")
        self.turn_s = make.histogram(
            "tertulia_turn_seconds", "A turn's time on the floor.", SLOW_S, "outcome"
        )
        self.parked_s = make.histogram(
            "tertulia_turn_parked_seconds", "A turn's time off the floor, if any.", LONG_S
        )
        self.tokens = make.counter(
            "tertulia_turn_tokens_total", "Tokens that turns took, as the log has it."
        )
        self.cost = make.counter(
            "tertulia_turn_cost_total", "What turns cost, in the money of the prices."
        )
        self.node_s = make.histogram(
            "tertulia_node_seconds", "One run of a graph's node.", SLOW_S, "node"
        )
        self.effects = make.counter(
            "tertulia_effects_total", "Tool calls that have an outcome.", "policy", "state"
        )
        self.effect_s = make.histogram(
            "tertulia_effect_seconds", "From a tool call's intent to its outcome.", SLOW_S, "policy"
        )

    def _of_people(self, make: Instruments) -> None:
        self.floor_wait_s = make.histogram(
            "tertulia_floor_wait_seconds",
            "From a person's post to the first word of its answer.",
            SLOW_S,
        )
        self.barge_ins = make.counter("tertulia_barge_ins_total", "Cuts at the end of a sentence.")
        self.approval_s = make.histogram(
            "tertulia_approval_wait_seconds",
            "How long approvals were waited for.",
            LONG_S,
            "kind",
            "ruling",
        )

    def _of_storage(self, make: Instruments) -> None:
        self.events = make.counter("tertulia_events_total", "Committed events.", "type")
        self.commit_s = make.histogram(
            "tertulia_commit_seconds", "From a room's append to its being durable.", QUICK_S
        )
        self.commit_events = make.histogram(
            "tertulia_commit_events", "Events in one append of a room.", MANY
        )
        self.commit_failures = make.counter(
            "tertulia_commit_failures_total", "Appends of rooms that failed.", "error"
        )
        self.batch_s = make.histogram(
            "tertulia_store_batch_seconds", "One transaction of the writer.", QUICK_S
        )
        self.batch_jobs = make.histogram(
            "tertulia_store_batch_jobs", "What was written together in a transaction.", MANY
        )

    def _of_now(self, make: Instruments) -> None:
        """What is looked up when somebody reads it."""
        rooms = make.gauge("tertulia_rooms_open", "Rooms that are live here.")
        rooms.set_function(lambda: sum(count() for count in list(self._courses.values())))
        turns = make.gauge("tertulia_turns_open", "Turns that have not ended.", "state")
        turns.labels("floor").set_function(partial(self._turns, parked=False))
        turns.labels("parked").set_function(partial(self._turns, parked=True))
        asked = make.gauge("tertulia_approvals_waiting", "Approvals persons are asked for.", "kind")
        for matter in Matter:
            asked.labels(matter).set_function(partial(self._approvals, matter))

    def watch(self, course: Course, rooms: Callable[[], int]) -> None:
        """Count what is under way in a house too, and how many rooms it has open."""
        self._courses[course] = rooms

    def leave(self, course: Course) -> None:
        """Count it no longer."""
        self._courses.pop(course, None)

    def event(self, event: Event, fact: Fact | None) -> None:
        """Count an event, and what it has brought to its end."""
        self.events.labels(event.type).inc()
        if isinstance(event.body, BargedIn):
            self.barge_ins.inc()
        if fact is not None:
            self.fact(fact)

    def fact(self, fact: Fact) -> None:
        """Count what has come to its end."""
        match fact:
            case TurnOver(body=body):
                self.turns.labels(body.outcome).inc()
                self.turn_s.labels(body.outcome).observe(fact.floor_s)
                if fact.parked_s:
                    self.parked_s.observe(fact.parked_s)
                self.tokens.inc(body.tokens)
                self.cost.inc(body.cost)
            case ApprovalOver(asked=asked, ruling=ruling):
                self.approval_s.labels(asked.kind, ruling).observe(fact.waited_s)
            case Answered(waited_s=waited_s):
                self.floor_wait_s.observe(waited_s)

    def effect(self, effect: Effect, seconds: float | None) -> None:
        """Count a tool call's outcome, ``seconds`` after it began where that is known."""
        self.effects.labels(effect.policy, effect.state).inc()
        if seconds is not None:
            self.effect_s.labels(effect.policy).observe(seconds)

    def node(self, name: str, seconds: float) -> None:
        """Count a run of a node."""
        self.node_s.labels(self._node(name)).observe(seconds)

    def batch(self, jobs: int, seconds: float) -> None:
        """Count a transaction of the writer."""
        self.batch_jobs.observe(jobs)
        self.batch_s.observe(seconds)

    def _turns(self, *, parked: bool) -> int:
        turns = [one for course in list(self._courses) for one in list(course.turns.values())]
        return sum((one.parked_since is not None) == parked for one in turns)

    def _approvals(self, kind: Matter) -> int:
        asked = [one for course in list(self._courses) for one in list(course.approvals.values())]
        return sum(one.kind is kind for one in asked)
