"""Whose message starts a turn again, and what such a turn finds as it was."""

from collections.abc import Mapping
from typing import Any

import pytest
from tests.orchestrator.programs import ANA, BO, CY, PureRoom
from tests.orchestrator.rooms import a_house, endings, in_no_time, says, settle, streams

from tertulia.orchestrator import Outcome
from tertulia.orchestrator.admission.input import BURST, RESTARTS
from tertulia.orchestrator.arbiter import decide
from tertulia.orchestrator.events import Event, Said
from tertulia.orchestrator.policies import Addressed
from tertulia.orchestrator.transitions import apply

LIMITED = {"name": "limited", "turns": 1, "inner": {"name": "addressed"}}


@in_no_time
async def test_a_message_of_one_who_also_writes_quickly_does_not_start_another_s_turn_again() -> (
    None
):
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": says("Aye.", after_s=3)}, coalesce_s=5)
        await room.post("cy", "Good morning.")
        await settle(1)
        await room.post("ana", "@bo?")
        await settle(1)
        await room.post("cy", "And a good day.")  # Cy's burst, and not what Bo answers
        await room.lapse()
        assert [outcome for _, outcome, _ in await endings(house.log)] == [Outcome.COMMITTED]


@pytest.mark.parametrize("limit", [{"turn_limit": 1}, {"policy": LIMITED}], ids=["room", "each"])
@in_no_time
async def test_a_turn_that_has_not_happened_uses_up_no_limit(limit: Mapping[str, Any]) -> None:
    async with a_house() as house:
        bo = says("Too early.", "Spring!", after_s=3)
        room = await house.room("ana cy bo", {"bo": bo}, input="interrupt", **limit)
        await room.post("ana", "@bo what is in the air?")
        await settle(1)
        await room.post("cy", "Let us hear.")
        await room.lapse()
        assert [outcome for _, outcome, _ in await endings(house.log)] == [
            Outcome.ROLLED_BACK,
            Outcome.COMMITTED,
        ]


@pytest.mark.parametrize("policy", ["interrupt", "rollback"])
@in_no_time
async def test_people_who_never_stop_talking_do_not_keep_an_agent_silent_for_ever(
    policy: str,
) -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": says("Aye.", after_s=5)}, input=policy)
        await room.post("ana", "@bo?")
        for number in range(20):
            await settle(2)
            await room.post(("cy", "ana")[number % 2], "Well, then again, who knows.")
        outcomes = [outcome for _, outcome, _ in await endings(house.log)]
        assert outcomes == [Outcome.ROLLED_BACK] * RESTARTS + [Outcome.COMMITTED]


@in_no_time
async def test_what_is_taken_back_again_and_again_is_cut_in_the_end() -> None:
    async with a_house() as house:
        bo = streams("Well, ", "I ", "think ", "so.")
        room = await house.room("ana cy bo", {"bo": bo}, input="rollback", coalesce_s=0)
        await room.post("ana", "@bo?")
        for _ in range(20):
            await settle(2)
            await room.post("cy", "@bo and me?")
        ended = [outcome for _, outcome, _ in await endings(house.log)]
        assert ended[: RESTARTS + 1] == [Outcome.ROLLED_BACK] * RESTARTS + [Outcome.INTERRUPTED]


@in_no_time
async def test_however_long_a_burst_is_it_starts_turns_again_eight_times_at_most() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": says(*["Aye."] * 40, after_s=1)}, coalesce_s=1.5)
        for number in range(40):
            await room.post("ana", f"@bo and {number}")
            await settle(0.4)
        await room.lapse()
        undone = [o for _, o, _ in await endings(house.log) if o is Outcome.ROLLED_BACK]
        assert len(undone) <= BURST


def test_the_turn_that_answers_a_whisper_has_its_audience() -> None:
    room = PureRoom(Addressed())
    room.seat(ANA, CY, BO)
    said = Said("A secret?", (BO,))
    event = Event(room.floor.room, room.floor.head + 1, 1, room.now, ANA, said, (ANA, BO))
    granted = decide(apply(room.floor, event), Addressed(), room.now)
    assert granted is not None
    assert granted.audience == (ANA, BO)
