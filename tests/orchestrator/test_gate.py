"""Agents speak unasked only where the talk is open to them; silence is a right answer."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.programs import ANA, BO, CY, DOV, EVE, FLO, PureRoom, policies, programs

from tertulia.orchestrator import admission
from tertulia.orchestrator.addressing.gate import OPEN, PARTNER, TO_ANOTHER, TO_ME, opening
from tertulia.orchestrator.admission.posts import Post
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.events import BidMade, Consulted, Draft, Found, Said
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies import Addressed, Bids, Conversational, Gated
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.transitions import fold


def listening(*names: str) -> PureRoom:
    """A room in which nobody speaks unasked."""
    room = PureRoom(Addressed())
    room.seat(*names)
    return room


def talk(*names: str, policy: Gated | None = None) -> PureRoom:
    room = PureRoom(policy or Gated())
    room.seat(*names)
    return room


def say(
    room: PureRoom, who: str, text: str, *, to: tuple[str, ...] = (), everyone: bool = False
) -> None:
    """Say something that is meant for somebody, as a room's cascade would have found."""

    def prepare(floor: Floor, now: float) -> tuple[Draft, ...]:
        draft, *rest = admission.post(floor, Post(ParticipantId(who), text))
        assert isinstance(draft.body, Said)
        meant = tuple(map(ParticipantId, to))
        body = replace(draft.body, meant=meant, everyone=everyone, found=Found.LEARNED)
        return (replace(draft, body=body), *rest)

    room.ask(prepare)


# ---- the opening


def test_what_is_meant_for_me_is_open_to_me_and_what_is_meant_for_another_is_not() -> None:
    room = listening(ANA, CY, BO, EVE)
    say(room, ANA, "And tomorrow?", to=(BO,))
    assert opening(room.floor, BO) == TO_ME[True]
    assert opening(room.floor, EVE) == TO_ANOTHER
    assert opening(room.floor, ANA) == 0.0


def test_a_question_is_more_open_than_a_remark_and_the_less_the_more_could_answer() -> None:
    opened = []
    for people in ((ANA,), (ANA, CY), (ANA, CY, DOV)):
        room = listening(*people, BO)
        say(room, ANA, "It rains.")
        remark = opening(room.floor, BO)
        say(room, ANA, "Does it rain?")
        opened += [opening(room.floor, BO)]
        assert remark < opened[-1]
    assert opened == sorted(opened, reverse=True)
    assert opened[0] == OPEN[True]


def test_a_question_to_everybody_is_open_to_each() -> None:
    room = listening(ANA, CY, DOV, BO)
    say(room, ANA, "Does anyone know?", everyone=True)
    assert opening(room.floor, BO) == OPEN[True]


def test_with_each_who_has_answered_it_is_less_open() -> None:
    room = listening(ANA, BO, EVE, FLO)
    say(room, ANA, "Does anyone know?", everyone=True)
    answered = replace(room.floor, volunteers=1)
    assert opening(answered, FLO) == pytest.approx(opening(room.floor, FLO) / 2)


# ---- the policy: 2 people and 1 agent, 1 person and 3 agents, 5 people and 2 agents


def test_while_two_people_talk_to_each_other_their_agent_is_silent() -> None:
    room = talk(ANA, CY, BO)
    say(room, ANA, "Shall we go now?", to=(CY,))
    say(room, CY, "In a minute.", to=(ANA,))
    assert room.floor.grants == 0


def test_an_open_question_of_two_people_is_their_agent_s_to_answer() -> None:
    room = talk(ANA, CY, BO)
    say(room, ANA, "When does the museum open?")
    assert room.holder == BO


def test_one_person_is_answered_by_the_agent_that_it_talks_with() -> None:
    room = talk(ANA, BO, EVE, FLO)
    say(room, ANA, "Make it shorter.", to=(FLO,))
    assert room.holder == FLO
    room.finish("Shorter.")
    assert room.holder is None


def test_one_person_s_open_question_is_answered_once() -> None:
    room = talk(ANA, BO, EVE, FLO)
    say(room, ANA, "What is two and two?")
    assert room.holder == BO
    room.finish("Four.")
    assert room.holder is None


def test_among_five_people_agents_leave_remarks_and_open_questions_to_them() -> None:
    room = talk(ANA, CY, DOV, BO, EVE, policy=Gated(Conversational(volunteers=2), 0.5))
    say(room, ANA, "I am hungry.")
    say(room, DOV, "When do we eat?")
    assert room.floor.grants == 0
    say(room, CY, "Does anyone know when we eat?", everyone=True)
    assert room.holder == BO


def test_whoever_was_asked_or_raises_a_hand_is_never_held_back() -> None:
    room = talk(ANA, CY, BO, EVE, policy=Gated(gate=1.0))
    room.say(ANA, "@bo?")
    assert room.holder == BO
    room.finish("Yes.", more=True)
    assert room.holder == BO  # who would go on goes on
    room.finish("And yes.")
    room.raise_hand(EVE)
    assert room.holder == EVE


def test_silence_costs_no_question_to_a_model() -> None:
    room = talk(ANA, CY, BO, EVE, policy=Gated(Bids()))
    say(room, ANA, "Shall we go now?", to=(CY,))
    assert not [e for e in room.events if isinstance(e.body, (Consulted, BidMade))]
    say(room, CY, "Do you know?", to=(BO,))
    asked = [e.body for e in room.events if isinstance(e.body, Consulted)]
    assert [question.candidates for question in asked] == [(BO,)]


@pytest.mark.parametrize("gate", [-0.1, 1.1, float("nan")])
def test_a_gate_is_between_nought_and_one(gate: float) -> None:
    with pytest.raises(Invalid):
        Gated(gate=gate)


# ---- properties


@given(programs(), policies, st.floats(0, 1))
def test_an_opening_is_a_share_and_the_same_for_the_same_log(
    program: list[tuple[object, ...]], inner: object, gate: float
) -> None:
    room = PureRoom(Gated(inner, gate))  # type: ignore[arg-type] # one of the strategy's policies
    for ask in program:
        room.do(ask)
    again = fold(Floor(room.floor.room), room.events)
    for who in room.floor.members:
        assert 0 <= opening(room.floor, who) <= 1
        assert opening(again, who) == opening(room.floor, who)


@given(programs())
def test_a_gate_of_nought_changes_nothing(program: list[tuple[object, ...]]) -> None:
    gated, plain = PureRoom(Gated(gate=0.0)), PureRoom(Conversational())
    for ask in program:
        gated.do(ask)
        plain.do(ask)
    assert [e.body for e in gated.events[1:]] == [e.body for e in plain.events[1:]]


def test_whom_the_speaker_heard_last_is_a_likely_answerer() -> None:
    room = talk(ANA, CY, DOV, BO, policy=Gated(gate=1.0))
    room.say(ANA, "@bo?")
    room.finish("Four.")
    say(room, CY, "Is it raining?")
    assert opening(room.floor, BO) == pytest.approx(OPEN[True] * PARTNER)
