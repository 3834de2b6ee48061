"""Phases: one after another, each to its end, and what is composed of them."""

from typing import Any

import pytest
from tests.orchestrator.programs import ANA, BO, EVE, FLO, PureRoom
from tests.orchestrator.rooms import House, a_house, in_no_time, log_of, replays, says, settle

from tertulia.orchestrator import RoomSettings, Turn
from tertulia.orchestrator.admission import expire
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.events import (
    Draft,
    Event,
    PolicyChanged,
    TurnGranted,
)
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies import (
    Addressed,
    Brainstorm,
    Conversational,
    Cooldown,
    Debate,
    Delphi,
    Fair,
    InRounds,
    Phase,
    Phases,
    RoundRobin,
    Scheduled,
    build,
    specify,
)
from tertulia.orchestrator.ports import Advance, Policy
from tertulia.orchestrator.room import ROOM
from tertulia.orchestrator.stage import PhaseBegan
from tertulia.orchestrator.visibility import audience_of


def a_room(policy: Policy, *who: str, **settings: Any) -> PureRoom:
    room = PureRoom(policy, RoomSettings(**settings))
    room.seat(ANA, *(who or (BO, EVE, FLO)))
    return room


def phases(room: PureRoom) -> list[str]:
    return [e.body.name for e in room.events if isinstance(e.body, PhaseBegan)]


def go_on(room: PureRoom, text: str = "Well.", most: int = 40) -> list[str]:
    """Let every turn end with these words; who had one, and where phases begin."""
    for _ in range(most):
        if room.holder is None:
            break
        room.finish(text)
    return happened(room.events)


def happened(events: list[Event]) -> list[str]:
    told: list[str] = []
    for event in events:
        match event.body:
            case TurnGranted():
                told.append(event.by)
            case PhaseBegan(name=name):
                told.append(f"[{name}]")
    return told


# ---- beginning and ending


def test_phases_begin_when_something_has_been_said_to_everybody() -> None:
    room = a_room(Phases((Phase("talk", Scheduled((BO,))),)))
    assert room.floor.stage.number == 0
    room.say(ANA, "Let us begin.")
    assert (room.floor.stage.number, room.floor.stage.name) == (1, "talk")
    assert room.holder == BO


@pytest.mark.parametrize(
    ("end", "turns"),
    [
        ({"turns": 3}, ["bo", "eve", "flo"]),
        ({"turns": 1}, ["bo"]),
        ({"rounds": 2}, ["bo", "eve", "flo", "bo", "eve", "flo"]),
        ({"rounds": 1, "who": (EVE, FLO)}, ["eve", "flo"]),
        ({"rounds": 9, "turns": 2}, ["bo", "eve"]),
    ],
)
def test_a_phase_ends_after_so_many_turns_or_rounds(end: dict[str, Any], turns: list[str]) -> None:
    room = a_room(Phases((Phase("first", RoundRobin(), **end), Phase("then", Addressed()))))
    room.say(ANA, "Let us begin.")
    assert go_on(room) == ["[first]", *turns, "[then]"]


def test_a_phase_ends_when_everybody_has_passed() -> None:
    room = a_room(Phases((Phase("talk", RoundRobin(), passed=True), Phase("then", Addressed()))))
    room.say(ANA, "What else?")
    room.finish("Only this.")
    assert room.holder == EVE
    room.finish()
    assert phases(room) == ["talk"]
    room.finish()
    assert phases(room) == ["talk", "then"]


def test_a_word_to_everybody_undoes_the_passing() -> None:
    room = a_room(Phases((Phase("talk", InRounds(9), passed=True),)))
    room.say(ANA, "What else?")
    room.finish()
    room.finish()
    room.say(ANA, "Nobody?")
    room.finish()
    assert phases(room) == ["talk"]


def test_a_phase_ends_in_a_lapse_where_it_says_so() -> None:
    both = (Phase("talk", Scheduled((BO, EVE)), lapses=True), Phase("then", Scheduled((FLO,))))
    room = a_room(Phases(both))
    room.say(ANA, "Let us begin.")
    assert go_on(room) == ["[talk]", "bo", "eve", "[then]", "flo"]


def test_a_phase_in_which_nobody_can_speak_does_not_block_the_next() -> None:
    room = a_room(Phases((Phase("gone", RoundRobin(), ("nobody",), rounds=2), Phase("talk"))), BO)
    room.say(ANA, "Let us begin.")
    assert happened(room.events) == ["[gone]", "[talk]", "bo"]


def test_a_turn_that_runs_when_the_time_is_up_is_finished_first() -> None:
    timed = Phase("talk", RoundRobin(), seconds=10)
    room = a_room(Phases((timed, Phase("then", Addressed()))))
    room.say(ANA, "Let us begin.")
    room.now += 11
    room.ask(lambda floor, now: expire(floor, 1))
    assert (phases(room), room.holder) == (["talk"], BO)
    room.finish("So.")
    assert (phases(room), room.holder) == (["talk", "then"], None)


def test_a_phase_waits_for_all_turns_that_run_though_there_is_a_place_free() -> None:
    both = (Phase("talk", RoundRobin(), turns=2), Phase("then", Addressed()))
    room = a_room(Phases(both), capacity=3)
    room.say(ANA, "Let us begin.")
    assert [hold.participant for hold in room.floor.holds] == [BO, EVE]
    room.finish("So.")
    assert phases(room) == ["talk"]
    room.finish("So.")
    assert phases(room) == ["talk", "then"]


def test_after_the_last_phase_another_policy_goes_on() -> None:
    room = a_room(Phases((Phase("talk", RoundRobin(), turns=1),)))
    room.say(ANA, "Let us begin.")
    room.finish("So.")
    assert (phases(room), room.holder) == (["talk", "over"], None)
    room.say(ANA, "@eve?")
    assert room.holder == EVE


def test_only_those_of_the_phase_are_granted_and_whispers_are_answered_all_the_same() -> None:
    room = a_room(Phases((Phase("talk", RoundRobin(), (EVE,), turns=2),)), side_floors=True)
    room.say(ANA, "Let us begin.")
    assert room.holder == EVE
    room.say(ANA, "Bo, is she right?", whisper=[BO])
    beside = room.floor.holds[1]
    assert (beside.participant, beside.audience) == (BO, audience_of(ANA, [BO]))
    room.finish("So.")
    room.finish("No.")
    assert room.floor.stage.turns == {EVE: 1}


def test_who_is_held_back_for_a_while_is_not_passed_over() -> None:
    room = a_room(Cooldown(Debate((BO, EVE), rebuttals=1), exchanges=2))
    room.say(ANA, "Cats are better than dogs.")
    assert go_on(room) == ["[opening]", "bo", "eve", "[rebuttals]"]
    room.say(ANA, "Go on.")
    assert go_on(room)[4:] == ["bo", "eve", "[closing]"]


def test_a_policy_begins_anew_when_it_is_given_again() -> None:
    room = a_room(Debate((BO, EVE), rebuttals=0))
    room.say(ANA, "Cats are better than dogs.")
    go_on(room)
    again = (Draft(ROOM, PolicyChanged(specify(Debate((EVE, BO), rebuttals=0)))),)
    room.ask(lambda floor, now: again)
    assert (room.floor.stage.name, room.holder) == ("opening", EVE)


def test_a_schedule_counts_turns_since_it_became_the_policy() -> None:
    room = a_room(RoundRobin())
    room.say(ANA, "Introduce yourselves.")
    go_on(room, most=4)
    room.ask(lambda floor, now: (Draft(ROOM, PolicyChanged(specify(Scheduled((EVE, BO))))),))
    assert (room.holder, go_on(room)[4:]) == (EVE, [EVE, EVE, BO])


# ---- what a policy may not do


class Rushing:
    """Goes on for ever, and grants nobody."""

    def choose(self, floor: Floor, now: float) -> Advance:
        return Advance(floor.stage.number + 1, "on and on")


def test_a_policy_that_rushes_through_phases_is_stopped_and_told() -> None:
    room = a_room(Rushing())
    events = room.say(ANA, "Hello?")
    assert events[-1].type == "PolicyFailed"
    assert "went through 100 phases at once" in str(events[-1].body)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"name": "phases", "each": ["round_robin"]}, "each takes phases"),
        ({"name": "phase", "inner": {"name": "debate"}}, "belongs beside this phase"),
        ({"name": "phase", "inner": {"name": "fair", "inner": "debate"}}, "belongs beside"),
        ({"name": "phase", "turns": -1}, "must not be negative"),
        ({"name": "phase", "title": ""}, "1 to 80 characters"),
        ({"name": "phases", "after": "debate"}, "after the phases comes a policy without any"),
        ({"name": "delphi", "rounds": 40, "options": ["a", "b"]}, "at most 99"),
    ],
)
def test_phases_that_cannot_be_are_refused_with_what_to_do(
    wrong: dict[str, object], told: str
) -> None:
    with pytest.raises(Invalid, match=told):
        Phases((build(wrong),))


def test_phases_can_be_written_as_data() -> None:
    written = {
        "name": "phases",
        "each": [
            {"name": "debate", "sides": ["bo", "eve"], "rebuttals": 1},
            {"name": "phase", "title": "talk", "inner": "conversational", "seconds": 60},
            {"name": "vote", "options": ["for", "against"], "but": ["bo", "eve"]},
        ],
        "after": "handoff",
    }
    policy = build(written)
    assert isinstance(policy, Phases)
    titles = ["opening", "rebuttals", "closing", "talk", "vote"]
    assert [phase.title for phase in policy.plan] == titles
    assert build(specify(policy)) == policy


# ---- debate, brainstorm, delphi


def test_in_a_debate_the_sides_alternate_and_who_began_has_the_last_word() -> None:
    room = a_room(Debate((BO, EVE), rebuttals=2))
    room.say(ANA, "Cats are better than dogs.")
    assert go_on(room) == [
        *("[opening]", "bo", "eve"),
        *("[rebuttals]", "bo", "eve", "bo", "eve"),
        *("[closing]", "eve", "bo"),
        "[over]",
    ]


def test_a_side_that_leaves_or_fails_does_not_stop_the_debate() -> None:
    room = a_room(Debate((BO, EVE), rebuttals=1))
    room.say(ANA, "Cats are better than dogs.")
    room.do(("cut", 0, "failed"))
    assert room.holder == EVE
    room.do(("leave", EVE))
    assert go_on(room)[-5:] == ["[rebuttals]", "bo", "[closing]", "bo", "[over]"]


def test_in_a_brainstorm_nobody_speaks_twice_before_all_have_had_their_chance() -> None:
    room = a_room(Brainstorm(rounds=2), capacity=2)
    room.say(ANA, "Names for a boat?")
    assert [hold.participant for hold in room.floor.holds] == [BO, EVE]
    room.raise_hand(ANA)
    told = go_on(room)
    assert told == ["[brainstorm]", "bo", "eve", "ana", "flo", "bo", "eve", "flo", "[over]"]


def test_a_hand_is_not_up_twice_in_a_round() -> None:
    room = a_room(InRounds(2), BO, EVE)
    room.say(ANA, "Names for a boat?")
    room.raise_hand(ANA)
    room.finish("Hm.")
    assert room.holder == ANA
    room.finish("Mine is better.")
    room.raise_hand(ANA)
    assert room.holder == EVE  # Ana has had her chance in this round
    room.finish("Hm.")
    assert room.holder == ANA


def test_in_a_delphi_the_panel_answers_in_private_and_the_facilitator_sums_up() -> None:
    room = a_room(Delphi(FLO, (BO, EVE), rounds=2))
    room.say(ANA, "When will people live on Mars?")
    audiences = []
    while room.holder is not None:
        hold = room.floor.holds[0]
        audiences.append((hold.participant, hold.audience, hold.discloses is not None))
        room.finish(f"In {2030 + len(audiences)}.")
    one_round = [
        (BO, (BO, FLO), False),
        (EVE, (EVE, FLO), False),
        (FLO, None, True),
    ]
    assert audiences == one_round * 2
    told = [name for name in phases(room) if name != "over"]
    assert told == ["answers 1", "summary 1", "answers 2", "summary 2"]


def test_a_delphi_is_done_when_nobody_has_anything_to_change() -> None:
    room = a_room(Delphi(FLO, (BO, EVE), rounds=5))
    room.say(ANA, "When will people live on Mars?")
    for text in ("2040", "2050", "Between 2040 and 2050.", "", ""):
        room.finish(text)
    assert phases(room) == ["answers 1", "summary 1", "answers 2", "over"]


def test_nobody_is_asked_while_the_facilitator_is_away() -> None:
    room = a_room(Delphi(FLO, (BO, EVE)), BO, EVE)
    room.say(ANA, "When will people live on Mars?")
    assert room.holder is None
    assert phases(room)[-1] == "over"


def test_fairness_goes_around_phases_and_into_them() -> None:
    around = a_room(Fair(Debate((BO, EVE)), patience=1))
    within = a_room(Phases((Phase("talk", Fair(Conversational(), patience=1)),)))
    for room in (around, within):
        room.say(ANA, "Cats are better than dogs.")
        room.raise_hand(FLO)
        room.finish("They are.")
        assert FLO in (room.holder, room.finish("They are not.")[-1].by)


# ---- in time


async def began(house: House) -> list[tuple[float, str]]:
    events = await log_of(house.log)
    first = next(event.at for event in events if event.type == "Said")
    return [
        (event.at - first, event.body.name)
        for event in events
        if isinstance(event.body, PhaseBegan)
    ]


TIMED = {
    "name": "phases",
    "each": [
        {"name": "phase", "title": "quiet", "inner": "addressed", "seconds": 600},
        {"name": "phase", "title": "talk", "inner": "round_robin", "turns": 1},
    ],
}


@in_no_time
async def test_a_phase_ends_by_the_clock_though_nobody_says_anything() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": says("At last.")}, policy=TIMED)
        await room.post("ana", "Let us be quiet for ten minutes.")
        await settle(1000)
        assert await began(house) == [(0, "quiet"), (600, "talk"), (600, "over")]
        assert await replays(house.log)


@in_no_time
async def test_the_next_owner_of_a_room_ends_a_phase_at_its_time() -> None:
    first = House()
    room = await first.room("ana bo", {"bo": says("At last.")}, policy=TIMED)
    await room.post("ana", "Let us be quiet for ten minutes.")
    await settle(400)
    await first.scheduler.hand_back(room)
    second = House(first.memory)
    await second.room("ana bo", {"bo": says("At last.")}, policy=TIMED)
    await settle(400)
    assert (await began(second))[:2] == [(0, "quiet"), (600, "talk")]
    assert await replays(second.log)
    await first.scheduler.aclose()
    await second.scheduler.aclose()


@in_no_time
async def test_a_paused_room_goes_on_to_the_next_phase_when_it_is_resumed() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": says("At last.")}, policy=TIMED)
        await room.post("ana", "Let us be quiet for ten minutes.")
        await room.pause()
        await settle(700)
        assert room.floor.stage.name == "quiet"
        await room.resume()
        assert room.floor.stage.name == "talk"


@in_no_time
async def test_who_sums_up_draws_on_no_whisper_of_the_round() -> None:
    seen: list[str] = []

    async def sum_up(turn: Turn) -> str:
        seen.extend(event.text for event in turn.view if event.audience is not None)
        return "They differ." if turn.hold.audience is None else "It is between us."

    async with a_house() as house:
        agents = {"bo": says("In 2040.", after_s=30), "flo": sum_up}
        policy = specify(Delphi(FLO, (BO,), rounds=1))
        room = await house.room("ana bo flo", agents, policy=policy)
        await room.post("ana", "When will people live on Mars?")
        await settle(5)
        await room.post("ana", "I do not believe in it.", whisper=["flo"])
        await settle(5)
        seen.clear()
        await room.lapse()
        assert seen == ["In 2040."]


@in_no_time
async def test_who_sums_up_sees_the_answers_of_the_round_and_no_whisper() -> None:
    seen: list[str] = []

    async def sum_up(turn: Turn) -> str:
        seen.extend(event.text for event in turn.view)
        return "They differ."

    async with a_house() as house:
        agents = {"bo": says("Sh.", "In 2040."), "eve": says("Sh.", "In 2050."), "flo": sum_up}
        policy = specify(Delphi(FLO, (BO, EVE), rounds=1))
        room = await house.room("ana cy bo eve flo", agents, policy=policy)
        await room.post("cy", "Ana must not know that I am here.", whisper=["eve", "bo"])
        await room.lapse()
        await room.post("ana", "When will people live on Mars?")
        await room.lapse()
        assert seen == ["When will people live on Mars?", "In 2040.", "In 2050."]
        told = [event.text for event in await room.said("cy")]
        assert told[-2:] == ["When will people live on Mars?", "They differ."]
        assert await replays(house.log)
