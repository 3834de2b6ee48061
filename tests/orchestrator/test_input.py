"""What a message does to a turn in flight, in virtual time: the input policies, and bursts."""

import asyncio
from functools import partial
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.programs import ANA, BO, CY, EVE, PureRoom
from tests.orchestrator.rooms import (
    House,
    Reader,
    a_house,
    echo,
    endings,
    in_no_time,
    log_of,
    replays,
    settle,
    streams,
    texts,
)

from tertulia.orchestrator import Outcome, RoomSettings, Said, Turn
from tertulia.orchestrator.admission import Post, Progress, post
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.events import Draft, TurnEnded, TurnInformed, Uptake
from tertulia.orchestrator.floor import Floor, Hold
from tertulia.orchestrator.policies import Addressed
from tertulia.orchestrator.room import CutAt, InputPolicy, ParticipantId

COUNTS = streams("One. ", "Two. ", "Three. ", "Four.")


def sorts(turn: Turn) -> list[str]:
    """What an agent has in view."""
    return [event.text for event in turn.view]


class Recording:
    """An agent that says how much it has seen, piece by piece, and remembers its views."""

    def __init__(self, *pieces: str) -> None:
        self.views: list[list[str]] = []
        self._pieces = pieces

    async def __call__(self, turn: Turn) -> None:
        self.views.append(sorts(turn))
        for piece in self._pieces:
            await turn.clock.sleep(1)
            turn.say(piece)


# ---- enqueue


@in_no_time
async def test_by_default_a_turn_goes_on_and_the_message_is_answered_after_it() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": COUNTS})
        await room.post("ana", "@bo?")
        await settle(2.5)
        await room.post("cy", "@bo and me?")
        await room.lapse()
        whole = "bo: One. Two. Three. Four."
        assert await texts(house.log) == ["ana: @bo?", "cy: @bo and me?", whole, whole]


# ---- interrupt


@in_no_time
async def test_under_interrupt_a_message_cuts_the_turn_and_is_answered() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": COUNTS}, input="interrupt")
        await room.post("ana", "@bo?")
        await settle(1.5)
        said = await room.post("cy", "@bo and me?", key="cy-1")
        assert said.text == "@bo and me?"
        assert await room.post("cy", "@bo and me?", key="cy-1") == said
        await room.lapse()
        first, *rest = (await texts(house.log))[1:]
        assert first == "bo: One. Two."
        assert rest == ["cy: @bo and me?", "bo: One. Two. Three. Four."]
        cut = next(e.body for e in await log_of(house.log) if e.text == "One. Two.")
        assert isinstance(cut, Said)
        assert cut.interrupted_by == CY
        assert await replays(house.log)


@in_no_time
async def test_a_turn_of_which_nobody_has_heard_anything_begins_again_with_the_message() -> None:
    bo = Recording("Yes. ", "No.")
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": bo}, input="interrupt")
        await room.post("ana", "@bo red?")
        await settle(0.5)
        await room.post("cy", "Or blue?")  # to nobody: without Ana's question Bo would not speak
        await room.lapse()
        assert bo.views == [["@bo red?"], ["@bo red?", "Or blue?"]]
        assert await texts(house.log) == ["ana: @bo red?", "cy: Or blue?", "bo: Yes. No."]
        assert [o for _, o, _ in await endings(house.log)] == [
            Outcome.ROLLED_BACK,
            Outcome.COMMITTED,
        ]
        assert await replays(house.log)


@in_no_time
async def test_people_who_talk_to_each_other_or_whisper_do_not_cut_an_agent() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": COUNTS}, input="interrupt")
        await room.post("ana", "@bo?")
        await settle(1.5)
        await room.post("cy", "@ana he counts well.")
        await room.post("cy", "How boring.", whisper=["ana"])
        await room.lapse()
        assert (await texts(house.log))[-1] == "bo: One. Two. Three. Four."


@in_no_time
async def test_of_two_who_speak_at_once_only_the_one_who_is_meant_is_cut() -> None:
    async with a_house() as house:
        cast = {"bo": COUNTS, "eve": COUNTS}
        room = await house.room("ana cy bo eve", cast, input="interrupt", capacity=2)
        await room.post("ana", "@bo @eve?")
        await settle(1.5)
        await room.post("cy", "@eve stop, please.")
        await room.lapse()
        cut = [e.by for e in await log_of(house.log) if getattr(e.body, "interrupted_by", None)]
        assert set(cut) == {EVE}


# ---- rollback


@in_no_time
async def test_under_rollback_what_was_said_is_taken_back_and_the_turn_begins_again() -> None:
    bo = Recording("Red. ", "Red it is.")
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": bo}, input="rollback")
        reader = Reader(room)
        await room.post("ana", "@bo which?")
        await settle(1.5)
        await room.post("cy", "Not red!")
        await room.lapse()
        await settle()
        assert bo.views == [["@bo which?"], ["@bo which?", "Not red!"]]
        taken_back = [e for e in reader.events if getattr(e.body, "uptake", "") == "retracted"]
        assert [event.text for event in taken_back] == ["Red."]
        assert [e.seq for e in await log_of(house.log)] == [e.seq for e in reader.events]
        assert await replays(house.log)


@in_no_time
async def test_a_turn_that_has_begun_to_act_is_cut_and_not_begun_again() -> None:
    acts: list[str] = []

    async def bo(turn: Turn) -> str:
        await turn.act()
        acts.append("paid")
        await turn.clock.sleep(5)
        return "Paid."

    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": bo}, input="rollback")
        await room.post("ana", "@bo pay!")
        await settle(1)
        await room.post("ana", "For two.")  # also a burst
        await room.lapse()
        assert acts == ["paid"]
        assert [outcome for _, outcome, _ in await endings(house.log)] == [Outcome.INTERRUPTED]


# ---- reject


@in_no_time
async def test_under_reject_a_message_stands_in_the_log_and_asks_nothing() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": COUNTS}, input="reject")
        await room.post("ana", "@bo?")
        await settle(2.5)
        declined = await room.post("cy", "@bo and me?")
        assert isinstance(declined.body, Said)
        assert declined.body.uptake is Uptake.DECLINED
        await room.lapse()
        assert await texts(house.log) == [
            "ana: @bo?",
            "cy: @bo and me?",
            "bo: One. Two. Three. Four.",
        ]
        await room.post("cy", "@bo and me?")  # asked again after the turn, it is answered
        await room.lapse()
        assert (await texts(house.log))[-1].startswith("bo: One.")


# ---- inform


@in_no_time
async def test_under_inform_the_turn_is_told_at_its_next_step_and_nothing_is_answered_twice() -> (
    None
):
    told: list[str] = []

    async def bo(turn: Turn) -> str:
        await turn.clock.sleep(2)
        told.extend(event.text for event in await turn.catch_up())
        told.extend(event.text for event in await turn.catch_up())
        return "For three, then."

    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": bo}, input="inform")
        await room.post("ana", "@bo a table for two.")
        await settle(1)
        await room.post("cy", "@bo I come too.")
        await room.lapse()
        assert told == ["@bo I come too."]
        assert (await texts(house.log))[-1] == "bo: For three, then."
        assert len(await texts(house.log)) == 3
        assert sum(isinstance(e.body, TurnInformed) for e in await log_of(house.log)) == 1
        assert await replays(house.log)


@in_no_time
async def test_what_a_turn_was_not_told_in_time_is_answered_after_it() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": COUNTS}, input="inform")
        await room.post("ana", "@bo?")
        await settle(1)
        await room.post("cy", "@bo?")
        await room.lapse()
        assert (await texts(house.log))[-2:] == ["bo: One. Two. Three. Four."] * 2


@in_no_time
async def test_a_turn_is_told_of_no_whisper_that_its_listeners_did_not_hear() -> None:
    told: list[str] = []

    async def bo(turn: Turn) -> str:
        await turn.clock.sleep(2)
        told.extend(event.text for event in await turn.catch_up())
        return "Well."

    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": bo}, input="inform")
        await room.post("ana", "@bo?")
        await settle(1)
        await room.post("cy", "It is a secret.", whisper=["bo"])
        await room.post("cy", "It is none.")
        await settle(2)
        assert told == ["It is none."]


# ---- per room and per participant


@in_no_time
async def test_each_person_may_have_an_input_policy_of_their_own() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": COUNTS}, input_of={"cy": "interrupt"})
        await room.post("ana", "@bo?")
        await settle(1.5)
        await room.post("ana", "And then?")
        await settle(1)
        assert [e.text for e in await log_of(house.log) if e.by == BO and e.text] == []
        await room.post("cy", "Stop there.")
        await room.lapse()
        assert (await texts(house.log))[2] == "bo: One. Two. Three."


@in_no_time
async def test_input_policies_can_be_changed_while_the_room_runs() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": COUNTS})
        await room.change_input("interrupt")
        await room.change_input("enqueue", of="cy")
        assert room.floor.settings.input_by(ANA) is InputPolicy.INTERRUPT
        assert room.floor.settings.input_by(CY) is InputPolicy.ENQUEUE
        with pytest.raises(Invalid, match="there is no 'stop'; there are enqueue, inform"):
            await room.change_input("stop")
        assert await replays(house.log)


def test_an_input_policy_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(Invalid, match="room setting input_of ana: there is no 'maybe'; there are"):
        RoomSettings(input_of={"ana": "maybe"})  # type: ignore[dict-item]
    with pytest.raises(Invalid, match="resume_s: must not be negative"):
        RoomSettings(resume_s=-1)


# ---- bursts


@in_no_time
async def test_a_burst_of_one_person_is_answered_once_and_as_a_whole() -> None:
    bo = Recording("Aye.")
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": bo}, coalesce_s=1.5)
        for word in ("@bo, which", "of the red ones", "do you like?"):
            await room.post("ana", word)
            await settle(0.5)
        await room.lapse()
        assert bo.views[-1] == ["@bo, which", "of the red ones", "do you like?"]
        assert [text for text in await texts(house.log) if text.startswith("bo")] == ["bo: Aye."]
        assert await replays(house.log)


@in_no_time
async def test_a_burst_ends_when_the_agent_has_begun_to_speak() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": COUNTS}, coalesce_s=5)
        await room.post("ana", "@bo?")
        await settle(0.5)
        await room.post("ana", "Hello?")
        await room.lapse()
        assert [outcome for _, outcome, _ in await endings(house.log)] == [Outcome.COMMITTED]


@in_no_time
async def test_one_who_never_stops_sending_does_not_keep_an_agent_silent_for_ever() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": Recording("Aye.")}, coalesce_s=1.5)
        await room.post("ana", "@bo?")
        for _ in range(20):
            await settle(0.4)
            await room.post("ana", "And …")
        assert "bo: Aye." in await texts(house.log)


@in_no_time
async def test_another_person_s_message_does_not_start_a_turn_again() -> None:
    bo = Recording("Aye.")
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": bo}, coalesce_s=5)
        await room.post("ana", "@bo?")
        await room.post("cy", "Hello.")
        await room.lapse()
        assert len(bo.views) == 1


# ---- whatever the policy

_Posted: TypeAlias = tuple[ParticipantId, str, tuple[ParticipantId, ...]]


@st.composite
def meetings(draw: st.DrawFn) -> tuple[RoomSettings, list[_Posted], str]:
    settings = RoomSettings(
        input=draw(st.sampled_from(InputPolicy)),
        cut_at=draw(st.sampled_from(CutAt)),
        coalesce_s=draw(st.sampled_from([0.0, 10.0])),
        capacity=draw(st.sampled_from([1, 2, None])),
    )
    text = st.sampled_from(["Well.", "@bo?", "@eve!", "mm-hm", "@bo @eve @cy", "yes"])
    posts = st.tuples(
        st.sampled_from([ANA, CY]), text, st.sampled_from([(), (BO,), (EVE, BO), (CY,)])
    )
    return settings, draw(st.lists(posts, min_size=1, max_size=12)), draw(st.text(max_size=30))


@given(meetings(), st.booleans())
def test_people_are_never_refused_and_exactly_one_event_carries_each_post(
    meeting: tuple[RoomSettings, list[_Posted], str], acted: bool
) -> None:
    settings, posts, delivered = meeting
    room = PureRoom(Addressed(), settings)
    room.seat(ANA, CY, BO, EVE)
    for number, (who, text, whisper) in enumerate(posts):
        before = room.floor
        wanted = Post(who, text, whisper=whisper, key=str(number))
        prepare = partial(_posted, wanted, Progress(delivered, acted))
        events = room.ask(prepare)
        carrying = [e for e in events if e.key == str(number)]
        assert [(e.by, e.text) for e in carrying] == [(who, text)]
        assert whisper == () or set(carrying[0].audience or ()) == {who, *whisper}
        for event in events:  # what was heard of a turn stands, whatever becomes of the turn
            if isinstance(event.body, Said) and event.body.interrupted_by is not None:
                assert event.text == delivered.strip()
        undone = [
            e.body.turn
            for e in events
            if isinstance(e.body, TurnEnded) and e.body.outcome is Outcome.ROLLED_BACK
        ]
        asked = {h.participant for h in before.holds if h.turn in undone and _was_asked(h)}
        answering = {hold.participant for hold in room.floor.holds}
        assert asked <= answering | {owed.participant for owed in room.floor.owed}


def _posted(wanted: Post, got: Progress, floor: Floor, now: float) -> tuple[Draft, ...]:
    return post(floor, wanted, now, lambda hold: got)


def _was_asked(hold: Hold) -> bool:
    return hold.claim is not None and hold.claim.owed != ()


@in_no_time
async def test_a_turn_that_was_cut_into_is_over_when_its_process_comes_back() -> None:
    house = House()
    room = await house.room("ana bo", {"bo": COUNTS}, input="interrupt", cut_at="trp")
    await room.post("ana", "@bo?")
    await settle(0.5)
    await room.post("ana", "Wait!")
    house.crash()
    again = House(house.memory)
    back = await again.room("ana bo", {"bo": echo})
    await back.lapse()
    assert (await endings(again.log))[0][1] is Outcome.INTERRUPTED
    assert await replays(again.log)
    await again.scheduler.aclose()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
