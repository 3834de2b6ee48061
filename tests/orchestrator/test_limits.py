"""Budgets: whoever has used one up is not granted another turn, everybody can see it, once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.programs import ANA, BO, CY, EVE, PureRoom, other_policies, plain_policies
from tests.orchestrator.rooms import a_house, in_no_time, log_of, replays
from tests.orchestrator.test_spending import pay_and_finish

from tertulia.orchestrator import Kind, Reply, Turn
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.events import BudgetSpent, Draft, PolicyChanged, Said, TurnGranted
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies import (
    Addressed,
    Fair,
    FirstThatDecides,
    Limited,
    Quiet,
    RaisedHands,
    RoundRobin,
    build,
    specify,
)
from tertulia.orchestrator.ports import Decision, Exhausted, Policy
from tertulia.orchestrator.room import ROOM
from tertulia.orchestrator.spending import Spent


def told(room: PureRoom) -> list[tuple[str | None, str, float]]:
    """Whose limit was told to be used up, and which."""
    bodies = [event.body for event in room.events if isinstance(event.body, BudgetSpent)]
    return [(body.participant, body.limit, body.amount) for body in bodies]


@pytest.mark.parametrize(
    ("limited", "limit", "amount"),
    [
        (Limited(Addressed(), tokens=10), "tokens", 10),
        (Limited(Addressed(), cost=0.5), "cost", 0.5),
        (Limited(Addressed(), turns=1), "turns", 1),
    ],
)
def test_who_has_used_up_a_limit_is_not_granted_and_that_is_told_once(
    limited: Limited, limit: str, amount: float
) -> None:
    room = PureRoom(limited)
    room.seat(ANA, BO, EVE)
    room.say(ANA, "@bo?")
    assert room.holder == BO
    pay_and_finish(room, Spent(10, 0.5))
    for _ in range(3):
        room.say(ANA, "Bo, are you there?")
        assert room.holder is None
    assert told(room) == [(BO, limit, amount)]
    room.say(ANA, "@eve?")
    assert room.holder == EVE


def test_below_the_limit_one_goes_on() -> None:
    room = PureRoom(Limited(Addressed(), tokens=10))
    room.seat(ANA, BO)
    for _ in range(2):
        room.say(ANA, "@bo?")
        pay_and_finish(room, Spent(9))
    room.say(ANA, "@bo?")
    assert told(room) == [(BO, "tokens", 10)]
    assert room.holder is None


@pytest.mark.parametrize(
    "limits", [{"room_tokens": 10}, {"room_cost": 0.5}, {"room_turns": 1}, {"room_seconds": 2.0}]
)
def test_the_room_s_budget_holds_back_every_agent_and_no_person(limits: dict[str, float]) -> None:
    room = PureRoom(Limited(RaisedHands(), **limits))  # type: ignore[arg-type]
    room.seat(ANA, CY, BO, EVE)
    room.raise_hand(BO)
    room.now += 2
    pay_and_finish(room, Spent(10, 0.5))
    room.raise_hand(EVE)
    assert room.holder is None
    [(limit, amount)] = limits.items()
    assert told(room) == [(None, limit, amount)]
    room.raise_hand(CY)
    assert room.holder == CY


@given(
    st.builds(
        Limited,
        inner=plain_policies | other_policies,
        turns=st.integers(0, 2),
        tokens=st.integers(0, 20),
        room_turns=st.integers(0, 4),
        room_cost=st.sampled_from([0.0, 1.0]),
    ),
    st.lists(st.sampled_from(["@bo?", "Eve, Bo: well?", "Hm.", "hand", "end"]), max_size=30),
)
def test_nobody_is_granted_beyond_a_limit_and_people_always_post(
    limited: Limited, program: list[str]
) -> None:
    room = PureRoom(limited)
    room.seat(ANA, CY, BO, EVE)
    for ask in program:
        before = room.floor
        if ask == "end" and room.floor.holds:
            pay_and_finish(room, Spent(8, 0.4))
        elif ask == "hand":
            room.do(("hand", BO, 0))
        elif ask != "end":
            assert any(isinstance(event.body, Said) for event in room.say(ANA, ask))
        grants = [e for e in room.events[before.head :] if isinstance(e.body, TurnGranted)]
        for granted in grants:
            seat = before.members[granted.by]
            had = room.floor.members[granted.by].turns  # one that was rolled back counts as none
            assert not limited.turns or had <= limited.turns
            if seat.kind is Kind.AGENT and limited.room_cost:
                assert before.spending.cost < limited.room_cost
    assert len(told(room)) == len(set(told(room)))


@pytest.mark.parametrize(
    "around", [Fair(Limited(RoundRobin(), turns=1)), Quiet(Limited(RoundRobin(), turns=1))]
)
def test_a_limit_is_told_through_whatever_policy_stands_around_it(around: Policy) -> None:
    room = PureRoom(FirstThatDecides((around,)))
    room.seat(ANA, BO)
    room.say(ANA, "Well?")
    pay_and_finish(room, Spent())
    assert told(room) == [(BO, "turns", 1)]


def test_another_policy_tells_its_own_limits() -> None:
    room = PureRoom(Limited(RoundRobin(), turns=1))
    room.seat(ANA, BO)
    room.say(ANA, "Well?")
    pay_and_finish(room, Spent(5))
    again = PolicyChanged(specify(Limited(RoundRobin(), turns=1, tokens=5)))
    room.ask(lambda floor, now: (Draft(ROOM, again),))
    assert told(room) == [(BO, "turns", 1), (BO, "turns", 1), (BO, "tokens", 5)]


class Repeats:
    """A policy that tells the same for ever."""

    def choose(self, floor: Floor, now: float) -> Decision | None:
        """Tell it."""
        return Exhausted(None, "patience", 0)


def test_a_policy_that_tells_the_same_for_ever_fails_and_the_room_goes_on() -> None:
    room = PureRoom(Repeats())
    room.seat(ANA, BO)
    events = room.say(ANA, "Well?")
    assert [event.type for event in events] == ["Said", "PolicyFailed"]
    assert len(told(room)) == 1


def test_limits_below_nothing_are_refused() -> None:
    for field in ("turns", "tokens", "cost", "seconds", "room_cost", "room_seconds"):
        with pytest.raises(Invalid, match="negative"):
            build({"name": "limited", field: -1})


@in_no_time
async def test_readers_see_whose_budget_is_spent() -> None:
    async def speak(turn: Turn) -> Reply:
        return Reply("Well.", tokens=600)

    async with a_house() as house:
        limited = specify(Limited(Addressed(), tokens=1000))
        room = await house.room("ana bo", {BO: speak}, policy=limited)
        for _ in range(3):
            await room.post(ANA, "@bo?")
            await room.lapse()
        spent = [e for e in await log_of(house.log) if isinstance(e.body, BudgetSpent)]
        assert [(e.by, e.audience, e.body) for e in spent] == [
            (ROOM, None, BudgetSpent(BO, "tokens", 1000))
        ]
        assert room.floor.spent == ((BO, "tokens"),)
        assert room.floor.members[BO].tokens == 1200
        assert await replays(house.log)
