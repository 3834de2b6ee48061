"""Coming and going: without history nothing from before is seen; after leaving, nothing more."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from tests.orchestrator.programs import (
    ANA,
    BO,
    CAST,
    CY,
    DOV,
    EVE,
    Ask,
    PureRoom,
    policies,
    programs,
)
from tests.orchestrator.rooms import (
    House,
    Reader,
    a_house,
    in_no_time,
    log_of,
    replays,
    settle,
    streams,
)

from tertulia.agents import Scripted
from tertulia.agents.cards import Card
from tertulia.agents.speaker import ModelSpeaker
from tertulia.orchestrator import Event, Policy, RoomSettings, Turn
from tertulia.orchestrator.errors import Unknown
from tertulia.orchestrator.events import Joined, Left, Said
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.metrics import measure
from tertulia.orchestrator.policies import Addressed
from tertulia.orchestrator.room import ParticipantId, RoomId, Stay
from tertulia.orchestrator.transitions import apply, fold
from tertulia.orchestrator.visibility import seen, seen_by, sight_in, sight_of
from tertulia.testing import Recording
from tertulia.testing.eyes import Eyes


def a_room() -> PureRoom:
    room = PureRoom(Addressed())
    room.seat(ANA, CY)
    room.say(ANA, "before")
    return room


def sees(room: PureRoom, who: ParticipantId) -> list[str]:
    return [e.text for e in seen(room.events, sight_of(room.floor, who)) if e.text]


# ---- the rule


def test_who_comes_in_with_history_sees_all_that_went_before() -> None:
    room = a_room()
    room.do(("join", DOV))
    room.say(ANA, "after")
    assert sees(room, DOV) == ["before", "after"]


def test_who_comes_in_without_history_sees_nothing_from_before_not_even_who_came() -> None:
    room = a_room()
    room.do(("enter", DOV))
    room.say(ANA, "after")
    shown = list(seen(room.events, sight_of(room.floor, DOV)))
    assert [type(event.body) for event in shown] == [Joined, Said]
    assert shown[0].by == DOV


def test_who_left_sees_nothing_of_what_was_said_after_and_keeps_what_it_saw() -> None:
    room = a_room()
    room.do(("leave", CY))
    room.say(ANA, "after")
    assert sees(room, CY) == ["before"]
    assert isinstance(list(seen(room.events, sight_of(room.floor, CY)))[-1].body, Left)


def test_who_comes_back_without_history_misses_what_was_said_meanwhile() -> None:
    room = a_room()
    room.do(("leave", CY))
    room.say(ANA, "meanwhile")
    room.do(("enter", CY))
    room.say(ANA, "again")
    assert sees(room, CY) == ["before", "again"]
    assert room.floor.stays[CY] == (Stay(1, 5), Stay(7))


def test_who_comes_back_with_history_misses_nothing() -> None:
    room = a_room()
    room.do(("leave", CY))
    room.say(ANA, "meanwhile")
    room.do(("join", CY))
    assert sees(room, CY) == ["before", "meanwhile"]


def test_a_whisper_that_ends_after_a_listener_left_is_not_for_it() -> None:
    room = a_room()
    room.seat(BO)
    room.say(CY, "Bo, what is it?", whisper=[BO])
    room.do(("leave", CY))
    room.finish("A secret.")
    assert sees(room, CY) == ["before", "Bo, what is it?"]
    assert "A secret." in sees(room, BO)


def test_somebody_who_never_came_in_sees_nothing() -> None:
    assert sees(a_room(), ParticipantId("stranger")) == []


def test_a_log_of_before_reads_as_it_did_with_history() -> None:
    old = Event(RoomId("kitchen"), 2, 2, 1.0, DOV, Joined("Dov", CAST[DOV].kind))
    assert sight_in([old], DOV).whole


# ---- a program at random, against the rule told another way


@settings(max_examples=30)
@given(policies, programs())
def test_everybody_sees_exactly_what_the_rule_says_at_every_moment(
    policy: Policy, program: Sequence[Ask]
) -> None:
    room = PureRoom(policy, RoomSettings(capacity=2))
    eyes, floor = Eyes(), Floor(room.floor.room)
    room.seat(ANA, BO)
    for ask in program:
        room.do(ask)
    for event in room.events:
        eyes.add(event)
        floor = apply(floor, event)
        if event.seq % 9 and event is not room.events[-1]:
            continue
        for who in (*CAST, ParticipantId("stranger")):
            shown = [e.seq for e in seen(eyes.events, sight_of(floor, who))]
            assert shown == sorted(eyes.of(who))
            assert sight_of(floor, who) == sight_in(eyes.events, who)


@settings(max_examples=30)
@given(policies, programs())
def test_what_somebody_has_seen_stays_seen_and_in_its_order(
    policy: Policy, program: Sequence[Ask]
) -> None:
    room = PureRoom(policy)
    room.seat(ANA, BO)
    for ask in program:
        room.do(ask)
    for who in CAST:
        last = [e.seq for e in seen_by(room.events, who)]
        assert last == sorted(last)
        for n in range(0, len(room.events), 7):
            early = [e.seq for e in seen_by(room.events[:n], who)]
            assert set(early) <= set(last)
            opened = any(
                e.by == who and isinstance(e.body, Joined) and e.body.history
                for e in room.events[n:]
            )
            assert opened or early == [seq for seq in last if seq <= n]


@settings(max_examples=30)
@given(policies, programs())
def test_metrics_can_be_made_of_what_anybody_saw(policy: Policy, program: Sequence[Ask]) -> None:
    room = PureRoom(policy)
    room.seat(ANA, BO)
    for ask in program:
        room.do(ask)
    for who in CAST:
        shown = list(seen_by(room.events, who))
        told = measure(shown)
        assert sum(p.utterances for p in told.parts) == sum(isinstance(e.body, Said) for e in shown)


# ---- rooms that live


@in_no_time
async def test_a_feed_gives_a_newcomer_without_history_what_comes_after_it() -> None:
    async with a_house() as house:
        room = await house.room("ana cy")
        reader = Reader(room, "dov")
        await room.post("ana", "before")
        await room.join(CAST[DOV], history=False)
        await room.post("ana", "after")
        await room.leave("dov")
        await room.post("ana", "gone")
        await settle()
        assert [e.type for e in reader.events] == ["Joined", "Said", "Left"]
        again = [e async for e in room.subscribe("dov", until=room.floor.head)]
        assert again == reader.events
        assert [e.text for e in await room.said("dov")] == ["after"]


@in_no_time
async def test_a_feed_goes_back_for_what_was_missed_when_history_is_opened() -> None:
    async with a_house() as house:
        room = await house.room("ana cy")
        reader = Reader(room, "cy")
        await room.post("ana", "one")
        await room.leave("cy")
        await room.post("ana", "two")
        await room.post("ana", "a whisper", whisper=["ana"])
        await room.join(CAST[CY])
        await room.post("ana", "three")
        await settle()
        assert [e.text for e in reader.events if e.text] == ["one", "two", "three"]
        seqs = [e.seq for e in reader.events]
        assert seqs == sorted(set(seqs))
        await room.leave("cy")
        await room.post("ana", "four")
        await room.join(CAST[CY], history=False)
        await room.post("ana", "five")
        await settle()
        assert [e.text for e in reader.events if e.text] == ["one", "two", "three", "five"]


@in_no_time
async def test_pieces_of_utterances_reach_only_those_who_are_there() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": streams("one ", "two ", "three ", every_s=10)})
        gone, late, always = Reader(room, "cy"), Reader(room, "dov"), Reader(room, "ana")
        await settle()
        await room.post("ana", "Bo, well?")
        await settle(5)
        await room.leave("cy")
        await room.join(CAST[DOV], history=False)
        await settle(10)
        await room.lapse()
        await settle()
        assert gone.heard == "one "
        assert late.heard == "two three "
        assert always.heard == "one two three "
        # The whole utterance is an event, which came while the newcomer was there.
        assert late.events[-2].text == "one two three"


@in_no_time
async def test_an_agent_that_came_in_without_history_draws_on_nothing_older() -> None:
    views: list[tuple[str, list[str]]] = []

    async def look(turn: Turn) -> str:
        views.append((turn.me.id, [event.text for event in turn.view]))
        return "Well."

    async with a_house() as house:
        room = await house.room("ana bo", {"bo": look})
        await room.post("ana", "an old story")
        await room.post("ana", "an old whisper", whisper=["bo"])
        await room.lapse()
        await room.join(CAST[EVE], look, history=False)
        await room.post("ana", "Eve, hello.")
        await room.lapse()
        await room.post("ana", "Bo, hello.")
        await room.lapse()
        *_, (first, of_eve), (second, of_bo) = views
        assert (first, of_eve) == ("eve", ["Eve, hello."])
        # Bo has been there all along, and does not forget because Eve listens.
        assert second == "bo"
        assert of_bo == ["an old story", "Eve, hello.", "Well.", "Bo, hello."]


@in_no_time
async def test_a_prompt_of_an_agent_without_history_holds_no_older_line() -> None:
    recording = Recording()
    model = recording.model(Scripted(["Hello, Ana."]))
    async with a_house() as house:
        room = await house.room("ana")
        await room.post("ana", "The marmalade is in the cellar.")
        speaker = recording.speaker(ModelSpeaker(Card("Eve"), model))
        await room.join(CAST[EVE], speaker, history=False)
        await room.post("ana", "Eve, are you here?")
        await room.lapse()
        [call] = recording.sent
        assert (call.who, call.turn) == (EVE, "kitchen/1")
        assert "are you here" in call.text
        assert "marmalade" not in call.text
        assert [e.text for e in await room.said("ana")][-1] == "Hello, Ana."


@in_no_time
async def test_nobody_replies_to_what_was_said_before_it_came() -> None:
    async with a_house() as house:
        room = await house.room("ana")
        old = await room.post("ana", "before")
        await room.join(CAST[DOV], history=False)
        new = await room.post("ana", "after")
        with pytest.raises(Unknown, match="that 'dov' could reply to"):
            await room.post("dov", "What?", reply_to=old.seq)
        await room.post("dov", "What?", reply_to=new.seq)


@in_no_time
async def test_what_somebody_may_see_is_the_same_after_the_process_ended() -> None:
    first = House()
    room = await first.room("ana cy")
    await room.post("ana", "before")
    await room.join(CAST[DOV], history=False)
    await room.leave("cy")
    await room.post("ana", "after")
    first.crash()
    second = House(first.memory)
    again = await second.room("ana")
    assert [e.text for e in await again.said("dov")] == ["after"]
    assert [e.text for e in await again.said("cy")] == ["before"]
    assert await replays(second.log)
    assert fold(Floor(RoomId("kitchen")), await log_of(second.log)) == again.floor
    await second.scheduler.aclose()


@in_no_time
async def test_who_is_in_already_does_not_lose_its_history_by_coming_in_again() -> None:
    async with a_house() as house:
        room = await house.room("ana cy")
        await room.post("ana", "before")
        await room.join(CAST[CY], history=False)
        assert [e.text for e in await room.said("cy")] == ["before"]
