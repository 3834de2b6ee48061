"""What every ledger promises (``tertulia.orchestrator.ports.Ledger``), as tests to inherit.

For a store of your own::

    from tests.storage.ledger_contract import LedgerContract

    class TestMyLedger(LedgerContract):
        def open_both(self, owner: str) -> tuple[Log, Ledger]:
            return MyLog(self.place / "talk", owner=owner), MyLedger(self.place / "talk")

``open_both`` opens the one store of a test, as the process named ``owner`` does, with the log that
gives rooms their epochs; it is called several times in a test. ``place`` is an empty folder.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tertulia.orchestrator.approvals import ApprovalRule
from tertulia.orchestrator.effects import SETTLED, Effect, EffectId, EffectPolicy, EffectState
from tertulia.orchestrator.errors import Fenced, ShuttingDown
from tertulia.orchestrator.ports import Ledger, Log
from tertulia.orchestrator.room import ParticipantId, RoomId, TurnId

KITCHEN, GARDEN = RoomId("kitchen"), RoomId("garden")
ana, bo = ParticipantId("ana"), ParticipantId("bo")


def effect(call: str = "c1", turn: str = "kitchen/1", **fields: Any) -> Effect:
    """A call that was begun; its other fields are as named."""
    made = Effect(
        EffectId(f"{turn}/{call}"),
        RoomId(turn.split("/")[0]),
        TurnId(turn),
        bo,
        "book",
        EffectPolicy.AT_MOST_ONCE,
        '{"city": "Lyon"}',
        "d1",
        1.5,
    )
    return replace(made, **fields)


WHOLE_OF_IT = effect(
    policy=EffectPolicy.IDEMPOTENT,
    state=EffectState.SUCCEEDED,
    requester=bo,
    principal=ana,
    audience=(ana, bo),
    attempt=3,
    result='{"to": "Ñandú"} [cut]',
    whole="d2",
    settled=0.1 + 0.2,
    data=True,
    seq=12,
    decided_by=ana,
    rule=ApprovalRule(True, (ana,), ("manager",), 2),
)
"""An effect with every field set."""


class LedgerContract(ABC):
    """Inherit, and say how a log and its ledger are opened."""

    place: Path

    @abstractmethod
    def open_both(self, owner: str) -> tuple[Log, Ledger]:
        """Open the test's one store as the process ``owner``."""

    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self.place = tmp_path

    @pytest.fixture
    async def both(self) -> AsyncIterator[tuple[Log, Ledger]]:
        """The log and the ledger, as one process has them; the kitchen is its own, as epoch 1."""
        log, ledger = self.open_both("one")
        await log.acquire(KITCHEN)
        yield log, ledger
        await log.close()

    @pytest.fixture
    def ledger(self, both: tuple[Log, Ledger]) -> Ledger:
        """The ledger alone."""
        return both[1]

    async def test_an_effect_comes_back_as_it_went(self, ledger: Ledger) -> None:
        await ledger.write(effect(), 1)
        assert await ledger.effect(effect().id) == effect()
        await ledger.write(WHOLE_OF_IT, 1, whole="all of it")
        assert await ledger.whole("d2") == "all of it"

    async def test_every_field_is_kept(self, ledger: Ledger) -> None:
        await ledger.write(WHOLE_OF_IT, 1)
        assert await ledger.effect(WHOLE_OF_IT.id) == WHOLE_OF_IT

    @pytest.mark.parametrize("state", EffectState)
    async def test_every_state_is_kept(self, ledger: Ledger, state: EffectState) -> None:
        await ledger.write(effect(), 1)
        await ledger.write(effect(state=state), 1)
        assert await ledger.effect(effect().id) == effect(state=state)

    async def test_what_was_never_written_is_not_there(self, ledger: Ledger) -> None:
        assert await ledger.effect(effect().id) is None
        assert await ledger.whole("d2") is None
        assert await ledger.of_turn(effect().turn) == []
        assert await ledger.of_room(KITCHEN, 9) == []

    async def test_effects_come_in_the_order_in_which_they_were_begun(self, ledger: Ledger) -> None:
        calls = ["z", "a", "m"]
        writing = [ledger.write(effect(call), 1) for call in calls]
        await asyncio.gather(*writing)
        await ledger.write(effect("z", state=EffectState.FAILED), 1)
        of_turn = await ledger.of_turn(TurnId("kitchen/1"))
        assert [one.id.rpartition("/")[2] for one in of_turn] == calls
        assert await ledger.of_room(KITCHEN, 9) == of_turn
        assert await ledger.of_room(KITCHEN, 2) == of_turn[1:]

    async def test_a_turn_has_its_own_effects_alone(self, ledger: Ledger) -> None:
        await ledger.write(effect(), 1)
        await ledger.write(effect(turn="kitchen/11"), 1)
        assert await ledger.of_turn(TurnId("kitchen/1")) == [effect()]
        assert len(await ledger.of_room(KITCHEN, 9)) == 2

    async def test_the_page_before_is_asked_for_by_time(self, ledger: Ledger) -> None:
        for number in range(4):
            await ledger.write(effect(f"c{number}", began=float(number)), 1)
        page = await ledger.of_room(KITCHEN, 2, before=2.0)
        assert [one.began for one in page] == [0.0, 1.0]

    async def test_what_is_queued_is_written_though_nobody_awaits_it(
        self, both: tuple[Log, Ledger]
    ) -> None:
        log, ledger = both
        ledger.write(effect(), 1)
        ledger.write(effect(state=EffectState.SUCCEEDED), 1)
        await log.close()
        log, ledger = self.open_both("two")
        found = await ledger.effect(effect().id)
        await log.close()
        assert found == effect(state=EffectState.SUCCEEDED)

    async def test_an_old_epoch_begins_and_settles_nothing(self, both: tuple[Log, Ledger]) -> None:
        log, ledger = both
        await ledger.write(effect(), 1)
        await log.acquire(KITCHEN)
        with pytest.raises(Fenced):
            await ledger.write(effect(state=EffectState.SUCCEEDED), 1)
        with pytest.raises(Fenced):
            await ledger.write(effect("c2"), 1)
        with pytest.raises(Fenced):
            await ledger.abandon(KITCHEN, 1, [], 9.5)
        assert await ledger.of_room(KITCHEN, 9) == [effect()]
        await ledger.write(effect("c2"), 2)

    async def test_a_room_that_nobody_has_opened_takes_no_effect(self, ledger: Ledger) -> None:
        with pytest.raises(Fenced):
            await ledger.write(effect(turn="garden/1"), 1)

    async def test_others_are_written_though_one_is_refused(self, both: tuple[Log, Ledger]) -> None:
        log, ledger = both
        await log.acquire(GARDEN)
        wanted = [effect("a"), effect("b", turn="garden/1"), effect("c")]
        writing = [ledger.write(wanted[0], 1), ledger.write(wanted[1], 7)]
        writing.append(ledger.write(wanted[2], 1))
        results = await asyncio.gather(*writing, return_exceptions=True)
        assert [type(one) for one in results] == [type(None), Fenced, type(None)]
        assert await ledger.of_room(KITCHEN, 9) == [wanted[0], wanted[2]]
        assert await ledger.of_room(GARDEN, 9) == []

    async def test_what_turns_that_are_over_left_open_is_settled(self, ledger: Ledger) -> None:
        left = [effect(f"{state}", state=state) for state in EffectState]
        held = [effect(f"{state}", "kitchen/2", state=state) for state in EffectState]
        for one in left + held:
            await ledger.write(one, 1)
        await ledger.abandon(KITCHEN, 1, [TurnId("kitchen/2")], 9.5)
        over = await ledger.of_turn(TurnId("kitchen/1"))
        states = [one.state for one in over]
        then = {
            EffectState.RUNNING: EffectState.UNCERTAIN,
            EffectState.ASKED: EffectState.REFUSED,
        }
        assert states == [then.get(state, state) for state in EffectState]
        assert {one.settled for one in over if one.id.endswith("asked")} == {9.5}
        assert await ledger.of_turn(TurnId("kitchen/2")) == held

    async def test_what_is_in_doubt_and_may_have_changed_something_is_found(
        self, both: tuple[Log, Ledger]
    ) -> None:
        log, ledger = both
        await log.acquire(GARDEN)
        for state in EffectState:
            for policy in EffectPolicy:
                settled = 1.0 if state in SETTLED else None
                fields: dict[str, Any] = {"state": state, "policy": policy, "settled": settled}
                await ledger.write(effect(f"{state}-{policy}", **fields), 1)
        await ledger.write(effect(turn="garden/1", state=EffectState.UNCERTAIN), 1)
        found = [one.id for one in await ledger.in_doubt(KITCHEN)]
        wanted = ["uncertain-idempotent", "uncertain-at_most_once"]
        assert found == [f"kitchen/1/{name}" for name in wanted]
        assert [one.id for one in await ledger.in_doubt(KITCHEN, 1)] == found[:1]

    async def test_another_process_reads_what_was_written(self, both: tuple[Log, Ledger]) -> None:
        await both[1].write(effect(), 1)
        log, other = self.open_both("two")
        assert await other.effect(effect().id) == effect()
        await log.close()

    async def test_a_process_that_has_left_writes_nothing(self, both: tuple[Log, Ledger]) -> None:
        log, ledger = both
        await log.close()
        with pytest.raises(ShuttingDown):
            await ledger.write(effect(), 1)

    async def test_a_process_that_is_killed_writes_nothing(self) -> None:
        log, ledger = self.open_both("killed")
        await log.acquire(GARDEN)
        log.drop()  # type: ignore[attr-defined]
        with pytest.raises(ShuttingDown):
            await ledger.write(effect(turn="garden/1"), 1)
        await log.close()
