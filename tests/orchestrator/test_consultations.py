"""Policies that ask before they decide: an adviser that selects, and agents that bid."""

import asyncio
from itertools import pairwise

from tests.orchestrator.rooms import (
    House,
    a_house,
    in_no_time,
    log_of,
    replays,
    says,
    settle,
    texts,
)

from tertulia.orchestrator import Adviser, Bid, Consultation, Event, Reply, Speaker, Turn
from tertulia.orchestrator.events import Advised, BidMade, ConsultationEnded, Consulted, TurnGranted
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.visibility import may_see, sight_in

SELECTED = {"name": "selector", "within_s": 10.0}
BIDDING = {"name": "bids", "threshold": 0.6, "within_s": 5.0}


class Wishing:
    """An agent that says the same in each turn, and bids as it was told."""

    def __init__(self, *bids: Bid | float | Exception, after_s: float = 0.0) -> None:
        self.bids, self.after_s = list(bids), after_s
        self.asked = 0

    async def __call__(self, turn: Turn) -> Reply:
        return Reply(f"I am {turn.me.name}.")

    async def bid(self, told: Consultation) -> Bid | float:
        self.asked += 1
        await asyncio.sleep(self.after_s)
        wish = self.bids.pop(0) if self.bids else 0.0
        if isinstance(wish, Exception):
            raise wish
        return wish


def names(*answers: str | Exception | None, after_s: float = 0.0) -> Adviser:
    """An adviser that gives these answers, one by one, and then names nobody."""
    left = list(answers)

    async def advise(told: Consultation) -> str | None:
        await asyncio.sleep(after_s)
        answer = left.pop(0) if left else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    return advise


async def granted(house: House) -> list[tuple[str, str]]:
    """Who was granted the floor, by which rule."""
    return [
        (event.by, event.body.rule)
        for event in await log_of(house.log)
        if isinstance(event.body, TurnGranted)
    ]


async def events_of(house: House, kind: type) -> list[Event]:
    return [event for event in await log_of(house.log) if isinstance(event.body, kind)]


def three() -> dict[str, Speaker]:
    """Bo, Eve and Flo, who always have something to say."""
    return {who: says(*["Well."] * 9) for who in ("bo", "eve", "flo")}


# ---- an adviser that selects


@in_no_time
async def test_who_is_selected_speaks_until_nobody_is() -> None:
    async with a_house() as house:
        room = await house.room("ana bo eve flo", three(), policy=SELECTED)
        room.consult(names("flo", "bo", after_s=1))
        await room.post("ana", "Good morning.")
        await room.lapse()
        assert await granted(house) == [("flo", "selected"), ("bo", "selected")]
        assert await replays(house.log)


@in_no_time
async def test_an_invented_name_is_told_and_the_longest_silent_speaks_instead() -> None:
    async with a_house() as house:
        room = await house.room("ana bo eve flo", three(), policy=SELECTED)
        room.consult(names("eve", "Napoleon"))
        await room.post("ana", "Good morning.")
        await room.lapse()
        assert (await granted(house))[:2] == [
            ("eve", "selected"),
            ("bo", "nobody was selected: the longest silent"),
        ]
        told = [e.body for e in await log_of(house.log) if isinstance(e.body, Advised)]
        assert told[1].problem == "'Napoleon' is none of the candidates (bo, flo)"


@in_no_time
async def test_one_who_may_not_speak_now_is_never_selected() -> None:
    async with a_house() as house:
        room = await house.room("ana bo eve", three(), policy=SELECTED)
        room.consult(names(*["bo"] * 9))
        await room.post("ana", "Good morning.")
        await room.lapse()
        order = [who for who, _ in await granted(house)]
        assert all(a != b for a, b in pairwise(order))
        assert len(order) == 8  # the run of agents is bounded, so nothing goes on for ever


@in_no_time
async def test_an_adviser_that_breaks_or_is_missing_does_not_block_the_room() -> None:
    for adviser in (names(RuntimeError("no model")), None):
        async with a_house() as house:
            room = await house.room("ana bo", three(), policy=SELECTED)
            if adviser is not None:
                room.consult(adviser)
            await room.post("ana", "Good morning.")
            await room.lapse()
            assert await texts(house.log) == ["ana: Good morning.", "bo: Well."]


@in_no_time
async def test_an_adviser_that_never_answers_is_waited_for_only_so_long() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", three(), policy=SELECTED)
        room.consult(names("bo", after_s=3600))
        began = house.scheduler.clock.now()
        await room.post("ana", "Good morning.")
        await room.lapse()
        assert house.scheduler.clock.now() - began == 10
        assert len(await events_of(house, ConsultationEnded)) == 1
        assert len(await granted(house)) == 1
        assert len(asyncio.all_tasks()) == 1


@in_no_time
async def test_nobody_is_a_right_answer_until_something_new_is_said() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", three(), policy=SELECTED)
        room.consult(names(None, "bo"))
        await room.post("ana", "I talk to myself.")
        await room.lapse()
        assert await granted(house) == []
        await room.post("ana", "Bo, and you?")
        await room.lapse()
        assert await granted(house) == [("bo", "selected")]


@in_no_time
async def test_people_are_heard_while_an_adviser_thinks() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", three(), policy=SELECTED)
        room.consult(names("bo", after_s=5))
        await room.post("ana", "One.")
        await room.post("cy", "Two.")
        assert await texts(house.log) == ["ana: One.", "cy: Two."]
        await room.lapse()
        assert len(await events_of(house, Consulted)) == 1


@in_no_time
async def test_the_next_owner_of_a_room_does_not_wait_for_what_nobody_is_thinking_about() -> None:
    first = House()
    room = await first.room("ana bo", three(), policy=SELECTED)
    room.consult(names("bo", after_s=3600))
    await room.post("ana", "Good morning.")
    await first.scheduler.hand_back(room)
    second = House(first.memory)
    room = await second.room("ana bo", three(), policy=SELECTED)
    await room.lapse()
    assert [who for who, _ in await granted(second)] == ["bo"]
    await first.scheduler.aclose()
    await second.scheduler.aclose()


@in_no_time
async def test_an_excluded_speaker_is_never_selected() -> None:
    limited = {"name": "limited", "turns": 1, "inner": SELECTED}
    async with a_house() as house:
        room = await house.room("ana bo eve zoe", three(), policy=limited)
        room.consult(names(*["bo", "zoe", "ana", "bo"] * 9))
        await room.post("ana", "Good morning.")
        await room.lapse()
        await room.post("ana", "Bo, and zoe?")
        await room.lapse()
        order = [who for who, _ in await granted(house)]
        assert sorted(order) == ["bo", "eve"]
        assert not any(e.type == "PolicyFailed" for e in await log_of(house.log))


@in_no_time
async def test_an_adviser_that_only_invents_names_does_not_stop_the_room_or_keep_it_going() -> None:
    async with a_house() as house:
        room = await house.room("ana bo eve", three(), policy=SELECTED)
        room.consult(names(*["Napoleon"] * 99))
        await room.post("ana", "Good morning.")
        await room.lapse()
        assert {who for who, _ in await granted(house)} == {"bo", "eve"}
        assert len(await granted(house)) == 8  # falls back each time, and the run is bounded


@in_no_time
async def test_where_several_may_speak_at_once_one_round_of_bids_is_for_all_of_them() -> None:
    async with a_house() as house:
        agents = {"bo": Wishing(0.7), "eve": Wishing(0.9), "flo": Wishing(0.2)}
        room = await house.room("ana bo eve flo", agents, policy=BIDDING, capacity=2)
        await room.post("ana", "Good morning.")
        await settle()
        kinds = [event.type for event in await log_of(house.log)]
        first = kinds.index("TurnGranted")
        assert kinds[first : first + 2] == ["TurnGranted", "TurnGranted"]
        assert kinds[:first].count("Consulted") == 1
        assert [who for who, _ in await granted(house)][:2] == ["eve", "bo"]


@in_no_time
async def test_an_adviser_is_asked_when_nobody_wishes_to_speak_enough() -> None:
    both = {"name": "first_that_decides", "each": [{"name": "bids", "threshold": 0.9}, SELECTED]}
    async with a_house() as house:
        agents = {"bo": Wishing(0.5), "eve": Wishing(0.4)}
        room = await house.room("ana bo eve", agents, policy=both)
        room.consult(names("eve"))
        await room.post("ana", "Good morning.")
        await room.lapse()
        assert (await granted(house))[0] == ("eve", "selected")
        kinds = [e.body.kind for e in await log_of(house.log) if isinstance(e.body, Consulted)]
        assert kinds[:2] == ["bid", "select"]
        assert await replays(house.log)


# ---- agents that bid


@in_no_time
async def test_the_strongest_wish_is_granted() -> None:
    async with a_house() as house:
        agents = {"bo": Wishing(0.7), "eve": Wishing(0.9), "flo": Wishing(0.2)}
        room = await house.room("ana bo eve flo", agents, policy=BIDDING)
        await room.post("ana", "Good morning.")
        await room.lapse()
        assert await granted(house) == [("eve", "highest bid")]
        assert await replays(house.log)


@in_no_time
async def test_where_nobody_wishes_to_speak_there_is_silence_and_nobody_is_asked_again() -> None:
    async with a_house() as house:
        agents = {"bo": Wishing(0.5), "eve": Wishing(0.1)}
        room = await house.room("ana bo eve", agents, policy=BIDDING)
        await room.post("ana", "I talk to myself.")
        await room.lapse()
        assert await granted(house) == []
        assert (agents["bo"].asked, agents["eve"].asked) == (1, 1)


@in_no_time
async def test_a_thought_is_seen_by_the_agent_alone() -> None:
    async with a_house() as house:
        agents = {"bo": Wishing(Bid(0.9, "Ana looks tired.")), "eve": Wishing(0.1)}
        room = await house.room("ana bo eve", agents, policy=BIDDING)
        await room.post("ana", "Good morning.")
        await room.lapse()
        bids = await events_of(house, BidMade)
        assert {bid.by for bid in bids} == {"bo", "eve"}
        log = await log_of(house.log)
        for bid in bids:
            assert may_see(bid, sight_in(log, bid.by))
            others = {"ana", "bo", "eve"} - {bid.by}
            assert not any(may_see(bid, sight_in(log, ParticipantId(who))) for who in others)


@in_no_time
async def test_a_bid_that_comes_too_late_does_not_count() -> None:
    async with a_house() as house:
        agents = {"bo": Wishing(1.0, after_s=3600), "eve": Wishing(0.7)}
        room = await house.room("ana bo eve", agents, policy=BIDDING)
        began = house.scheduler.clock.now()
        await room.post("ana", "Good morning.")
        await room.lapse()
        assert (await granted(house))[0] == ("eve", "highest bid")
        assert house.scheduler.clock.now() - began >= 5


@in_no_time
async def test_an_agent_whose_bid_breaks_does_not_wish_to_speak() -> None:
    async with a_house() as house:
        agents = {"bo": Wishing(ValueError("hm")), "eve": Wishing(float("nan"))}
        room = await house.room("ana bo eve", agents, policy=BIDDING)
        await room.post("ana", "Good morning.")
        await room.lapse()
        assert await granted(house) == []
        assert await replays(house.log)


@in_no_time
async def test_agents_that_always_wish_to_speak_stop_when_no_person_does() -> None:
    async with a_house() as house:
        agents = {who: Wishing(*[1.0] * 99) for who in ("bo", "eve")}
        room = await house.room("ana bo eve", agents, policy=BIDDING)
        await room.post("ana", "Discuss!")
        await room.lapse()
        assert len(await granted(house)) == 8
