"""What holds of every policy and every combinator, in rooms in which anything may happen."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.programs import (
    ANA,
    BO,
    CY,
    DOV,
    EVE,
    FLO,
    ZOE,
    Ask,
    PureRoom,
    policies,
    programs,
    room_settings,
)

from tertulia.orchestrator import Policy, Reply, RoomSettings
from tertulia.orchestrator.arbiter import ADVANCES, is_decision
from tertulia.orchestrator.ballots import VoteCast, VoteCounted
from tertulia.orchestrator.events import Outcome, PolicyFailed, TurnEnded, TurnGranted
from tertulia.orchestrator.floor import Floor, Hold
from tertulia.orchestrator.floor import Phase as RoomPhase
from tertulia.orchestrator.policies import (
    Addressed,
    Balloted,
    Bids,
    Brainstorm,
    Conversational,
    Cooldown,
    Debate,
    Delphi,
    Fair,
    FirstThatDecides,
    FreeTalk,
    Handoff,
    InRounds,
    Panel,
    Phase,
    Phases,
    Quiet,
    RaisedHands,
    RoundRobin,
    Scheduled,
    Selector,
    Vote,
    Weighted,
    build,
    names,
    specify,
)
from tertulia.orchestrator.replay import Disagreement, replay
from tertulia.orchestrator.room import Kind, ParticipantId
from tertulia.orchestrator.stage import PhaseBegan
from tertulia.orchestrator.transitions import apply

SPEAKERS = (ANA, CY, BO, EVE, FLO)
some_room = st.builds(PureRoom, policies, room_settings)


def inhabited(room: PureRoom) -> PureRoom:
    room.seat(*SPEAKERS, ZOE)
    return room


# ---- always


@given(some_room, programs())
def test_there_are_never_more_holders_than_places(room: PureRoom, program: Sequence[Ask]) -> None:
    places = room.settings.capacity
    for ask in program:
        inhabited(room).do(ask)
        assert places is None or len(room.floor.holds) <= places
        held = [hold.participant for hold in room.floor.holds]
        assert len(held) == len(set(held))


@given(some_room, programs(changing=True))
def test_only_who_may_speak_is_granted_the_floor(room: PureRoom, program: Sequence[Ask]) -> None:
    inhabited(room)
    for ask in program:
        room.do(ask)
    before = Floor(room.floor.room)
    for event in room.events:
        if isinstance(event.body, TurnGranted):
            assert before.eligible(event.by)
            assert event.audience is None or event.by in event.audience
            assert set(event.audience or ()) <= before.members.keys() | before.departed.keys()
        before = apply(before, event)


@given(some_room, programs())
def test_no_policy_of_ours_ever_fails(room: PureRoom, program: Sequence[Ask]) -> None:
    inhabited(room)
    for ask in program:
        room.do(ask)
    assert [e.body for e in room.events if isinstance(e.body, PolicyFailed)] == []


@given(some_room, programs(changing=True))
def test_a_log_decided_again_is_the_same_under_every_policy(
    room: PureRoom, program: Sequence[Ask]
) -> None:
    inhabited(room)
    for ask in program:
        room.do(ask)
    floors = list(replay(room.floor.room, room.events))
    assert not any(isinstance(floor, Disagreement) for floor in floors)
    assert floors[-1] == room.floor


@given(policies)
def test_what_is_written_of_a_policy_is_that_policy(policy: Policy) -> None:
    assert build(specify(policy)) == policy


# ---- progress, or a lapse


@given(some_room, programs())
def test_a_step_decides_no_more_than_there_is_to_decide(
    room: PureRoom, program: Sequence[Ask]
) -> None:
    """At most a grant for each member, a question, a count and ``ADVANCES`` phases."""
    inhabited(room)
    for ask in program:
        decided = [event.body for event in room.do(ask) if is_decision(event)]
        advanced = sum(isinstance(body, PhaseBegan) for body in decided)
        assert advanced <= ADVANCES
        assert len(decided) - advanced <= len(room.floor.members) + 3


SILENT_TURNS = 80
"""Turns after which a room of five is at rest, if nobody says anything any more."""


@given(some_room, programs())
def test_where_nobody_says_anything_the_room_lapses(room: PureRoom, program: Sequence[Ask]) -> None:
    inhabited(room)
    for ask in program:
        room.do(ask)
    for _ in range(SILENT_TURNS):
        if not _goes_on(room, ""):
            break
    assert not _goes_on(room, "")


RESTRAINED: st.SearchStrategy[Policy] = st.one_of(
    st.builds(Conversational, volunteers=st.integers(0, 3), agent_run=st.integers(0, 8)),
    st.builds(Addressed, agent_run=st.integers(0, 8)),
    st.builds(FreeTalk, agent_run=st.integers(0, 8)),
    st.builds(Handoff, agent_run=st.integers(0, 8)),
    st.builds(Selector, agent_run=st.integers(0, 8)),
    st.builds(Bids, threshold=st.just(0.0), agent_run=st.integers(0, 8)),
    st.builds(Cooldown, st.sampled_from([RoundRobin(), Weighted(), InRounds(9)])),
    st.builds(Debate, st.just((BO, EVE)), st.integers(0, 4)),
    st.builds(Brainstorm, st.integers(1, 3)),
    st.builds(Delphi, st.just(FLO), st.just((BO, EVE)), st.integers(1, 3)),
    st.just(Phases((Phase("talk", RoundRobin(), turns=5), Vote()))),
)


@given(RESTRAINED, programs())
def test_agents_that_always_have_something_to_say_come_to_an_end_without_people(
    policy: Policy, program: Sequence[Ask]
) -> None:
    """They do within ``SILENT_TURNS`` turns: no two of them, and no circle, go on for ever."""
    room = inhabited(PureRoom(policy))
    for ask in program:
        room.do(ask)
    for _ in range(SILENT_TURNS):
        if not _goes_on(room, "And another thing: @bo, @eve, @flo?"):
            break
    assert not _goes_on(room, "And another thing: @bo, @eve, @flo?")


def _goes_on(room: PureRoom, text: str) -> bool:
    """End what is under way; whether there was anything. Persons who are asked say nothing."""
    floor = room.floor
    room.now += 60
    if floor.phase is RoomPhase.CLOSED:
        return False
    if floor.holds:
        hold = floor.holds[0]
        person = hold.participant in {seat.id for seat in floor.people()}
        room.do(("finish", 0, Reply("" if person else text)))
        return True
    if floor.question is not None and not floor.question.over:
        room.do(("unadvised",))
        return True
    return False


# ---- bounds


@given(st.sampled_from([InRounds(3), InRounds(3, people=True), Brainstorm(3)]), programs())
def test_in_rounds_nobody_is_two_turns_ahead_of_anybody(
    policy: Policy, program: Sequence[Ask]
) -> None:
    """So of n everybody waits for at most ``2n - 1`` grants to speak to everybody."""
    room = PureRoom(policy)
    room.seat(*SPEAKERS)
    room.say(ANA, "Ideas?")
    circle = [BO, EVE, FLO]
    for ask in program:
        if ask[0] not in ("join", "leave", "close"):
            room.do(ask)
        had = [room.floor.stage.turns.get(who, 0) for who in circle]
        if room.floor.stage.name != "over":
            assert max(had) - min(had) <= 1


@given(st.integers(0, 4), programs())
def test_the_sides_of_a_debate_alternate(rebuttals: int, program: Sequence[Ask]) -> None:
    room = PureRoom(Debate((BO, EVE), rebuttals))
    room.seat(ANA, CY, DOV, BO, EVE, FLO)
    room.say(ANA, "Cats are better than dogs.")
    for ask in program:
        if ask[0] in ("post", "finish", "cut", "hand"):
            room.do(ask)
    undone = {
        event.body.turn
        for event in room.events
        if isinstance(event.body, TurnEnded) and event.body.outcome is Outcome.ROLLED_BACK
    }
    speakers = [
        event.by
        for event in room.events
        if isinstance(event.body, TurnGranted)
        and event.body.rule == "by schedule"
        and event.body.turn not in undone
    ]
    order = [BO, EVE] * (rebuttals + 1) + [EVE, BO]
    assert speakers == order[: len(speakers)]


@pytest.mark.parametrize(
    "policy",
    [
        *(RoundRobin(), Weighted(), Scheduled((EVE, FLO) * 9), Selector(), Bids(), RaisedHands()),
        *(InRounds(9), Brainstorm(9), Debate((EVE, FLO)), Vote(), Balloted()),
        *(Panel(FLO, (EVE,), 9), Delphi(FLO, (EVE,)), Phases((Phase("talk", RoundRobin()),))),
        *(Conversational(), Addressed(), FreeTalk(), Handoff(), Fair(RoundRobin(), 9)),
        *(Quiet(), Quiet(RoundRobin()), Cooldown(RoundRobin(), 1), FirstThatDecides((Handoff(),))),
        build({"name": "chaired", "chair": "ana"}),
        build({"name": "limited", "inner": "round_robin", "turns": 9}),
    ],
    ids=lambda policy: type(policy).__name__,
)
def test_a_whisper_to_an_agent_is_answered_under_every_policy(policy: Policy) -> None:
    room = PureRoom(policy, RoomSettings(side_floors=True))
    room.seat(ANA, CY, BO, EVE, FLO)
    room.say(CY, "Good morning.")
    room.now += 60
    room.say(ANA, "Good morning.")
    room.now += 60
    asked = room.say(ANA, "Bo, what is he talking about?", whisper=[BO])[0]
    beside: list[Hold] = []
    for _ in range(3):  # it may have a turn to everybody before
        beside = [hold for hold in room.floor.holds if hold.audience == (ANA, BO)]
        if beside:
            break
        room.now += 60
        room.finish("Well.")
    assert [(hold.participant, hold.answers) for hold in beside] == [(BO, asked.seq)]


@given(some_room, programs())
def test_a_vote_counts_one_vote_for_each_who_had_one(
    room: PureRoom, program: Sequence[Ask]
) -> None:
    inhabited(room)
    for ask in program:
        room.do(ask)
    cast: dict[tuple[int, ParticipantId], str | None] = {}
    for event in room.events:
        match event.body:
            case VoteCast(question=number, option=option):
                cast[number, event.by] = option
            case VoteCounted(question=number, counts=counts, abstained=abstained):
                mine = [option for (asked, _), option in cast.items() if asked == number]
                assert sum(counts.values()) + abstained == len(mine)
                assert all(counts[option] == mine.count(option) for option in counts)


def test_a_person_who_holds_no_floor_is_never_kept_from_posting() -> None:
    kinds = {Kind.HUMAN}
    for name in names():
        room = PureRoom(build(name), RoomSettings())
        room.seat(ANA, CY, BO, EVE)
        for who in (ANA, CY, ANA):
            said = room.say(who, "I can always speak.")[0]
            assert said.type == "Said"
            assert room.floor.members[who].kind in kinds
