"""`assert_no_leak`: quiet where all is well, loud for every way in which a view may be wrong."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.orchestrator.rooms import in_no_time

from tertulia import House, Member, Room, Turn, agent, human
from tertulia.agents import Card, Scripted
from tertulia.agents.speaker import ModelSpeaker
from tertulia.orchestrator import Bid, Consultation, Event
from tertulia.orchestrator.errors import Unknown
from tertulia.orchestrator.room import Audience, Stay
from tertulia.orchestrator.visibility import Sight, covers, seen
from tertulia.simulation import VirtualClock
from tertulia.storage import MemoryLog
from tertulia.testing import Leaked, Recording, assert_no_leak, plant


def parrot() -> Member:
    """An agent that says all that it knows."""

    async def speak(turn: Turn) -> str:
        return " / ".join(event.text for event in turn.view) or "Nothing."

    return agent("Bo", speak)


@asynccontextmanager
async def a_room(*members: Member, url: str = "memory:", **options: Any) -> AsyncIterator[Any]:
    """A house and a room in which things are whispered, and people come and go."""
    async with House(url, clock=VirtualClock()) as house:
        room = await house.room("kitchen", human("Ana"), human("Cy"), *members, **options)
        yield house, room


async def talk(room: Room) -> None:
    """Whisper, come without history, leave, come back, and let the agent answer in between."""
    await room.post("ana", "Bo, the first thing.")
    await room.lapse()
    await room.post("ana", "Bo, the hidden thing.", whisper=["bo"])
    await room.lapse()
    await room.post("ana", "Bo, between us three.", whisper=["bo", "cy"])
    await room.lapse()
    await room.post("cy", "Bo, and for everybody?")
    await room.lapse()
    await room.leave("cy")
    await room.post("ana", "Cy is gone, Bo.")
    await room.lapse()
    await room.join(human("Dov").participant, history=False)
    await room.post("dov", "Bo, I am new.")
    await room.lapse()
    await room.join(human("Cy").participant, history=False)


# ---- where all is well


@in_no_time
async def test_a_room_in_which_all_is_well_has_no_leak() -> None:
    async with a_room(parrot()) as (house, room):
        await talk(room)
        await assert_no_leak(house)
        await assert_no_leak(house, "kitchen")
        await assert_no_leak(house.log, "kitchen")
        await room.close()
        await assert_no_leak(house)


@pytest.mark.db
@in_no_time
async def test_a_database_is_looked_through_as_well(tmp_path: Any) -> None:
    async with a_room(parrot(), url=f"sqlite:///{tmp_path}/talk.db") as (house, room):
        await talk(room)
        await assert_no_leak(house)


@in_no_time
async def test_a_room_that_is_not_there_is_said_to_be_missing() -> None:
    async with a_room() as (house, _):
        with pytest.raises(Unknown, match="there are kitchen"):
            await assert_no_leak(house, "kitchn")


@in_no_time
async def test_bids_are_made_from_what_the_agent_was_there_for() -> None:
    bo = _bidder("Bo")
    async with a_room(Member(*bo), policy="bids") as (house, room):
        await room.post("ana", "Well?")
        await room.lapse()
        await room.join(human("Dov").participant, history=False)
        eve, mind = _bidder("Eve")
        await room.join(eve, mind, history=False)
        await room.post("ana", "And now?")
        await room.lapse()
        assert bo[1].told[0] == ["Well?"]
        assert mind.told[0] == ["And now?"]
        await assert_no_leak(house)


class Bidding:
    """An agent that bids, and remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[list[str]] = []

    async def bid(self, told: Consultation) -> Bid:
        self.told.append([event.text for event in told.view])
        return Bid(0.9)

    async def __call__(self, turn: Turn) -> str:
        return "Well."


def _bidder(name: str) -> tuple[Any, Bidding]:
    return agent(name, Bidding()).participant, Bidding()


# ---- where something is wrong


def everything(events: Iterable[Event], speaker: Sight, audience: Audience) -> Iterator[Event]:
    return iter(tuple(events))


async def all_that_was_said(
    self: MemoryLog, room: Any, before: int, limit: int, seen_by: Any = None
) -> Sequence[Event]:
    said = [e for e in await self.read(room, 0, before - 1) if e.text]
    return said[-limit:]


def a_stay_that_does_not_end(stays: tuple[Stay, ...], seq: int) -> tuple[Stay, ...]:
    return stays


def open_to_all(stays: tuple[Stay, ...], seq: int, *, history: bool) -> tuple[Stay, ...]:
    return (Stay(1),)


def takes_everything(self: Any, event: Event, sight: Sight | None) -> bool:
    self.cursor = event.seq
    return True


MUTANTS: dict[str, tuple[list[str], Any, str]] = {
    "turns draw on everything": (["transcript.speakable"], everything, "the view of turn"),
    "turns draw on all that the speaker saw": (
        ["transcript.speakable"],
        lambda events, speaker, audience: seen(tuple(events), speaker),
        "the view of turn",
    ),
    "turns draw on what was before the speaker came": (
        ["transcript.speakable"],
        lambda events, speaker, audience: (e for e in events if covers(e.audience, audience)),
        "the view of turn",
    ),
    "the audience is ignored": (
        ["visibility.Sight.sees"],
        lambda self, audience, seq: self.was_there(seq),
        "the feed, read from the log",
    ),
    "who was there is ignored": (
        ["visibility.Sight.was_there"],
        lambda self, seq: True,
        "the feed, read from the log",
    ),
    "strangers are let in": (
        ["visibility.Sight.was_there"],
        lambda self, seq: not self.stays or any(stay.since <= seq for stay in self.stays),
        "'somebody-who-never-came-in' saw",
    ),
    "who left goes on seeing": (
        ["visibility.gone", "membership.gone"],
        a_stay_that_does_not_end,
        "the live feed",
    ),
    "history is open to all": (
        ["visibility.entered", "membership.entered"],
        open_to_all,
        "the prompt of turn",
    ),
    "the feed ignores the audience": (
        ["feed._Reader.takes"],
        takes_everything,
        "the live feed",
    ),
    "metrics are of the whole log": (
        ["metrics_of_all"],
        lambda events, who: iter(tuple(events)),
        "the metrics",
    ),
    "bids are made from all that was said": (
        ["transcript.Transcript.public"],
        lambda self, sight=None: tuple(self._public),
        "a bid",
    ),
    "whispers are drawn on in public": (
        ["visibility.covers"],
        lambda audience, other: True,
        "the prompt of turn",
    ),
    "said ignores who asks": (["the log"], all_that_was_said, "the utterances (said)"),
}
"""What is broken, and by what; and words of the error that must come of it."""

ELSEWHERE = {
    "metrics_of_all": "tertulia.testing.sightings.seen_by",
    "the log": "tertulia.storage.memory.MemoryLog.said",
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_view_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    places, mutant, told = MUTANTS[name]
    for place in places:
        monkeypatch.setattr(ELSEWHERE.get(place, f"tertulia.orchestrator.{place}"), mutant)

    @in_no_time
    async def live() -> None:
        policy = "bids" if "bids" in name else "conversational"
        async with a_room(parrot(), policy=policy) as (house, room):
            await talk(room)
            await room.join(*_bidder("Eve"), history=False)
            await room.post("dov", "Eve, Bo: welcome.")
            await room.lapse()
            with pytest.raises(Leaked) as leaked:
                await assert_no_leak(house)
            assert told in "\n".join(map(str, leaked.value.sightings))

    live()


@in_no_time
async def test_an_error_names_who_saw_what_where_and_in_which_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_room(parrot()) as (house, room):
        await room.post("ana", "Bo, the hidden thing.", whisper=["bo"])
        await room.lapse()
        monkeypatch.setattr(
            "tertulia.orchestrator.visibility.Sight.sees", lambda self, audience, seq: True
        )
        with pytest.raises(AssertionError) as leaked:
            await assert_no_leak(house, "kitchen")
        line = (
            "'cy' saw event 5 of room 'kitchen' in the live feed; "
            "it is Said by 'ana', for ana, bo: 'Bo, the hidden thing.'"
        )
        assert line in str(leaked.value)


# ---- canaries


def thinker(name: str, recording: Recording, *lines: str) -> Member:
    """An agent with a model that is listened to."""
    model = recording.model(Scripted(lines))
    return agent(name, recording.speaker(ModelSpeaker(Card(name), model)))


@in_no_time
async def test_canaries_that_nobody_repeats_are_quiet() -> None:
    recording = Recording()
    async with a_room(thinker("Bo", recording, "Hm.", "Well.", "So.")) as (house, room):
        old = await plant(room, "ana")
        whispered = await plant(room, "ana", whisper=["bo"], text="Bo, the word is {word}.")
        await room.lapse()
        late = thinker("Eve", recording, "Hello.")
        await room.join(late.participant, late.speaker, history=False)
        await room.post("cy", "Eve, Bo: hello.")
        await room.lapse()
        assert {call.who for call in recording.sent} == {"bo", "eve"}
        assert any(whispered.word in call.text for call in recording.sent)
        await assert_no_leak(house, canaries=[old, whispered], recording=recording)


@in_no_time
async def test_an_agent_that_keeps_a_whisper_in_mind_and_says_it_later_is_found() -> None:
    heard: list[str] = []

    async def gossip(turn: Turn) -> str:
        heard.extend(event.text for event in turn.view if event.audience is not None)
        return " ".join(heard) if turn.audience is None else "I will tell nobody."

    async with a_room(agent("Bo", gossip)) as (house, room):
        canary = await plant(room, "ana", whisper=["bo"], text="Bo, {word}.")
        await room.lapse()
        await assert_no_leak(house, canaries=[canary])
        await room.post("cy", "Bo, what did she say?")
        await room.lapse()
        with pytest.raises(Leaked, match="said by 'bo'") as leaked:
            await assert_no_leak(house, canaries=[canary])
        assert {sighting.who for sighting in leaked.value.sightings} == {"cy"}
        assert leaked.value.sightings[0].event == canary.event


@in_no_time
async def test_a_graph_that_reads_the_log_by_itself_is_found_by_what_its_model_was_sent() -> None:
    recording = Recording()
    async with a_room() as (house, room):
        model = ModelSpeaker(Card("Bo"), recording.model(Scripted(["Hm."])))

        async def peeping(turn: Turn) -> Any:
            everything = tuple(await house.log.read(turn.room, 0, turn.as_of))
            turn.view = tuple(event for event in everything if event.text)
            return await model(turn)

        old = await plant(room, "ana")
        whispered = await plant(room, "ana", whisper=["cy"])
        bo = agent("Bo", recording.speaker(peeping)).participant
        await room.join(bo, recording.speaker(peeping), history=False)
        await room.post("ana", "Bo, hello.")
        await room.lapse()
        for canary in (old, whispered):
            with pytest.raises(Leaked, match="was sent in turn kitchen/") as leaked:
                await assert_no_leak(house, canaries=[canary], recording=recording)
            assert [sighting.event for sighting in leaked.value.sightings] == [canary.event]


@in_no_time
async def test_what_only_streams_can_be_recorded_too() -> None:
    recording = Recording()
    async with a_room() as (_, room):
        speaker = recording.speaker(ModelSpeaker(Card("Bo"), recording.stream(Scripted(["Hm."]))))
        await room.join(agent("Bo", speaker).participant, speaker)
        await room.post("ana", "Bo, hello.")
        await room.lapse()
        assert [call.who for call in recording.sent] == ["bo"]


@in_no_time
async def test_canaries_are_different_and_the_same_when_a_test_is_run_again() -> None:
    words = []
    for _ in range(2):
        async with a_room() as (_, room):
            words.append([(await plant(room, who)).word for who in ("ana", "ana", "cy")])
    assert words[0] == words[1]
    assert len(set(words[0])) == 3


# ---- what is remembered


async def keeps_all(turn: Turn) -> str:
    """An agent that keeps whatever it hears, for itself and for the room."""
    for event in turn.view:
        for scope in ("participant", "room", "shared"):
            await turn.mind.remember(event.text, sources=[event.seq], scope=scope)
    return " / ".join(fact.text for fact in await turn.mind.recall(limit=100))


@in_no_time
@pytest.mark.parametrize("url", ["memory:", pytest.param("sqlite", marks=pytest.mark.db)])
async def test_canaries_do_not_come_back_through_facts_and_searches(
    url: str, tmp_path: Any
) -> None:
    url = f"sqlite:///{tmp_path}/talk.db" if url == "sqlite" else url
    async with a_room(agent("Bo", keeps_all), url=url) as (house, room):
        garden = await house.room("garden", human("Cy"), human("Eve"), agent("Bo", keeps_all))
        secret = await plant(room, "ana", whisper=["bo"], text="Bo, the word is {word}.")
        await room.lapse()
        other = await plant(garden, "cy", whisper=["bo"], text="Bo, another word is {word}.")
        await garden.lapse()
        await talk(room)
        await garden.post("eve", "Bo, and now?")
        await garden.lapse()
        await garden.post("cy", "Bo, and now?", whisper=["bo"])
        await garden.lapse()
        await assert_no_leak(house, canaries=[secret, other])
        assert [e.seq for e in await room.search(secret.word, "bo")] != []
        assert [e.seq for e in await room.search(secret.word, "cy")] == []


def knows_everything(fact: Any, room: Any, reach: Any) -> bool:
    return True


def covers_everything(self: Any, audience: Audience, first: int, last: int) -> bool:
    return True


@in_no_time
@pytest.mark.parametrize(
    ("place", "wrong", "where"),
    [
        ("storage.recollections.recallable", knows_everything, "the facts"),
        ("storage.recollections.recallable", knows_everything, "the facts of turn"),
        ("orchestrator.visibility.Reach.covers", covers_everything, "a search in turn"),
    ],
)
async def test_facts_and_searches_that_tell_too_much_are_found_out(
    place: str, wrong: Any, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_room(agent("Bo", keeps_all)) as (house, room):
        await talk(room)
        monkeypatch.setattr(f"tertulia.{place}", wrong)
        with pytest.raises(Leaked) as leaked:
            await assert_no_leak(house)
        assert any(where in sighting.where for sighting in leaked.value.sightings)


@in_no_time
async def test_a_summary_that_is_shown_to_others_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def sums_up(turn: Turn) -> str:
        said = await turn.mind.said_to(turn.audience, 0, 99)
        await turn.mind.summarise(turn.audience, said[0].seq, said[-1].seq, "In short.")
        return "Well."

    async with a_room(agent("Bo", sums_up)) as (house, room):
        await talk(room)
        await assert_no_leak(house)
        monkeypatch.setattr("tertulia.orchestrator.visibility.Reach.covers", covers_everything)
        with pytest.raises(Leaked) as leaked:
            await assert_no_leak(house)
        assert any("the summaries" in one.where for one in leaked.value.sightings)
