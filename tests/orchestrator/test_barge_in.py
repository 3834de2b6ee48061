"""Barge-in: where a turn is cut, what stands, and what happens when nobody follows."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.programs import ANA, BO
from tests.orchestrator.rooms import (
    Reader,
    a_house,
    endings,
    in_no_time,
    log_of,
    replays,
    settle,
    streams,
    texts,
)

from tertulia.orchestrator import Outcome, Said, Turn
from tertulia.orchestrator.backchannels import is_backchannel
from tertulia.orchestrator.events import TurnGranted, Uptake
from tertulia.orchestrator.trp import next_trp

EXPLAINS = streams("First ", "we ", "cut. Then ", "we ", "glue. And ", "wait.")

# ---- transition-relevance places


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Yes. No.", ["Yes."]),
        ("It is 3.5 m long! Or so", ["It is 3.5 m long!"]),
        ('He said "Stop." Then he left. ', ['He said "Stop."', " Then he left."]),
        ("Ask Dr. Who, e.g. today … now", ["Ask Dr. Who, e.g. today …"]),
        ("一。二！三", ["一。", "二！"]),
        ("one\ntwo", ["one\n"]),
        ("no end in sight", []),
    ],
)
def test_one_may_be_relieved_where_a_sentence_ends(text: str, sentences: list[str]) -> None:
    found: list[str] = []
    place = 0
    while (following := next_trp(text, place + bool(found))) is not None:
        found.append(text[place:following])
        place = following
    assert found == sentences


@given(st.text(st.sampled_from("ab. !?\n…\"'D")), st.integers(0, 30))
def test_a_place_that_is_known_stays_however_the_text_goes_on(text: str, after: int) -> None:
    place = next_trp(text, after)
    assert place is None or after <= place <= len(text)
    if place is not None:
        assert next_trp(text + "x", after) == place


# ---- cutting


@in_no_time
async def test_one_who_is_cut_into_finishes_the_sentence_and_no_more() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": EXPLAINS}, cut_at="trp", trp_s=10)
        reader = Reader(room)
        await room.post("ana", "@bo?")
        await settle(1.5)
        await room.interrupt("ana", "bo")
        await room.lapse()
        await settle()
        assert (await texts(house.log))[-1] == "bo: First we cut."
        assert reader.heard == "First we cut."
        assert (await endings(house.log))[0][1] is Outcome.INTERRUPTED
        assert await replays(house.log)


@in_no_time
async def test_where_no_sentence_ends_one_is_cut_after_a_while() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": streams(*"abcdefghijkl")}, cut_at="trp", trp_s=3)
        await room.post("ana", "@bo?")
        await settle(2.5)
        await room.interrupt("ana")
        await room.lapse()
        assert (await texts(house.log))[-1] == "bo: abcdef"


@in_no_time
async def test_a_turn_that_ends_first_was_not_cut() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": streams("a", "b")}, cut_at="trp")
        await room.post("ana", "@bo?")
        await settle(0.5)
        await room.interrupt("ana")
        await room.lapse()
        assert (await endings(house.log))[0][1] is Outcome.COMMITTED


@in_no_time
async def test_one_who_has_just_ended_a_sentence_or_not_begun_is_cut_at_once() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": EXPLAINS}, cut_at="trp", trp_s=100)
        began = house.scheduler.clock.now()
        await room.post("ana", "@bo?")
        await room.interrupt("ana")
        await room.lapse()
        assert house.scheduler.clock.now() == pytest.approx(began)
        await room.post("ana", "@bo?")
        await settle(2.5)  # it has said "… cut. Then"
        await room.interrupt("ana", at="once")
        assert (await texts(house.log))[-1] == "bo: First we cut. Then"


@in_no_time
async def test_a_tool_boundary_is_a_place_to_be_relieved_at() -> None:
    called: list[str] = []

    async def bo(turn: Turn) -> str:
        for tool in ("search", "book", "pay"):
            await turn.act()
            called.append(tool)
            await turn.clock.sleep(1)
        return "Done."

    async with a_house() as house:
        room = await house.room("ana bo", {"bo": bo}, cut_at="trp", trp_s=100)
        await room.post("ana", "@bo?")
        await settle(0.5)
        await room.interrupt("ana")
        await settle(5)
        assert called == ["search"]  # nobody had heard anything yet: cut at once
        await room.lapse()


@in_no_time
async def test_one_who_speaks_between_tools_is_relieved_before_the_next_call() -> None:
    called: list[str] = []

    async def bo(turn: Turn) -> str:
        turn.say("Let me see")
        for tool in ("search", "book", "pay"):
            await turn.act()
            called.append(tool)
            await turn.clock.sleep(1)
        return "Done."

    async with a_house() as house:
        room = await house.room("ana bo", {"bo": bo}, cut_at="trp", trp_s=100)
        await room.post("ana", "@bo?")
        await settle(0.5)
        await room.interrupt("ana")
        await room.lapse()
        assert called == ["search"]
        assert (await texts(house.log))[-1] == "bo: Let me see"


@given(
    st.lists(st.text(st.sampled_from("ab. !\n"), min_size=1, max_size=4), max_size=12), st.data()
)
def test_what_stands_is_a_prefix_of_what_the_model_produced(
    pieces: list[str], data: st.DataObject
) -> None:
    moment = data.draw(st.floats(0.1, 13))
    at = data.draw(st.sampled_from(["once", "trp"]))

    @in_no_time
    async def performance() -> None:
        async with a_house() as house:
            room = await house.room("ana bo", {"bo": streams(*pieces)}, trp_s=2)
            reader = Reader(room)
            await room.post("ana", "@bo?")
            await settle(moment)
            await room.interrupt("ana", at=at)
            await room.lapse()
            await settle()
            stood = [e for e in await log_of(house.log) if e.by == BO and isinstance(e.body, Said)]
            text = "".join(e.text for e in stood)
            assert "".join(pieces).strip().startswith(text)
            assert reader.heard.strip() == text  # neither more nor less than people heard

    performance()


# ---- backchannels


@pytest.mark.parametrize(
    "text", ["mm-hm", "Yeah.", "ok, right", "Oh wow!", "👍", "I see …", "sí, claro", "haha"]
)
def test_assent_in_passing_is_a_backchannel(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize(
    "text", ["no", "wait", "yes but", "stop!", "really?", "?", "ok 3", "", "right on the left"]
)
def test_an_objection_a_question_or_a_word_of_substance_is_none(text: str) -> None:
    assert not is_backchannel(text)


@in_no_time
async def test_a_backchannel_cuts_nobody_and_takes_no_floor() -> None:
    async with a_house() as house:
        room = await house.room(
            "ana cy bo", {"bo": EXPLAINS}, input="interrupt", policy="conversational"
        )
        await room.post("ana", "@bo?")
        await settle(1.5)
        heard = await room.post("cy", "mm-hm")
        assert isinstance(heard.body, Said)
        assert heard.body.uptake is Uptake.BACKCHANNEL
        await room.lapse()
        assert (await texts(house.log))[-1].endswith("And wait.")
        assert sum(isinstance(e.body, TurnGranted) for e in await log_of(house.log)) == 1


@in_no_time
async def test_the_same_word_is_an_answer_from_one_who_was_asked_or_in_silence() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": EXPLAINS}, capacity=2)
        await room.post("ana", "@bo @cy shall we?")
        await settle(1.5)
        yes = await room.post("cy", "yes")
        await room.lapse()
        alone = await room.post("cy", "yes")
        for event in (yes, alone):
            assert isinstance(event.body, Said)
            assert event.body.uptake is Uptake.TAKEN


@in_no_time
async def test_one_can_react_to_an_utterance_without_asking_for_anything() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": EXPLAINS})
        said = await room.post("ana", "Spring is here.")
        reaction = await room.backchannel("cy", "🌷", reply_to=said.seq, key="r1")
        assert await room.backchannel("cy", "🌷", reply_to=said.seq, key="r1") == reaction
        await room.lapse()
        assert not room.floor.owed
        assert room.floor.latest is not None
        assert room.floor.latest.by == ANA


# ---- false interruptions


@in_no_time
async def test_one_whose_interruption_nobody_follows_goes_on() -> None:
    seen: list[tuple[str, str | None]] = []

    async def bo(turn: Turn) -> None:
        asked = turn.answers
        seen.append((asked.by if asked else "", asked.text if asked else None))
        for piece in ("One ", "two ", "three "):
            turn.say(piece)
            await turn.clock.sleep(1)

    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": bo}, resume_s=4)
        await room.post("ana", "@bo?")
        await settle(1.5)
        await room.interrupt("cy", "bo")
        await room.post("cy", "hm", to=[])
        await room.lapse()
        assert seen[0] == (ANA, "@bo?")
        assert seen[1:] == []  # Cy has said something: the interruption was a true one
        await room.post("ana", "@bo?")
        await settle(1.5)
        await room.interrupt("cy", "bo")
        await room.lapse()
        assert seen[2:] == [(BO, "One two")]
        assert await replays(house.log)


@in_no_time
async def test_a_backchannel_after_an_interruption_does_not_make_it_a_true_one() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": EXPLAINS}, resume_s=2)
        await room.post("ana", "@bo?")
        await settle(1.5)
        await room.interrupt("cy", "bo")
        await room.backchannel("cy")
        await room.lapse()
        assert [who for who, _, _ in await endings(house.log)] == [BO, BO]


@in_no_time
async def test_whoever_stops_an_agent_for_good_is_obeyed_unless_the_room_says_otherwise() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": EXPLAINS})
        await room.post("ana", "@bo?")
        await settle(1.5)
        await room.interrupt("ana")
        await settle(100)
        assert len(await endings(house.log)) == 1
        assert len(asyncio.all_tasks()) == 1
