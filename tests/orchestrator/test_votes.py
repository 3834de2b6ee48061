"""Votes: who has one, how they are counted, and that nobody waits longer than is said."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.programs import ANA, BO, CY, DOV, EVE, FLO, ZOE, PureRoom
from tests.orchestrator.rooms import House, a_house, in_no_time, log_of, replays, says, settle

from tertulia.orchestrator import Consultation, Event, Reply, RoomSettings, Speaker, Turn, admission
from tertulia.orchestrator.ballots import (
    Ballot,
    Majority,
    Tie,
    VoteCast,
    VoteCounted,
    count,
    result,
)
from tertulia.orchestrator.errors import Invalid, NotAllowed, NotNow, Refused, Unknown
from tertulia.orchestrator.events import (
    Draft,
    PolicyChanged,
)
from tertulia.orchestrator.policies import Conversational, FirstThatDecides, Vote, build, specify
from tertulia.orchestrator.room import ROOM, ParticipantId
from tertulia.orchestrator.visibility import seen_by

OPTIONS = ("tea", "coffee", "water")


def a_vote(policy: Vote | None = None, *who: str) -> PureRoom:
    """A room in which something is being put to the vote."""
    room = PureRoom(policy or Vote("drinks", OPTIONS), RoomSettings(side_floors=True))
    room.seat(*(who or (ANA, CY, DOV)))
    room.say(ANA, "What shall we drink?")
    return room


def vote(room: PureRoom, who: ParticipantId, option: str | None) -> tuple[Event, ...]:
    return room.ask(lambda floor, now: admission.vote(floor, who, option))


def time_is_up(room: PureRoom) -> None:
    room.ask(lambda floor, now: admission.end_consultation(floor, floor.questions))


def counted(room: PureRoom) -> VoteCounted:
    [told] = [event.body for event in room.events if isinstance(event.body, VoteCounted)]
    return told


# ---- voting


def test_a_vote_is_over_when_all_have_voted() -> None:
    room = a_vote()
    vote(room, ANA, "tea")
    vote(room, CY, "tea")
    assert room.floor.question is not None
    vote(room, DOV, "water")
    told = counted(room)
    assert (told.result, told.counts) == ("tea", {"tea": 2, "coffee": 0, "water": 1})
    assert room.floor.question is None


def test_who_has_not_voted_in_time_is_not_waited_for() -> None:
    room = a_vote()
    vote(room, ANA, None)
    vote(room, CY, "water")
    time_is_up(room)
    told = counted(room)
    assert (told.result, told.abstained, told.silent) == ("water", 1, 1)


def test_everybody_has_one_vote_the_last_one() -> None:
    room = a_vote()
    for option in ("tea", "tea", "coffee"):
        vote(room, ANA, option)
    time_is_up(room)
    assert counted(room).counts == {"tea": 0, "coffee": 1, "water": 0}
    assert counted(room).votes == {ANA: "coffee"}


@pytest.mark.parametrize("written", ["Coffee", " coffee ", "2", "COFFEE"])
def test_an_option_is_known_in_any_case_and_by_its_number(written: str) -> None:
    room = a_vote()
    vote(room, ANA, written)
    time_is_up(room)
    assert counted(room).result == "coffee"


def test_what_cannot_be_voted_is_refused_with_what_can() -> None:
    room = a_vote(Vote("drinks", OPTIONS, but=(CY,)), ANA, CY, ZOE)
    with pytest.raises(Unknown, match=r"no option 'cofee'; did you mean 'coffee'\?"):
        vote(room, ANA, "cofee")
    with pytest.raises(NotAllowed, match="'cy' may not vote on this: those who vote are ana"):
        vote(room, CY, "tea")
    with pytest.raises(NotNow):
        vote(room, ZOE, "tea")
    vote(room, ANA, "tea")
    with pytest.raises(NotNow, match="nothing is put to the vote now"):
        vote(room, ANA, "coffee")


def test_who_leaves_is_not_waited_for_and_the_vote_that_was_cast_stands() -> None:
    room = a_vote()
    vote(room, ANA, "tea")
    vote(room, CY, "water")
    room.do(("leave", ANA))
    room.do(("leave", DOV))
    assert counted(room).counts == {"tea": 1, "coffee": 0, "water": 1}


def test_who_comes_later_has_no_vote_in_one_that_goes_on() -> None:
    room = a_vote(None, ANA, CY)
    room.seat(DOV)
    with pytest.raises(NotAllowed):
        vote(room, DOV, "tea")


def test_a_vote_goes_on_while_others_are_granted_the_floor() -> None:
    room = a_vote(None, ANA, CY, BO)
    vote(room, ANA, "tea")
    room.say(CY, "Bo, is there any tea?", whisper=[BO])
    assert room.holder == BO
    vote(room, CY, "tea")
    room.finish("There is.")
    time_is_up(room)
    assert counted(room).counts["tea"] == 2


def test_one_vote_is_held_in_a_phase_and_another_under_another_policy() -> None:
    room = a_vote(None, ANA)
    vote(room, ANA, "tea")
    assert room.floor.question is None
    room.say(ANA, "Fine.")
    assert room.floor.question is None
    again = (Draft(ROOM, PolicyChanged(specify(Vote("when?", ("now", "later"))))),)
    room.ask(lambda floor, now: again)
    vote(room, ANA, "now")
    assert room.floor.verdict is not None
    assert (room.floor.verdict.title, room.floor.verdict.result) == ("when?", "now")


def test_another_policy_ends_a_vote_without_a_result() -> None:
    room = a_vote()
    vote(room, ANA, "tea")
    room.ask(lambda floor, now: (Draft(ROOM, PolicyChanged(specify(Conversational()))),))
    assert room.floor.question is None
    assert room.floor.verdict is None
    with pytest.raises(Refused):
        vote(room, CY, "tea")


def test_people_talk_while_they_vote() -> None:
    room = a_vote(None, ANA, CY)
    vote(room, ANA, "tea")
    for line in range(5):
        room.say(CY, f"Let me think. {line}")
    vote(room, CY, "water")
    assert counted(room).silent == 0


@pytest.mark.parametrize(
    ("secrecy", "before", "after"),
    [
        ("open", {ANA: "tea"}, {ANA: "tea", CY: "tea"}),
        ("sealed", {}, {ANA: "tea", CY: "tea"}),
        ("secret", {}, {}),
    ],
)
def test_a_vote_is_as_secret_as_is_said(
    secrecy: str, before: dict[str, str], after: dict[str, str]
) -> None:
    room = a_vote(Vote("drinks", OPTIONS, secrecy=secrecy), ANA, CY)
    vote(room, ANA, "tea")
    by_cy, by_ana = (
        {e.by: e.body.option for e in seen_by(room.events, who) if isinstance(e.body, VoteCast)}
        for who in (CY, ANA)
    )
    assert (by_cy, by_ana) == (before, {ANA: "tea"})
    vote(room, CY, "tea")
    assert (counted(room).votes, counted(room).counts["tea"]) == (after, 2)


# ---- counting


ballots = st.builds(
    Ballot,
    st.just("drinks"),
    st.sampled_from([OPTIONS, OPTIONS[:2]]),
    majority=st.sampled_from(Majority),
    tie=st.sampled_from(Tie),
)


@given(ballots, st.data())
def test_the_result_has_the_majority_that_the_rules_ask_for(
    ballot: Ballot, data: st.DataObject
) -> None:
    options = st.none() | st.sampled_from(ballot.options)
    cast: Sequence[str | None] = data.draw(st.lists(options, max_size=9))
    votes = tuple((ParticipantId(f"p{i}"), option) for i, option in enumerate(cast))
    counts = count(ballot, votes)
    won = result(ballot, counts)
    most = max(counts.values())
    ahead = [option for option in ballot.options if counts[option] == most]
    assert sum(counts.values()) == len(cast) - cast.count(None)
    if won is None:
        tied = len(ahead) > 1 and ballot.tie is Tie.NOTHING
        few = ballot.majority is Majority.ABSOLUTE and 2 * most <= sum(counts.values())
        assert most == 0 or tied or few
    else:
        assert most > 0
        assert won == ahead[0]
        assert len(ahead) == 1 or ballot.tie is Tie.FIRST
        assert ballot.majority is Majority.PLURALITY or 2 * most > sum(counts.values())


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"options": ["tea"]}, "two options or more"),
        ({"options": ["tea", "Tea"]}, "all different"),
        ({"options": ["tea", ""]}, "texts of 1 to 80 characters"),
        ({"options": ["tea", 3]}, "texts of 1 to 80 characters"),
        ({"secrecy": "hidden"}, "there is no 'hidden'; there are open, sealed, secret"),
        ({"majority": "most"}, "there are plurality, absolute"),
        ({"tie": "coin"}, "there are nothing, first"),
        ({"within_s": 0.0}, "within_s must be greater than 0"),
    ],
)
def test_a_vote_that_cannot_be_held_is_refused(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(Invalid, match=told):
        build({"name": "vote", **wrong})


# ---- agents, and time


class Preferring:
    """An agent that says nothing, and votes as it was told."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.told: list[Consultation] = []

    async def __call__(self, turn: Turn) -> Reply:
        return Reply()

    async def vote(self, told: Consultation) -> str | None:
        self.told.append(told)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer  # type: ignore[return-value]  # agents may return anything


DRINKS = specify(Vote("drinks", OPTIONS, within_s=30.0))


async def the_count(house: House) -> VoteCounted:
    [told] = [e.body for e in await log_of(house.log) if isinstance(e.body, VoteCounted)]
    return told


@in_no_time
async def test_agents_vote_by_themselves_and_people_when_they_like() -> None:
    async with a_house() as house:
        bo = Preferring("tea")
        agents: dict[str, Speaker] = {"bo": bo, "eve": Preferring("3"), "flo": says()}
        room = await house.room("ana bo eve flo", agents, policy=DRINKS)
        await room.post("ana", "What shall we drink?")
        await settle(5)
        await room.vote("ana", "tea")
        await room.lapse()
        told = await the_count(house)
        assert told.votes == {"bo": "tea", "eve": "water", "flo": None, "ana": "tea"}
        assert (told.result, told.abstained) == ("tea", 1)
        asked = bo.told[0]
        assert asked.ballot is not None
        assert (asked.ballot.options, asked.view[-1].text) == (OPTIONS, "What shall we drink?")
        assert await replays(house.log)


@in_no_time
async def test_an_agent_that_cannot_vote_abstains_and_says_why() -> None:
    async with a_house() as house:
        agents = {
            "bo": Preferring(RuntimeError("no model")),
            "eve": Preferring("beer"),
            "flo": Preferring(7),
        }
        room = await house.room("ana bo eve flo", agents, policy=DRINKS)
        await room.post("ana", "What shall we drink?")
        await room.lapse()
        problems = {
            str(e.by): e.body.problem
            for e in await log_of(house.log)
            if isinstance(e.body, VoteCast)
        }
        assert problems["bo"] == "could not vote: RuntimeError: no model"
        assert problems["eve"] == "'beer' is none of the options (tea, coffee, water)"
        assert problems["flo"] == "7 is none of the options (tea, coffee, water)"
        assert (await the_count(house)).result is None


@in_no_time
async def test_nobody_is_waited_for_longer_than_is_said() -> None:
    async with a_house() as house:
        room = await house.room("ana cy", policy=DRINKS)
        began = house.scheduler.clock.now()
        await room.post("ana", "What shall we drink?")
        await room.vote("ana", "tea")
        await room.lapse()
        assert house.scheduler.clock.now() - began == 30
        assert (await the_count(house)).silent == 1


@in_no_time
async def test_a_vote_goes_on_with_the_next_owner_of_the_room() -> None:
    first = House()
    room = await first.room("ana cy", policy=DRINKS)
    await room.post("ana", "What shall we drink?")
    await room.vote("ana", "tea")
    await settle(20)
    await first.scheduler.hand_back(room)
    second = House(first.memory)
    began = second.scheduler.clock.now()
    room = await second.room("ana cy", policy=DRINKS)
    await room.lapse()
    assert second.scheduler.clock.now() - began == 10
    told = await the_count(second)
    assert (told.votes, told.silent) == ({"ana": "tea"}, 1)
    assert await replays(second.log)
    await first.scheduler.aclose()
    await second.scheduler.aclose()


def test_a_vote_beside_another_policy_comes_when_that_lapses() -> None:
    room = a_vote(FirstThatDecides((Conversational(), Vote("drinks", OPTIONS))), ANA, BO)  # type: ignore[arg-type]  # any policy will do
    assert room.holder == BO
    room.finish()
    assert room.floor.question is not None
    assert {EVE, FLO}.isdisjoint(room.floor.question.candidates)
