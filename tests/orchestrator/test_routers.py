"""Routers of persons at work: nobody waits for them who need not, and a log needs none of them."""

import asyncio
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.programs import ANA, BO, CY, EVE, FLO, Ask, PureRoom
from tests.orchestrator.programs import texts as utterances
from tests.orchestrator.rooms import (
    House,
    a_house,
    echo,
    endings,
    hang,
    in_no_time,
    log_of,
    replays,
    says,
    settle,
    texts,
)

from tertulia.orchestrator import (
    Event,
    Reply,
    Room,
    RoomSettings,
    Router,
    Routing,
    Speaker,
    admission,
    replay,
)
from tertulia.orchestrator.errors import Invalid, NotAllowed, Unknown
from tertulia.orchestrator.events import (
    Advised,
    ConsultationEnded,
    Consulted,
    RouterAttached,
    RouterDetached,
    TurnGranted,
)
from tertulia.orchestrator.policies import Addressed, Conversational, Routed
from tertulia.orchestrator.replay import Disagreement
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.routes import WAITING

ROUTED = {
    "name": "routed",
    "inner": {"name": "conversational", "agent_run": 1},
    "within_s": 10.0,
}


class Answers:
    """A router that gives these answers one by one, and remembers what it was told."""

    def __init__(self, *names: str | Exception | None, after_s: float = 0.0) -> None:
        self.left, self.after_s = list(names), after_s
        self.told: list[Routing] = []

    async def __call__(self, told: Routing) -> str | None:
        self.told.append(told)
        await asyncio.sleep(self.after_s)
        name = self.left.pop(0) if self.left else None
        if isinstance(name, Exception):
            raise name
        return name


def three() -> dict[str, Speaker]:
    return {who: says(*[f"I am {who}."] * 9) for who in ("bo", "eve", "flo")}


async def granted(house: House) -> list[tuple[str, str, int | None]]:
    """Who was granted the floor, by which rule, and for what."""
    return [
        (event.by, event.body.rule, event.body.answers)
        for event in await log_of(house.log)
        if isinstance(event.body, TurnGranted)
    ]


async def events_of(house: House, *kinds: type) -> list[Event]:
    return [event for event in await log_of(house.log) if isinstance(event.body, kinds)]


async def routed_room(house: House, who: str = "ana cy bo eve flo", **routers: Router) -> Room:
    room = await house.room(who, three(), policy=ROUTED)
    for person, router in routers.items():
        await room.route(person, router)
    return room


# ---- what a router says


@in_no_time
async def test_whom_the_router_names_answers_and_nobody_else() -> None:
    async with a_house() as house:
        room = await routed_room(house, ana=Answers("flo", after_s=2))
        said = await room.post("ana", "Good morning.")
        await room.lapse()
        assert await granted(house) == [("flo", "routed", said.seq)]
        assert await replays(house.log)


@in_no_time
async def test_nobody_answers_if_the_router_says_so() -> None:
    for nobody in (None, "nobody"):
        async with a_house() as house:
            room = await routed_room(house, ana=Answers(nobody))
            await room.post("ana", "I talk to myself.")
            await room.lapse()
            assert await granted(house) == []
            assert await replays(house.log)


@in_no_time
async def test_if_everyone_may_answer_the_policy_decides_as_usual() -> None:
    async with a_house() as house:
        room = await routed_room(house, ana=Answers("everyone", after_s=2))
        await room.post("ana", "Good morning.")
        await room.lapse()
        assert await granted(house) == [("bo", "self-selection", None)]
        assert await replays(house.log)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("napoleon", "named 'napoleon', which is none of: cy, bo, eve, flo, everyone, nobody"),
        ("ana", "named 'ana', which is none of"),
        (RuntimeError("no model"), "RuntimeError: no model"),
        (3, "named 3, which is none of"),
        (["bo"], "named ['bo'], which is none of"),
    ],
)
def test_a_router_that_fails_or_names_a_stranger_is_told_and_done_without(
    answer: str | Exception, problem: str
) -> None:
    @in_no_time
    async def once() -> None:
        async with a_house() as house:
            room = await routed_room(house, ana=Answers(answer))
            await room.post("ana", "Good morning.")
            await room.lapse()
            [told] = [e.body for e in await events_of(house, Advised)]
            assert isinstance(told, Advised)
            assert (told.problem or "").startswith(problem)
            assert await granted(house) == [("bo", "self-selection", None)]
            assert await replays(house.log)

    once()


@in_no_time
async def test_a_router_that_never_answers_is_waited_for_only_so_long() -> None:
    async with a_house() as house:
        room = await routed_room(house, ana=Answers("flo", after_s=3600))
        began = house.scheduler.clock.now()
        await room.post("ana", "Good morning.")
        assert house.scheduler.clock.now() == began
        await room.lapse()
        assert house.scheduler.clock.now() - began == 10
        assert len(await events_of(house, ConsultationEnded)) == 1
        assert await granted(house) == [("bo", "self-selection", None)]
        assert len(asyncio.all_tasks()) == 1


@in_no_time
async def test_a_person_may_be_named_and_is_waited_for() -> None:
    async with a_house() as house:
        room = await routed_room(house, ana=Answers("cy"))
        await room.post("ana", "Who has the key?")
        await room.lapse()
        assert [who for who, _, _ in await granted(house)] == ["cy"]


@in_no_time
async def test_whoever_is_busy_answers_afterwards() -> None:
    async with a_house() as house:
        speakers = {"bo": says("A.", "B.", after_s=5), "eve": echo}
        room = await house.room("ana cy bo eve", speakers, policy=ROUTED)
        await room.route("ana", Answers("bo"))
        await room.post("cy", "@bo?")
        await settle(1)
        said = await room.post("ana", "And what is this?")
        await room.lapse()
        assert await granted(house) == [
            ("bo", "current selects next", said.seq - 2),
            ("bo", "routed", said.seq),
        ]


# ---- what is asked about


@in_no_time
async def test_a_router_is_asked_only_about_what_is_said_to_nobody_in_particular() -> None:
    async with a_house() as house:
        router = Answers()
        room = await routed_room(house, ana=router)
        await room.post("ana", "Eve, hello?")
        await room.post("ana", "psst", whisper=["bo"])
        await room.post("ana", "hm", to=["cy"])
        await room.backchannel("ana")
        await room.post("cy", "I have no router.")
        await room.post("ana", "@all Good morning.")
        await room.lapse()
        assert [told.said.text for told in router.told] == ["@all Good morning."]


@in_no_time
async def test_a_router_is_told_who_says_what_to_whom_and_what_went_before() -> None:
    async with a_house() as house:
        router = Answers("bo")
        room = await routed_room(house, "ana bo zoe", ana=router)
        await room.post("ana", "psst", whisper=["bo"])
        await room.lapse()
        await room.post("ana", "Good morning.")
        await room.lapse()
        [told] = router.told
        assert told.me is not None
        assert told.me.id == "ana"
        assert [seat.id for seat in told.candidates] == ["bo"]
        assert [event.text for event in told.view] == ["Good morning."]
        assert told.until - told.said.at == 10


@in_no_time
async def test_without_the_policy_that_asks_them_routers_are_not_asked() -> None:
    async with a_house() as house:
        router = Answers("flo")
        room = await house.room("ana bo flo", three(), policy={"name": "conversational"})
        await room.route("ana", router)
        await room.post("ana", "Good morning.")
        await room.lapse()
        assert router.told == []
        assert await granted(house) == [("bo", "self-selection", None)]


# ---- who waits for what


@in_no_time
async def test_a_slow_router_holds_up_nobody_else() -> None:
    async with a_house() as house:
        room = await routed_room(house, ana=Answers("flo", after_s=9), cy=Answers("eve", after_s=1))
        began = house.scheduler.clock.now()
        await room.post("ana", "Slowly.")
        await room.post("cy", "Quickly.")
        await room.post("cy", "@bo?")
        await room.lapse()
        grants = await events_of(house, TurnGranted)
        assert [(round(e.at - began), e.by) for e in grants] == [(0, "bo"), (1, "eve"), (9, "flo")]


@in_no_time
async def test_a_router_is_asked_while_somebody_speaks() -> None:
    async with a_house() as house:
        speakers = {"bo": says("A.", after_s=30), "eve": echo}
        room = await house.room("ana cy bo eve", speakers, policy=ROUTED)
        await room.route("ana", Answers("eve", after_s=1))
        await room.post("cy", "@bo?")
        await settle(1)
        said = await room.post("ana", "And what is this?")
        await room.lapse()
        [asked] = await events_of(house, Consulted)
        assert asked.cause == said.seq
        assert (await texts(house.log))[-1] == "eve: You said: And what is this?"


@in_no_time
async def test_a_burst_is_routed_thing_by_thing_in_its_order() -> None:
    async with a_house() as house:
        router = Answers("bo", "eve", None, "flo", after_s=1)
        room = await routed_room(house, ana=router)
        said = [await room.post("ana", f"Number {n}.") for n in range(4)]
        await room.lapse()
        assert [told.said.seq for told in router.told] == [event.seq for event in said]
        assert await granted(house) == [
            ("bo", "routed", said[0].seq),
            ("eve", "routed", said[1].seq),
            ("flo", "routed", said[3].seq),
        ]


@in_no_time
async def test_who_is_answering_a_burst_and_has_seen_all_of_it_answers_once() -> None:
    async with a_house() as house:
        speakers = {"bo": says(*["Well."] * 9, after_s=5)}
        room = await house.room("ana bo", speakers, policy=ROUTED)
        await room.route("ana", Answers("bo", "bo", "bo", after_s=1))
        for n in range(3):
            await room.post("ana", f"Number {n}.")
        await room.lapse()
        assert len(await granted(house)) == 1


@in_no_time
async def test_more_than_can_wait_goes_on_without_the_router() -> None:
    async with a_house() as house:
        router = Answers(*[None] * 99, after_s=1)
        room = await routed_room(house, ana=router)
        for n in range(WAITING + 3):
            await room.post("ana", f"Number {n}.")
        await room.lapse()
        assert len(router.told) == WAITING
        assert {rule for _, rule, _ in await granted(house)} == {"self-selection"}


# ---- coming, going, crashing


@in_no_time
async def test_the_next_owner_of_the_room_asks_again() -> None:
    house = House()
    first = Answers("flo", after_s=5)
    room = await routed_room(house, ana=first)
    await room.post("ana", "Good morning.")
    await settle(1)
    house.crash()
    later = House(house.memory)
    second = Answers("eve")
    again = await later.scheduler.open("kitchen", speakers=three(), routers={"ana": second})
    await again.lapse()
    assert len(second.told) == 1
    assert [who for who, _, _ in await granted(later)] == ["eve"]
    assert await replays(later.log)
    await later.scheduler.aclose()
    await settle(60)


@in_no_time
async def test_a_router_that_the_next_owner_does_not_have_is_done_without() -> None:
    house = House()
    room = await routed_room(house, ana=hang)  # type: ignore[arg-type]
    await room.post("ana", "Good morning.")
    await settle(1)
    house.crash()
    later = House(house.memory)
    again = await later.scheduler.open("kitchen", speakers=three())
    await again.lapse()
    [told] = [e.body for e in await events_of(later, Advised)]
    assert isinstance(told, Advised)
    assert told.problem == "no router of 'ana' is in this process"
    assert [who for who, _, _ in await granted(later)] == ["bo"]
    await later.scheduler.aclose()
    await settle(60)


@in_no_time
async def test_a_router_that_is_taken_away_or_whose_person_leaves_holds_nothing_back() -> None:
    for leaves in (True, False):
        async with a_house() as house:
            room = await routed_room(house, ana=Answers("flo", after_s=5))
            await room.post("ana", "Good morning.")
            await (room.leave("ana") if leaves else room.route("ana", None))
            await room.lapse()
            assert [who for who, _, _ in await granted(house)] == ["bo"]
            assert len(asyncio.all_tasks()) == 1
            assert await replays(house.log)


@in_no_time
async def test_when_the_policy_changes_nothing_is_held_back_any_more() -> None:
    async with a_house() as house:
        room = await routed_room(house, ana=Answers("flo", after_s=5))
        await room.post("ana", "Good morning.")
        await room.change_policy("round_robin")
        await room.lapse()
        assert [who for who, _, _ in await granted(house)][:1] == ["bo"]
        assert room.floor.routes == ()
        assert await replays(house.log)


@in_no_time
async def test_a_paused_room_asks_nobody_until_it_goes_on() -> None:
    async with a_house() as house:
        router = Answers("flo")
        room = await routed_room(house, ana=router)
        await room.pause()
        await room.post("ana", "Good morning.")
        await settle(60)
        assert router.told == []
        await room.resume()
        await room.lapse()
        assert [who for who, _, _ in await granted(house)] == ["flo"]


@in_no_time
async def test_closing_the_room_ends_what_is_asked() -> None:
    async with a_house() as house:
        room = await routed_room(house, ana=Answers("flo", after_s=5))
        await room.post("ana", "Good morning.")
        await room.close()
        await settle(60)
        assert len(asyncio.all_tasks()) == 1
        assert await endings(house.log) == []


@in_no_time
async def test_attaching_a_router_again_is_no_event() -> None:
    async with a_house() as house:
        room = await routed_room(house, ana=Answers(), cy=Answers())
        await room.route("ana", Answers())
        await room.route("ana", None)
        await room.route("ana", None)
        kinds = [(e.type, e.by) for e in await events_of(house, RouterAttached, RouterDetached)]
        assert kinds == [("RouterAttached", ANA), ("RouterAttached", CY), ("RouterDetached", ANA)]
        with pytest.raises(NotAllowed, match="'bo' may not have a router: it is an agent"):
            await room.route("bo", Answers())
        with pytest.raises(Unknown):
            await room.route("nobody-here", Answers())


# ---- with other policies that ask, and by itself


@in_no_time
async def test_a_selector_within_asks_beside_the_routers() -> None:
    async with a_house() as house:
        policy = {"name": "routed", "inner": {"name": "selector"}}
        room = await house.room("ana cy bo eve flo", three(), policy=policy)

        async def select(told: object) -> str:
            await asyncio.sleep(4)
            return "eve"

        room.consult(select)
        await room.route("ana", Answers("flo", after_s=2))
        await room.post("cy", "What do you say?")
        await room.post("ana", "And you?")
        await settle(60)
        order = [(who, rule) for who, rule, _ in await granted(house)]
        assert order[0] == ("flo", "routed")
        assert ("eve", "selected") in order
        assert await replays(house.log)


def test_what_was_owed_before_is_answered_before() -> None:
    room = PureRoom(Routed(inner=Conversational()), RoomSettings(coalesce_s=0.0))
    room.seat("ana", "cy", "bo", "eve", "flo")
    room.ask(lambda floor, now: admission.equip(floor, "ana", router=True))
    room.say("cy", "Flo, go first.")
    room.say("cy", "Eve, then you.")
    room.say("ana", "And then somebody.")
    room.ask(lambda floor, now: admission.routed(floor, 1, "bo"))
    room.say("cy", "Eve, and again.")
    order = []
    while room.holder is not None:
        order.append(room.holder)
        room.finish("Well.")
    assert order[:3] == ["flo", "eve", "bo"]


ROUTING = st.one_of(
    st.tuples(st.just("post"), st.sampled_from([ANA, CY]), utterances, st.just(()), st.none()),
    st.tuples(st.just("route"), st.sampled_from([BO, EVE, FLO, CY, None, "everyone"])),
    st.tuples(st.just("finish"), st.just(0), st.just(Reply("Well."))),
)


@given(st.lists(ROUTING, min_size=10, max_size=40))
def test_whom_routers_name_is_granted_within_as_many_grants_as_answers_are_open(
    program: list[Ask],
) -> None:
    room = PureRoom(Routed(inner=Addressed()))
    room.seat(ANA, CY, BO, EVE, FLO)
    for who in (ANA, CY):
        room.do(("equip", who, True))
    opened: dict[tuple[ParticipantId, int], tuple[int, int]] = {}
    for ask in program:
        room.do(ask)
        for number, owed in enumerate(room.floor.owed, 1):
            one = (owed.participant, owed.seq)
            ahead, begun = opened.setdefault(one, (number, room.floor.grants))
            assert room.floor.grants - begun < ahead
    assert not any(isinstance(step, Disagreement) for step in replay(room.floor.room, room.events))


@given(st.lists(ROUTING, min_size=5, max_size=30))
def test_each_person_s_things_are_asked_about_one_by_one_in_their_order(
    program: list[Ask],
) -> None:
    room = PureRoom(Routed(inner=Addressed()))
    room.seat(ANA, CY, BO, EVE, FLO)
    for who in (ANA, CY):
        room.do(("equip", who, True))
    for ask in program:
        room.do(ask)
        asked = [route.said.by for route in room.floor.routes if route.question is not None]
        assert len(asked) == len(set(asked))
        assert {route.said.by for route in room.floor.routes} == set(asked)
    for who in (ANA, CY):
        about = [e.body.about for e in room.events if isinstance(e.body, Consulted) and e.by == who]
        assert about == sorted(set(about), key=about.index)
        assert about == sorted(about, key=lambda seq: seq or 0)


def test_an_utterance_that_waits_is_news_to_nobody() -> None:
    room = PureRoom(Routed(inner=Addressed()))
    room.seat("ana", "bo")
    room.ask(lambda floor, now: admission.equip(floor, "ana", router=True))
    room.say("ana", "Hm.")
    assert room.floor.latest is None
    assert not room.floor.news_for(room.floor.members[BO])
    room.ask(lambda floor, now: admission.routed(floor, 1, "everyone"))
    assert room.floor.news_for(room.floor.members[BO])


def test_alone_in_a_room_one_waits_for_no_router() -> None:
    room = PureRoom(Routed())
    room.seat("ana", "zoe")
    room.ask(lambda floor, now: admission.equip(floor, "ana", router=True))
    room.say("ana", "Hello?")
    assert room.floor.routes == ()


def test_when_all_who_could_answer_have_left_nothing_waits() -> None:
    room = PureRoom(Routed())
    room.seat("ana", "bo")
    room.ask(lambda floor, now: admission.equip(floor, "ana", router=True))
    room.say("ana", "Hello?")
    room.ask(
        partial(lambda who, floor, now: admission.leave(floor, who, "", ""), ParticipantId("bo"))
    )
    assert room.floor.routes == ()


def test_a_router_must_be_given_some_time() -> None:
    with pytest.raises(Invalid, match="within_s must be greater than 0"):
        Routed(within_s=0.0)
