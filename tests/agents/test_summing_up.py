"""Summaries: one for each audience, never mixed, once for each range."""

from collections.abc import Sequence
from typing import Any

import pytest
from tests.orchestrator.rooms import in_no_time

from tertulia import House, Room, Turn, agent, human
from tertulia.agents import Scripted
from tertulia.agents.state import TurnState
from tertulia.agents.summing_up import summarizer
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.summaries import Summary
from tertulia.simulation import VirtualClock
from tertulia.testing import Recording, assert_no_leak, plant


class Runtime:
    """What a node is handed."""

    def __init__(self, turn: Turn) -> None:
        self.context = turn


def sums_up(model: Any, *, keep: int, every: int) -> Any:
    """An agent that brings the summaries up to date and says nothing."""
    node = summarizer(model, keep=keep, every=every)

    async def bo(turn: Turn) -> str:
        await node(TurnState(), Runtime(turn))
        return ""

    return bo


async def kept(house: House, room: Room) -> Sequence[Summary]:
    return await house.memory.summaries(room.id, None)


@in_no_time
@pytest.mark.parametrize("url", ["memory:", pytest.param("sqlite", marks=pytest.mark.db)])
async def test_what_was_whispered_is_never_summed_up_for_others(url: str, tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path}/talk.db" if url == "sqlite" else url
    recording = Recording()
    model = recording.model(Scripted.improvising(3, "tea"))
    bo = recording.speaker(sums_up(model, keep=1, every=2))
    async with House(url, clock=VirtualClock()) as house:
        room = await house.room("kitchen", human("Ana"), human("Cy"), agent("Bo", bo))
        canary = await plant(room, "ana", whisper=["bo"])
        await room.lapse()
        for number in range(4):
            await room.post("ana", f"Cy, public {number}.")
            await room.post("ana", f"Whispered {number}.", whisper=["bo"])
            await room.lapse()
        await room.post("cy", "Bo?")
        await room.lapse()
        told = {summary.audience for summary in await kept(house, room)}
        assert told == {None, ("ana", "bo")}
        for call in recording.sent:
            assert not ("public" in call.text and "Whispered" in call.text)
        await assert_no_leak(house, canaries=[canary], recording=recording)


@in_no_time
async def test_a_summary_rolls_on_from_the_one_before() -> None:
    recording = Recording()
    model = recording.model(Scripted(["One and two.", "One to five."]))
    bo = recording.speaker(sums_up(model, keep=1, every=2))
    async with House(clock=VirtualClock()) as house:
        room = await house.room("kitchen", human("Ana"), human("Cy"), agent("Bo", bo))
        said = [await room.post("ana", f"Cy, number {n}.") for n in range(1, 3)]
        said.append(await room.post("ana", "Bo, number 3."))
        await room.lapse()
        [first] = await kept(house, room)
        assert (first.text, first.first, first.last) == ("One and two.", said[0].seq, said[1].seq)
        fourth = await room.post("ana", "Cy, number 4.")
        await room.post("ana", "Bo, number 5.")
        await room.lapse()
        [second] = await kept(house, room)
        assert second.text == "One to five."
        assert (second.first, second.last) == (first.first, fourth.seq)
        assert "Until then, in short: One and two." in recording.sent[1].text
        assert "number 1" not in recording.sent[1].text
        assert "number 3" in recording.sent[1].text


@in_no_time
async def test_a_range_is_summed_up_once_and_too_little_not_at_all() -> None:
    model = Scripted(["First.", "Second."])
    async with House(clock=VirtualClock()) as house:
        bo = sums_up(model, keep=0, every=3)
        room = await house.room("kitchen", human("Ana"), human("Cy"), agent("Bo", bo))
        await room.post("ana", "Bo, number 1.")
        await room.lapse()
        assert await kept(house, room) == []
        await room.post("ana", "Cy, number 2.")
        await room.post("ana", "Bo, number 3.")
        await room.lapse()
        [summary] = await kept(house, room)
        again = await house.memory.summarise(
            Summary(room.id, None, summary.first, summary.last, "Other.", summary.by, 0.0)
        )
        assert again == summary
        await room.post("ana", "Bo, number 4.")
        await room.lapse()
        assert await kept(house, room) == [summary]


@in_no_time
async def test_who_was_not_there_from_the_beginning_sums_up_and_recalls_nothing() -> None:
    seen: list[Any] = []

    async def eve(turn: Turn) -> str:
        seen.append(list(await turn.mind.summaries()))
        seen.append(list(await turn.mind.said_to(None, 0, 99)))
        with pytest.raises(Invalid, match="out of this turn's reach"):
            await turn.mind.summarise(None, 1, 5, "Made up.")
        return ""

    async with House(clock=VirtualClock()) as house:
        bo = sums_up(Scripted(["Sum."]), keep=0, every=1)
        room = await house.room("kitchen", human("Ana"), agent("Bo", bo))
        await room.post("ana", "Bo, one.")
        await room.lapse()
        assert len(await kept(house, room)) == 1
        await room.join(agent("Eve", eve).participant, eve, history=False)
        await room.post("ana", "Eve?", to=["eve"])
        await room.lapse()
    assert seen == [[], []]


@in_no_time
async def test_what_was_said_while_it_was_away_is_not_summed_up_by_who_came_back() -> None:
    seen: list[str] = []

    async def eve(turn: Turn) -> str:
        seen.extend(event.text for event in await turn.mind.said_to(None, 0, 99))
        return ""

    async with House(clock=VirtualClock()) as house:
        room = await house.room("kitchen", human("Ana"), human("Cy"), agent("Eve", eve))
        await room.post("ana", "Cy, one.")
        await room.leave("eve")
        await room.post("ana", "Cy, two.")
        await room.join(agent("Eve", eve).participant, eve, history=False)
        await room.post("ana", "Eve?", to=["eve"])
        await room.lapse()
    assert seen == ["Cy, one."]
