"""Approvals: what an agent wants to do waits for the persons whom a rule names, and for nobody
else; whatever is not right takes no effect.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from tests.orchestrator.programs import CAST
from tests.orchestrator.rooms import (
    House,
    a_house,
    echo,
    endings,
    gather,
    in_no_time,
    log_of,
    replays,
    settle,
    texts,
)

from tertulia.orchestrator import Outcome, Participant, Room, Turn
from tertulia.orchestrator.approvals import (
    ApprovalAnswered,
    ApprovalAsked,
    ApprovalExpired,
    ApprovalRule,
    ApprovalSettled,
    Asking,
    Matter,
    Ruling,
    Verdict,
)
from tertulia.orchestrator.errors import (
    BadContent,
    Invalid,
    KeyReused,
    NotAllowed,
    NotNow,
    Refused,
    RoomClosed,
    Unknown,
)
from tertulia.orchestrator.profile import profile
from tertulia.orchestrator.room import Kind, ParticipantId
from tertulia.storage import verify

ANYBODY = ApprovalRule()
SUPERVISORS = ApprovalRule(roles=("supervisor",))
REFUND = '{"amount": 20, "order": 7}'


def an_asking(
    name: str = "refund",
    rule: ApprovalRule = ANYBODY,
    *,
    kind: Matter = Matter.APPROVE,
    arguments: str = REFUND,
    s: float = 3_600,
) -> Asking:
    return Asking(name, kind, "refund", arguments, rule, s, "20 for order 7")


class Asks:
    """An agent that asks for approvals, all at once, and notes what came of them."""

    def __init__(self, *askings: Asking, then: str = "Well.") -> None:
        self.askings, self.then = askings or (an_asking(),), then
        self.verdicts: list[Verdict] = []
        self.attempts = 0

    async def __call__(self, turn: Turn) -> str:
        self.attempts += 1
        self.verdicts = list(await asyncio.gather(*map(turn.approval, self.askings)))
        return self.then

    @property
    def rulings(self) -> list[Ruling]:
        return [verdict.ruling for verdict in self.verdicts]


async def asked(house: House, bo: Any, who: str = "ana cy dov bo zoe", **limits: Any) -> Room:
    """A room in which Bo, asked by Ana, waits for approval; Dov is a supervisor."""
    room = await house.room(who, {"bo": bo, "eve": echo}, **limits)
    if "dov" in who:
        await room.describe("dov", roles=["supervisor"])
    await room.post("ana", "@bo my money back!")
    await settle()
    return room


async def refused(attempt: Any, error: type[Refused], told: str) -> None:
    with pytest.raises(error, match=told):
        await attempt


# ---- what is right


@in_no_time
async def test_a_call_waits_for_one_who_may_and_the_room_goes_on_meanwhile() -> None:
    bo = Asks(an_asking(rule=SUPERVISORS))
    async with a_house() as house:
        room = await asked(house, bo, "ana cy dov bo eve")
        await room.post("cy", "@eve hello?")
        await settle(60)
        assert (await texts(house.log))[-1] == "eve: You said: eve hello?"
        [waiting] = room.approvals()
        assert (waiting.tool, waiting.arguments, waiting.principal) == ("refund", REFUND, "ana")
        event = await room.approve("dov", "refund")
        assert isinstance(event.body, ApprovalAnswered)
        await room.lapse()
        assert bo.verdicts == [Verdict(Ruling.APPROVED, REFUND, (ParticipantId("dov"),))]
        assert bo.verdicts[0].approved
        assert (await texts(house.log))[-1] == "bo: Well."
        assert room.approvals() == ()
        assert await replays(house.log)


@in_no_time
async def test_a_refusal_by_one_who_may_is_enough_and_says_why() -> None:
    bo = Asks(an_asking(rule=ApprovalRule(quorum=2)))
    async with a_house() as house:
        room = await asked(house, bo)
        await room.approve("ana", "refund")
        await room.refuse("cy", "refund", "too much")
        await room.lapse()
        assert bo.verdicts == [Verdict(Ruling.REFUSED, REFUND, (ParticipantId("cy"),), "too much")]
        assert await replays(house.log)


@in_no_time
async def test_arguments_can_be_edited_and_count_only_with_the_same() -> None:
    bo = Asks(an_asking(rule=ApprovalRule(quorum=2)))
    async with a_house() as house:
        room = await asked(house, bo)
        await room.approve("ana", "refund")
        await room.approve("cy", "refund", arguments='{"order": 7, "amount": 10}')
        await settle()
        assert room.approvals() != ()
        await room.approve("ana", "refund", arguments='{"amount": 10, "order":  7}')
        await room.lapse()
        [verdict] = bo.verdicts
        assert verdict.approved
        assert json.loads(verdict.arguments) == {"amount": 10, "order": 7}
        assert set(verdict.by) == {"ana", "cy"}
        assert await replays(house.log)


@in_no_time
async def test_several_wait_side_by_side_and_each_answer_finds_its_own() -> None:
    names = ("one", "two", "three")
    bo = Asks(*(an_asking(name) for name in names))
    async with a_house() as house:
        room = await asked(house, bo)
        assert [waiting.id for waiting in room.approvals()] == list(names)
        await room.refuse("ana", "two")
        await room.approve("cy", "three")
        await settle()
        assert [waiting.id for waiting in room.approvals()] == ["one"]
        await room.approve("ana", "one")
        await room.lapse()
        assert bo.rulings == [Ruling.APPROVED, Ruling.REFUSED, Ruling.APPROVED]
        assert len([e for e in await log_of(house.log) if e.type == "TurnReturned"]) == 1
        assert await replays(house.log)


@pytest.mark.parametrize(
    ("answer", "ruling"),
    [("happened", Ruling.HAPPENED), ("again", Ruling.AGAIN), ("give_up", Ruling.GIVEN_UP)],
)
def test_a_person_says_what_became_of_an_uncertain_call(answer: str, ruling: Ruling) -> None:
    @in_no_time
    async def uncertain() -> None:
        bo = Asks(an_asking(kind=Matter.UNCERTAIN))
        async with a_house() as house:
            room = await asked(house, bo)
            await refused(room.approve("ana", "refund"), NotNow, "resolve it as happened, again")
            await refused(room.resolve("ana", "refund", "perhaps"), Invalid, "happened, again")
            await room.resolve("ana", "refund", answer, "I looked")
            await room.lapse()
            assert bo.verdicts == [Verdict(ruling, REFUND, (ParticipantId("ana"),), "I looked")]
            assert await replays(house.log)

    uncertain()


@in_no_time
async def test_the_requester_is_the_person_up_the_chain_of_who_asked_whom() -> None:
    bo = Asks(an_asking(rule=ApprovalRule(requester=True)))

    async def eve(turn: Turn) -> str:
        return "@bo please give the money back."

    async with a_house() as house:
        room = await house.room("ana cy bo eve", {"bo": bo, "eve": eve})
        await room.post("ana", "@eve my money back!")
        await settle()
        await refused(room.approve("cy", "refund"), NotAllowed, "ana may")
        await room.approve("ana", "refund")
        await room.lapse()
        assert bo.rulings == [Ruling.APPROVED]


# ---- what is wrong takes no effect


def wrong_ones(room: Room) -> Sequence[tuple[str, Any, type[Refused], str]]:
    """Everything that somebody might try who must not: the attempt, and how it is refused."""
    edited = {"arguments": '{"amount": 1'}
    return (
        ("a stranger", room.approve("nobody", "refund"), Unknown, "no participant 'nobody'"),
        ("the wrong role", room.approve("cy", "refund"), NotAllowed, "dov may"),
        ("the requester", room.approve("ana", "refund"), NotAllowed, "dov may"),
        ("an observer", room.approve("zoe", "refund"), NotNow, "an observer only watches"),
        ("another agent", room.approve("eve", "refund"), NotAllowed, "dov may"),
        ("the agent itself", room.approve("bo", "refund"), NotAllowed, "dov may"),
        ("the wrong role refuses", room.refuse("cy", "refund"), NotAllowed, "dov may"),
        ("another id", room.approve("dov", "refnd"), Unknown, "did you mean 'refund'"),
        ("no JSON", room.approve("dov", "refund", **edited), BadContent, "not a JSON object"),
        ("no object", room.approve("dov", "refund", arguments="[1]"), BadContent, "JSON object"),
        ("no number", room.approve("dov", "refund", arguments='{"a": NaN}'), BadContent, "JSON"),
        ("the wrong kind", room.resolve("dov", "refund", "again"), NotNow, "approve or refuse"),
    )


@in_no_time
async def test_none_who_must_not_has_any_effect_and_the_right_one_still_has() -> None:
    bo = Asks(an_asking(rule=ApprovalRule(roles=("supervisor",), participants=(BO, EVE))))
    async with a_house() as house:
        room = await asked(house, bo, "ana cy dov bo eve zoe")
        await room.describe("bo", roles=["supervisor"])
        await room.describe("zoe", roles=["supervisor"])
        head = room.floor.head
        for _, attempt, error, told in wrong_ones(room):
            await refused(attempt, error, told)
        assert room.floor.head == head
        assert room.approvals()[0].answers == ()
        await room.approve("dov", "refund")
        await room.lapse()
        assert bo.rulings == [Ruling.APPROVED]


BO, EVE = ParticipantId("bo"), ParticipantId("eve")


@in_no_time
async def test_the_same_person_counts_once() -> None:
    bo = Asks(an_asking(rule=ApprovalRule(quorum=2)))
    async with a_house() as house:
        room = await asked(house, bo)
        await room.approve("ana", "refund")
        await refused(room.approve("ana", "refund"), NotNow, "ana has approved it already")
        same = '{"order": 7, "amount": 20}'
        await refused(room.approve("ana", "refund", arguments=same), NotNow, "already")
        assert len(room.approvals()) == 1
        await room.approve("cy", "refund")
        await room.lapse()
        assert bo.rulings == [Ruling.APPROVED]


@in_no_time
async def test_the_second_of_two_at_once_comes_too_late() -> None:
    for second in ("refuse", "approve"):
        bo = Asks(an_asking())
        async with a_house() as house:
            room = await asked(house, bo)
            other: Callable[[str, str], Any] = getattr(room, second)
            first, late = await gather(room.approve("ana", "refund"), other("cy", "refund"))
            assert isinstance(first.body, ApprovalAnswered)
            assert isinstance(late, NotNow)
            assert "it was approved by ana" in str(late)
            await room.lapse()
            answers = [e for e in await log_of(house.log) if isinstance(e.body, ApprovalAnswered)]
            assert len(answers) == 1
            assert bo.rulings == [Ruling.APPROVED]
            assert await replays(house.log)


@in_no_time
async def test_nothing_is_approved_when_its_time_is_up_and_a_late_answer_has_no_effect() -> None:
    bo = Asks(an_asking(s=100))
    async with a_house() as house:
        room = await asked(house, bo)
        await settle(100)
        await room.lapse()
        assert bo.rulings == [Ruling.EXPIRED]
        assert not bo.verdicts[0].approved
        [expired] = [e for e in await log_of(house.log) if isinstance(e.body, ApprovalExpired)]
        [question] = [e for e in await log_of(house.log) if isinstance(e.body, ApprovalAsked)]
        assert expired.at == pytest.approx(question.at + 100)
        await refused(room.approve("ana", "refund"), Unknown, "nothing waits")
        assert await replays(house.log)


@in_no_time
async def test_an_answer_to_what_is_settled_while_its_turn_goes_on_comes_too_late() -> None:
    async def bo(turn: Turn) -> str:
        verdict = await turn.approval(an_asking(s=100))
        await turn.clock.sleep(50)
        return verdict.ruling

    async with a_house() as house:
        room = await asked(house, bo)
        await settle(110)
        await refused(room.approve("ana", "refund"), NotNow, "it was expired")
        await room.lapse()
        assert (await texts(house.log))[-1] == "bo: expired"


@in_no_time
async def test_what_is_late_by_the_clock_is_late_though_nobody_has_said_so_yet() -> None:
    bo = Asks(an_asking(s=100))
    async with a_house() as house:
        room = await asked(house, bo)
        room.live.deadlines.stop()
        await settle(101)
        await refused(room.approve("ana", "refund"), NotNow, "its time is up")
        assert room.approvals()[0].answers == ()


@in_no_time
async def test_who_may_decide_can_still_come_and_who_leaves_decides_nothing() -> None:
    bo = Asks(an_asking(rule=ApprovalRule(participants=(ParticipantId("dov"),)), s=1_000))
    async with a_house() as house:
        room = await asked(house, bo, "ana bo")
        await refused(room.approve("ana", "refund"), NotAllowed, "nobody who is in the room now")
        await room.join(CAST[ParticipantId("dov")])
        await room.leave("dov")
        await refused(room.approve("dov", "refund"), Unknown, "no participant 'dov'")
        await settle(500)
        assert len(room.approvals()) == 1
        await room.join(CAST[ParticipantId("dov")])
        await room.approve("dov", "refund")
        await room.lapse()
        assert bo.rulings == [Ruling.APPROVED]


@in_no_time
async def test_what_nobody_may_approve_expires() -> None:
    bo = Asks(an_asking(rule=ApprovalRule(roles=("pope",)), s=1_000))
    async with a_house() as house:
        room = await asked(house, bo)
        await settle(1_001)
        await room.lapse()
        assert bo.rulings == [Ruling.EXPIRED]


@in_no_time
async def test_a_newcomer_without_history_cannot_judge_what_was_asked_before() -> None:
    bo = Asks(an_asking())
    async with a_house() as house:
        room = await asked(house, bo, "ana bo")
        await room.join(CAST[ParticipantId("cy")], history=False)
        assert room.approvals("cy") == ()
        await refused(room.approve("cy", "refund"), Unknown, "no approval 'refund'")


@in_no_time
async def test_a_key_makes_an_approval_safe_to_retry() -> None:
    bo = Asks(an_asking("one", ApprovalRule(quorum=2)), an_asking("two"))
    async with a_house() as house:
        room = await asked(house, bo)
        first = await room.approve("ana", "one", key="k")
        assert await room.approve("ana", "one", key="k") == first
        await refused(room.approve("ana", "two", key="k"), KeyReused, "k")
        assert [waiting.id for waiting in room.approvals()] == ["one", "two"]


# ---- how it ends


@in_no_time
async def test_what_waits_goes_with_its_turn() -> None:
    bo = Asks(an_asking())
    async with a_house() as house:
        room = await asked(house, bo)
        await room.interrupt("cy", "bo")
        assert (room.approvals(), room.floor.approvals) == ((), ())
        settled = [e.body for e in await log_of(house.log) if isinstance(e.body, ApprovalSettled)]
        assert settled == [ApprovalSettled("refund", Ruling.WITHDRAWN)]
        await refused(room.approve("ana", "refund"), Unknown, "nothing waits")
        assert await replays(house.log)


@in_no_time
async def test_a_room_that_is_closed_has_nothing_that_waits() -> None:
    async with a_house() as house:
        room = await asked(house, Asks())
        await room.close()
        assert room.approvals() == ()
        await refused(room.approve("ana", "refund"), RoomClosed, "is closed")
        assert await replays(house.log)


@in_no_time
async def test_in_a_room_that_rests_it_is_decided_and_the_turn_waits() -> None:
    bo = Asks()
    async with a_house() as house:
        room = await asked(house, bo)
        await room.pause()
        await room.approve("ana", "refund")
        await settle(100)
        assert await endings(house.log) == []
        await room.resume()
        await room.lapse()
        assert bo.rulings == [Ruling.APPROVED]
        assert await replays(house.log)


@in_no_time
async def test_an_id_names_one_question() -> None:
    bo = Asks(an_asking(), an_asking(arguments='{"amount": 1000000}'))
    async with a_house() as house:
        await asked(house, bo)
        [(_, outcome, problem)] = await endings(house.log)
        assert outcome is Outcome.FAILED
        assert "asked something else under the id 'refund' before" in (problem or "")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"arguments": "[]"}, "arguments are a JSON object"),
        ({"arguments": "{" * 10_000}, "arguments are a JSON object"),
        ({"s": 0}, "within_s is more than 0"),
        ({"s": float("inf")}, "within_s is more than 0"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_the_door(wrong: Any, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        an_asking(**wrong)


# ---- crashes


@in_no_time
async def test_a_new_owner_finds_what_was_asked_and_answered() -> None:
    house = House()
    asking = (an_asking("one"), an_asking("two"))
    room = await asked(house, Asks(*asking))
    await room.approve("ana", "one")
    house.crash()
    other, bo = House(house.memory), Asks(*asking)
    again = await other.room("ana cy dov bo", {"bo": bo})
    await settle(10)
    assert [waiting.id for waiting in again.approvals()] == ["two"]
    questions = [e for e in await log_of(other.log) if isinstance(e.body, ApprovalAsked)]
    assert len(questions) == 2
    await again.refuse("cy", "two")
    await again.lapse()
    assert bo.rulings == [Ruling.APPROVED, Ruling.REFUSED]
    assert await replays(other.log)
    await other.scheduler.aclose()


@in_no_time
async def test_what_expired_while_nobody_was_there_is_expired() -> None:
    house = House()
    await asked(house, Asks(an_asking(s=100)))
    await house.scheduler.aclose()
    await settle(5_000)
    other, bo = House(house.memory), Asks(an_asking(s=100))
    again = await other.room("ana cy dov bo", {"bo": bo})
    await refused(again.approve("ana", "refund"), Refused, "refund")
    await again.lapse()
    assert bo.rulings == [Ruling.EXPIRED]
    assert await replays(other.log)
    await other.scheduler.aclose()


# ---- whispers


@in_no_time
async def test_only_who_hears_a_whisper_knows_of_what_it_asks_and_may_approve_it() -> None:
    bo = Asks(an_asking(rule=SUPERVISORS))
    async with a_house() as house:
        room = await house.room("ana cy dov bo", {"bo": bo})
        for who in ("cy", "dov"):
            await room.describe(who, roles=["supervisor"])
        await room.post("ana", "my money back, please", whisper=["bo", "dov"])
        await settle()
        assert [len(room.approvals(who)) for who in ("ana", "bo", "dov", "cy")] == [1, 1, 1, 0]
        await refused(room.approve("cy", "refund"), Unknown, "nothing waits")
        await refused(room.approve("ana", "refund"), NotAllowed, "dov may")
        await room.approve("dov", "refund")
        await room.lapse()
        hidden = [e for e in await log_of(house.log) if "Approval" in e.type or "Park" in e.type]
        assert hidden
        assert {e.audience for e in hidden} == {("ana", "bo", "dov")}
        assert bo.rulings == [Ruling.APPROVED]
        assert await replays(house.log)


def boss(name: str) -> Participant:
    known = profile(roles=["supervisor"])
    return Participant(ParticipantId(name.lower()), name, Kind.HUMAN, known)


@pytest.mark.db
@in_no_time
async def test_a_database_keeps_it_all_and_nothing_leaks(tmp_path: Any) -> None:
    from tertulia.compose import House as Whole
    from tertulia.compose import agent, human
    from tertulia.simulation import VirtualClock
    from tertulia.testing import assert_no_leak

    url = f"sqlite:///{tmp_path}/talk.db"
    hidden = an_asking("hidden", arguments='{"secret": "canary"}')
    turns = {"hidden": Asks(hidden), "plain": Asks(an_asking("plain"), then="Done.")}

    async def bo(turn: Turn) -> str:
        turn.say("Let me see.")
        return await turns["plain" if turn.audience is None else "hidden"](turn)

    async with Whole(url, clock=VirtualClock()) as house:
        people = human("Ana"), human("Cy"), human("Dov", roles=["supervisor"])
        room = await house.room("kitchen", *people, agent("Bo", bo))
        await room.post("ana", "@bo hidden", whisper=["bo"])
        await settle()
        await room.post("cy", "@bo plain")
        await settle()
        await room.approve("ana", "hidden")
        await room.approve("cy", "plain", arguments='{"amount": 3}')
        await room.lapse()
        await room.post("cy", "@bo plain again")
        await settle()
        await assert_no_leak(house)
        for who in ("cy", "dov"):
            for event in await read_as(room, who):
                assert "canary" not in repr(event.body)
    report = verify(url)
    assert report.violations == ()


async def read_as(room: Room, who: str) -> list[Any]:
    return [e async for e in room.subscribe(who, until=room.floor.head)]
