"""Whom an utterance without a mark is for: names, adjacency pairs, a sure reading, or nobody."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.programs import ANA, BO, CAST, CY, DOV, EVE, FLO, ZOE

from tertulia.orchestrator.addressing import OBLIGES, Likely, Saying, Spoken, understood
from tertulia.orchestrator.addressing.names import called, calls_all
from tertulia.orchestrator.addressing.pairs import LATE_S, closes
from tertulia.orchestrator.events import Event, Found, Said
from tertulia.orchestrator.floor import Floor, Seat
from tertulia.orchestrator.hearing import Hearing
from tertulia.orchestrator.room import (
    Addressing,
    Audience,
    Kind,
    ParticipantId,
    RoomId,
    RoomSettings,
)
from tertulia.orchestrator.threads import Threads, threads

KITCHEN = RoomId("kitchen")
EVERYBODY = (ANA, CY, DOV, BO, EVE, FLO, ZOE)


@dataclass
class Room:
    """A room in which nothing happens but that people say things."""

    members: Sequence[ParticipantId] = EVERYBODY
    reach: Addressing = Addressing.PAIRS
    hearing: Hearing = field(default_factory=Hearing)
    log: list[Event] = field(default_factory=list)
    now: float = 1_000.0

    @property
    def floor(self) -> Floor:
        seats = {who: Seat(who, CAST[who].name, CAST[who].kind, 1) for who in self.members}
        return Floor(KITCHEN, settings=RoomSettings(addressing=self.reach), members=seats)

    def say(
        self,
        by: ParticipantId,
        text: str,
        *to: ParticipantId,
        audience: Audience = None,
        reply_to: int | None = None,
    ) -> Said:
        """Say something, ``to`` somebody if it bears a mark."""
        self.now += 5
        said = Said(text, to, reply_to=reply_to)
        said = understood(Saying(self.floor, by, said, audience, self.now), self.hearing)
        seq = len(self.log) + 1
        event = Event(KITCHEN, seq, seq, self.now, by, said, audience)
        self.log.append(event)
        self.hearing.hear([event])
        return said


# ---- names


@pytest.mark.parametrize(
    "text",
    [
        "Bo can you help",
        "bo what is that",
        "hey bo the lamp is off",
        "thanks Bo",
        "thank you bo!",
        "and you Bo?",
        "Ok Bo",
        "Bo please",
    ],
)
def test_a_name_called_without_a_sign_is_heard(text: str) -> None:
    said = Room().say(ANA, text)
    assert (said.addressees, said.found) == ((BO,), Found.NAMED)


@pytest.mark.parametrize(
    "text",
    [
        "Bo can do it",
        "Bo said so",
        "I asked Bo",
        "Does Ana like Bo?",
        "have you seen Bo?",
        "hello",
        "Bo",
        "bobby can you help",
        "",
        "?",
    ],
)
def test_a_name_that_is_only_talked_about_is_nobody_s_address(text: str) -> None:
    assert called(text, Room().floor.members, CY) == ()


@pytest.mark.parametrize(
    ("text", "everybody"),
    [
        ("@all lunch", True),
        ("Does anyone know?", True),
        ("hi all", True),
        ("Good evening everyone", False),
        ("everyone, listen", True),
        ("what do you all think?", True),
        ("I told everyone.", False),
        ("@allan hello", False),
        ("that's all", False),
    ],
)
def test_calls_to_everybody_are_told_from_talk_about_everybody(text: str, everybody: bool) -> None:
    assert calls_all(text) is everybody
    said = Room().say(ANA, text)
    assert said.everyone is everybody
    assert said.addressees == ()


def test_a_person_called_without_a_sign_is_meant_and_not_waited_for() -> None:
    said = Room().say(ANA, "Cy can you help")
    assert (said.addressees, said.meant) == ((), (CY,))


# ---- adjacency pairs


def test_whoever_was_asked_and_speaks_next_answers() -> None:
    room = Room()
    room.say(BO, "Which town, Ana?", ANA)
    said = room.say(ANA, "Lisbon.")
    assert (said.addressees, said.found, said.link) == ((BO,), Found.PAIR, 1)


def test_another_s_words_are_no_answer_to_what_somebody_was_asked() -> None:
    room = Room()
    room.say(BO, "Which town, Ana?", ANA)
    said = room.say(CY, "I am hungry.")
    assert (said.addressees, said.meant) == ((), ())


def test_what_somebody_says_to_a_person_obliges_no_agent() -> None:
    room = Room()
    room.say(CY, "Tea, Ana?", ANA)
    said = room.say(ANA, "Yes, green.")
    assert (said.addressees, said.meant) == ((), (CY,))


def test_thanks_go_to_whom_they_are_due_and_ask_for_nothing() -> None:
    room = Room()
    room.say(ANA, "@bo, two and two?", BO)
    room.say(BO, "Four.", ANA)
    room.say(CY, "I am hungry.")
    said = room.say(ANA, "thanks!")
    assert (said.addressees, said.meant, said.link) == ((), (BO,), 2)


def test_a_question_right_after_an_answer_goes_back_to_who_gave_it() -> None:
    room = Room()
    room.say(ANA, "@bo, two and two?", BO)
    room.say(BO, "Four.", ANA)
    assert room.say(ANA, "And three and three?").addressees == (BO,)


def test_among_several_people_a_remark_after_an_answer_is_a_hint_and_with_one_it_is_an_order() -> (
    None
):
    for members, obliged in ((EVERYBODY, ()), ((ANA, BO, EVE), (BO,))):
        room = Room(members)
        room.say(ANA, "@bo, a poem?", BO)
        room.say(BO, "Roses are red.", ANA)
        said = room.say(ANA, "Make it shorter.")
        assert said.addressees + said.meant == (BO,)
        assert said.addressees == obliged


def test_nobody_waits_for_an_answer_for_ever() -> None:
    room = Room()
    room.say(BO, "Which town, Ana?", ANA)
    room.now += LATE_S + 1
    assert room.say(ANA, "Good morning.").link is None


def test_in_a_room_of_marks_only_nothing_else_is_read() -> None:
    room = Room(reach=Addressing.EXPLICIT)
    room.say(BO, "Which town, Ana?", ANA)
    assert room.say(ANA, "Lisbon, Bo can you see") == Said("Lisbon, Bo can you see")


@pytest.mark.parametrize("text", ["thanks", "Thank you so much", "yes", "ok cool", "yep"])
def test_thanks_and_assent_close(text: str) -> None:
    assert closes(text)


@pytest.mark.parametrize(
    "text", ["yes?", "ok, then book it for Monday", "no idea why it fails", ""]
)
def test_what_says_more_does_not_close(text: str) -> None:
    assert not closes(text)


# ---- the learned reader


class Told(Hearing):
    """A hearing whose reader says what it is told to."""

    def __init__(self, read: Likely) -> None:
        super().__init__()
        self.read = read

    def reading(self, floor: Floor, by: ParticipantId, text: str, now: float) -> Likely:
        return self.read


@pytest.mark.parametrize(
    ("likely", "obliged", "meant"),
    [(OBLIGES, (BO,), ()), (OBLIGES - 0.01, (), (BO,)), (0.5, (), (BO,)), (0.49, (), ())],
)
def test_a_reading_obliges_only_where_it_is_sure(
    likely: float, obliged: tuple[str, ...], meant: tuple[str, ...]
) -> None:
    room = Room(reach=Addressing.LEARNED, hearing=Told(Likely(BO, likely, None)))
    said = room.say(ANA, "It does not start.")
    assert (said.addressees, said.meant, said.sure) == (obliged, meant, likely)


@pytest.mark.parametrize("who", [CY, ZOE, ANA, ParticipantId("stranger")])
def test_a_reading_obliges_no_person_no_observer_no_stranger_and_not_the_speaker(who: str) -> None:
    sure = Likely(ParticipantId(who), 1.0, None)
    said = Room(reach=Addressing.LEARNED, hearing=Told(sure)).say(ANA, "It does not start.")
    assert said.addressees == ()
    assert said.meant == ((CY,) if who == CY else ())


def test_an_agent_s_words_are_not_read() -> None:
    room = Room(reach=Addressing.LEARNED, hearing=Told(Likely(EVE, 1.0, None)))
    said = room.say(BO, "It does not start.")
    assert (said.addressees, said.meant) == ((), ())


# ---- properties

SAYINGS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "Bo can you help?",
            "thanks",
            "yes",
            "And tomorrow?",
            "anyone?",
            "hey cy",
            "zoe what do you see",
            "The disk is full.",
            "How do I empty the disk?",
        ]
    ),
)
AUDIENCES = st.sampled_from([None, (ANA, BO), (ANA, CY, EVE)])
TALK = st.lists(
    st.tuples(
        st.sampled_from([who for who in EVERYBODY if CAST[who].kind is not Kind.OBSERVER]),
        SAYINGS,
        st.lists(st.sampled_from([ANA, BO, CY]), max_size=1),
        AUDIENCES,
        st.none() | st.integers(0, 12),
    ),
    max_size=25,
)
Talk = list[tuple[ParticipantId, str, list[ParticipantId], Audience, int | None]]


def talk(room: Room, talked: Talk) -> list[Said]:
    """Say all of it, as far as it may be said."""
    found = []
    for by, text, to, audience, back in talked:
        if audience is not None and by not in audience:
            continue
        marks = [who for who in to if who != by and (audience is None or who in audience)]
        if audience is not None and not marks:
            marks = [who for who in audience if who != by]
        reply_to = len(room.log) - back if back is not None and len(room.log) > back else None
        if reply_to is not None and by not in (room.log[reply_to - 1].audience or EVERYBODY):
            reply_to = None
        found.append(room.say(by, text, *marks, audience=audience, reply_to=reply_to))
    return found


@given(TALK, st.sampled_from(list(Addressing)))
def test_only_hearers_are_meant_and_marks_win(talked: Talk, reach: Addressing) -> None:
    room = Room(reach=reach)
    for said, event in zip(talk(room, talked), room.log, strict=True):
        hearers = set(event.audience or room.members) - {event.by, ZOE}
        assert set(said.addressees + said.meant) <= hearers
        assert set(said.addressees).isdisjoint(said.meant)
        if said.found is not Found.EXPLICIT:
            assert all(CAST[who].kind is Kind.AGENT for who in said.addressees)
            assert CAST[event.by].kind is Kind.HUMAN or not said.addressees


@given(TALK, st.sampled_from(list(Addressing)))
def test_a_mark_is_obeyed_as_it_stands(talked: Talk, reach: Addressing) -> None:
    room = Room(reach=reach)
    talk(room, talked)
    said = room.say(ANA, "Bo can you help, anyone?", CY)
    assert (said.addressees, said.meant, said.everyone) == ((CY,), (), False)


@given(TALK, st.sampled_from(list(Addressing)))
def test_the_same_talk_is_understood_the_same(talked: Talk, reach: Addressing) -> None:
    assert talk(Room(reach=reach), talked) == talk(Room(reach=reach), talked)


@given(TALK, TALK, st.sampled_from(list(Addressing)))
def test_what_was_never_committed_leaves_no_trace(
    talked: Talk, lost: Talk, reach: Addressing
) -> None:
    one, other = Room(reach=reach), Room(reach=reach)
    talk(one, talked)
    talk(other, talked)
    kept, now = list(other.log), other.now
    talk(other, lost)
    other.hearing.rewind(len(kept), lambda: kept)
    other.log, other.now = kept, now
    for text in ("And tomorrow?", "thanks", "The disk is full."):
        assert one.say(ANA, text) == other.say(ANA, text)


@given(TALK, st.sampled_from(list(Addressing)))
def test_whoever_sees_an_utterance_sees_the_one_that_began_its_thread(
    talked: Talk, reach: Addressing
) -> None:
    room = Room(reach=reach)
    talk(room, talked)
    for event in room.log:
        assert isinstance(event.body, Said)
        began = room.log[(event.body.thread or event.seq) - 1]
        assert set(event.audience or room.members) <= set(began.audience or room.members)
        assert isinstance(began.body, Said)
        assert began.body.thread is None


@given(TALK)
def test_threads_fold_from_the_log_as_they_were_found(talked: Talk) -> None:
    room = Room()
    talk(room, talked)
    found = threads(room.log)
    assert sorted(e.seq for said in found.values() for e in said) == [e.seq for e in room.log]
    for thread, said in found.items():
        assert said[0].seq == thread
        for event in said[1:]:
            assert isinstance(event.body, Said)
            assert event.body.thread == thread


# ---- threads


def test_two_exchanges_side_by_side_are_two_threads() -> None:
    room = Room()
    room.say(ANA, "@bo, tea?", BO)
    room.say(CY, "@eve, maths?", EVE)
    bo = room.say(BO, "Green or black?", ANA)
    eve = room.say(EVE, "Two and two?", CY)
    green, four = room.say(ANA, "Green."), room.say(CY, "Four.")
    assert [bo.thread, green.thread] == [1, 1]
    assert [eve.thread, four.thread] == [2, 2]


def test_a_public_reply_to_a_whisper_begins_a_thread_of_its_own() -> None:
    room = Room()
    room.say(ANA, "Psst.", BO, audience=(ANA, BO))
    assert room.say(ANA, "Now for all.", reply_to=1).thread is None
    assert room.say(BO, "Psst!", ANA, audience=(ANA, BO), reply_to=1).thread == 1


def test_a_log_of_old_has_threads_by_its_replies() -> None:
    said = [Said("One."), Said("Two."), Said("To one.", reply_to=1), Said("On.", reply_to=3)]
    log = [Event(KITCHEN, n, n, 0.0, ANA, body) for n, body in enumerate(said, 1)]
    assert {t: [e.seq for e in s] for t, s in threads(log).items()} == {1: [1, 3, 4], 2: [2]}


def test_a_thread_goes_on_from_an_old_utterance_that_was_fetched() -> None:
    old = Event(KITCHEN, 3, 3, 0.0, BO, Said("Long ago.", thread=1))
    room = Room()
    room.hearing.recall(old)
    assert room.say(ANA, "I had a look.", BO, reply_to=3).thread == 1
    assert Threads().of(3) is None


def test_spoken_to_is_what_the_log_says() -> None:
    room = Room()
    room.say(ANA, "@bo?", BO)
    (spoken,) = room.hearing.before(None)
    assert spoken == Spoken(1, ANA, (BO,), True, room.now, 1)
