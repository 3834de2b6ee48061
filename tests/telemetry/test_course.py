"""What is under way, folded from events alone."""

from tertulia.orchestrator import Event, Kind, Said
from tertulia.orchestrator.events import Body, Joined, TurnGranted, Uptake
from tertulia.orchestrator.room import Audience, ParticipantId, RoomId, TurnId
from tertulia.telemetry.course import Course

KITCHEN, ANA, BO = RoomId("kitchen"), ParticipantId("ana"), ParticipantId("bo")


def folded(*happened: tuple[ParticipantId, Body, Audience]) -> Course:
    """The course after Ana and Bo came in and this happened, one event a second."""
    course = Course()
    came = [(ANA, Joined("Ana", Kind.HUMAN), None), (BO, Joined("Bo", Kind.AGENT), None)]
    for seq, (by, body, audience) in enumerate([*came, *happened], 1):
        course.take(Event(KITCHEN, seq, seq, float(seq), by, body, audience))
    return course


def granted(answers: int | None = None) -> TurnGranted:
    return TurnGranted(TurnId("kitchen/1"), 99.0, "a rule", answers)


def waited(course: Course, now: float = 10.0) -> float | None:
    answered = course.first_word(TurnId("kitchen/1"), now)
    return None if answered is None else answered.waited_s


def test_what_asks_nothing_is_waited_for_by_nobody() -> None:
    hum = Said("mm-hm", uptake=Uptake.BACKCHANNEL)
    assert waited(folded((ANA, Said("Well?"), None), (ANA, hum, None), (BO, granted(), None))) == 7
    assert waited(folded((ANA, hum, None), (BO, granted(), None))) is None


def test_a_person_who_takes_the_floor_is_no_answer() -> None:
    assert waited(folded((ANA, Said("Well?"), None), (ANA, granted(), None))) is None


def test_a_whisper_is_waited_for_where_it_is_answered_alone() -> None:
    whisper = (ANA, Said("Psst."), (ANA, BO))
    assert waited(folded(whisper, (BO, granted(), None))) is None
    assert waited(folded(whisper, (BO, granted(3), (ANA, BO)))) == 7


def test_only_the_first_word_of_a_turn_is_the_first() -> None:
    course = folded((ANA, Said("Well?"), None), (BO, granted(3), None))
    assert waited(course) == 7
    assert waited(course) is None


def test_a_room_that_is_let_go_leaves_nothing_behind() -> None:
    course = folded((ANA, Said("Well?"), None), (BO, granted(3), None))
    assert [turn.turn for turn in course.let_go(KITCHEN)] == ["kitchen/1"]
    assert course.turns == {}
    assert course.kind(KITCHEN, ANA) is None
    assert waited(course) is None
