"""Whispers stay whispered: in readers' projections, and in what agents may draw on."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.programs import (
    ANA,
    BO,
    CAST,
    CY,
    DOV,
    Ask,
    PureRoom,
    members,
    policies,
    programs,
)

from tertulia.orchestrator import Policy, RoomSettings
from tertulia.orchestrator.events import Event, Said, TurnGranted
from tertulia.orchestrator.floor import Floor, Hold
from tertulia.orchestrator.policies import Addressed, RaisedHands
from tertulia.orchestrator.room import Audience, ParticipantId
from tertulia.orchestrator.transcript import Transcript
from tertulia.orchestrator.transitions import apply
from tertulia.orchestrator.visibility import (
    audience_of,
    covers,
    may_see,
    seen,
    seen_by,
    sight_in,
    sight_of,
    speakable,
)

OUTSIDER = ParticipantId("stranger")
audiences: st.SearchStrategy[Audience] = st.none() | st.sets(members).map(
    lambda who: tuple(sorted(who))
)


def whispering(policy: Policy, program: Sequence[Ask]) -> list[Event]:
    room = PureRoom(policy, RoomSettings(capacity=2))
    room.seat(*CAST)
    for ask in program:
        room.do(ask)
    return room.events


def turns(events: list[Event]) -> list[Hold]:
    """Every turn, as it was granted."""
    floor, holds = Floor(events[0].room), []
    for event in events:
        floor = apply(floor, event)
        if isinstance(event.body, TurnGranted):
            holds.append(floor.holds[-1])
    return holds


@given(policies, programs())
def test_a_whisper_is_seen_by_exactly_its_audience(policy: Policy, program: Sequence[Ask]) -> None:
    events = whispering(policy, program)
    for who in (*CAST, OUTSIDER):
        seen = {event.seq for event in seen_by(events, who)}
        there = {event.seq for event in events if sight_in(events, who).was_there(event.seq)}
        for event in events:
            meant = event.audience is None or who in event.audience
            assert (event.seq in seen) == (meant and event.seq in there)


@given(policies, programs())
def test_everybody_sees_a_part_of_the_one_order(policy: Policy, program: Sequence[Ask]) -> None:
    events = whispering(policy, program)
    for who in CAST:
        seen = [event.seq for event in seen_by(events, who)]
        assert seen == sorted(seen)


@given(policies, programs())
def test_an_agent_that_speaks_to_all_has_heard_no_whisper(
    policy: Policy, program: Sequence[Ask]
) -> None:
    events = whispering(policy, program)
    said = [event for event in events if isinstance(event.body, Said)]
    for hold in turns(events):
        view = Transcript(said).view(hold, sight_in(events[: hold.as_of], hold.participant))
        assert all(event.seq <= hold.as_of for event in view)
        listeners = (*CAST, OUTSIDER) if hold.audience is None else hold.audience
        assert all(e.audience is None or who in e.audience for e in view for who in listeners)


def test_what_one_whispered_to_an_agent_does_not_come_out_in_a_whisper_to_another() -> None:
    room = PureRoom(Addressed(), RoomSettings(side_floors=True))
    room.seat(ANA, CY, BO)
    room.say(ANA, "Cy is late again.", whisper=(BO,))
    room.finish("I saw it.")
    room.say(CY, "What does Ana say?", whisper=(BO,))
    said = [event for event in room.events if isinstance(event.body, Said)]
    for audience, heard in (((BO, CY), ["What does Ana say?"]), (None, [])):
        may = speakable(said, sight_of(room.floor, BO), audience)
        assert [event.text for event in may] == heard


@given(policies, programs())
def test_an_agent_hears_all_that_may_be_used_for_its_audience(
    policy: Policy, program: Sequence[Ask]
) -> None:
    events = whispering(policy, program)
    said = [event for event in events if isinstance(event.body, Said)]
    for hold in turns(events):
        sight = sight_in(events[: hold.as_of], hold.participant)
        view = Transcript(said).view(hold, sight)
        public = [
            e for e in said if e.audience is None and e.seq <= hold.as_of and may_see(e, sight)
        ]
        assert [event for event in view if event.audience is None] == public
        if hold.answers is not None:
            assert hold.answers in [event.seq for event in view]


@given(policies, programs())
def test_what_answers_a_whisper_is_whispered_to_the_same(
    policy: Policy, program: Sequence[Ask]
) -> None:
    events = whispering(policy, program)
    by_seq = {event.seq: event for event in events}
    for event in events:
        if isinstance(event.body, TurnGranted) and event.body.answers is not None:
            assert event.audience == by_seq[event.body.answers].audience
    audience = {e.body.turn: e.audience for e in events if isinstance(e.body, TurnGranted)}
    for event in events:
        turn = getattr(event.body, "turn", None)
        if turn is not None:
            assert event.audience == audience[turn]


@given(audiences, audiences, audiences)
def test_covering_is_an_order_with_everybody_at_the_top(
    a: Audience, b: Audience, c: Audience
) -> None:
    assert covers(a, a)
    assert covers(None, a)
    assert a is None or not covers(a, None)
    assert not (covers(a, b) and covers(b, c)) or covers(a, c)


@given(members, st.lists(members))
def test_a_whisper_s_audience_holds_its_speaker_and_each_listener_once(
    speaker: ParticipantId, listeners: list[ParticipantId]
) -> None:
    audience = audience_of(speaker, listeners)
    assert audience is not None
    assert list(audience) == sorted({speaker, *listeners})


def test_what_was_whispered_to_three_may_be_used_for_two_of_them_but_not_the_other_way() -> None:
    three, two = audience_of(ANA, ["bo", "cy"]), audience_of(ANA, ["bo"])
    room = PureRoom(RaisedHands())
    room.seat(*CAST)
    to_three = room.say("ana", "For three.", whisper=["bo", "cy"])[0]
    to_two = room.say("ana", "For two.", whisper=["bo"])[0]
    to_all = room.say("ana", "For all.")[0]
    said = [to_three, to_two, to_all]
    bo, dov = sight_of(room.floor, BO), sight_of(room.floor, DOV)
    assert list(speakable(said, bo, two)) == said
    assert list(speakable(said, bo, three)) == [to_three, to_all]
    assert list(speakable(said, bo, None)) == [to_all]
    assert list(speakable(said, dov, None)) == [to_all]
    assert list(seen(said, sight_of(room.floor, CY))) == [to_three, to_all]
