"""A model is asked whom an utterance is for only where nothing else could tell; nobody waits."""

from collections.abc import Iterable
from typing import Any

import pytest
from tests.orchestrator.programs import ANA, BO, CY, PureRoom
from tests.orchestrator.rooms import (
    House,
    a_house,
    after,
    echo,
    in_no_time,
    log_of,
    replays,
    settle,
)

from tertulia.orchestrator import Consultation, Room, Said
from tertulia.orchestrator.admission import addressee_found
from tertulia.orchestrator.events import AddresseeFound
from tertulia.orchestrator.inquiries import Addresser
from tertulia.orchestrator.policies import Addressed


class Listener:
    """A model that names whom it is told to, after so many seconds."""

    def __init__(self, *names: str, seconds: float = 1.0) -> None:
        self.names, self.seconds = names, seconds
        self.asked: list[str] = []

    def at(self, house: House) -> Addresser:
        async def find(told: Consultation) -> Iterable[str]:
            self.asked.append(told.view[-1].text)
            await house.scheduler.clock.sleep(self.seconds)
            return self.names

        return find


async def opened(house: House, listener: Listener, **limits: Any) -> Room:
    members = "ana cy dov bo eve"
    speakers = {"bo": echo, "eve": echo}
    room = await house.room(members, speakers, addressing="model", **limits)
    room.inquire(listener.at(house))
    return room


async def found(house: House) -> list[AddresseeFound]:
    events = await log_of(house.log)
    return [event.body for event in events if isinstance(event.body, AddresseeFound)]


@in_no_time
async def test_an_agent_whom_the_model_names_owes_an_answer_and_the_post_did_not_wait() -> None:
    async with a_house() as house:
        listener = Listener("bo", seconds=5)
        room = await opened(house, listener)
        began = house.scheduler.clock.now()
        event = await room.post("ana", "The kettle is broken.")
        assert house.scheduler.clock.now() == began
        await room.lapse()
        assert await found(house) == [AddresseeFound(event.seq, (BO,))]
        said = [e for e in await log_of(house.log) if isinstance(e.body, Said)]
        assert [e.by for e in said] == ["ana", "bo"]
        assert isinstance(said[1].body, Said)
        assert said[1].body.reply_to == said[1].body.thread == event.seq
        assert await replays(house.log)


@in_no_time
async def test_nobody_is_an_answer_and_is_in_the_log() -> None:
    async with a_house() as house:
        room = await opened(house, Listener())
        event = await room.post("ana", "The kettle is broken.")
        await room.lapse()
        assert await found(house) == [AddresseeFound(event.seq)]
        assert room.floor.grants == 0


@in_no_time
async def test_what_is_clear_is_not_asked_about() -> None:
    async with a_house() as house:
        listener = Listener("eve")
        room = await opened(house, listener)
        await room.post("ana", "@bo, which town?")
        await room.lapse()
        await room.post("ana", "And which street?")
        await room.lapse()
        await room.post("ana", "Between us.", whisper=["cy"])
        await room.lapse()
        assert listener.asked == []


@in_no_time
async def test_an_answer_comes_to_nothing_once_somebody_has_spoken() -> None:
    async with a_house() as house:
        listener = Listener("bo", seconds=5)
        room = await opened(house, listener)
        await room.post("ana", "The kettle is broken.")
        await settle(1)
        second = await room.post("cy", "It rains in the hall.")
        await room.lapse()
        assert [body.said for body in await found(house)] == [second.seq]


@in_no_time
async def test_a_model_that_is_late_is_told_and_done_without() -> None:
    async with a_house() as house:
        room = await opened(house, Listener("bo", seconds=60), addressing_s=3)
        began = house.scheduler.clock.now()
        await room.post("ana", "The kettle is broken.")
        await room.lapse()
        assert house.scheduler.clock.now() - began == pytest.approx(3)
        (body,) = await found(house)
        assert body.addressees == ()
        assert body.problem is not None
        assert "in time" in body.problem


@in_no_time
async def test_a_model_that_fails_or_invents_a_name_obliges_nobody() -> None:
    async with a_house() as house:
        room = await opened(house, Listener("nobody-here", "cy"))
        await room.post("ana", "The kettle is broken.")
        await room.lapse()

        async def broken(told: Consultation) -> Iterable[str]:
            raise RuntimeError("no such host")

        room.inquire(broken)
        await room.post("cy", "It rains in the hall.")
        await room.lapse()
        first, second = await found(house)
        assert first.problem is not None
        assert "nobody-here" in first.problem
        assert second.problem is not None
        assert "no such host" in second.problem
        assert room.floor.grants == 0


@in_no_time
async def test_what_somebody_is_answering_already_is_not_asked_about() -> None:
    async with a_house() as house:
        listener = Listener("eve")
        room = await opened(house, listener, policy={"name": "conversational"})
        room.attach("bo", after(5, echo))
        await room.post("ana", "The kettle is broken.")
        await room.lapse()
        assert listener.asked == []


def test_an_answer_about_what_is_no_longer_the_last_utterance_is_dropped() -> None:
    room = PureRoom(Addressed())
    room.seat(ANA, CY, BO)
    first, second = (room.say(who, "It rains.")[0].seq for who in (ANA, CY))
    assert addressee_found(room.floor, first, (BO,)) == ()
    (draft,) = addressee_found(room.floor, second, (BO, BO, ANA))
    assert draft.body == AddresseeFound(second, (BO,))
