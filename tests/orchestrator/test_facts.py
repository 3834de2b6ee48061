"""Facts in a live room: who may keep one, who gets to know it, in turns and in other rooms."""

import pytest
from tests.orchestrator.rooms import House, in_no_time
from tests.orchestrator.rooms import settle as settled

from tertulia.orchestrator import Room, Scheduler, Turn
from tertulia.orchestrator.errors import BadContent, Invalid, NotAllowed, Unknown
from tertulia.orchestrator.facts import Fact, Scope
from tertulia.orchestrator.profile import Profile
from tertulia.orchestrator.room import Kind, Participant, ParticipantId
from tertulia.simulation import VirtualClock
from tertulia.storage import VolatileMemory


class Remembering(House):
    """A house with a memory."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = VolatileMemory(self.log)
        self.scheduler = Scheduler(self.log, VirtualClock(), memory=self.kept)


async def recalls(turn: Turn) -> str:
    """An agent that says all that comes to its mind."""
    return " / ".join(fact.text for fact in await turn.mind.recall()) or "Nothing."


async def answer(room: Room, who: str, *whisper: str) -> str:
    """What Bo answers."""
    await room.post(who, "Bo?", whisper=whisper, to=["bo"])
    await room.lapse()
    last = (await room.said())[-1]
    assert last.by == "bo"
    return last.text


def texts(facts: object) -> list[str]:
    assert isinstance(facts, list | tuple)
    return [fact.text for fact in facts if isinstance(fact, Fact)]


@in_no_time
async def test_a_fact_has_its_provenance() -> None:
    house = Remembering()
    room = await house.room("ana bo")
    said = await room.post("ana", "I take my tea black.")
    fact = await room.remember("Ana takes tea black.", by="bo", about="ana", sources=[said.seq])
    assert (fact.room, fact.sources, fact.by, fact.about) == ("kitchen", (said.seq,), "bo", "ana")
    assert fact.at >= said.at
    assert (
        await room.remember("Ana takes tea black.", by="bo", about="ana", sources=[said.seq])
        == fact
    )
    assert texts(await room.facts("ana", "TEA?")) == ["Ana takes tea black."]


@in_no_time
async def test_a_whispered_fact_never_surfaces_for_others() -> None:
    house = Remembering()
    room = await house.room("ana cy bo", {"bo": recalls})
    open_one = await room.post("ana", "I like tea.")
    hidden = await room.post("ana", "It is my birthday.", whisper=["bo"])
    await room.lapse()
    await room.remember("Ana likes tea.", by="bo", sources=[open_one.seq])
    kept = await room.remember("Birthday!", by="bo", sources=[open_one.seq, hidden.seq])
    own = await room.remember("Own.", by="bo", sources=[hidden.seq], scope="participant")
    assert kept.audience == own.audience == own.elsewhere == ("ana", "bo")
    assert await answer(room, "cy") == await answer(room, "cy", "bo") == "Ana likes tea."
    assert await answer(room, "ana") == "Ana likes tea."
    assert await answer(room, "ana", "bo") == "Own. / Birthday! / Ana likes tea."
    assert await answer(room, "ana", "bo", "cy") == "Ana likes tea."
    assert texts(await room.facts("cy")) == ["Ana likes tea."]
    assert texts(await room.facts("ana")) == ["Birthday!", "Ana likes tea."]
    assert texts(await room.facts("ana", "birthday")) == ["Birthday!"]
    assert texts(await room.facts("cy", "birthday")) == []
    for who in ("cy", "ana"):
        with pytest.raises(Unknown, match="could know"):
            await room.forget(own.id, by=who)
    with pytest.raises(Unknown, match="could know"):
        await room.share(kept.id, by="cy")


@in_no_time
async def test_what_an_agent_keeps_in_a_whispered_turn_is_for_that_turn_s_audience() -> None:
    async def keeps(turn: Turn) -> str:
        fact = await turn.mind.remember("Heard something.", scope="room")
        return str(fact.audience)

    house = Remembering()
    room = await house.room("ana cy bo", {"bo": keeps})
    assert await answer(room, "ana", "bo") == "('ana', 'bo')"
    assert await answer(room, "ana") == "None"
    assert len(await room.facts("cy")) == 1
    assert len(await room.facts("ana")) == 2


@in_no_time
async def test_a_newcomer_without_history_knows_no_fact_from_before_it_came() -> None:
    house = Remembering()
    room = await house.room("ana bo", {"bo": recalls})
    said = await room.post("ana", "I like tea.")
    await room.remember("Ana likes tea.", by="ana", sources=[said.seq])
    eve = Participant(ParticipantId("eve"), "Eve", Kind.AGENT)
    await room.join(eve, recalls, history=False)
    assert texts(await room.facts("eve")) == []
    await room.post("ana", "Eve?", to=["eve"])
    await room.lapse()
    assert (await room.said())[-1].text == "Nothing."
    assert await answer(room, "ana") == "Ana likes tea."


@in_no_time
async def test_an_agent_s_own_memory_goes_with_it_to_other_rooms() -> None:
    house = Remembering()
    room = await house.room("ana cy bo", {"bo": recalls})
    other = await house.room("ana cy bo", {"bo": recalls}, name="garden")
    said = await room.post("ana", "I like tea.")
    await room.remember("Ana likes tea.", by="bo", sources=[said.seq], scope="participant")
    await room.remember("A matter of the kitchen.", by="bo", sources=[said.seq])
    assert await answer(other, "ana", "bo") == "Ana likes tea."
    assert await answer(other, "ana", "bo", "cy") == "Ana likes tea."
    newcomer = Participant(ParticipantId("dov"), "Dov", Kind.HUMAN)
    await other.join(newcomer)
    assert await answer(other, "dov", "bo") == "Nothing."
    assert await answer(other, "ana") == "Nothing."  # whoever comes later would read it
    assert texts(await other.facts("ana")) == []


@in_no_time
async def test_what_is_shared_is_for_everybody_in_every_room() -> None:
    house = Remembering()
    room = await house.room("ana bo", {"bo": recalls})
    other = await house.room("cy bo", {"bo": recalls}, name="garden")
    said = await room.post("ana", "The kitchen closes at ten.")
    kept = await room.remember("It closes at ten.", by="ana", sources=[said.seq])
    assert await answer(other, "cy") == "Nothing."
    opened = await room.share(kept.id, by="ana")
    assert (opened.scope, opened.sources, opened.elsewhere) == (Scope.SHARED, (said.seq,), None)
    assert await answer(other, "cy") == await answer(room, "ana") == "It closes at ten."
    assert texts(await other.facts("cy", "closes")) == ["It closes at ten."]


@in_no_time
async def test_what_was_whispered_cannot_be_shared() -> None:
    house = Remembering()
    room = await house.room("ana bo")
    said = await room.post("ana", "A secret.", whisper=["bo"])
    kept = await room.remember("Secret.", by="ana", sources=[said.seq])
    with pytest.raises(BadContent, match="ana, bo alone"):
        await room.share(kept.id, by="ana")


@in_no_time
async def test_a_fact_is_superseded_never_overwritten() -> None:
    house = Remembering()
    room = await house.room("ana bo")
    old = await room.remember("The exam is on Monday.", by="ana")
    new = await room.remember("The exam is on Friday.", by="ana", instead_of=old.id)
    assert texts(await room.facts("bo")) == ["The exam is on Friday."]
    both = await room.facts("bo", ended=True)
    assert texts(both) == ["The exam is on Friday.", "The exam is on Monday."]
    assert both[1].ending is not None
    assert both[1].ending.successor == new.id


@in_no_time
async def test_whoever_knew_a_fact_has_to_know_what_takes_its_place() -> None:
    house = Remembering()
    room = await house.room("ana cy bo")
    old = await room.remember("The exam is on Monday.", by="ana")
    with pytest.raises(BadContent, match="some who know"):
        await room.remember("On Friday.", by="ana", whisper=["bo"], instead_of=old.id)
    with pytest.raises(BadContent, match="same room and scope"):
        await room.remember("On Friday.", by="ana", scope="shared", instead_of=old.id)
    assert texts(await room.facts("cy")) == ["The exam is on Monday."]


@in_no_time
async def test_a_fact_is_ended_by_who_kept_it_or_whom_it_is_about() -> None:
    house = Remembering()
    room = await house.room("ana cy bo")
    kept = await room.remember("Ana is late.", by="bo", about="ana")
    with pytest.raises(NotAllowed, match="bo and ana may"):
        await room.forget(kept.id, by="cy")
    await room.forget(kept.id, by="ana")
    assert texts(await room.facts()) == []
    [ended] = await room.facts(ended=True)
    assert ended.ending is not None
    assert ended.ending.by == "ana"


@in_no_time
async def test_whoever_keeps_a_fact_has_to_have_seen_what_it_comes_from() -> None:
    house = Remembering()
    room = await house.room("ana cy bo")
    said = await room.post("ana", "A secret.", whisper=["bo"])
    for seq in (said.seq, 999, 0):
        with pytest.raises(Unknown, match="'cy' could learn from"):
            await room.remember("Hm.", by="cy", sources=[seq])
    with pytest.raises(NotAllowed, match="ana, bo heard it"):
        await room.remember("Hm.", by="bo", sources=[said.seq], whisper=["cy"])
    with pytest.raises(BadContent, match="empty"):
        await room.remember(" ", by="bo")
    with pytest.raises(Unknown, match="participant"):
        await room.remember("Hm.", by="bo", about="nobody")
    with pytest.raises(Invalid, match="participant, room, shared"):
        await room.remember("Hm.", by="bo", scope="mine")


@in_no_time
async def test_who_may_keep_no_notes_keeps_no_facts() -> None:
    house = Remembering()
    room = await house.room("ana")
    known = Profile(permissions=())
    await room.join(Participant(ParticipantId("eve"), "Eve", Kind.HUMAN, known))
    with pytest.raises(NotAllowed, match="keep notes"):
        await room.remember("Hm.", by="eve")


@in_no_time
async def test_what_lies_on_both_sides_of_an_absence_makes_two_facts() -> None:
    house = Remembering()
    room = await house.room("ana bo")
    cy = Participant(ParticipantId("cy"), "Cy", Kind.HUMAN)
    await room.join(cy, history=False)
    before = await room.post("ana", "One.")
    await room.leave("cy")
    await room.join(cy, history=False)
    after = await room.post("ana", "Two.")
    with pytest.raises(BadContent, match="one fact for each stay"):
        await room.remember("Both.", by="cy", sources=[before.seq, after.seq])
    await room.remember("Both.", by="ana", sources=[before.seq, after.seq])
    assert texts(await room.facts("cy")) == []


@in_no_time
async def test_a_room_without_a_memory_says_so_and_its_turns_recall_nothing() -> None:
    house = House()
    room = await house.room("ana bo", {"bo": recalls})
    assert await answer(room, "ana") == "Nothing."
    with pytest.raises(Invalid, match="hand one to its Scheduler"):
        await room.remember("Hm.", by="ana")


@in_no_time
async def test_a_search_in_a_turn_finds_what_the_turn_may_draw_on() -> None:
    async def searches(turn: Turn) -> str:
        found = await turn.mind.search("tea")
        return ", ".join(str(event.seq) for event in found)

    house = Remembering()
    room = await house.room("ana cy bo", {"bo": searches})
    one = await room.post("ana", "Tea.")
    two = await room.post("ana", "Tea for us.", whisper=["bo"])
    await room.lapse()
    assert await answer(room, "cy") == str(one.seq)
    assert await answer(room, "ana", "bo") == f"{two.seq}, {one.seq}"
    assert [e.seq for e in await room.search("tea", "cy")] == [one.seq]
    await settled()
