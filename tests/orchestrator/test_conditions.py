"""Conditions at which a room stops: what each waits for, and the laws of ``&`` and ``|``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.programs import (
    ANA,
    BO,
    CY,
    EVE,
    Ask,
    PureRoom,
    policies,
    programs,
)
from tests.orchestrator.test_spending import pay_and_finish

from tertulia.orchestrator import RoomSettings, admission, conditions
from tertulia.orchestrator.conditions import (
    Condition,
    Cost,
    Criterion,
    EverybodySpoke,
    HandedTo,
    Seconds,
    Spoke,
    StopWord,
    Tokens,
    Turns,
    TurnsFailed,
    Utterances,
    asked_as,
    build,
    known_as,
    specify,
)
from tertulia.orchestrator.errors import Exists, Refused
from tertulia.orchestrator.events import (
    Concluded,
    ConditionChanged,
    ConditionFailed,
    Draft,
    Event,
    Outcome,
    RoomOpened,
    RoomPaused,
    RoomResumed,
    Said,
    TurnGranted,
)
from tertulia.orchestrator.floor import Floor, Phase
from tertulia.orchestrator.policies import Addressed, FreeTalk, RoundRobin
from tertulia.orchestrator.replay import Disagreement, replay
from tertulia.orchestrator.room import ROOM, RoomId
from tertulia.orchestrator.spending import Spent
from tertulia.orchestrator.transitions import apply


def a_room(until: Condition, who: str = "ana cy bo eve", capacity: int = 1) -> PureRoom:
    room = PureRoom(FreeTalk(), RoomSettings(until=specify(until), capacity=capacity))
    room.seat(*who.split())
    return room


def concluded(room: PureRoom) -> str | None:
    """Why the room has stopped."""
    told = [event.body.reason for event in room.events if isinstance(event.body, Concluded)]
    assert len(told) <= 1
    assert bool(told) is (room.floor.phase is Phase.PAUSED)
    return told[0] if told else None


def resume(room: PureRoom) -> None:
    room.ask(lambda floor, now: (Draft(ROOM, RoomResumed()),))


# ---- one by one


def test_a_stop_word_stops_the_room_and_is_told() -> None:
    room = a_room(StopWord("DONE"))
    room.say(ANA, "Bo, are we done?")
    assert concluded(room) is None
    room.finish("We are DONE.")
    assert concluded(room) == "somebody said 'DONE'"


@pytest.mark.parametrize("text", ["done", "ABANDONED", "DONE2", "UNDONE"])
def test_a_stop_word_is_a_word_written_so(text: str) -> None:
    room = a_room(StopWord("DONE"))
    room.say(ANA, text)
    assert concluded(room) is None


@pytest.mark.parametrize(
    ("word", "text"),
    [("完成", "我们已完成任务。"), ("[END]", "so[END]."), ("all done", "Yes, all done!")],
)
def test_a_stop_word_is_found_in_any_writing(word: str, text: str) -> None:
    room = a_room(StopWord(word))
    room.say(ANA, text)
    assert concluded(room) is not None


def test_a_stop_word_of_somebody_s_is_only_his() -> None:
    room = a_room(StopWord("DONE", by="Bo"))
    room.say(ANA, "Bo, are you DONE?")
    assert concluded(room) is None
    room.finish("DONE.")
    assert concluded(room) == "bo said 'DONE'"


def test_a_whisper_stops_nothing() -> None:
    room = a_room(StopWord("DONE") | Spoke(CY) | Utterances(1))
    room.say(CY, "DONE, say I.", whisper=[ANA])
    assert concluded(room) is None


def test_turns_are_agents_turns_that_have_ended() -> None:
    room = a_room(Turns(2))
    room.say(ANA, "Well?")
    room.finish("One.")
    assert concluded(room) is None
    room.finish("Two.")
    assert concluded(room) == "2 turns have ended"


def test_utterances_are_counted_whoever_makes_them() -> None:
    room = a_room(Utterances(3), "ana bo")
    room.say(ANA, "@bo?")
    room.finish("Yes?")
    assert concluded(room) is None
    room.say(ANA, "Nothing.")
    assert concluded(room) == "3 things have been said"


@pytest.mark.parametrize("until", [Tokens(10), Cost(0.5)])
def test_what_is_spent_adds_up_to_the_end(until: Condition) -> None:
    room = a_room(until, "ana bo")
    for turn in range(2):
        room.say(ANA, "@bo?")
        assert concluded(room) is None
        pay_and_finish(room, Spent(5 + turn, 0.25))
    assert concluded(room) is not None


def test_time_is_up_with_the_first_event_after_it_or_by_itself() -> None:
    for late in (10.0, 9.9995):
        room = a_room(Seconds(10))
        room.now += 9
        room.say(ANA, "Still time?")
        assert concluded(room) is None
        room.now += late - 9
        room.ask(admission.elapse)
        assert concluded(room) == "10 s have passed"


def test_before_its_time_nothing_elapses() -> None:
    room = a_room(Seconds(10))
    room.now += 9.99
    assert room.ask(admission.elapse) == ()
    assert conditions.deadline(room.floor) == 1010


def test_somebody_s_first_word_stops_the_room_that_waits_for_it() -> None:
    room = a_room(Spoke(("Cy", EVE)))
    room.say(ANA, "Cy?")
    assert concluded(room) is None
    room.say(CY, "Here.")
    assert concluded(room) == "cy or eve spoke"


def test_the_floor_is_handed_on_by_an_agent_in_its_turn() -> None:
    room = a_room(HandedTo("Ana"))
    room.say(CY, "Ana, shall we?")
    assert concluded(room) is None
    room.finish("Eve?")
    assert concluded(room) is None
    room.finish("Ana, it is yours.")
    assert concluded(room) == "the floor was handed to ana"


def test_everybody_has_spoken_when_the_last_one_has() -> None:
    room = a_room(EverybodySpoke(), "ana bo zoe")
    room.say(ANA, "@bo?")
    assert concluded(room) is None
    room.finish("Here.")
    assert concluded(room) == "everybody has spoken"


def test_all_agents_have_spoken_though_people_have_not() -> None:
    room = a_room(EverybodySpoke(agents=True), "ana cy bo eve")
    room.say(ANA, "Well?")
    room.finish("Here.")
    assert concluded(room) is None
    room.finish("And here.")
    assert concluded(room) == "all agents have spoken"


def test_so_many_turns_have_failed() -> None:
    room = a_room(TurnsFailed(2))
    room.say(ANA, "Well?")
    for failed in range(2):
        assert concluded(room) is None, failed
        hold = room.floor.holds[0]
        room.ask(partial(_fail, hold))
    assert concluded(room) == "2 turns have failed"


def _fail(hold: object, floor: Floor, now: float) -> tuple[Draft, ...]:
    return admission.cut(floor, hold, Outcome.FAILED, ROOM, "", "it broke")  # type: ignore[arg-type]


@asked_as("two questions")
def two_questions(floor: Floor, event: Event) -> bool:
    """Whether two questions are open."""
    return len(floor.owed) >= 2


def test_a_function_of_the_user_s_own_is_asked_by_its_name() -> None:
    room = a_room(two_questions)
    room.say(ANA, "@bo?")
    room.say(CY, "And Eve, too: well, Eve and Cy?", to=[EVE])
    assert concluded(room) is None
    room.say(CY, "Eve and Ana: hm?")
    assert concluded(room) == "two questions came true"


def test_two_functions_do_not_bear_one_name() -> None:
    with pytest.raises(Exists):
        asked_as("two questions")(lambda floor, event: True)


# ---- composed


def test_all_means_that_each_has_come_true_since_and_not_all_at_once() -> None:
    room = a_room(StopWord("DONE") & Turns(2) | Seconds(600), "ana bo")
    room.say(ANA, "DONE, @bo?")
    room.finish("Yes.")
    assert concluded(room) is None
    room.say(ANA, "@bo?")
    room.finish("Hm.")
    assert concluded(room) == "somebody said 'DONE' and 2 turns have ended"


def test_nothing_of_it_is_true_any_more_after_resuming() -> None:
    room = a_room(StopWord("DONE") & Turns(1), "ana bo")
    room.say(ANA, "DONE, @bo?")
    room.finish("Yes.")
    assert concluded(room) is not None
    room.now += 5
    resume(room)
    assert room.floor.tally is not None
    assert (room.floor.tally.since, room.floor.tally.came, room.floor.tally.turns) == (1005, (), 0)
    room.say(ANA, "@bo?")
    room.finish("Yes?")
    assert room.floor.phase is Phase.OPEN


def test_another_condition_begins_anew() -> None:
    room = a_room(Turns(2), "ana bo")
    room.say(ANA, "@bo?")
    room.finish("Yes?")
    changed = ConditionChanged(specify(Turns(1)))
    room.ask(lambda floor, now: (Draft(ROOM, changed),))
    assert concluded(room) is None
    room.say(ANA, "@bo?")
    room.finish("Yes?")
    assert concluded(room) == "a turn has ended"


def test_a_room_without_a_condition_counts_nothing() -> None:
    room = PureRoom(RoundRobin())
    room.seat(ANA, BO)
    room.say(ANA, "@bo?")
    assert room.floor.tally is None


@known_as("breaks")
@dataclass(frozen=True, slots=True)
class Breaks(Criterion):
    """It raises when somebody says Cy."""

    def met(self, floor: Floor, event: Event) -> bool:
        """Raise, or not."""
        if isinstance(event.body, Said) and "Cy" in event.body.text:
            raise LookupError("what was that?")
        return False


def test_a_condition_that_raises_is_told_once_and_the_room_goes_on() -> None:
    room = a_room(Breaks() | StopWord("DONE"))
    events = room.say(ANA, "Bo and Eve, ask Cy.")
    assert [event.type for event in events][:2] == ["Said", "ConditionFailed"]
    assert room.holder is not None
    room.say(ANA, "Cy?")
    failed = [e.body.problem for e in room.events if isinstance(e.body, ConditionFailed)]
    assert failed == ["condition 'Breaks' raised LookupError('what was that?')"]
    room.say(CY, "DONE.")
    assert room.floor.phase is Phase.PAUSED


def test_a_room_that_rests_is_not_watched() -> None:
    room = a_room(StopWord("DONE"))
    room.ask(lambda floor, now: (Draft(ROOM, RoomPaused()),))
    before = room.floor.tally
    room.say(ANA, "DONE.")
    assert room.floor.tally == before


def test_an_end_that_nobody_decided_disagrees_with_what_is_decided_again() -> None:
    room = a_room(StopWord("DONE"))
    said = room.say(ANA, "Hm.")[-1]
    forged = replace(said, seq=said.seq + 1, by=ROOM, body=Concluded("by hand"))
    *_, last = replay(RoomId("kitchen"), [*room.events, forged])
    assert isinstance(last, Disagreement)


# ---- as data

leaves: st.SearchStrategy[Condition] = st.one_of(
    st.builds(StopWord, st.sampled_from(["think", "hm", "DONE"]), st.sampled_from([(), (BO,)])),
    st.builds(Turns, st.integers(1, 4)),
    st.builds(Utterances, st.integers(1, 6)),
    st.builds(Seconds, st.floats(0.5, 9)),
    st.builds(Spoke, st.sampled_from([(ANA,), (BO, EVE)])),
    st.builds(HandedTo, st.sampled_from([ANA, EVE])),
    st.builds(EverybodySpoke, st.booleans()),
    st.builds(TurnsFailed, st.integers(1, 2)),
)
trees = st.recursive(
    leaves, lambda t: st.builds(lambda a, b: a & b, t, t) | st.builds(lambda a, b: a | b, t, t)
)


@given(trees)
def test_a_condition_comes_back_from_its_data(until: Condition) -> None:
    assert build(specify(until)) == until


@given(trees)
def test_a_room_keeps_a_condition_and_its_data_alike(until: Condition) -> None:
    assert conditions.said(until) == conditions.said(specify(until)) == specify(until)


@pytest.mark.parametrize(
    ("short", "meant"),
    [
        ({"turns": 3}, Turns(3)),
        ("everybody_spoke", EverybodySpoke()),
        ({"everybody_spoke": None}, EverybodySpoke()),
        ({"stop_word": {"word": "DONE", "by": "Bo"}}, StopWord("DONE", (BO,))),
        ({"spoke": ["Ana", "cy"]}, Spoke((ANA, CY))),
        ({"any": [{"cost": 1}, {"seconds": 2.5}]}, Cost(1) | Seconds(2.5)),
        (
            {"any": [{"all": [{"stop_word": "DONE"}, {"turns": 3}]}, {"seconds": 600}]},
            StopWord("DONE") & Turns(3) | Seconds(600),
        ),
    ],
)
def test_files_may_say_it_shorter(short: object, meant: Condition) -> None:
    assert build(short) == meant


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("stop_wrod", "did you mean 'stop_word'?"),
        ({"turns": "3"}, "n must be int, and '3' is str"),
        ({"turns": True}, "n must be int, and True is bool"),
        ({"turns": 0}, "a whole number above 0, not 0"),
        ({"turns": {"m": 3}}, "no field m; it takes n"),
        ("turns", "n is missing"),
        ({"seconds": float("inf")}, "a finite number above 0"),
        ({"cost": -1}, "a finite number above 0"),
        ({"stop_word": ""}, "word must be text, and not empty"),
        ({"stop_word": 7}, "word must be text, and 7 is int"),
        ({"spoke": []}, "who must name somebody"),
        ({"spoke": [3]}, "who must be a list of names, not [3]"),
        ({"all": []}, "is made of one or more conditions"),
        ({"any": {"turns": 3}}, "no field turns; it takes each"),
        ({"all": 3}, "each must be a list of conditions, not 3"),
        ({"asks": "two question"}, "did you mean 'two questions'?"),
        (["turns"], "a condition is a name, or a mapping"),
        ({"turns": 3, "seconds": 1}, "a condition is a name, or a mapping"),
        (3, "a condition is a name, or a mapping"),
    ],
)
def test_what_is_no_condition_is_refused_and_said_why(wrong: object, told: str) -> None:
    with pytest.raises(Refused) as caught:
        build(wrong)
    assert told in str(caught.value)


# ---- laws


def a_log(program: Sequence[Ask]) -> list[Event]:
    """A room's events; the first is where it opens."""
    room = PureRoom(Addressed(), RoomSettings(capacity=2))
    room.seat(ANA, CY, BO, EVE)
    for ask in program:
        room.do(ask)
    return room.events


def ends_at(until: Condition, log: Sequence[Event]) -> float | None:
    """With which event of a log, whatever is decided about it, the condition has come true."""
    opened = RoomOpened(RoomSettings(capacity=2, until=specify(until)))
    floor = Floor(RoomId("kitchen"))
    for event in [replace(log[0], body=opened), *log[1:]]:
        floor = apply(floor, event)
        if floor.tally is not None and floor.tally.reason is not None:
            return event.seq
    return None


without_pauses = programs(10, 25).map(
    lambda asks: [ask for ask in asks if ask[0] not in ("pause", "resume", "close")]
)
LAWS: list[Callable[[Condition, Condition, Condition], tuple[Condition, Condition]]] = [
    lambda a, b, c: (a & b, b & a),
    lambda a, b, c: (a | b, b | a),
    lambda a, b, c: (a & a, a),
    lambda a, b, c: (a | a, a),
    lambda a, b, c: (a & (b & c), (a & b) & c),
    lambda a, b, c: (a | (b | c), (a | b) | c),
    lambda a, b, c: (a & (b | c), (a & b) | (a & c)),
    lambda a, b, c: (a | (b & c), (a | b) & (a | c)),
    lambda a, b, c: (a & (a | b), a),
    lambda a, b, c: (a | (a & b), a),
]


@given(st.sampled_from(LAWS), trees, trees, trees, without_pauses.map(a_log))
def test_and_and_or_keep_the_laws_of_boolean_algebra(
    law: Callable[[Condition, Condition, Condition], tuple[Condition, Condition]],
    a: Condition,
    b: Condition,
    c: Condition,
    log: Sequence[Event],
) -> None:
    one, other = law(a, b, c)
    assert ends_at(one, log) == ends_at(other, log)


@given(trees, trees, without_pauses.map(a_log))
def test_both_is_when_the_later_is_and_either_is_when_the_earlier_is(
    a: Condition, b: Condition, log: Sequence[Event]
) -> None:
    times = [ends_at(a, log), ends_at(b, log)]
    known = [at for at in times if at is not None]
    assert ends_at(a & b, log) == (max(known) if len(known) == 2 else None)
    assert ends_at(a | b, log) == (min(known) if known else None)


@given(policies, trees, programs(changing=True), st.none() | st.integers(1, 3))
def test_nothing_is_granted_after_the_end_until_resumed_and_replay_equals_record(
    policy: object, until: Condition, program: Sequence[Ask], capacity: int | None
) -> None:
    settings = RoomSettings(until=specify(until), capacity=capacity)
    room = PureRoom(policy, settings)  # type: ignore[arg-type]
    room.seat(ANA, CY, BO, EVE)
    for ask in program:
        room.do(ask)
        if ask == ("pause",):  # nobody paused a room that had stopped
            room.do(("resume",))
    stopped = False
    for event in room.events:
        stopped = isinstance(event.body, Concluded) or (
            stopped and not isinstance(event.body, RoomResumed)
        )
        assert not (stopped and isinstance(event.body, TurnGranted))
    assert not any(isinstance(s, Disagreement) for s in replay(RoomId("kitchen"), room.events))
