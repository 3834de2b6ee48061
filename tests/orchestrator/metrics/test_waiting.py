"""How long everybody waits for the floor, also one who never gets it."""

from hypothesis import given
from tests.orchestrator.metrics.logs import ANA, BO, EVE, TOM, Written
from tests.orchestrator.programs import PureRoom, policies, programs

from tertulia.orchestrator.events import FloorRequestCancelled, Left, Outcome, TurnEnded
from tertulia.orchestrator.metrics import Part, measure
from tertulia.orchestrator.policies import Fair
from tertulia.orchestrator.room import ParticipantId


def part(log: Written, who: ParticipantId) -> Part:
    return next(part for part in measure(log.events).parts if part.participant == who)


def test_one_who_never_gets_the_floor_starves_to_the_end() -> None:
    log = Written()
    log.hand(2, TOM)
    log.turn(3, 5, BO)
    log.turn(5, 9, BO)
    tom = part(log, TOM)
    assert (tom.starved_s, tom.starved_grants) == (7, 2)
    assert tom.waits_s == []


def test_the_longest_of_several_waits_counts() -> None:
    log = Written()
    for since, until in ((1, 2), (10, 15), (20, 21)):
        log.hand(since, TOM)
        log.end(until + 0.5, TOM, log.grant(until, TOM))
    tom = part(log, TOM)
    assert tom.starved_s == 5
    assert tom.waits_s == [1, 5, 1]
    assert [(hand.start, hand.end, hand.granted) for hand in measure(log.events).hands] == [
        (1, 2, True),
        (10, 15, True),
        (20, 21, True),
    ]


def test_one_who_is_asked_wants_the_floor_and_an_agent_has_it_with_its_turn() -> None:
    log = Written()
    log.say(1, ANA, "Bo, Tom?", to=(BO, TOM))
    log.turn(4, 5, EVE)
    log.turn(6, 8, BO)
    log.say(11, TOM, "Here.")
    assert (part(log, BO).starved_s, part(log, BO).starved_grants) == (5, 1)
    assert (part(log, TOM).starved_s, part(log, TOM).starved_grants) == (10, 2)
    assert part(log, EVE).starved_s == 0


def test_a_hand_that_is_taken_down_waits_no_longer() -> None:
    log = Written()
    log.hand(1, TOM)
    log.add(4, TOM, FloorRequestCancelled())
    log.say(50, ANA)
    assert part(log, TOM).starved_s == 3
    assert not measure(log.events).hands[0].granted


def test_one_who_leaves_waits_no_longer() -> None:
    log = Written()
    log.hand(1, TOM)
    log.add(3, TOM, Left())
    log.say(50, ANA)
    assert (part(log, TOM).starved_s, part(log, TOM).longest_without_s) == (2, 3)


def test_without_a_word_goes_who_has_neither_the_floor_nor_says_anything() -> None:
    log = Written()
    log.turn(2, 10, BO)
    log.say(12, ANA)
    log.turn(13, 14, EVE)
    log.say(30, ANA)
    assert (part(log, BO).longest_without_s, part(log, BO).longest_without_grants) == (20, 1)
    assert part(log, ANA).longest_without_s == 18
    assert (part(log, TOM).longest_without_s, part(log, TOM).longest_without_grants) == (30, 2)
    assert part(log, EVE).longest_without_s == 16


@given(policies, programs(changing=True))
def test_nobody_waits_longer_than_the_log_is_long_or_starves_less_than_a_granted_hand_waits(
    policy: object, program: list[tuple[object, ...]]
) -> None:
    room = PureRoom(policy)  # type: ignore[arg-type]
    room.seat("ana", "cy", "bo", "eve")
    for ask in program:
        room.do(ask)
    found = measure(room.events)
    for one in found.parts:
        assert 0 <= one.starved_s <= found.seconds
        assert 0 <= one.longest_without_s <= found.seconds
        assert one.starved_s >= max(one.waits_s, default=0)
        assert one.starved_grants >= one.longest_wait_grants
        assert one.cuts_won <= one.cut_others
    ends = [e.body for e in room.events if isinstance(e.body, TurnEnded)]
    cut = [end for end in ends if end.outcome is Outcome.INTERRUPTED and end.interrupted_by]
    assert len(found.interruptions) == len(cut)


def test_fair_lets_nobody_starve_beyond_its_bound() -> None:
    room = PureRoom(Fair(patience=2))
    room.seat("ana", "cy", "bo", "eve")
    room.raise_hand("cy")
    room.finish()
    room.raise_hand("eve")
    for _ in range(6):
        room.say("ana", "@bo?")
        room.finish("Yes.")
    eve = next(one for one in measure(room.events).parts if one.participant == EVE)
    assert eve.starved_grants <= 2 + 4
