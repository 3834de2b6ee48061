"""What waits off the floor has no floor, and how long approvals wait is told."""

from tests.orchestrator.metrics.logs import ANA, BO, TOM, Written

from tertulia.orchestrator.approvals import ApprovalRule, Matter, Ruling
from tertulia.orchestrator.events import (
    ApprovalAsked,
    ApprovalExpired,
    ApprovalSettled,
    OutcomeAsked,
    OutcomeRecorded,
    ReturnRequested,
    Said,
    TurnParked,
    TurnReturned,
)
from tertulia.orchestrator.metrics import ApprovalWaits, measure
from tertulia.orchestrator.room import EffectId, TurnId


def parked_from_12_to_30() -> Written:
    """Bo speaks from 10 to 12 and from 30 to 31, Ana in between from 15 to 20."""
    log = Written()
    turn = log.grant(10, BO)
    log.add(12, BO, Said("Let me see.", turn=turn))
    log.add(12, BO, TurnParked(turn, 99.0))
    log.turn(15, 20, ANA)
    log.add(25, BO, TurnParked(turn, 199.0))  # for longer: it changes nothing
    log.add(26, BO, ReturnRequested(turn))
    log.add(30, BO, TurnReturned(turn, 99.0))
    log.end(31, BO, turn)
    return log


def test_a_turn_that_waits_off_the_floor_has_a_span_for_each_time_that_it_has_it() -> None:
    found = measure(parked_from_12_to_30().events)
    spans = [(span.participant, span.start, span.end, span.spoke) for span in found.spans]
    assert spans == [(BO, 10, 12, True), (ANA, 15, 20, True), (BO, 30, 31, True)]
    assert found.overlap_share == 0.0
    assert found.offsets_s == (3.0, 10.0)
    assert next(part.floor_s for part in found.parts if part.participant == BO) == 3.0


def test_who_waits_off_the_floor_goes_without_it() -> None:
    found = measure(parked_from_12_to_30().events)
    bo = next(part for part in found.parts if part.participant == BO)
    assert (bo.longest_without_s, bo.longest_without_grants) == (18.0, 1)
    assert (bo.turns, bo.silent_turns) == (1, 0)


def test_a_turn_that_ends_while_it_waits_has_had_the_floor_until_then() -> None:
    log = Written()
    turn = log.grant(10, BO)
    log.add(12, BO, TurnParked(turn, 99.0))
    log.end(50, BO, turn, "")
    [span] = measure(log.events).spans
    assert (span.start, span.end, span.spoke) == (10, 12, False)


def asked(log: Written, at: float, name: str) -> None:
    body = ApprovalAsked(
        name, TurnId("kitchen/1"), Matter.APPROVE, "pay", "{}", ApprovalRule(), 99.0
    )
    log.add(at, BO, body)


def test_how_long_approvals_waited_is_told_and_how_many_still_do() -> None:
    log = Written()
    for second in range(1, 22):
        asked(log, 100, f"{second}")
    for second in range(1, 21):
        log.add(100 + second, TOM, ApprovalSettled(f"{second}", Ruling.APPROVED))
    log.add(121, TOM, ApprovalExpired("21"))
    asked(log, 130, "open")
    assert measure(log.events).approvals == ApprovalWaits(22, 1, 11.0, 20.0)


def test_what_became_of_a_call_counts_until_somebody_has_said_so() -> None:
    log = Written()
    effect, turn = EffectId("kitchen/1/c"), TurnId("kitchen/1")
    log.add(5, BO, OutcomeAsked("o", effect, turn, BO, "pay", "{}", ApprovalRule()))
    assert measure(log.events).approvals == ApprovalWaits(1, 1, None, None)
    log.add(9, BO, ApprovalSettled("o", Ruling.NOT_DONE))
    log.add(10, BO, OutcomeRecorded("o"))
    assert measure(log.events).approvals == ApprovalWaits(1, 0, 4.0, 4.0)
