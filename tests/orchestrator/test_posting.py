"""People are never refused and never lost, whoever speaks and however often they try again."""

import asyncio

import pytest
from tests.orchestrator.programs import ANA, BO, CAST, CY
from tests.orchestrator.rooms import (
    Faltering,
    House,
    Reader,
    a_house,
    after,
    echo,
    endings,
    gather,
    hang,
    in_no_time,
    log_of,
    replays,
    says,
    settle,
    streams,
    texts,
)

from tertulia.orchestrator import Event, Kind, Outcome, Participant, Said
from tertulia.orchestrator.errors import (
    BadContent,
    Exists,
    Invalid,
    KeyReused,
    NotNow,
    RoomClosed,
    ShuttingDown,
    Unknown,
)
from tertulia.orchestrator.inbox import PLACES
from tertulia.orchestrator.keys import REMEMBERED
from tertulia.orchestrator.room import ParticipantId
from tertulia.storage import MemoryLog

# ---- while agents speak


@in_no_time
async def test_people_who_speak_while_an_agent_speaks_are_all_heard_and_answered() -> None:
    async with a_house() as house:
        room = await house.room("ana cy dov bo", {"bo": after(10, echo)})
        for who in ("ana", "cy", "dov", "ana"):
            await room.post(who, f"@bo, {who} asks?")
            await asyncio.sleep(1)
        assert room.floor.standing(ParticipantId("bo")) == "holding"
        await room.lapse()
        assert await texts(house.log) == [
            "ana: @bo, ana asks?",
            "cy: @bo, cy asks?",
            "dov: @bo, dov asks?",
            "ana: @bo, ana asks?",
            "bo: You said: bo, ana asks?",
            # Each of them has an exchange of their own, and is answered in it.
            "bo: You said: bo, cy asks?",
            "bo: You said: bo, dov asks?",
            "bo: You said: bo, ana asks?",
        ]
        assert await replays(house.log)


@in_no_time
async def test_a_hundred_people_at_once_are_acknowledged_in_one_order() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": streams("so ", "so")})
        crowd = [Participant(ParticipantId(f"p{i}"), f"P{i}", Kind.HUMAN) for i in range(100)]
        for person in crowd:
            await room.join(person)
        await room.post("ana", "@bo?")
        said = await asyncio.gather(*(room.post(p.id, f"I am {p.name}") for p in crowd))
        assert [event.by for event in said] == [person.id for person in crowd]
        assert len({event.seq for event in said}) == 100
        kept = await log_of(house.log)
        assert [event.seq for event in kept] == list(range(1, len(kept) + 1))
        assert all(event in kept for event in said)


@in_no_time
async def test_an_agent_that_is_not_asked_says_nothing() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": echo})
        await room.post("ana", "Good morning.")
        await room.post("cy", "Good morning!")
        await room.lapse()
        assert await texts(house.log) == ["ana: Good morning.", "cy: Good morning!"]


# ---- persons who are asked


@in_no_time
async def test_a_person_who_is_asked_answers_in_their_turn() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": says("@cy, what do you say?")})
        await room.post("ana", "@bo?")
        await settle()
        hold = room.floor.hold_of(CY)
        assert hold is not None
        answer = await room.post("cy", "I say yes.")
        assert isinstance(answer.body, Said)
        assert answer.body.turn == hold.turn
        await room.lapse()
        assert (await endings(house.log))[-2:] == [
            ("cy", Outcome.COMMITTED, None),
            ("bo", Outcome.COMMITTED, None),  # who asked hears the answer, and may go on from it
        ]


@in_no_time
async def test_a_person_who_is_asked_and_stays_silent_blocks_nobody() -> None:
    async with a_house() as house:
        room = await house.room(
            "ana cy bo eve", {"bo": says("@cy and @eve?"), "eve": says("I do.")}, patience_s=20
        )
        await room.post("ana", "@bo?")
        began = house.scheduler.clock.now()
        await room.lapse()
        assert house.scheduler.clock.now() - began == pytest.approx(20)
        assert await endings(house.log) == [
            ("bo", Outcome.COMMITTED, None),
            ("cy", Outcome.EXPIRED, None),
            ("eve", Outcome.COMMITTED, None),
        ]


@in_no_time
async def test_when_another_person_speaks_the_one_who_was_asked_is_passed_by() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": says("@cy?")}, addressing="explicit")
        await room.post("ana", "@bo?")
        await settle(1)
        await room.post("ana", "Never mind.")
        await room.lapse()
        assert (await endings(house.log))[-1] == ("cy", Outcome.PASSED, None)
        await room.post("cy", "I was just about to.")  # and is still heard
        await settle(100)
        assert len(await endings(house.log)) == 2


# ---- one key, one event


@in_no_time
async def test_the_same_key_twice_names_one_event() -> None:
    async with a_house() as house:
        room = await house.room()
        first = await room.post("ana", "Once.", key="k")
        assert await room.post("ana", "Once.", key="k") == first
        assert await texts(house.log) == ["ana: Once."]


@in_no_time
async def test_a_retry_that_overtakes_its_first_attempt_gets_the_same_event() -> None:
    async with a_house() as house:
        room = await house.room()
        posts = [room.post("ana", "Once.", key="k") for _ in range(10)]
        assert len({event.seq for event in await asyncio.gather(*posts)}) == 1
        assert await texts(house.log) == ["ana: Once."]


@in_no_time
async def test_a_caller_who_gives_up_loses_nothing_and_the_retry_gets_the_event() -> None:
    async with a_house() as house:
        room = await house.room()
        impatient = asyncio.ensure_future(room.post("ana", "Once.", key="k"))
        await asyncio.sleep(0)
        impatient.cancel()
        event = await room.post("ana", "Once.", key="k")
        with pytest.raises(asyncio.CancelledError):
            await impatient
        assert await texts(house.log) == ["ana: Once."]
        assert event.key == "k"


@in_no_time
async def test_a_key_is_remembered_when_the_room_is_opened_again() -> None:
    house = House()
    room = await house.room()
    first = await room.post("ana", "Once.", key="k")
    await house.scheduler.aclose()
    later = House(house.memory)
    room = await later.room()
    posts = [room.post("ana", "Once.", key="k") for _ in range(3)]
    assert await asyncio.gather(*posts) == [first] * 3
    assert await texts(later.log) == ["ana: Once."]
    await later.scheduler.aclose()


@in_no_time
async def test_a_key_outlives_the_memory_for_recent_ones() -> None:
    async with a_house() as house:
        room = await house.room()
        first = await room.post("ana", "Once.", key="first")
        for begin in range(0, REMEMBERED, 512):
            numbers = range(begin, begin + 512)
            await asyncio.gather(*(room.post("ana", "x", key=f"k{i}") for i in numbers))
        assert await room.post("ana", "Once.", key="first") == first


@in_no_time
async def test_other_content_under_the_same_key_is_refused() -> None:
    async with a_house() as house:
        room = await house.room()
        first = await room.post("ana", "Once.", key="k")
        for more in ({"text": "Twice."}, {"text": "Once.", "whisper": ["cy"]}):
            with pytest.raises(KeyReused) as caught:
                await room.post("ana", key="k", **more)
            assert f"before, for event {first.seq}, with other content" in str(caught.value)
            assert "send new content under a new key" in str(caught.value)
        assert await texts(house.log) == ["ana: Once."]


@in_no_time
async def test_a_key_belongs_to_its_participant() -> None:
    async with a_house() as house:
        room = await house.room()
        one = await room.post("ana", "Mine.", key="k")
        other = await room.post("cy", "Mine too.", key="k")
        assert one.seq != other.seq


@in_no_time
async def test_a_key_whose_message_was_refused_is_free_again() -> None:
    async with a_house() as house:
        room = await house.room()
        with pytest.raises(BadContent):
            await room.post("ana", "", key="k")
        assert (await room.post("ana", "Now.", key="k")).key == "k"


# ---- back-pressure


@in_no_time
async def test_more_posts_than_there_are_places_wait_and_all_arrive_in_order() -> None:
    async with a_house() as house:
        room = await house.room()
        many = PLACES * 2 + 100
        posts = [asyncio.ensure_future(room.post("ana", f"{i}")) for i in range(many)]
        await asyncio.sleep(0)
        assert len(room.live.inbox) <= PLACES
        said = await asyncio.gather(*posts)
        assert [e.body.text for e in said if isinstance(e.body, Said)] == [
            f"{i}" for i in range(many)
        ]
        assert [event.seq for event in said] == sorted(event.seq for event in said)


@in_no_time
async def test_callers_who_give_up_while_they_wait_leave_their_places_to_others() -> None:
    async with a_house() as house:
        room = await house.room()
        posts = [asyncio.ensure_future(room.post("ana", f"{i}")) for i in range(PLACES * 2)]
        await asyncio.sleep(0)
        for post in posts[PLACES : PLACES + 500]:
            post.cancel()
        said = await gather(*posts)
        assert sum(isinstance(one, Event) for one in said) == PLACES * 2 - 500
        more = [room.post("cy", f"{i}", key=f"{i % 700}") for i in range(1400)]
        assert sum(isinstance(e, KeyReused) for e in await gather(*more)) == 700
        assert len(await asyncio.gather(*(room.post("cy", "!") for _ in range(PLACES)))) == PLACES


@in_no_time
async def test_retries_that_wait_for_a_place_together_leave_theirs_to_others() -> None:
    store = Faltering()
    house = House(log=store)
    room = await house.room()
    store.slow_s = 1.0
    full = [asyncio.ensure_future(room.post("ana", f"{i}")) for i in range(2 * PLACES)]
    await asyncio.sleep(0.5)
    pairs = [room.post("cy", f"{i // 2}", key=f"{i // 2}") for i in range(2 * PLACES + 20)]
    said = await asyncio.gather(*pairs)
    assert all(one == other for one, other in zip(said[::2], said[1::2], strict=True))
    assert len(await asyncio.gather(*full)) == 2 * PLACES
    store.slow_s = 0.0
    assert (await room.post("cy", "There is a place.")).seq > max(one.seq for one in said)
    await house.scheduler.aclose()


# ---- refusals reach the caller, and nobody else


@in_no_time
async def test_a_refusal_reaches_its_caller_alone() -> None:
    async with a_house() as house:
        room = await house.room("ana cy zoe bo")
        results = await gather(
            room.post("ana", "One."),
            room.post("annn", "Two."),
            room.post("zoe", "Three."),
            room.post("cy", "Four.", reply_to=999),
            room.post("cy", "Five."),
            room.join(Participant(ANA, "Another Ana", Kind.HUMAN)),
        )
        kinds = [type(one) for one in results]
        assert kinds == [Event, Unknown, NotNow, Unknown, Event, Exists]
        assert await texts(house.log) == ["ana: One.", "cy: Five."]


@in_no_time
async def test_a_reply_addresses_whom_it_answers_however_long_ago_that_was() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": echo})
        old = await room.post("bo", "I shall be here.")
        for i in range(150):
            await room.post("cy", f"{i}")
        reply = await room.post("ana", "Are you?", reply_to=old.seq)
        await room.lapse()
        assert isinstance(reply.body, Said)
        assert reply.body.addressees == (BO,)
        assert (await texts(house.log))[-1] == "bo: You said: Are you?"


@in_no_time
async def test_one_cannot_reply_to_a_whisper_one_did_not_hear() -> None:
    async with a_house() as house:
        room = await house.room("ana cy dov bo")
        secret = await room.post("ana", "Psst.", whisper=["cy"])
        with pytest.raises(Unknown, match=f"no event {secret.seq}"):
            await room.post("dov", "What was that?", reply_to=secret.seq)
        heard = await room.post("cy", "Yes?", reply_to=secret.seq, whisper=["ana"])
        assert isinstance(heard.body, Said)
        assert heard.body.addressees == (ANA,)


@in_no_time
async def test_a_closed_room_says_so_to_everybody_who_asks_for_anything() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": hang})
        await room.post("ana", "@bo?")
        await room.close("late")
        assert (await endings(house.log))[-1][1] is Outcome.INTERRUPTED
        for asked in (room.post("ana", "x"), room.close(), room.leave("ana"), room.pause()):
            with pytest.raises(RoomClosed, match="open a new room"):
                await asked
        room = await house.room()  # a closed room can be opened to be read
        with pytest.raises(RoomClosed):
            await room.post("ana", "x")


# ---- pausing, joining, leaving


@in_no_time
async def test_while_a_room_is_paused_people_speak_and_agents_wait() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": echo})
        await room.pause()
        await room.post("ana", "@bo?")
        await settle(100)
        assert await texts(house.log) == ["ana: @bo?"]
        with pytest.raises(NotNow, match="is paused, so RoomPaused cannot happen now; it rests"):
            await room.pause()
        await room.resume()
        await room.lapse()
        assert await texts(house.log) == ["ana: @bo?", "bo: You said: bo?"]
        with pytest.raises(NotNow, match="is open, so RoomResumed cannot happen now; it goes on"):
            await room.resume()


@in_no_time
async def test_a_turn_that_runs_when_the_room_is_paused_may_end() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": after(5, echo)})
        await room.post("ana", "@bo?")
        await room.pause()
        await room.lapse()
        assert (await texts(house.log))[-1] == "bo: You said: bo?"


@in_no_time
async def test_somebody_who_joins_in_mid_turn_can_speak_at_once() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": after(5, echo)})
        await room.post("ana", "@bo?")
        await room.join(CAST[CY])
        await room.post("cy", "Here I am.")
        await room.lapse()
        assert (await texts(house.log))[1:] == ["cy: Here I am.", "bo: You said: bo?"]


@in_no_time
async def test_an_agent_that_leaves_in_mid_turn_is_cut_and_the_room_goes_on() -> None:
    async with a_house() as house:
        room = await house.room("ana bo eve", {"bo": streams("one ", "two ", "three"), "eve": echo})
        await room.post("ana", "@bo @eve?")
        await asyncio.sleep(1.5)
        await room.leave("bo", "called away")
        await room.lapse()
        assert await texts(house.log) == [
            "ana: @bo @eve?",
            "bo: one two",
            "eve: You said: bo eve?",
        ]
        assert await endings(house.log) == [
            ("bo", Outcome.LEFT, None),
            ("eve", Outcome.COMMITTED, None),
        ]


@in_no_time
async def test_raised_hands_are_granted_and_can_be_taken_down() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": echo}, policy={"name": "raised_hands"})
        await room.request_floor("cy")
        await room.request_floor("ana")
        await room.request_floor("bo")
        await room.cancel_request("bo")
        await room.post("cy", "First.")
        assert room.floor.hold_of(ANA)
        await room.post("ana", "Second.")
        await room.lapse()
        assert await texts(house.log) == ["cy: First.", "ana: Second."]


# ---- opening


@in_no_time
async def test_a_room_opened_twice_is_one_room() -> None:
    async with a_house() as house:
        rooms = await asyncio.gather(*(house.room() for _ in range(5)))
        assert len({id(room) for room in rooms}) == 1
        assert len(await log_of(house.log)) == 4  # opened, and three joined
        assert len(house.scheduler) == 1


@in_no_time
async def test_one_who_gives_up_opening_a_room_spoils_it_for_nobody_else() -> None:
    slow = SlowToOpen()
    house = House(log=slow)
    first = asyncio.ensure_future(house.room())
    await asyncio.sleep(0.5)
    second = asyncio.ensure_future(house.room())
    await asyncio.sleep(0.1)
    first.cancel()
    await asyncio.wait([first])
    assert (await second).floor.members.keys() == {"ana", "cy", "bo"}
    await house.scheduler.aclose()


@in_no_time
async def test_a_room_that_was_being_opened_is_handed_back_when_the_process_leaves() -> None:
    slow = SlowToOpen()
    house = House(log=slow)
    opening = asyncio.ensure_future(house.room())
    await asyncio.sleep(0.5)
    await house.scheduler.aclose()
    with pytest.raises(ShuttingDown):
        await opening
    assert len(house.scheduler) == 0
    assert slow.closed_with_rooms == 0


class SlowToOpen(MemoryLog):
    """A log that takes a second to give a room out."""

    closed_with_rooms = -1

    async def acquire(self, room):  # type: ignore[no-untyped-def]
        await asyncio.sleep(1)
        return await super().acquire(room)

    async def close(self) -> None:
        self.closed_with_rooms = sum(one.owner is not None for one in await self.rooms())
        await super().close()


@in_no_time
async def test_a_room_that_could_not_be_opened_is_left_to_others() -> None:
    house = House()
    with pytest.raises(Unknown, match="did you mean 'addressed'"):
        await house.room(policy={"name": "adressed"})
    assert [one.owner for one in await house.log.rooms()] in ([], [None])
    other = House(house.memory)
    await other.room()
    await other.scheduler.aclose()


@pytest.mark.parametrize("name", ["", " ", "a/b", "-a", "a" * 129, "küche"])
@in_no_time
async def test_a_room_name_that_cannot_be_used_is_refused(name: str) -> None:
    async with a_house() as house:
        with pytest.raises(Invalid, match="a name is 1 to 128 letters"):
            await house.room(name=name)


@in_no_time
async def test_a_room_keeps_the_settings_it_was_opened_with() -> None:
    async with a_house() as house:
        await house.room(lease_s=7)
        again = await house.room(lease_s=8)
        assert again.floor.settings.lease_s == 7


@in_no_time
async def test_readers_of_a_closed_room_are_let_go() -> None:
    async with a_house() as house:
        room = await house.room()
        await room.close()
        await house.scheduler.hand_back(room)
        room = await house.scheduler.open("kitchen")
        whole, late = Reader(room), Reader(room, after=room.floor.head)
        await asyncio.wait([whole.task, late.task], timeout=10)
        assert whole.task.done()
        assert late.task.done()
        assert len(whole.events) == room.floor.head
