"""Who may do what in a room: by default everything, and nobody is ever kept from posting."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.programs import ANA, BO, CAST, CY, DOV, ZOE, PureRoom
from tests.orchestrator.rooms import a_house, hang, in_no_time, log_of, replays, settle, texts

from tertulia.orchestrator import Participant, Profile, Right, Room, RoomSettings, admission
from tertulia.orchestrator.errors import Invalid, NotAllowed, NotNow, Unknown
from tertulia.orchestrator.events import (
    Described,
    Joined,
    Outcome,
    PolicyChanged,
    RoomEnded,
    RoomPaused,
    Said,
    TurnEnded,
)
from tertulia.orchestrator.policies import Addressed, Chaired
from tertulia.orchestrator.profile import profile
from tertulia.orchestrator.room import ROOM, Kind, ParticipantId

FLO = Participant(ParticipantId("flo"), "Flo", Kind.AGENT)


def a_room(*who: str, policy: Any = None, permissions: Sequence[str] | None = None) -> PureRoom:
    settings = RoomSettings(permissions=profile(permissions=permissions).permissions)
    room = PureRoom(policy or Addressed(), settings)
    room.seat(*who)
    return room


def described(room: PureRoom, who: str, by: str | None = None, **changes: Any) -> None:
    wanted = admission.Description(**changes)
    actor = None if by is None else ParticipantId(by)
    room.ask(lambda floor, now: admission.describe(floor, who, wanted, actor))


# ---- posting is everybody's


@given(
    st.none() | st.lists(st.sampled_from(Right)),
    st.none() | st.lists(st.sampled_from(Right)),
    st.sampled_from([ANA, BO]),
)
def test_whoever_may_do_nothing_else_may_still_post(
    of_all: list[Right] | None, own: list[Right] | None, who: ParticipantId
) -> None:
    room = a_room("ana", "bo", permissions=of_all)
    if own is not None:
        described(room, who, permissions=own)
    events = room.say(who, "Well, well.")
    assert [event.text for event in events if isinstance(event.body, Said)] == ["Well, well."]


# ---- what takes a right


def deeds(room: Room) -> dict[Right, Any]:
    """Something that takes each of the rights, as Ana does it."""
    return {
        Right.WHISPER: partial(room.post, "ana", "psst", whisper=["cy"]),
        Right.INTERRUPT: partial(room.interrupt, "ana"),
        Right.PAUSE: partial(room.pause, by="ana"),
        Right.CHANGE_POLICY: partial(room.change_policy, "round_robin", by="ana"),
        Right.INVITE: partial(room.join, FLO, by="ana"),
        Right.DESCRIBE: partial(room.describe, "cy", about="A fox.", by="ana"),
        Right.PERMIT: partial(room.describe, "ana", permissions=["note"], by="ana"),
        Right.NOTE: partial(room.note, "cy", "likes tea", by="ana"),
        Right.CLOSE: partial(room.close, by="ana"),
    }


@pytest.mark.parametrize("right", [right for right in Right if right is not Right.NOMINATE])
def test_what_one_may_not_do_is_refused_and_leaves_no_trace(right: Right) -> None:
    others = [other for other in Right if other is not right]

    @in_no_time
    async def with_and_without() -> None:
        async with a_house() as house:
            room = await house.room("ana cy", permissions=())
            await room.describe("ana", permissions=others)
            head = room.floor.head
            with pytest.raises(NotAllowed, match="nobody in the room may, only the program"):
                await deeds(room)[right]()
            assert room.floor.head == head
            await room.describe("ana", permissions=[right])
            await deeds(room)[right]()
            assert await replays(house.log)

    with_and_without()


@in_no_time
async def test_everybody_may_do_everything_unless_somebody_says_otherwise() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo zoe")
        assert all(room.may(who, right) for who in ("ana", "cy", "bo") for right in Right)
        assert not any(room.may("zoe", right) for right in Right)


@in_no_time
async def test_a_refusal_says_who_may() -> None:
    async with a_house() as house:
        room = await house.room("ana cy dov bo", permissions=("whisper",))
        await room.describe("cy", permissions=["pause"])
        await room.describe("bo", permissions=["pause", "close"])
        with pytest.raises(NotAllowed, match="'ana' may not pause or resume the room: cy, bo may"):
            await room.pause(by="ana")
        with pytest.raises(Unknown, match="nobody-here"):
            await room.pause(by="nobody-here")


@in_no_time
async def test_the_log_says_who_paused_changed_and_closed_the_room() -> None:
    async with a_house() as house:
        room = await house.room("ana bo cy", {"bo": hang})
        await room.pause(by="ana")
        await room.resume()
        await room.change_policy("round_robin", by="cy")
        await room.post("ana", "@bo?")
        await settle(1)
        await room.close("late", by="ana")
        events = await log_of(house.log)
        kinds = (RoomPaused, PolicyChanged, RoomEnded)
        done = [(event.type, event.by) for event in events if isinstance(event.body, kinds)]
        assert done == [("RoomPaused", ANA), ("PolicyChanged", CY), ("RoomEnded", ANA)]
        ended = [event.body for event in events if isinstance(event.body, TurnEnded)]
        assert [(end.outcome, end.interrupted_by) for end in ended] == [(Outcome.INTERRUPTED, ANA)]
        assert await replays(house.log)


@in_no_time
async def test_whoever_is_brought_in_came_by_somebody() -> None:
    async with a_house() as house:
        room = await house.room("ana")
        await room.join(FLO, by="ana")
        came = [e.body for e in await log_of(house.log) if isinstance(e.body, Joined)]
        assert [body.invited_by for body in came] == [None, ANA]


@in_no_time
async def test_nobody_gives_a_role_who_may_not_permit() -> None:
    boss = Participant(ParticipantId("flo"), "Flo", Kind.HUMAN, profile(roles=["supervisor"]))
    async with a_house() as house:
        room = await house.room("ana dov", permissions=("invite", "describe"))
        await room.describe("dov", permissions=["permit", "invite"])
        for refused in (
            room.describe("ana", roles=["supervisor"], by="ana"),
            room.join(boss, by="ana"),
        ):
            with pytest.raises(NotAllowed, match="'ana' may not change what anybody may do: dov"):
                await refused
        await room.describe("dov", roles=["chief"], by="dov")
        await room.join(boss, by="dov")
        assert [seat.profile.roles for seat in room.floor.people()] == [
            (),
            ("chief",),
            ("supervisor",),
        ]
        await room.describe("flo", about="Knows the till.")
        assert room.floor.members[boss.id].profile.roles == ("supervisor",)
        assert await replays(house.log)


@in_no_time
async def test_no_program_speaks_for_one_who_was_not_let_in() -> None:
    async with a_house() as house:
        room = await house.room("ana", permissions=())
        with pytest.raises(NotAllowed):
            await room.join(FLO, hang, by="ana")
        assert "flo" not in room.live.turns.speakers


# ---- cutting in, by hand and by posting


@pytest.mark.parametrize("input_policy", ["interrupt", "rollback"])
def test_a_message_of_one_who_may_cut_nobody_off_waits_its_turn(input_policy: str) -> None:
    @in_no_time
    async def meanwhile() -> None:
        async with a_house() as house:
            room = await house.room("ana cy bo", {"bo": hang}, input=input_policy)
            await room.describe("cy", permissions=[])
            await room.post("ana", "@bo?")
            await settle(5)
            await room.post("cy", "Bo, wait!")
            assert room.floor.hold_of(BO) is not None
            await room.post("ana", "Bo, stop!")
            [ended, *_] = [e for e in await log_of(house.log) if isinstance(e.body, TurnEnded)]
            assert ended.cause > next(
                e.seq for e in await log_of(house.log) if e.text == "Bo, wait!"
            )
            assert "cy: Bo, wait!" in await texts(house.log)

    meanwhile()


@in_no_time
async def test_one_s_own_turn_takes_no_right_to_end() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": hang}, permissions=())
        await room.post("ana", "@bo?")
        await settle()
        await room.interrupt("bo", "bo")
        assert room.floor.holds == ()


def test_a_chair_that_may_not_nominate_is_refused() -> None:
    room = a_room("ana", "bo", "cy", policy=Chaired("ana"))
    nominate = partial(admission.nominate, chair=ANA, who=CY)
    described(room, "ana", permissions=["whisper"])
    with pytest.raises(NotAllowed, match="bo, cy may"):
        room.ask(lambda floor, now: nominate(floor))
    described(room, "ana", permissions=["nominate"])
    room.ask(lambda floor, now: nominate(floor))
    assert room.holder == "cy"


# ---- profiles


def test_a_profile_comes_in_with_its_participant_and_changes_in_part() -> None:
    room = PureRoom(Addressed())
    known = profile(["Spanish", "English"], "A nurse.")
    ana = Participant(ANA, "Ana", Kind.HUMAN, known)
    room.ask(lambda floor, now: admission.join(floor, ana))
    assert room.floor.members[ANA].profile == known
    described(room, "ana", by="ana", languages=["German"])
    assert room.floor.members[ANA].profile == Profile(("German",), "A nurse.")
    assert room.events[-1].body == Described(Profile(("German",), "A nurse."))


def test_a_description_that_changes_nothing_is_no_event() -> None:
    room = a_room("ana")
    described(room, "ana", about="A nurse.")
    head = room.floor.head
    described(room, "ana", about="A nurse.")
    assert room.floor.head == head


def test_one_s_own_profile_is_one_s_own_but_not_what_one_may_do() -> None:
    room = a_room("ana", "cy", permissions=[])
    described(room, "ana", by="ana", about="A nurse.")
    with pytest.raises(NotAllowed, match="may not change what anybody may do"):
        described(room, "ana", by="ana", permissions=["close"])
    with pytest.raises(NotAllowed, match="may not describe others"):
        described(room, "cy", by="ana", about="A fox.")
    described(room, "ana", permissions=["permit"])
    described(room, "ana", by="ana", permissions=["close", "permit"])
    assert room.floor.members[ANA].profile.permissions == (Right.CLOSE, Right.PERMIT)


def test_the_log_says_who_described_whom() -> None:
    room = a_room("ana", "cy")
    described(room, "ana", by="ana", about="I nurse.")
    described(room, "ana", by="cy", about="She nurses.")
    described(room, "ana", about="A nurse.")
    authors = [e.body.author for e in room.events if isinstance(e.body, Described)]
    assert authors == [None, CY, ROOM]


def test_who_only_watches_may_be_let_do_more_and_is_described_too() -> None:
    room = a_room("ana", "zoe")
    described(room, "zoe", about="An inspector.", permissions=["pause", "note"])
    assert admission.acting(room.floor, "zoe", Right.PAUSE) == ZOE
    with pytest.raises(NotNow):
        room.ask(lambda floor, now: admission.note(floor, ZOE, "ana", "tired", ()))


def test_a_hint_names_only_some_of_many() -> None:
    room = PureRoom(Addressed())
    for number in range(9):
        newcomer = Participant(ParticipantId(f"p{number}"), f"P{number}", Kind.HUMAN)
        room.ask(partial(lambda one, floor, now: admission.join(floor, one), newcomer))
    described(room, "p0", permissions=[])
    with pytest.raises(NotAllowed, match="p1, p2, p3, p4, p5 and 3 more may"):
        admission.check_right(room.floor, ParticipantId("p0"), Right.CLOSE)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"languages": "Spanish"}, "languages: a list of names, not 'Spanish'"),
        ({"languages": ["x"] * 2}, "languages: one is named twice"),
        ({"languages": [f"{n}" for n in range(9)]}, "languages: at most 8, not 9"),
        ({"languages": ["a\nb"]}, "each is one line of 1 to 40 characters"),
        ({"languages": [" "]}, "each is one line"),
        ({"languages": ["x" * 41]}, "each is one line"),
        ({"languages": [3]}, "each is one line"),
        ({"about": "x" * 1001}, "about: at most 1,000 characters, not 1,001"),
        ({"about": "a\0b"}, "about: must be text"),
        ({"about": "\ud800"}, "about: must be text"),
        ({"about": 3}, "about: must be text, not 3"),
        ({"permissions": "close"}, "permissions: a list of rights, not 'close'"),
        ({"permissions": ["clsoe"]}, "there is no right 'clsoe'; did you mean 'close'?"),
        ({"permissions": ["fly"]}, "there is no right 'fly'; there are whisper, interrupt"),
        ({"permissions": [{}]}, "there is no right {}"),
    ],
)
def test_what_no_profile_can_hold_is_refused(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(Invalid) as caught:
        profile(**wrong)
    assert told in str(caught.value)


@given(st.lists(st.sampled_from(Right)))
def test_rights_are_each_kept_once_in_one_order(given_rights: list[Right]) -> None:
    kept = profile(permissions=[right.value for right in given_rights]).permissions
    assert kept == tuple(right for right in Right if right in given_rights)


def test_a_setting_of_rights_that_are_none_is_refused() -> None:
    with pytest.raises(Invalid, match="room setting permissions: there is no right 'shout'"):
        RoomSettings(permissions=("shout",))  # type: ignore[arg-type]


def test_the_cast_is_as_it_was() -> None:
    assert {member.profile for member in CAST.values()} == {Profile()}
    assert DOV in CAST
