"""What happened, as lines of JSON: ids and figures, never a text, a name, or who said it.

What of an event may be told stands in a table; of what is not in it, only the kind is told. A line
names its room and seq: whoever may read the log finds the rest there. Agents are named by their
handles, persons not at all.
"""

import logging
import time
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any

import structlog

from tertulia.agents.pool.watching import Closed, Hedged, Opened, Retried, Sighting
from tertulia.orchestrator import events as e
from tertulia.orchestrator.effects import Effect
from tertulia.orchestrator.room import Kind
from tertulia.telemetry.answers import Answer
from tertulia.telemetry.course import Answered, ApprovalOver, Fact, TurnOver
from tertulia.telemetry.effects import WRONG

TOLD: dict[type, tuple[str, ...]] = {
    e.Advised: ("question",),
    e.ApprovalAnswered: ("approval", "answer"),
    e.ApprovalAsked: ("approval", "turn", "kind", "tool"),
    e.ApprovalExpired: ("approval",),
    e.ApprovalSettled: ("approval", "ruling"),
    e.BargedIn: ("turn",),
    e.BidMade: ("question", "score"),
    e.BudgetSpent: ("limit", "amount"),
    e.ConsultationEnded: ("question", "again"),
    e.Consulted: ("question", "kind"),
    e.InputPolicyChanged: ("input",),
    e.InterruptionLapsed: ("turn",),
    e.Joined: ("kind",),
    e.Kept: ("turn",),
    e.OutcomeAsked: ("approval", "turn", "tool"),
    e.OutcomeRecorded: ("approval",),
    e.PhaseBegan: ("number",),
    e.PlanEnded: ("turn", "state"),
    e.PlanProposed: ("turn", "number"),
    e.ReturnRequested: ("turn", "crashed"),
    e.Said: ("turn", "reply_to", "uptake"),
    e.TasksMoved: ("turn",),
    e.TurnEnded: ("turn", "outcome", "tokens", "cost"),
    e.TurnGranted: ("turn", "rule", "answers"),
    e.TurnInformed: ("turn", "as_of"),
    e.TurnParked: ("turn", "until"),
    e.TurnResumed: ("turn", "attempt"),
    e.TurnReturned: ("turn", "attempt"),
    e.VoteCast: ("question",),
    e.VoteCounted: ("question", "abstained", "silent"),
}
"""What may be told of each kind of event."""

_LOG = logging.getLogger(__name__)

WARNINGS = (e.PolicyFailed, e.ConditionFailed)


class Journal:
    """Writes lines; ``logger`` is a file that is open, or a logger that has ``info`` and so on."""

    def __init__(self, logger: Any) -> None:
        """Write there."""
        inner = structlog.WriteLogger(logger) if hasattr(logger, "write") else logger
        self._log = structlog.wrap_logger(
            inner,
            processors=[
                structlog.processors.add_log_level,
                _in_order,
                structlog.processors.JSONRenderer(),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        ).bind()  # made once, not anew for each line
        self._failing = False

    def event(
        self, event: e.Event, kind: Kind | None, fact: Fact | None, trace: Mapping[str, str]
    ) -> None:
        """Write down an event, and what it has brought to its end."""
        body: Any = event.body
        told = {name: getattr(body, name) for name in TOLD.get(type(body), ())}
        if kind is Kind.AGENT:
            told["agent"] = event.by
        if event.audience is not None:
            told["private"] = True
        wrong: str | None = None
        match fact:
            case TurnOver():
                wrong = fact.error
                told |= {"floor_s": fact.floor_s, "parked_s": fact.parked_s, "error": wrong}
            case ApprovalOver():
                told["waited_s"] = fact.waited_s
            case Answered():
                told["answered_s"] = fact.waited_s
        about = {"room": event.room, "seq": event.seq, "cause": event.cause, **told, **trace}
        level = "warning" if wrong is not None or isinstance(body, WARNINGS) else "info"
        self._write(event.type, event.at, level, about)

    def first_word(self, fact: Answered, now: float) -> None:
        """Write down that an answer has begun."""
        turn = fact.turn
        about = {"room": turn.room, "turn": turn.turn, "answered_s": fact.waited_s}
        self._write("FirstWord", now, "info", about)

    def answer(self, answer: Answer, trace: Mapping[str, str]) -> None:
        """Write down what a call of a model came to."""
        asked = answer.asked
        about = {
            "room": asked.room,
            "turn": asked.turn,
            "agent": asked.agent,
            "provider": asked.provider,
            "model": asked.model,
            "seconds": answer.seconds,
            "first_s": answer.first_s,
            "input_tokens": answer.read,
            "output_tokens": answer.written,
            "error": answer.error,
            "cancelled": answer.cancelled or None,
            **trace,
        }
        level = "info" if answer.error is None else "warning"
        self._write("ModelCalled", asked.since + answer.seconds, level, about)

    def effect(self, effect: Effect, seconds: float | None, now: float) -> None:
        """Write down what a tool call came to."""
        about = {
            "room": effect.room,
            "turn": effect.turn,
            "agent": effect.participant,
            "effect": effect.id,
            "tool": effect.tool,
            "policy": effect.policy,
            "state": effect.state,
            "attempt": effect.attempt,
            "seconds": seconds,
        }
        level = "warning" if effect.state in WRONG else "info"
        self._write("EffectSettled", now, level, about)

    def not_committed(self, room: str, error: BaseException, now: float) -> None:
        """Write down that an append has failed."""
        about = {"room": room, "error": type(error).__name__}
        self._write("CommitFailed", now, "error", about)

    def sighting(self, seen: Sighting) -> None:
        """Write down what a pool does beside sending calls; pools know wall time alone."""
        now = time.time()
        match seen:
            case Retried(call=call, server=server, error=error):
                told = {"pool": call.pool, "server": server, "error": type(error).__name__}
                self._write("CallRetried", now, "warning", told | {"room": call.caller.room})
            case Hedged(call=call, first=first, second=second):
                told = {"pool": call.pool, "server": first, "second": second}
                self._write("CallHedged", now, "info", told | {"room": call.caller.room})
            case Opened(pool=pool, server=server, rest_s=rest_s):
                told = {"pool": pool, "server": server}
                self._write("ServerLeftAlone", now, "warning", told | {"rest_s": rest_s})
            case Closed(pool=pool, server=server):
                self._write("ServerBack", now, "info", {"pool": pool, "server": server})

    def _write(self, event: str, at: float, level: str, about: Mapping[str, Any]) -> None:
        told = {name: _plain(value) for name, value in about.items() if value not in (None, "")}
        when = datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
        try:
            getattr(self._log, level)(event, time=when.replace("+00:00", "Z"), **told)
        except OSError as error:
            self._lacks(error)
        else:
            self._failing = False

    def _lacks(self, error: OSError) -> None:
        """Say once that lines get lost, not for each of them."""
        if not self._failing:
            why = error.strerror or error
            _LOG.error("lines of JSON are lost: %s; the rooms go on without them", why)
        self._failing = True


def _plain(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value


def _in_order(logger: Any, method: str, told: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """When, how grave and what first, as people read a line."""
    first = {name: told.pop(name) for name in ("time", "level", "event")}
    return {**first, **told}
