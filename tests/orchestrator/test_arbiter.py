"""Whatever is asked in whatever order, the floor keeps its rules, and the log tells it all."""

import copy
from collections.abc import Sequence
from dataclasses import fields, replace
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.orchestrator.programs import (
    ANA,
    BO,
    CAST,
    EVE,
    Ask,
    PureRoom,
    policies,
    programs,
    room_settings,
)

from tertulia.orchestrator import Policy, RoomSettings
from tertulia.orchestrator.approvals import Answer, ApprovalRule, Matter
from tertulia.orchestrator.arbiter import decide, step
from tertulia.orchestrator.errors import LogDamaged, NotNow, RoomClosed
from tertulia.orchestrator.events import (
    Draft,
    Event,
    Joined,
    Outcome,
    PolicyFailed,
    RoomOpened,
    RoomPaused,
    Said,
    TurnEnded,
    TurnGranted,
    TurnReturned,
)
from tertulia.orchestrator.floor import Floor, Hold, Phase, Standing, revised
from tertulia.orchestrator.plans import PlanState
from tertulia.orchestrator.policies import Addressed, Conversational
from tertulia.orchestrator.ports import Choice
from tertulia.orchestrator.profile import Profile
from tertulia.orchestrator.replay import Disagreement, replay
from tertulia.orchestrator.room import ROOM, Kind, ParticipantId, RoomId, TurnId
from tertulia.orchestrator.transitions import (
    PHASES,
    STANDINGS,
    TURNS,
    TurnState,
    apply,
    fold,
    mermaid,
    turn_state,
)
from tertulia.storage.codec import floor_from_json, floor_to_json, from_row, to_row


def played(policy: Policy, limits: RoomSettings, program: Sequence[Ask]) -> PureRoom:
    room = PureRoom(policy, limits)
    room.seat(*CAST)
    for ask in program:
        room.do(ask)
    return room


def obeys_the_tables(before: Floor, event: Event) -> Floor:
    """Fold one event in, and compare every standing with what the tables say."""
    after, kind = apply(before, event), type(event.body)
    expected = {who: before.standing(who) for who in CAST}
    if kind in STANDINGS[before.standing(event.by)]:
        expected[event.by] = STANDINGS[before.standing(event.by)][kind]
    if isinstance(event.body, Joined) and event.body.kind is Kind.OBSERVER:
        expected[event.by] = Standing.WATCHING
    if kind is not TurnReturned and getattr(event.body, "turn", "") in parked_in(before):
        expected[event.by] = before.standing(event.by)  # it has the floor, or not, in another turn
    assert {who: after.standing(who) for who in CAST} == expected
    assert after.phase is PHASES[before.phase].get(kind, before.phase)
    return after


def under_way(floor: Floor) -> tuple[Hold, ...]:
    return (*floor.holds, *floor.parked)


def parked_in(floor: Floor) -> set[TurnId]:
    return {hold.turn for hold in floor.parked}


@given(policies, room_settings, programs())
def test_no_more_hold_the_floor_than_may_and_all_of_them_were_eligible(
    policy: Policy, limits: RoomSettings, program: Sequence[Ask]
) -> None:
    floor = Floor(RoomId("kitchen"))
    for event in played(policy, limits, program).events:
        if isinstance(event.body, TurnGranted):
            assert floor.phase is Phase.OPEN
            assert not floor.full
            assert floor.eligible(event.by)
        floor = apply(floor, event)
        assert len(floor.holds) == len({hold.participant for hold in floor.holds})
        assert limits.capacity is None or len(floor.holds) <= limits.capacity
        agents = [h for h in floor.holds if floor.members[h.participant].kind is Kind.AGENT]
        assert limits.turn_limit is None or floor.agent_turns <= limits.turn_limit
        assert limits.turn_limit != 0 or not agents


@given(policies, room_settings, programs())
def test_every_event_moves_its_participant_as_the_table_says_and_nobody_else(
    policy: Policy, limits: RoomSettings, program: Sequence[Ask]
) -> None:
    floor = Floor(RoomId("kitchen"))
    for event in played(policy, limits, program).events:
        floor = obeys_the_tables(floor, event)


@given(policies, room_settings, programs())
def test_a_revised_floor_differs_in_what_was_changed_alone_and_leaves_the_old_one(
    policy: Policy, limits: RoomSettings, program: Sequence[Ask]
) -> None:
    floor = played(policy, limits, program).floor
    before = copy.copy(floor)
    for changed in fields(floor):
        other = revised(floor, **{changed.name: object()})
        names = {f.name for f in fields(floor)}
        differ = {name for name in names if getattr(other, name) != getattr(floor, name)}
        assert differ == {changed.name}
        assert floor == before
    assert revised(floor, head=7, continuing=BO) == replace(floor, head=7, continuing=BO)


@given(policies, room_settings, programs())
def test_nobody_waits_at_an_open_floor(
    policy: Policy, limits: RoomSettings, program: Sequence[Ask]
) -> None:
    room = PureRoom(policy, limits)
    room.seat(*CAST)
    for ask in program:
        room.do(ask)
        assert decide(room.floor, policy, room.now) is None


@given(policies, room_settings, programs(changing=True))
def test_a_log_decided_again_gives_the_same_events_and_the_same_floor(
    policy: Policy, limits: RoomSettings, program: Sequence[Ask]
) -> None:
    room = played(policy, limits, program)
    floors = list(replay(room.floor.room, room.events))
    assert not any(isinstance(floor, Disagreement) for floor in floors)
    assert floors[-1] == room.floor
    assert fold(Floor(room.floor.room), room.events) == room.floor


@given(policies, room_settings, programs(changing=True))
def test_floors_and_events_come_back_from_the_store_as_they_went(
    policy: Policy, limits: RoomSettings, program: Sequence[Ask]
) -> None:
    room = played(policy, limits, program)
    assert floor_from_json(floor_to_json(room.floor)) == room.floor
    rows = [SimpleNamespace(**to_row(event, b"")) for event in room.events]
    assert [from_row(row) for row in rows] == room.events


@given(policies, room_settings, programs())
def test_seq_has_no_gap_time_never_runs_back_and_every_turn_ends_once(
    policy: Policy, limits: RoomSettings, program: Sequence[Ask]
) -> None:
    room = played(policy, limits, program)
    assert [event.seq for event in room.events] == list(range(1, len(room.events) + 1))
    assert [e.at for e in room.events] == sorted(e.at for e in room.events)
    granted = [e.body.turn for e in room.events if isinstance(e.body, TurnGranted)]
    ended = [e.body.turn for e in room.events if isinstance(e.body, TurnEnded)]
    assert len(granted) == len(set(granted))
    assert len(ended) == len(set(ended))
    assert sorted(granted) == sorted([*ended, *(hold.turn for hold in under_way(room.floor))])


@given(policies, room_settings, programs(8, 20), st.data())
def test_a_log_that_was_tampered_with_disagrees(
    policy: Policy, limits: RoomSettings, program: Sequence[Ask], data: st.DataObject
) -> None:
    events = played(policy, limits, program).events
    grants = [event for event in events if isinstance(event.body, TurnGranted)]
    if not grants:
        return
    gone = data.draw(st.sampled_from(grants))
    forged = [e for e in events if e.cause < gone.cause] + [
        event for event in events if event.cause == gone.cause and event.seq < gone.seq
    ]
    *_, last = replay(RoomId("kitchen"), forged)
    assert isinstance(last, Disagreement)
    assert last.recorded is None
    assert last.decided == gone


# ---- the tables, entry by entry


def a_floor(standing: Standing) -> Floor:
    """A floor at which Ana stands so."""
    room = PureRoom(Addressed())
    if standing is Standing.ABSENT:
        return room.floor
    if standing is Standing.WATCHING:
        joined = Draft(ANA, Joined("Ana", Kind.OBSERVER))
        return step(room.floor, [joined], 0.0, room.policy).floor
    room.seat(ANA, BO)
    if standing is Standing.PENDING:
        room.raise_hand(ANA)
    if standing is Standing.HOLDING:
        room.say(BO, "@ana?")
    return room.floor


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("kind", sorted({k for t in STANDINGS.values() for k in t}, key=str))
def test_what_the_table_does_not_say_cannot_happen(standing: Standing, kind: type) -> None:
    floor = a_floor(standing)
    assert floor.standing(ANA) is standing
    turn, away = TurnId("kitchen/1"), TurnId("kitchen/9")
    back = 1 if kind is TurnReturned else None
    floor = revised(floor, parked=(Hold(away, ANA, 1, 0.0, 9.0, returns=back),))
    one = turn if standing is Standing.HOLDING else away
    asked = (Matter.APPROVE, "refund", "{}", ApprovalRule(), 9.0)
    arguments = {
        "ApprovalAsked": ("a", one, *asked),
        "ApprovalAnswered": ("a", Answer.APPROVE),
        "AnswerAwaited": (one, 1, BO, 9.0),
        "TurnParked": (one, 9.0),
        "ReturnRequested": (away,),
        "TurnReturned": (away, 9.0),
        "Joined": ("Ana", Kind.HUMAN),
        "Said": ("Well.",),
        "Described": (Profile(),),
        "Noted": (BO, "is slow"),
        "NoteStruck": (1,),
        "Kept": (one, {"a": 1}),
        "PlanProposed": (one, 1, "tea", ()),
        "TasksMoved": (one, ()),
        "PlanEnded": (one, PlanState.DONE),
        "FloorRequestDenied": (BO,),
        "Nominated": (BO,),
        "BidMade": (1, 0.5),
        "VoteCast": (1,),
        "TurnGranted": (turn, 1.0, "a rule"),
        "TurnResumed": (turn, 1.0, 2),
        "TurnInformed": (turn, 1),
        "BargedIn": (turn,),
        "SubRoomOpened": (floor.room,),
        "InterruptionLapsed": (turn,),
        "TurnEnded": (one, Outcome.COMMITTED),
    }
    event = Event(floor.room, floor.head + 1, 1, 0.0, ANA, kind(*arguments.get(kind.__name__, ())))
    if kind in STANDINGS[standing]:
        assert obeys_the_tables(floor, event).head == floor.head + 1
    else:
        with pytest.raises(NotNow, match=f"is {standing}, so {kind.__name__} cannot happen now"):
            apply(floor, event)


@pytest.mark.parametrize("state", [state for state in TurnState if state is not TurnState.UNBEGUN])
@pytest.mark.parametrize("kind", sorted({k for t in TURNS.values() for k in t}, key=str))
def test_what_the_table_of_turns_does_not_say_cannot_happen(state: TurnState, kind: type) -> None:
    if kind is TurnGranted:
        return
    floor, turn = a_floor(Standing.LISTENING), TurnId("kitchen/7")
    hold = Hold(turn, ANA, 1, 0.0, 9.0, returns=1 if state is TurnState.RETURNING else None)
    if state in (TurnState.PARKED, TurnState.RETURNING):
        floor = revised(floor, parked=(hold,))
    elif state is TurnState.HELD:
        floor = revised(floor, holds=(hold,))
    arguments = {
        "Kept": (turn, {"a": 1}),
        "PlanProposed": (turn, 1, "tea", ()),
        "TasksMoved": (turn, ()),
        "PlanEnded": (turn, PlanState.DONE),
        "ApprovalAsked": ("a", turn, Matter.APPROVE, "refund", "{}", ApprovalRule(), 9.0),
        "AnswerAwaited": (turn, 1, BO, 9.0),
        "TurnParked": (turn, 9.0),
        "ReturnRequested": (turn,),
        "TurnReturned": (turn, 9.0),
        "TurnResumed": (turn, 9.0, 2),
        "TurnInformed": (turn, 1),
        "TurnEnded": (turn, Outcome.COMMITTED),
    }
    body = kind(*arguments[kind.__name__])
    event = Event(floor.room, floor.head + 1, 1, 0.0, ANA, body)
    if kind in TURNS[state]:
        assert turn_state(apply(floor, event), turn) is TURNS[state][kind]
    else:
        with pytest.raises(NotNow, match=f"so {kind.__name__} cannot happen now"):
            apply(floor, event)


def test_a_turn_that_nobody_is_in_cannot_end() -> None:
    floor = a_floor(Standing.HOLDING)
    ended = Event(floor.room, floor.head + 1, 1, 0.0, ANA, TurnEnded(TurnId("x"), Outcome.FAILED))
    with pytest.raises(NotNow, match="turn 'x' is over"):
        apply(floor, ended)


def test_an_event_out_of_its_place_is_damage() -> None:
    floor = a_floor(Standing.LISTENING)
    with pytest.raises(LogDamaged, match=f"expected seq {floor.head + 1}"):
        apply(floor, Event(floor.room, floor.head + 2, 1, 0.0, ANA, Said("Well.")))


def test_nothing_happens_before_a_room_is_opened_nor_after_it_is_closed() -> None:
    with pytest.raises(NotNow):
        step(Floor(RoomId("x")), [Draft(ANA, Joined("Ana", Kind.HUMAN))], 0.0, Addressed())
    room = PureRoom(Addressed())
    room.seat(ANA)
    room.do(("close",))
    with pytest.raises(RoomClosed, match="open a new room"):
        room.say(ANA)


def test_of_several_drafts_all_happen_or_none() -> None:
    room = PureRoom(Addressed())
    before = room.floor
    with pytest.raises(NotNow):
        step(
            before,
            [Draft(ANA, Joined("Ana", Kind.HUMAN)), Draft(EVE, Said("Hm."))],
            0.0,
            Addressed(),
        )
    assert room.floor == before


def test_a_paused_room_grants_nothing_until_it_is_resumed() -> None:
    room = PureRoom(Conversational())
    room.seat(ANA, BO)
    room.do(("pause",))
    room.say(ANA, "@bo hello?")
    assert room.holder is None
    room.do(("resume",))
    assert room.holder == BO


def test_the_diagram_shows_every_entry_of_the_tables() -> None:
    drawn = mermaid()
    for table in (PHASES, STANDINGS, TURNS):
        for state, entries in table.items():
            for body, to in entries.items():
                assert f"{state} --> {to}: {body.__name__}" in drawn


# ---- policies that break their contract


class Stubborn:
    """Grants whoever it was told to, whether they are there or not."""

    def __init__(self, chosen: object) -> None:
        self.chosen = chosen

    def choose(self, floor: Floor, now: float) -> Choice | None:
        if isinstance(self.chosen, Exception):
            raise self.chosen
        return self.chosen  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        (Choice(ParticipantId("mallory"), "mine"), "Stubborn chose 'mallory', who is absent"),
        (Choice(ParticipantId("zoe"), "mine"), "Stubborn chose 'zoe', who is watching"),
        (ZeroDivisionError("by zero"), "Stubborn raised ZeroDivisionError('by zero')"),
        ("bo", "Stubborn returned str, not a Choice"),
    ],
)
def test_a_policy_that_breaks_its_contract_is_seen_and_people_still_speak(
    chosen: object, problem: str
) -> None:
    room = PureRoom(Stubborn(chosen))
    room.seat(ANA, BO, "zoe")
    said, failed = room.say(ANA, "Is anybody there?")
    assert isinstance(said.body, Said)
    assert isinstance(failed.body, PolicyFailed)
    assert failed.by == ROOM
    assert failed.body.problem.startswith(problem)
    assert room.floor.holds == ()
    room.say(ANA, "Never mind.")


def test_a_failed_policy_is_told_once_for_each_request_and_not_for_ever() -> None:
    room = PureRoom(Stubborn(ValueError("x" * 10_000)))
    room.seat(ANA)
    failed = [event for event in room.events if isinstance(event.body, PolicyFailed)]
    assert len(failed) == 2  # one when the room was opened, one when Ana came
    assert all(
        len(event.body.problem) <= 600 for event in failed if isinstance(event.body, PolicyFailed)
    )


def test_a_choice_of_one_who_holds_the_floor_is_a_failure_too() -> None:
    room = PureRoom(Stubborn(Choice(BO, "mine")), RoomSettings(capacity=None))
    room.seat(BO)
    kinds = [type(event.body) for event in room.events[-2:]]
    assert kinds == [TurnGranted, PolicyFailed]


def test_a_room_is_opened_once() -> None:
    room = PureRoom(Addressed())
    with pytest.raises(NotNow, match="is open, so RoomOpened cannot happen now"):
        room.ask(lambda floor, now: (Draft(ROOM, RoomOpened(RoomSettings())),))
    room.do(("pause",))
    with pytest.raises(NotNow, match="is paused, so RoomPaused cannot happen now"):
        room.ask(lambda floor, now: (Draft(ROOM, RoomPaused()),))


@settings(max_examples=20)
@given(st.lists(st.floats(0, 10), min_size=1, max_size=10))
def test_time_in_a_room_never_runs_backwards(times: list[float]) -> None:
    room = PureRoom(Addressed())
    room.seat(ANA)
    for now in times:
        room.now = now
        room.say(ANA)
    assert [e.at for e in room.events] == sorted(e.at for e in room.events)
