"""A context under one budget of tokens: what is kept, what is left out, and that both are told."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.rooms import in_no_time

from tertulia import House, Room, Turn, agent, human
from tertulia.agents import Card, Scripted
from tertulia.agents.context import LAST, TokenBudget, assembled, estimated, reading
from tertulia.agents.prompts import within
from tertulia.agents.speaker import ModelSpeaker
from tertulia.agents.state import Source
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.events import TurnEnded
from tertulia.orchestrator.room import ParticipantId, TurnId
from tertulia.simulation import VirtualClock

CARD = Card("Bo", "Bo is a cook.")
Look = Callable[[Turn], Awaitable[None]]


def words(text: str) -> int:
    """A tokenizer for tests: each word is a token."""
    return len(text.split())


async def looked(look: Look, talk: Callable[[Room], Awaitable[Any]]) -> None:
    """Let something be said, then let ``look`` see the turn that answers it."""

    async def bo(turn: Turn) -> str:
        if turn.answers is not None and "now" in turn.answers.text:
            await look(turn)
        return ""

    async with House(clock=VirtualClock()) as house:
        room = await house.room("kitchen", human("Ana"), human("Cy"), agent("Bo", bo))
        await talk(room)
        await room.lapse()
        for event in await house.log.read(room.id, 0, 9999):
            assert not isinstance(event.body, TurnEnded) or event.body.problem is None


async def chatter(room: Room, many: int) -> None:
    for number in range(many):
        await room.post("ana", f"Cy, this is what I say as number {number} of many.")


@in_no_time
async def test_everything_fits_and_nothing_is_left_out() -> None:
    async def talk(room: Room) -> None:
        said = await room.post("ana", "I eat no nuts.")
        await room.remember("She eats no nuts.", by="ana", about="ana", sources=[said.seq])
        await room.post("ana", "Bo, what now?")

    async def look(turn: Turn) -> None:
        sources = [Source(name="book.md", text="Lentils are no nuts.")]
        messages, report = await assembled(turn, CARD, TokenBudget(), ["A note."], sources)
        assert "Ana: She eats no nuts." in messages[0].text
        assert "[book.md]\nLentils are no nuts." in messages[0].text
        assert [m.text for m in messages[1:]] == ["I eat no nuts.", "Bo, what now?"]
        assert report.kept == {"fact": 1, "source": 1, "utterance": 2}
        assert report.left_out == ()
        assert report.tokens == sum(report.spent.values()) <= report.budget

    await looked(look, talk)


@in_no_time
async def test_what_does_not_fit_is_told_by_name_and_a_summary_stands_in_for_it() -> None:
    async def talk(room: Room) -> None:
        await chatter(room, 40)
        for number in range(12):
            await room.remember(f"A fact that is long and bears the number {number}.", by="ana")
        await room.post("ana", "Bo, what now?")

    async def look(turn: Turn) -> None:
        first, last = turn.view[0].seq, turn.view[20].seq
        await turn.mind.summarise(None, first, last, "They counted.")
        budget = TokenBudget(tokens=300, measure=words)
        sources = [Source(name=f"{n}.md", text="word " * 30) for n in range(5)]
        messages, report = await assembled(turn, CARD, budget, (), sources)
        assert report.tokens <= 300
        assert "(said to everybody) They counted." in messages[0].text
        assert messages[-1].text == "Bo, what now?"
        left = {
            part: [one.name for one in report.left_out if one.part == part]
            for part in ("utterance", "fact", "source", "summary")
        }
        shown = len(messages) - 1
        assert left["utterance"] == [str(event.seq) for event in turn.view[:-shown]]
        assert len(left["fact"]) == 12 - report.kept["fact"] > 0
        assert left["source"] == [f"{n}.md" for n in range(report.kept["source"], 5)]
        assert left["summary"] == []
        assert f"[earlier messages left out: {41 - shown}]" in messages[0].text

    await looked(look, talk)


@in_no_time
async def test_the_newest_utterance_is_always_there_if_shortened() -> None:
    async def talk(room: Room) -> None:
        await room.post("ana", "Bo, now " + "x " * 3000)

    async def look(turn: Turn) -> None:
        messages, _ = await assembled(turn, CARD, TokenBudget(tokens=LAST, measure=words))
        assert messages[-1].text.startswith("Bo, now x")
        assert messages[-1].text.endswith(" …")
        assert words(messages[-1].text) <= LAST

    await looked(look, talk)


@in_no_time
async def test_what_was_left_out_is_on_record_for_each_turn() -> None:
    async with House(clock=VirtualClock()) as house:
        budget = TokenBudget(tokens=LAST, measure=words)
        bo = ModelSpeaker(CARD, Scripted(["Lentils."]), budget=budget)
        room = await house.room("kitchen", human("Ana"), human("Cy"), agent("Bo", bo))
        await chatter(room, 30)
        await room.post("ana", "Bo, what now?")
        await room.lapse()
        log = await house.log.read(room.id, 0, 999)
        [turn] = [e.body.turn for e in log if isinstance(e.body, TurnEnded) and e.by == "bo"]
        report = json.loads(await house.memory.recorded(turn) or "")
        assert report["budget"] == LAST
        assert {one["part"] for one in report["left_out"]} == {"utterance"}
        assert report["kept"]["utterance"] + len(report["left_out"]) == 31
        assert await house.memory.recorded(TurnId(f"{turn}0")) is None


@in_no_time
async def test_a_plain_budget_reads_as_before_with_the_sources() -> None:
    async def talk(room: Room) -> None:
        await room.post("ana", "Bo, what now?")

    async def look(turn: Turn) -> None:
        from tertulia.agents.prompts import BUDGET, prompt

        assert await reading(turn, CARD, BUDGET) == prompt(turn, CARD)
        messages = await reading(turn, CARD, BUDGET, (), [Source(name="a.md", text="Tea.")])
        assert "[a.md]\nTea." in messages[0].text

    await looked(look, talk)


@pytest.mark.parametrize(
    "wrong", [{"tokens": 9}, {"facts": 0.9, "sources": 0.2}, {"summary": -0.1}]
)
def test_a_budget_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="budget of tokens"):
        TokenBudget(**wrong)


@given(st.text())
def test_an_estimate_grows_with_the_text(text: str) -> None:
    assert estimated(text) <= estimated(text + "x")


@given(st.lists(st.text(max_size=20), max_size=12), st.integers(4, 60), st.data())
def test_lines_are_kept_within_the_room_there_is(
    texts: list[str], room: int, data: st.DataObject
) -> None:
    first = data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts)))
    kept = within([(ParticipantId("ana"), text) for text in texts], first, 9, room)
    assert list(kept) == sorted(kept)
    assert sum(len(text) for _, text in kept.values()) <= room
    assert bool(kept) is bool(texts)
