"""Rooms beside rooms: who knows of them, how they live and end, and what outlives the process."""

import pytest
from tests.orchestrator.programs import ANA, BO, CAST, CY, DOV
from tests.orchestrator.rooms import (
    House,
    Reader,
    a_house,
    echo,
    endings,
    hang,
    in_no_time,
    log_of,
    replays,
    settle,
    texts,
)

from tertulia.orchestrator import RoomSettings
from tertulia.orchestrator.errors import BadContent, Exists, Invalid, NotNow, RoomClosed, Unknown
from tertulia.orchestrator.events import RoomOpened, SubRoomClosed, SubRoomOpened
from tertulia.orchestrator.floor import Floor, Phase
from tertulia.orchestrator.room import RoomId
from tertulia.orchestrator.transitions import fold
from tertulia.testing import assert_no_leak

PANTRY = RoomId("kitchen:pantry")


@in_no_time
async def test_a_sub_room_has_its_own_log_and_knows_where_it_comes_from() -> None:
    async with a_house() as house:
        room = await house.room("ana cy dov bo", {"bo": echo})
        await room.post("ana", "in the kitchen")
        pantry = await room.breakout("ana", "pantry", ["cy", "bo"], title="Jam")
        assert pantry.id == PANTRY
        assert set(pantry.floor.members) == {ANA, BO, CY}
        [opened, *_] = await log_of(house.log, PANTRY)
        told = next(e for e in await log_of(house.log) if isinstance(e.body, SubRoomOpened))
        assert opened.body == RoomOpened(room.floor.settings, "Jam", room.id, told.seq)
        assert (told.by, told.audience, told.body) == (
            ANA,
            (ANA, BO, CY),
            SubRoomOpened(PANTRY, "Jam"),
        )
        await pantry.post("cy", "Bo, in the pantry")
        await pantry.lapse()
        assert await texts(house.log, PANTRY) == [
            "cy: Bo, in the pantry",
            "bo: You said: Bo, in the pantry",
        ]
        assert await texts(house.log) == ["ana: in the kitchen"]


@in_no_time
async def test_members_are_in_both_rooms_and_an_agent_speaks_in_both_at_once() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": hang})
        pantry = await room.breakout("ana", "pantry", ["bo"])
        await room.post("cy", "Bo, here?")
        await pantry.post("ana", "Bo, there?")
        await settle()
        assert room.floor.hold_of(BO) is not None
        assert pantry.floor.hold_of(BO) is not None


@in_no_time
async def test_nobody_else_is_told_of_a_sub_room() -> None:
    async with a_house() as house:
        room = await house.room("ana cy dov bo")
        readers = {who: Reader(room, who) for who in ("ana", "bo", "cy", "dov")}
        await room.breakout("ana", "pantry", ["bo"])
        await settle()
        told = {
            who for who, r in readers.items() if any(e.type == "SubRoomOpened" for e in r.events)
        }
        assert told == {"ana", "bo"}
        assert [sub.room for sub in room.breakouts("bo")] == [PANTRY]
        assert room.breakouts("dov") == room.breakouts("stranger") == ()
        assert [sub.room for sub in room.breakouts()] == [PANTRY]
        with pytest.raises(Unknown, match=r"no open sub-room 'kitchen:pantry' that 'dov' is in"):
            await room.close_breakout("dov", "pantry")
        with pytest.raises(Unknown):
            await room.close_breakout("dov", "attic")


@in_no_time
async def test_what_came_of_it_is_said_in_the_parent_by_whoever_closes_it() -> None:
    async with a_house() as house:
        room = await house.room("ana cy dov bo")
        pantry = await room.breakout("ana", "pantry", ["cy"])
        await pantry.post("cy", "There is no jam.")
        await room.close_breakout("cy", "pantry", summary="We need jam.")
        assert pantry.floor.phase is Phase.CLOSED
        assert [e.text for e in await room.said("dov")] == ["We need jam."]
        assert room.breakouts() == ()
        closed = (await log_of(house.log))[-1]
        assert (closed.by, closed.body, closed.audience) == (CY, SubRoomClosed(PANTRY), (ANA, CY))
        with pytest.raises(RoomClosed):
            await pantry.post("ana", "Wait.")
        with pytest.raises(Unknown):
            await room.close_breakout("cy", "pantry")
        assert await replays(house.log)


@in_no_time
async def test_a_summary_may_be_for_some_alone() -> None:
    async with a_house() as house:
        room = await house.room("ana cy dov bo")
        await room.breakout("ana", "pantry", ["cy"])
        await room.close_breakout("ana", "pantry", summary="Not for Cy.", whisper=["dov"])
        assert [e.text for e in await room.said("dov")] == ["Not for Cy."]
        assert await room.said("cy") == []


@in_no_time
async def test_a_summary_that_is_refused_closes_nothing() -> None:
    async with a_house() as house:
        room = await house.room("ana cy", text_limit=20)
        pantry = await room.breakout("ana", "pantry", ["cy"])
        with pytest.raises(BadContent):
            await room.close_breakout("ana", "pantry", summary="x" * 21)
        with pytest.raises(Unknown):
            await room.close_breakout("ana", "pantry", summary="Hm.", whisper=["nobody"])
        assert pantry.floor.phase is Phase.OPEN
        assert len(room.breakouts()) == 1


@in_no_time
async def test_a_sub_room_that_is_closed_by_itself_is_off_its_parent_s_list() -> None:
    async with a_house() as house:
        room = await house.room("ana cy")
        pantry = await room.breakout("ana", "pantry", ["cy"])
        await pantry.close("all said")
        assert room.breakouts() == ()
        assert (await log_of(house.log))[-1].audience == (ANA, CY)


@in_no_time
async def test_a_room_that_closes_closes_all_that_is_below_it() -> None:
    async with a_house() as house:
        room = await house.room("ana cy dov bo", {"bo": hang})
        pantry = await room.breakout("ana", "pantry", ["cy", "bo"])
        shelf = await pantry.breakout("cy", "shelf", ["bo"])
        assert shelf.id == "kitchen:pantry:shelf"
        assert shelf.floor.parent == PANTRY
        await shelf.post("cy", "Bo?", to=["bo"])
        await room.close("it is late")
        for one in (room, pantry, shelf):
            assert one.floor.phase is Phase.CLOSED
            assert one.floor.subrooms == ()
        assert [e[0] for e in await endings(house.log, shelf.id)] == ["bo"]


@in_no_time
async def test_closing_a_sub_room_closes_those_within_it() -> None:
    async with a_house() as house:
        room = await house.room("ana cy")
        pantry = await room.breakout("ana", "pantry", ["cy"])
        shelf = await pantry.breakout("cy", "shelf", ["ana"])
        await room.close_breakout("ana", "pantry", summary="Done.")
        assert shelf.floor.phase is pantry.floor.phase is Phase.CLOSED


@in_no_time
async def test_it_survives_the_process_and_agents_speak_on_in_it() -> None:
    first = House()
    room = await first.room("ana cy bo", {"bo": hang})
    pantry = await room.breakout("ana", "pantry", ["cy", "bo"])
    await pantry.post("cy", "Bo, a question.")
    await pantry.leave("cy")
    await settle()
    first.crash()
    second = House(first.memory)
    again = await second.room("ana cy bo", {"bo": echo})
    assert [sub.room for sub in again.breakouts("bo")] == [PANTRY]
    below = await again.breakout("ana", "pantry", ["cy", "bo"])
    await below.lapse()
    assert (await texts(second.log, PANTRY))[-1] == "bo: You said: Bo, a question."
    assert CY not in below.floor.members  # who left it is not brought back
    assert fold(Floor(PANTRY), await log_of(second.log, PANTRY)) == below.floor
    await again.close_breakout("ana", "pantry", summary="Well.")
    assert await replays(second.log)
    assert await replays(second.log, PANTRY)
    await second.scheduler.aclose()


@in_no_time
async def test_a_crash_between_the_two_logs_is_made_good_by_asking_again() -> None:
    async with a_house() as house:
        room = await house.room("ana cy")

        async def crash(*_: object) -> None:
            raise RuntimeError("the process ends here")

        opening = room._rooms._open  # type: ignore[attr-defined]
        room._rooms._open = crash  # type: ignore[attr-defined]
        with pytest.raises(RuntimeError):
            await room.breakout("ana", "pantry", ["cy"])
        room._rooms._open = opening  # type: ignore[attr-defined]
        assert len(room.breakouts()) == 1
        pantry = await room.breakout("ana", "pantry", ["cy"])
        assert set(pantry.floor.members) == {ANA, CY}
        await pantry.end("the process ended before the parent was told")
        await room.close_breakout("ana", "pantry", summary="Well.")
        assert room.breakouts() == ()


@in_no_time
async def test_names_that_are_taken_or_unfit_are_refused() -> None:
    async with a_house() as house:
        room = await house.room("ana cy dov zoe")
        await room.breakout("ana", "pantry", ["cy"])
        with pytest.raises(Exists):
            await room.breakout("ana", "pantry", ["dov"])
        with pytest.raises(Exists):
            await room.breakout("dov", "pantry", ["cy"])
        await room.close_breakout("ana", "pantry")
        with pytest.raises(Exists):
            await room.breakout("ana", "pantry", ["cy"])
        await house.room("dov", name="kitchen:attic")
        with pytest.raises(Exists):
            await room.breakout("ana", "attic", ["cy"])
        with pytest.raises(Invalid):
            await room.breakout("ana", "in the pantry", ["cy"])
        with pytest.raises(Unknown):
            await room.breakout("ana", "cellar", ["nobody"])
        with pytest.raises(Unknown):
            await room.breakout("ana", "cellar", [], settings=RoomSettings({"name": "none"}))
        with pytest.raises(NotNow):
            await room.breakout("zoe", "cellar", ["cy"])
        assert room.breakouts() == ()


@in_no_time
async def test_it_may_have_a_policy_of_its_own() -> None:
    async with a_house() as house:
        room = await house.room("ana cy")
        pantry = await room.breakout(
            "ana", "pantry", ["cy"], settings=RoomSettings({"name": "free_talk"}, capacity=3)
        )
        assert pantry.floor.settings.capacity == 3
        assert pantry.floor.settings.policy["name"] == "free_talk"


@in_no_time
async def test_who_joins_a_sub_room_later_sees_what_its_stays_allow() -> None:
    async with a_house() as house:
        room = await house.room("ana cy dov")
        pantry = await room.breakout("ana", "pantry", ["cy"])
        await pantry.post("cy", "before")
        await pantry.join(CAST[DOV], history=False)
        await pantry.post("ana", "after")
        await pantry.leave("cy")
        await pantry.post("ana", "without Cy")
        assert [e.text for e in await pantry.said("dov")] == ["after", "without Cy"]
        assert [e.text for e in await pantry.said("cy")] == ["before", "after"]
        await assert_no_leak(house.log)


@in_no_time
async def test_one_who_left_is_told_of_no_later_sub_room() -> None:
    async with a_house() as house:
        room = await house.room("ana cy dov")
        await room.breakout("ana", "pantry", ["cy"])
        await room.leave("cy")
        await room.breakout("ana", "attic", ["dov"])
        assert [sub.room for sub in room.breakouts("cy")] == [PANTRY]
        await room.close_breakout("ana", "pantry")
        reader = Reader(room, "cy")
        await settle()
        assert [e.type for e in reader.events if e.type.startswith("Sub")] == ["SubRoomOpened"]
        await assert_no_leak(house.log)
        reader.task.cancel()


@in_no_time
async def test_a_paused_room_can_close_its_sub_rooms() -> None:
    async with a_house() as house:
        room = await house.room("ana cy")
        await room.breakout("ana", "pantry", ["cy"])
        await room.pause()
        await room.close_breakout("cy", "pantry", summary="Done.")
        assert room.breakouts() == ()
