"""What every log promises (``tertulia.orchestrator.ports.Log``), as tests to inherit.

For a store of your own::

    from tests.storage.contract import LogContract

    class TestMyLog(LogContract):
        def open_log(self, owner: str) -> Log:
            return MyLog(self.place / "talk", owner=owner)

``open_log`` opens the one store of a test as the process named ``owner`` does; it is called several
times in a test, with other names. ``place`` is an empty folder, fresh for each test. What is opened
is closed at the end of the test.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.storage.batches import (
    ana,
    batch_of,
    ben,
    bodies,
    everything,
    granted,
    rich_floor,
    said,
    taken,
    written,
)

from tertulia.orchestrator.errors import Elsewhere, Fenced, Misbehaved, ShuttingDown
from tertulia.orchestrator.events import (
    Body,
    Draft,
    Outcome,
    RoomOpened,
    RoomPaused,
    Said,
    TurnEnded,
)
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.ports import Log, RoomSummary
from tertulia.orchestrator.room import ROOM, ParticipantId, RoomId, RoomSettings, Stay, TurnId
from tertulia.orchestrator.visibility import Sight

KITCHEN, GARDEN = RoomId("kitchen"), RoomId("garden")
cy = ParticipantId("cy")


class LogContract(ABC):
    """Inherit, and say how a log is opened."""

    place: Path

    @abstractmethod
    def open_log(self, owner: str) -> Log:
        """Open the test's one store as the process ``owner``."""

    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self.place = tmp_path

    @pytest.fixture
    async def log(self) -> AsyncIterator[Log]:
        """The log, as one process has it."""
        log = self.open_log("one")
        yield log
        await log.close()

    @pytest.fixture
    async def other(self) -> AsyncIterator[Log]:
        """The same log, as another process has it."""
        log = self.open_log("two")
        yield log
        await log.close()

    # ---- one writer

    async def test_a_new_room_begins_at_nothing(self, log: Log) -> None:
        tenure = await log.acquire(KITCHEN)
        assert (tenure.room, tenure.head, tenure.snapshot) == (KITCHEN, 0, Floor(KITCHEN))

    async def test_a_room_has_one_owner(self, log: Log, other: Log) -> None:
        await log.acquire(KITCHEN)
        with pytest.raises(Elsewhere) as refused:
            await other.acquire(KITCHEN)
        assert refused.value.room == KITCHEN
        assert refused.value.owner == (await log.rooms())[0].owner
        await other.acquire(GARDEN)

    async def test_who_is_refused_a_room_changes_nothing(self, log: Log, other: Log) -> None:
        mine = await log.acquire(KITCHEN)
        with pytest.raises(Elsewhere):
            await other.acquire(KITCHEN)
        await log.append(batch_of(mine, 0, said("hello")))

    async def test_a_room_that_was_released_is_free_at_once(self, log: Log, other: Log) -> None:
        first = await log.acquire(KITCHEN)
        await log.append(batch_of(first, 0, said("hello")))
        await log.release(KITCHEN, first.epoch)
        second = await other.acquire(KITCHEN)
        assert second.head == 1
        assert second.epoch > first.epoch

    async def test_a_new_tenure_ends_the_old_one(self, log: Log) -> None:
        old = await log.acquire(KITCHEN)
        new = await log.acquire(KITCHEN)
        assert new.epoch > old.epoch
        with pytest.raises(Fenced):
            await log.append(batch_of(old, 0, said("too late")))
        await log.append(batch_of(new, 0, said("in time")))

    async def test_an_old_epoch_writes_nothing(self, log: Log, other: Log) -> None:
        old = await log.acquire(KITCHEN)
        await log.append(batch_of(old, 0, said("hello")))
        await log.release(KITCHEN, old.epoch)
        new = await other.acquire(KITCHEN)
        late = batch_of(old, 1, said("too late", key="k"), snapshot=Floor(KITCHEN, head=2))
        with pytest.raises(Fenced) as refused:
            await log.append(late)
        assert (refused.value.room, refused.value.epoch) == (KITCHEN, old.epoch)
        assert await written(log, KITCHEN) == ["hello"]
        assert await log.keyed(KITCHEN, ana, "k") is None
        again = await other.acquire(KITCHEN)
        assert (again.head, again.snapshot) == (1, Floor(KITCHEN))
        assert new.epoch < again.epoch

    async def test_a_room_that_was_never_acquired_is_not_written(self, log: Log) -> None:
        with pytest.raises(Fenced):
            await log.append(batch_of(taken(KITCHEN), 0, said("hello")))
        assert await log.read(KITCHEN, 0, 10) == []

    async def test_an_old_epoch_releases_nothing(self, log: Log, other: Log) -> None:
        old = await log.acquire(KITCHEN)
        await log.acquire(KITCHEN)
        await log.release(KITCHEN, old.epoch)
        with pytest.raises(Elsewhere):
            await other.acquire(KITCHEN)

    async def test_a_room_that_is_not_there_may_be_released(self, log: Log) -> None:
        await log.release(KITCHEN, 1)
        assert await log.rooms() == []

    # ---- one order

    async def test_events_are_read_in_their_order(self, log: Log) -> None:
        tenure = await log.acquire(KITCHEN)
        await log.append(batch_of(tenure, 0, said("one"), said("two")))
        await log.append(batch_of(tenure, 2, said("three")))
        read = await log.read(KITCHEN, 0, 10)
        assert [event.seq for event in read] == [1, 2, 3]
        assert await written(log, KITCHEN) == ["one", "two", "three"]

    @pytest.mark.parametrize("after", [0, 1, 3, 7])
    async def test_a_batch_follows_the_last_event(self, log: Log, after: int) -> None:
        tenure = await log.acquire(KITCHEN)
        await log.append(batch_of(tenure, 0, said("one"), said("two")))
        with pytest.raises(Fenced):
            await log.append(batch_of(tenure, after, said("misplaced"), said("too")))
        assert await written(log, KITCHEN) == ["one", "two"]
        assert (await log.rooms())[0].head == 2

    async def test_a_batch_has_no_gap(self, log: Log) -> None:
        tenure = await log.acquire(KITCHEN)
        whole = batch_of(tenure, 0, said("one"), said("two"), said("three"))
        with pytest.raises(Misbehaved):
            await log.append(batch_of(tenure, 0, events=(whole.events[0], whole.events[2])))
        assert await written(log, KITCHEN) == []

    async def test_rooms_are_counted_apart(self, log: Log) -> None:
        kitchen, garden = await log.acquire(KITCHEN), await log.acquire(GARDEN)
        await log.append(batch_of(kitchen, 0, said("one"), said("two")))
        await log.append(batch_of(garden, 0, said("alone")))
        assert await written(log, GARDEN) == ["alone"]
        assert (await log.acquire(KITCHEN)).head == 2

    async def test_many_rooms_are_written_at_once(self, log: Log) -> None:
        async def talk(room: RoomId) -> None:
            tenure = await log.acquire(room)
            for number in range(5):
                await log.append(batch_of(tenure, number, said(f"{room} {number}")))

        rooms = [RoomId(f"room-{number}") for number in range(20)]
        await asyncio.gather(*map(talk, rooms))
        for room in rooms:
            assert await written(log, room) == [f"{room} {number}" for number in range(5)]

    # ---- all or nothing

    async def test_a_key_names_one_event(self, log: Log) -> None:
        tenure = await log.acquire(KITCHEN)
        await log.append(batch_of(tenure, 0, said("once", key="k")))
        with pytest.raises(Misbehaved):
            await log.append(batch_of(tenure, 1, said("more"), said("twice", key="k")))
        with pytest.raises(Misbehaved):
            await log.append(batch_of(tenure, 1, said("a", key="l"), said("b", key="l")))
        assert await written(log, KITCHEN) == ["once"]
        assert await log.keyed(KITCHEN, ana, "l") is None

    async def test_a_key_is_its_participant_s_and_its_room_s(self, log: Log) -> None:
        kitchen, garden = await log.acquire(KITCHEN), await log.acquire(GARDEN)
        await log.append(batch_of(kitchen, 0, said("mine", key="k"), said("his", by=ben, key="k")))
        await log.append(batch_of(garden, 0, said("elsewhere", key="k")))
        found = [
            await log.keyed(room, who, "k")
            for room, who in ((KITCHEN, ana), (KITCHEN, ben), (GARDEN, ana), (GARDEN, ben))
        ]
        assert [event and getattr(event.body, "text", "") for event in found] == [
            "mine",
            "his",
            "elsewhere",
            None,
        ]

    async def test_without_a_key_anything_may_be_said_twice(self, log: Log) -> None:
        tenure = await log.acquire(KITCHEN)
        await log.append(batch_of(tenure, 0, said("again"), said("again")))
        assert await written(log, KITCHEN) == ["again", "again"]

    async def test_a_turn_is_settled_once(self, log: Log) -> None:
        tenure = await log.acquire(KITCHEN)
        ended = Draft(ben, TurnEnded(TurnId("kitchen/1"), Outcome.COMMITTED))
        with pytest.raises(Misbehaved):
            await log.append(batch_of(tenure, 0, said("before its grant"), ended))
        await log.append(batch_of(tenure, 0, granted(1)))
        with pytest.raises(Misbehaved):
            await log.append(batch_of(tenure, 1, granted(1)))
        with pytest.raises(Misbehaved):
            await log.append(batch_of(tenure, 1, ended, ended))
        await log.append(batch_of(tenure, 1, ended))
        with pytest.raises(Misbehaved):
            await log.append(batch_of(tenure, 2, said("again", by=ben), ended))
        with pytest.raises(Misbehaved):
            await log.append(batch_of(tenure, 2, granted(1)))
        assert [event.type for event in await log.read(KITCHEN, 0, 9)] == [
            "TurnGranted",
            "TurnEnded",
        ]

    async def test_a_turn_is_unfinished_from_its_grant_to_its_end(self, log: Log) -> None:
        tenure = await log.acquire(KITCHEN)
        await log.append(batch_of(tenure, 0, granted(1), granted(2)))
        assert await log.unfinished() == {"kitchen/1", "kitchen/2"}
        ended = Draft(ben, TurnEnded(TurnId("kitchen/1"), Outcome.FAILED))
        await log.append(batch_of(tenure, 2, ended))
        assert await log.unfinished() == {"kitchen/2"}

    async def test_a_turn_may_begin_and_end_together(self, log: Log) -> None:
        tenure = await log.acquire(KITCHEN)
        ended = Draft(ben, TurnEnded(TurnId("kitchen/1"), Outcome.FAILED, "at once"))
        await log.append(batch_of(tenure, 0, granted(1), ended, granted(2)))
        assert len(await log.read(KITCHEN, 0, 9)) == 3

    async def test_after_a_batch_that_failed_the_next_one_goes_in(self, log: Log) -> None:
        tenure = await log.acquire(KITCHEN)
        await log.append(batch_of(tenure, 0, said("once", key="k")))
        for _ in range(3):
            with pytest.raises(Misbehaved):
                await log.append(batch_of(tenure, 1, said("lost"), said("twice", key="k")))
        await log.append(batch_of(tenure, 1, said("kept")))
        assert await written(log, KITCHEN) == ["once", "kept"]

    # ---- what was written comes back

    @pytest.mark.parametrize("body", bodies(), ids=lambda body: type(body).__name__)
    async def test_every_kind_of_event_comes_back(self, log: Log, body: Body) -> None:
        tenure = await log.acquire(KITCHEN)
        before = (granted(1),) if isinstance(body, TurnEnded) else ()
        batch = batch_of(tenure, 0, *before, Draft(ben, body, (ana, ben)))
        await log.append(batch)
        assert tuple(await log.read(KITCHEN, 0, 9)) == batch.events

    async def test_words_come_back_as_they_were(self, log: Log) -> None:
        texts = [
            "",
            " a\nb\t",
            "día 🌿 語",
            "\x00 and \x1f",
            "'; DROP TABLE events; --",
            "x" * 50_000,
        ]
        tenure = await log.acquire(KITCHEN)
        batch = batch_of(tenure, 0, *(said(text, key=text[:9] + "!") for text in texts))
        await log.append(batch)
        assert tuple(await log.read(KITCHEN, 0, 99)) == batch.events
        for event in batch.events:
            assert await log.keyed(KITCHEN, ana, event.key or "") == event

    async def test_reading_goes_from_a_cursor_and_page_by_page(self, log: Log) -> None:
        tenure = await log.acquire(KITCHEN)
        await log.append(batch_of(tenure, 0, *(said(str(n)) for n in range(1, 8))))
        for after, limit, seqs in (
            (0, 3, [1, 2, 3]),
            (3, 3, [4, 5, 6]),
            (6, 3, [7]),
            (7, 3, []),
            (99, 3, []),
            (-1, 2, [1, 2]),
            (2, 0, []),
        ):
            assert [event.seq for event in await log.read(KITCHEN, after, limit)] == seqs
        assert await log.read(GARDEN, 0, 9) == []

    async def test_the_last_utterances_are_found(self, log: Log) -> None:
        tenure = await log.acquire(KITCHEN)
        await log.append(
            batch_of(tenure, 0, said("1"), granted(1), said("3", audience=(ana, ben)), said("4"))
        )
        for before, limit, seen_by, seqs in (
            (9, 9, None, [1, 3, 4]),
            (9, 2, None, [3, 4]),
            (4, 9, None, [1, 3]),
            (1, 9, None, []),
            (9, 9, Sight(ben, (Stay(1),)), [1, 3, 4]),
            (9, 9, Sight(cy, (Stay(1),)), [1, 4]),
            (9, 1, Sight(cy, (Stay(1),)), [4]),
            (9, 2, Sight(cy, (Stay(1),)), [1, 4]),
            (9, 9, Sight(cy), []),
            (9, 9, Sight(ben, (Stay(2),)), [3, 4]),
            (9, 9, Sight(ben, (Stay(1, 1), Stay(4))), [1, 4]),
            (9, 9, Sight(ben, (Stay(1, 2),)), [1]),
            (4, 1, Sight(ben, (Stay(3, 3),)), [3]),
            (9, 0, Sight(ben, (Stay(1),)), []),
        ):
            found = await log.said(KITCHEN, before, limit, seen_by)
            assert [event.seq for event in found] == seqs
            assert all(isinstance(event.body, Said) for event in found)
        assert await log.said(GARDEN, 9, 9) == []

    async def test_a_whisper_is_not_for_one_whose_handle_looks_alike(self, log: Log) -> None:
        tenure = await log.acquire(KITCHEN)
        audience = (ParticipantId("a_b"), ParticipantId("ana-2"))
        await log.append(batch_of(tenure, 0, said("psst", by=audience[0], audience=audience)))
        for who, texts in (("a_b", 1), ("ana-2", 1), ("axb", 0), ("ana", 0), ("na-2", 0), ("%", 0)):
            sight = Sight(ParticipantId(who), (Stay(1),))
            assert len(await log.said(KITCHEN, 9, 9, sight)) == texts

    async def test_however_long_ago_somebody_left_their_last_utterances_are_found(
        self, log: Log
    ) -> None:
        tenure = await log.acquire(KITCHEN)
        await log.append(batch_of(tenure, 0, said("1"), *(said(f"{n}") for n in range(2, 300))))
        sight = Sight(cy, (Stay(2, 5), Stay(9, 9)))
        pages = [await log.said(KITCHEN, before, 2, sight) for before in (300, 5, 3, 2)]
        assert [[event.seq for event in page] for page in pages] == [[5, 9], [3, 4], [2], []]

    async def test_a_key_that_nobody_used_names_nothing(self, log: Log) -> None:
        assert await log.keyed(KITCHEN, ana, "k") is None
        await log.append(batch_of(await log.acquire(KITCHEN), 0, said("hello")))
        assert await log.keyed(KITCHEN, ana, "k") is None

    async def test_rooms_are_listed_by_name(self, log: Log) -> None:
        assert await log.rooms() == []
        kitchen = await log.acquire(KITCHEN)
        await log.acquire(GARDEN)
        await log.append(batch_of(kitchen, 0, said("hello")))
        await log.release(KITCHEN, kitchen.epoch)
        garden, listed = await log.rooms()
        assert (garden.room, garden.head) == (GARDEN, 0)
        assert garden.owner is not None
        assert listed == RoomSummary(KITCHEN, 1, None)

    async def test_a_sub_room_is_listed_with_its_parent(self, log: Log) -> None:
        kitchen, pantry = await log.acquire(KITCHEN), await log.acquire(RoomId("kitchen:pantry"))
        opened = RoomOpened(RoomSettings())
        await log.append(batch_of(kitchen, 0, Draft(ROOM, opened)))
        below = replace(opened, parent=KITCHEN, since=3)
        await log.append(batch_of(pantry, 0, Draft(ROOM, below), Draft(ROOM, RoomPaused())))
        assert [(room.room, room.parent) for room in await log.rooms()] == [
            (KITCHEN, None),
            ("kitchen:pantry", KITCHEN),
        ]

    async def test_a_kept_floor_comes_back(self, log: Log) -> None:
        tenure = await log.acquire(KITCHEN)
        floor = rich_floor(KITCHEN)
        await log.append(batch_of(tenure, 0, *everything(), snapshot=floor))
        await log.append(batch_of(tenure, floor.head, said("after it")))
        again = await log.acquire(KITCHEN)
        assert again.snapshot == floor
        assert again.head == floor.head + 1

    async def test_the_latest_kept_floor_counts(self, log: Log) -> None:
        tenure = await log.acquire(KITCHEN)
        floors = [Floor(KITCHEN, head=head, at=0.1 + head) for head in (1, 2, 3)]
        for floor in floors:
            await log.append(batch_of(tenure, floor.head - 1, said("more"), snapshot=floor))
        assert (await log.acquire(KITCHEN)).snapshot == floors[-1]

    # ---- leaving

    async def test_what_was_asked_for_before_closing_is_kept(self, log: Log, other: Log) -> None:
        tenures = [await log.acquire(RoomId(f"room-{n}")) for n in range(5)]
        asked = [
            asyncio.ensure_future(log.append(batch_of(tenure, 0, said("last words"))))
            for tenure in tenures
        ]
        await asyncio.sleep(0)
        await log.close()
        await asyncio.gather(*asked)
        for tenure in tenures:
            assert await written(other, tenure.room) == ["last words"]

    async def test_after_closing_others_have_the_rooms(self, log: Log, other: Log) -> None:
        await log.acquire(KITCHEN)
        await log.close()
        await other.acquire(KITCHEN)

    async def test_a_closed_log_says_so(self, log: Log) -> None:
        tenure = await log.acquire(KITCHEN)
        await log.close()
        await log.close()
        with pytest.raises(ShuttingDown):
            await log.append(batch_of(tenure, 0, said("too late")))
        with pytest.raises(ShuttingDown):
            await log.acquire(KITCHEN)
        with pytest.raises(ShuttingDown):
            await log.read(KITCHEN, 0, 1)
