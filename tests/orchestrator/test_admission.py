"""What is asked for, word by word: what is refused says what to do, what is mended is told."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.programs import ANA, BO, CAST, CY, EVE, ZOE, PureRoom

from tertulia.orchestrator import Kind, Participant, RoomSettings, admission, handle
from tertulia.orchestrator.errors import (
    BadContent,
    Elsewhere,
    Exists,
    Invalid,
    KeyReused,
    NotNow,
    Refused,
    RoomClosed,
    ShuttingDown,
    TertuliaError,
    Unknown,
)
from tertulia.orchestrator.events import FloorRequestCancelled, Joined, Outcome, Said, TurnEnded
from tertulia.orchestrator.policies import Addressed, RaisedHands
from tertulia.orchestrator.ports import Reply
from tertulia.orchestrator.room import ParticipantId

LONE_SURROGATE = "a\ud800b"


def room(*names: str, **limits: Any) -> PureRoom:
    made = PureRoom(Addressed(), RoomSettings(**limits))
    made.seat(*(names or (ANA, CY, BO, EVE, ZOE)))
    return made


def said(made: PureRoom) -> Said:
    body = [event.body for event in made.events if isinstance(event.body, Said)][-1]
    assert isinstance(body, Said)
    return body


def ended(made: PureRoom) -> TurnEnded:
    body = [event.body for event in made.events if isinstance(event.body, TurnEnded)][-1]
    assert isinstance(body, TurnEnded)
    return body


# ---- refusals: each says what to do


REFUSALS: list[tuple[Callable[[PureRoom], object], type[Refused], str]] = [
    (lambda r: r.say("anna", "Hi."), Unknown, "no participant 'anna'; did you mean 'ana'?"),
    (lambda r: r.say("mallory", "Hi."), Unknown, "'mallory' in room 'kitchen': ana, cy, bo"),
    (lambda r: r.say(ANA, "Hi.", to=["boo"]), Unknown, "did you mean 'bo'?"),
    (lambda r: r.say(ANA, "Hi.", whisper=["evee"]), Unknown, "did you mean 'eve'?"),
    (lambda r: r.say(ANA, ""), BadContent, "empty content: say something, or say nothing at all"),
    (lambda r: r.say(ANA, " \n\t"), BadContent, "empty content"),
    (lambda r: r.say(ANA, "x" * 20_001), BadContent, "20,001 characters: this room takes 20,000"),
    (lambda r: r.say(ANA, LONE_SURROGATE), BadContent, "not valid Unicode text: "),
    (lambda r: r.say(ANA, b"bytes"), BadContent, "content is bytes: say it as text"),  # type: ignore[arg-type]
    (lambda r: r.say(ANA, "Hi.", key=LONE_SURROGATE), BadContent, "not valid Unicode text: "),
    (lambda r: r.say(ANA, "Hi.", key="a\0b"), BadContent, "a key with a NUL in it: leave it out"),
    (lambda r: r.say(ANA, "Hi.", key="k" * 1025), BadContent, "a key of 1,025 characters: at most"),
    (lambda r: r.say(ANA, "Hi.", reply_to=99), Unknown, "no event 99; the room has events 1 to"),
    (lambda r: r.say(ANA, "Hi.", reply_to=0), Unknown, "no event 0"),
    (lambda r: r.say(ZOE, "Hi."), NotNow, "'zoe' is watching, so Said cannot happen now; an obs"),
    (lambda r: r.raise_hand(ZOE), NotNow, "an observer only watches: to speak, join as a person"),
    (lambda r: r.raise_hand("cyy"), Unknown, "did you mean 'cy'?"),
    (lambda r: r.ask(lambda f, n: admission.withdraw(f, ParticipantId("x"))), Unknown, "room"),
    (
        lambda r: r.ask(lambda f, n: admission.leave(f, ParticipantId("eva"), "", "")),
        Unknown,
        "did you mean 'eve'?",
    ),
    (
        lambda r: r.ask(lambda f, n: admission.leave(f, ANA, LONE_SURROGATE, "")),
        BadContent,
        "not valid Unicode text: ",
    ),
    (
        lambda r: r.ask(lambda f, n: admission.join(f, Participant(ANA, "Another", Kind.HUMAN))),
        Exists,
        "already a participant 'ana'; choose another name",
    ),
]


def named(value: object) -> str:
    """What a case is called: the same in every process, so no address of a function is in it."""
    return value[:30] if isinstance(value, str) else getattr(value, "__name__", "")


@pytest.mark.parametrize(("ask", "kind", "told"), REFUSALS, ids=named)
def test_what_cannot_be_is_refused_with_what_to_do_and_leaves_no_trace(
    ask: Callable[[PureRoom], object], kind: type[Refused], told: str
) -> None:
    made = room()
    before = made.floor
    with pytest.raises(kind) as caught:
        ask(made)
    assert told in str(caught.value)
    assert made.floor == before


def test_who_holds_the_floor_need_not_ask_for_it() -> None:
    made = room()
    made.say(ANA, "@bo?")
    with pytest.raises(NotNow, match=r"'bo' is holding.*; they have the floor already"):
        made.raise_hand(BO)


def test_a_closed_room_refuses_everything_and_says_so() -> None:
    made = room()
    made.do(("close",))
    requests: list[Callable[[], object]] = [
        lambda: made.say(ANA),
        lambda: made.raise_hand(ANA),
        lambda: made.seat("dov"),
        lambda: made.ask(lambda f, n: admission.leave(f, ANA, "", "")),
    ]
    for ask in requests:
        with pytest.raises(RoomClosed, match="'kitchen' is closed; open a new room to go on"):
            ask()


def test_joining_again_changes_nothing() -> None:
    made = room()
    head = made.floor.head
    made.seat(ANA)
    assert made.floor.head == head


def test_taking_down_a_hand_that_is_not_up_changes_nothing() -> None:
    made = room()
    assert made.ask(lambda f, n: admission.withdraw(f, ANA)) == ()


# ---- what a person says


def test_a_person_s_answer_gives_the_floor_back() -> None:
    made = room()
    made.say(BO, "@ana?")
    turn = made.floor.holds[0].turn
    made.say(ANA, "Yes.")
    assert said(made).turn == turn
    assert ended(made) == TurnEnded(turn, Outcome.COMMITTED)


def test_when_another_person_speaks_one_who_was_waited_for_is_waited_for_no_longer() -> None:
    made = room()
    made.say(BO, "@ana?")
    made.say(CY, "I know it.")
    assert ended(made).outcome is Outcome.PASSED
    assert made.floor.holds == ()


def test_an_agent_that_holds_the_floor_keeps_it_while_persons_speak() -> None:
    made = room()
    made.say(ANA, "@bo?")
    made.say(CY, "I know it.")
    made.say(ANA, "So do I.")
    assert made.holder == BO


def test_a_whisper_does_not_end_a_public_turn() -> None:
    made = room()
    made.say(BO, "@ana?")
    made.say(ANA, "What shall I say?", whisper=[CY])
    made.say(CY, "Say yes.", whisper=[ANA])
    assert made.holder == ANA


def test_a_hand_comes_down_when_what_it_was_raised_for_has_been_said() -> None:
    made = PureRoom(RaisedHands())
    made.seat(ANA, CY)
    made.raise_hand(CY)
    made.raise_hand(ANA)
    events = made.say(ANA, "I could not wait.")
    assert FloorRequestCancelled in [type(event.body) for event in events]
    assert made.floor.pending == ()


def test_a_reply_addresses_whom_it_answers() -> None:
    made = room()
    made.say(ANA, "Hm.", reply_to=2, asked_by=BO)
    assert said(made).addressees == (BO,)
    made.say(ANA, "Hm.", reply_to=2, asked_by=ParticipantId("gone"))
    assert said(made).addressees == ()


def test_who_is_named_in_to_takes_the_place_of_who_is_named_in_the_text() -> None:
    made = room()
    made.say(ANA, "@bo said so.", to=[EVE])
    assert said(made).addressees == (EVE,)


def test_a_whisper_addresses_the_agents_who_hear_it_and_never_one_who_cannot() -> None:
    made = room()
    made.say(ANA, "Psst.", whisper=[BO, CY])
    assert said(made).addressees == (BO,)
    made.say(ANA, "Psst.", whisper=[CY])
    assert said(made).addressees == (CY,)
    made.say(ANA, "@eve is odd.", whisper=[BO])
    assert said(made).addressees == (BO,)
    assert not [owed for owed in made.floor.owed if owed.participant == EVE]


# ---- what an agent says


def test_an_invented_addressee_becomes_a_problem_that_everybody_sees() -> None:
    made = room()
    made.say(ANA, "@bo?")
    made.finish("Ask the cook.", addressees=(ParticipantId("cook"), CY))
    assert said(made).addressees == (CY,)
    assert ended(made).problem == "addressed cook, who is not here (here are ana, cy, bo, eve, zoe)"


def test_a_crowd_of_invented_addressees_is_told_briefly() -> None:
    made = room()
    made.say(ANA, "@bo?")
    made.finish("All!", addressees=tuple(ParticipantId(f"n{i}") for i in range(10_000)))
    assert len(ended(made).problem or "") <= admission.WORDS


def test_an_agent_s_text_beyond_the_limit_is_cut_and_that_is_told() -> None:
    made = room(text_limit=10)
    made.say(ANA, "@bo?")
    made.finish("0123456789abc")
    assert said(made).text == "0123456789"
    assert ended(made).problem == "cut at 10 of 13 characters"


def test_an_agent_s_broken_unicode_is_mended_in_text_and_problem() -> None:
    made = room()
    made.say(ANA, "@bo?")
    made.finish(LONE_SURROGATE, problem=LONE_SURROGATE)
    assert said(made).text == "a?b"
    assert ended(made).problem == "a?b"


def test_silence_is_no_utterance() -> None:
    made = room()
    made.say(ANA, "@bo?")
    made.finish("  \n", more=True)
    assert said(made).text == "@bo?"
    assert ended(made) == TurnEnded(ended(made).turn, Outcome.COMMITTED)
    assert made.floor.continuing is None


def test_a_turn_that_is_over_ends_only_once() -> None:
    made = room()
    made.say(ANA, "@bo?")
    hold = made.floor.holds[0]
    made.finish("Yes.")
    assert admission.finish(made.floor, hold, Reply("Again.")) == ()
    assert admission.cut(made.floor, hold, Outcome.EXPIRED, ANA, "Ag") == ()
    assert made.ask(lambda f, now: admission.take_up(f, hold, now)) == ()


def test_what_is_cut_off_stands_as_said_and_marked() -> None:
    made = room()
    made.say(ANA, "@bo?")
    hold = made.floor.holds[0]
    made.ask(lambda f, n: admission.cut(f, hold, Outcome.INTERRUPTED, CY, "I was about t"))
    assert (said(made).text, said(made).interrupted_by) == ("I was about t", CY)
    assert ended(made).outcome is Outcome.INTERRUPTED


def test_a_turn_is_taken_up_so_often_and_then_given_up_for_all_to_see() -> None:
    made = room()
    made.say(ANA, "@bo?")
    for attempt in range(2, admission.RESUMPTIONS + 2):
        made.do(("crash", 0))
        assert made.floor.holds[0].attempt == attempt
    made.do(("crash", 0))
    assert ended(made).outcome is Outcome.FAILED
    assert ended(made).problem == "given up: the process ended 4 times during this turn"


def test_whoever_leaves_says_no_more_and_is_owed_nothing() -> None:
    made = room()
    made.say(ANA, "@bo @eve?")
    made.ask(lambda f, n: admission.leave(f, BO, "had to go", "I was"))
    assert said(made).text == "I was"
    assert ended(made).outcome is Outcome.LEFT
    assert BO not in made.floor.members
    assert made.holder == EVE
    made.ask(lambda f, n: admission.leave(f, EVE, "", ""))
    assert made.floor.owed == ()
    assert made.holder is None


def test_whoever_comes_back_owes_nothing_from_before() -> None:
    made = room()
    made.say(ANA, "@bo @eve?")
    made.raise_hand(EVE)
    made.ask(lambda f, n: admission.leave(f, EVE, "", ""))
    assert (made.floor.owed, made.floor.pending) == ((), ())
    made.seat(EVE)
    made.finish("I can say.")
    assert made.holder is None


# ---- values that are checked at the door


@pytest.mark.parametrize(
    "bad", ["", "Ana", "-ana", "a b", "ä", "a" * 65, "room", "all", "everyone"]
)
def test_a_handle_that_cannot_be_mentioned_is_refused(bad: str) -> None:
    with pytest.raises(Invalid, match="a handle is 1 to 64 of"):
        Participant(ParticipantId(bad), "Ana", Kind.HUMAN)


@pytest.mark.parametrize("bad", ["", "  ", "a\nb", "a\rb", "a\u2028b", "a" * 81, LONE_SURROGATE])
def test_a_name_that_is_not_one_line_of_text_is_refused(bad: str) -> None:
    with pytest.raises(Invalid, match="a name is one line of 1 to 80"):
        Participant(ANA, bad, Kind.HUMAN)


@given(st.text(max_size=100))
def test_a_handle_can_be_made_of_any_name(name: str) -> None:
    made = handle(name)
    if made not in ("room", "all", "everyone"):
        Participant(made, "Somebody", Kind.HUMAN)


@pytest.mark.parametrize("name", ["lease_s", "patience_s", "text_limit"])
@pytest.mark.parametrize("bad", [0, -1, float("inf"), float("nan")])
def test_settings_are_finite_and_greater_than_nothing(name: str, bad: float) -> None:
    with pytest.raises(Invalid, match=f"room setting {name}: must be "):
        RoomSettings(**{name: bad})  # type: ignore[arg-type]


def test_capacity_and_turn_limit_are_checked() -> None:
    with pytest.raises(Invalid, match="capacity: must be at least 1"):
        RoomSettings(capacity=0)
    with pytest.raises(Invalid, match="turn_limit: must not be negative"):
        RoomSettings(turn_limit=-1)


# ---- errors


@pytest.mark.parametrize(
    "error",
    [
        Unknown(kind="room", name="x", hint=""),
        NotNow(who="x", standing="open", event="Said", hint=""),
        KeyReused(who="x", key="k", seq=3),
        Elsewhere(room="x", owner="p", until=1.0),
        ShuttingDown(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_travel_between_processes_with_their_fields(error: TertuliaError) -> None:
    for travelled in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301
        assert type(travelled) is type(error)
        assert str(travelled) == str(error)
        assert travelled.fields == error.fields


def test_an_error_knows_its_fields_and_no_others() -> None:
    error = KeyReused(who="ana", key="k", seq=3)
    assert error.seq == 3
    with pytest.raises(AttributeError):
        error.sequence  # noqa: B018


def test_everybody_of_the_cast_can_come_in() -> None:
    made = room(*CAST)
    assert sum(isinstance(event.body, Joined) for event in made.events) == len(CAST)
