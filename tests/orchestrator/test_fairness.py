"""Nobody who asks for the floor waits longer than the policy's bound says, whatever others do."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.programs import ANA, BO, CY, DOV, EVE, FLO, Ask, PureRoom, members

from tertulia.orchestrator import RoomSettings
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies import Addressed, Fair, RaisedHands, RoundRobin
from tertulia.orchestrator.ports import Choice, Policy, Reply
from tertulia.orchestrator.room import Kind, ParticipantId

SPEAKERS = (ANA, CY, DOV, BO, EVE, FLO)
quiet_or_not = st.sampled_from(["", "Well.", "@ana", "@bo @eve", "Flo, hm?"])
turns_end = st.builds(lambda text: ("finish", 0, Reply(text)), quiet_or_not)
hands = st.tuples(st.just("hand"), members, st.integers(0, 3))
posts = st.tuples(st.just("post"), members, quiet_or_not, st.just(()), st.none())


def lively(*more: st.SearchStrategy[Ask]) -> st.SearchStrategy[Sequence[Ask]]:
    """Programs in which turns end often, so that there is much to grant."""
    return st.lists(st.one_of(turns_end, turns_end, *more), min_size=20, max_size=80)


# ---- everybody in turn


@given(st.sets(st.sampled_from([BO, EVE, FLO]), min_size=1), st.booleans(), lively(posts, hands))
def test_in_a_round_of_n_one_who_has_news_speaks_within_n_grants(
    agents: set[ParticipantId], people: bool, program: Sequence[Ask]
) -> None:
    room = PureRoom(RoundRobin(people))
    room.seat(ANA, CY, *sorted(agents))
    circle = [s for s in room.floor.members.values() if people or s.kind is Kind.AGENT]
    waiting: dict[ParticipantId, int] = {}
    for ask in program:
        room.do(ask)
        for seat in (room.floor.members[one.id] for one in circle):
            if room.floor.news_for(seat) and room.floor.hold_of(seat.id) is None:
                begun = waiting.setdefault(seat.id, room.floor.grants)
                assert room.floor.grants - begun < len(circle)
            else:
                waiting.pop(seat.id, None)


def test_a_round_goes_round() -> None:
    room = PureRoom(RoundRobin())
    room.seat(ANA, BO, EVE, FLO)
    room.say(ANA, "Introduce yourselves.")
    order = []
    for _ in range(7):
        order.append(room.holder)
        room.finish("I am I.")
    assert order == [BO, EVE, FLO, BO, EVE, FLO, BO]


def test_a_round_ends_when_nobody_has_heard_anything_new() -> None:
    room = PureRoom(RoundRobin())
    room.seat(ANA, BO, EVE)
    room.say(ANA, "Anything to add?")
    room.finish()
    room.finish()
    assert room.holder is None


def test_persons_are_waited_for_only_where_they_are_in_the_circle() -> None:
    for people in (False, True):
        room = PureRoom(RoundRobin(people))
        room.seat(ANA, CY)
        room.say(ANA, "Hello?")
        assert (room.holder == CY) is people


# ---- raised hands


@given(st.integers(1, 5), st.integers(0, 3), st.data())
def test_a_hand_is_granted_within_ageing_times_d_plus_n(
    ageing: int, spread: int, data: st.DataObject
) -> None:
    hand = st.tuples(st.just("hand"), members, st.integers(0, spread))
    room = PureRoom(RaisedHands(ageing))
    room.seat(*SPEAKERS)
    for ask in data.draw(lively(hand, hand, posts)):
        room.do(ask)
        for request in room.floor.pending:
            waited = room.floor.grants - request.grants
            assert waited < ageing * spread + len(SPEAKERS)


@pytest.mark.parametrize("ageing", [1, 2, 5])
@pytest.mark.parametrize("spread", [0, 1, 4])
def test_pushing_in_with_a_higher_priority_for_ever_does_not_starve_the_modest(
    ageing: int, spread: int
) -> None:
    room = PureRoom(RaisedHands(ageing))
    room.seat(*SPEAKERS)
    room.raise_hand(BO)
    room.raise_hand(ANA, 0)
    grants = 0
    while room.holder != ANA:
        for pushy in SPEAKERS:
            if pushy not in (ANA, room.holder):
                room.raise_hand(pushy, spread)
        room.finish("And another thing!")
        grants += 1
        assert grants <= ageing * spread + len(SPEAKERS)
    assert grants >= ageing * spread


def test_the_most_urgent_hand_goes_first_and_among_equals_the_first() -> None:
    room = PureRoom(RaisedHands())
    room.seat(ANA, BO, EVE, FLO)
    room.raise_hand(ANA)
    for who, priority in ((BO, 0), (EVE, 1), (FLO, 1)):
        room.raise_hand(who, priority)
    order = []
    while room.holder:
        order.append(room.holder)
        room.finish("So.")
    assert order == [ANA, EVE, FLO, BO]


def test_a_hand_raised_again_keeps_its_place_and_one_taken_down_loses_it() -> None:
    room = PureRoom(RaisedHands())
    room.seat(ANA, BO, EVE)
    for who in (ANA, BO, EVE):
        room.raise_hand(who)
    room.raise_hand(BO)
    assert [request.participant for request in room.floor.pending] == [BO, EVE]
    room.do(("lower", BO))
    room.raise_hand(BO)
    assert [request.participant for request in room.floor.pending] == [EVE, BO]


# ---- fair, around anything


@dataclass(frozen=True)
class Shunning:
    """Grants anybody but one, for ever."""

    victim: ParticipantId

    def choose(self, floor: Floor, now: float) -> Choice | None:
        others = (who for who in floor.members if who != self.victim and floor.eligible(who))
        who = min(others, key=lambda who: floor.members[who].granted, default=None)
        return None if who is None else Choice(who, "anybody but one")


class Lapsing:
    """Grants nobody, ever."""

    def choose(self, floor: Floor, now: float) -> Choice | None:
        return None


inner_policies: st.SearchStrategy[Policy] = st.one_of(
    st.builds(Shunning, st.sampled_from(SPEAKERS)),
    st.builds(Lapsing),
    st.just(RaisedHands(1)),
    st.just(RoundRobin()),
    st.just(Addressed()),
)


@given(inner_policies, st.integers(0, 5), st.integers(1, 3), lively(hands, hands, posts))
def test_fair_grants_a_hand_within_patience_plus_n_whatever_the_inner_policy_does(
    inner: Policy, patience: int, capacity: int, program: Sequence[Ask]
) -> None:
    room = PureRoom(Fair(inner, patience), RoomSettings(capacity=capacity))
    room.seat(*SPEAKERS)
    up: dict[int, int] = {}  # a request's serial number, and how many hands were up with it
    for ask in program:
        room.do(ask)
        for request in room.floor.pending:
            n = up.setdefault(request.serial, len(room.floor.pending))
            assert room.floor.grants - request.grants < patience + n


@pytest.mark.parametrize("patience", [0, 1, 4])
def test_one_whom_the_inner_policy_never_picks_is_granted_after_patience(patience: int) -> None:
    room = PureRoom(Fair(Shunning(ANA), patience))
    room.seat(BO, EVE, FLO, ANA)
    room.raise_hand(ANA)
    grants = 0
    while room.holder != ANA:
        room.finish("I again.")
        grants += 1
    assert grants == patience + 1


@given(st.lists(st.tuples(st.just("hand"), members, st.integers(0, 3)), max_size=10))
def test_under_fair_no_hand_is_left_up_in_a_lapse(program: Sequence[Ask]) -> None:
    room = PureRoom(Fair(Lapsing()))
    room.seat(*SPEAKERS)
    for ask in program:
        room.do(ask)
        assert room.floor.full or not room.floor.pending


# ---- addressed


@given(lively(posts, posts))
def test_whoever_is_addressed_is_granted_within_as_many_grants_as_answers_are_open(
    program: Sequence[Ask],
) -> None:
    room = PureRoom(Addressed())
    room.seat(*SPEAKERS)
    opened: dict[tuple[ParticipantId, int], tuple[int, int]] = {}
    for ask in program:
        room.do(ask)
        for number, owed in enumerate(room.floor.owed, 1):
            one = (owed.participant, owed.seq)
            ahead, begun = opened.setdefault(one, (number, room.floor.grants))
            assert room.floor.grants - begun < ahead


def test_the_oldest_question_is_answered_first_and_others_keep_quiet() -> None:
    room = PureRoom(Addressed())
    room.seat(ANA, CY, BO, EVE, FLO)
    questions = ((ANA, "@bo one?"), (CY, "@flo two?"), (ANA, "@eve three?"))
    asked = [room.say(who, question)[0].seq for who, question in questions]
    order = []
    while room.holder:
        order.append((room.holder, room.floor.holds[0].answers))
        room.finish("Yes.")
    assert order == list(zip((BO, FLO, EVE), asked, strict=True))


def test_a_second_question_to_one_who_speaks_is_answered_after_the_first() -> None:
    room = PureRoom(Addressed())
    room.seat(ANA, CY, BO)
    first = room.say(ANA, "@bo one?")[0].seq
    second = room.say(CY, "@bo two?")[0].seq
    assert room.floor.holds[0].answers == first
    room.finish("One.")
    assert room.floor.holds[0].answers == second
    room.finish("Two.")
    assert room.holder is None
    assert room.floor.owed == ()
