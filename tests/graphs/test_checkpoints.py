"""A turn that was cut short by a crash goes on; a turn that has ended leaves nothing behind."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from tests.agents.turns import ANA, said, turn_in

from tertulia.agents import TurnState
from tertulia.graphs import END, START, Checkpoints, GraphSpeaker, TurnGraph
from tertulia.orchestrator import Reply
from tertulia.orchestrator.errors import Invalid, StoreUnusable
from tertulia.orchestrator.room import TurnId

pytestmark = pytest.mark.db

TURN = TurnId("kitchen/7")
ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["memory", "sqlite"])
async def checkpoints(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Checkpoints]:
    file = Checkpoints.at(tmp_path / "checkpoints.db")
    async with file if request.param == "sqlite" else Checkpoints.in_memory() as opened:
        yield opened


def two_steps(ran: list[str], second: Any) -> TurnGraph:
    async def first(state: TurnState) -> TurnState:
        ran.append("first")
        return {"draft": "One"}

    async def then(state: TurnState) -> TurnState:
        ran.append("second")
        await second()
        return {"draft": state["draft"] + ", two."}

    graph = TurnGraph("two steps").add_sequence([("first", first), ("second", then)])
    return graph.add_edge(START, "first").add_edge("second", END)


async def fine() -> None:
    pass


async def breaks() -> None:
    raise OSError("no power")


# ---- going on


async def test_how_far_a_turn_has_come_is_told_by_its_checkpoints(checkpoints: Checkpoints) -> None:
    speaker = GraphSpeaker(two_steps([], breaks), checkpoints)
    assert await speaker.reached(TURN) == 0
    for _ in range(2):  # the second time it comes no further
        with pytest.raises(OSError, match="no power"):
            await speaker(turn_in())
        assert await speaker.reached(TURN) == 3
    assert await GraphSpeaker(two_steps([], fine)).reached(TURN) == 0


async def test_a_turn_goes_on_after_the_last_step_that_was_done(checkpoints: Checkpoints) -> None:
    ran: list[str] = []
    with pytest.raises(OSError, match="no power"):
        await GraphSpeaker(two_steps(ran, breaks), checkpoints)(turn_in())
    reply = await GraphSpeaker(two_steps(ran, fine), checkpoints)(turn_in(attempt=2))
    assert reply == Reply("One, two.")
    assert ran == ["first", "second", "second"]


async def test_a_turn_that_was_cancelled_in_a_crash_goes_on_too(checkpoints: Checkpoints) -> None:
    ran: list[str] = []
    stuck = asyncio.Event()

    async def hangs() -> None:
        stuck.set()
        await asyncio.Event().wait()

    dying = asyncio.ensure_future(GraphSpeaker(two_steps(ran, hangs), checkpoints)(turn_in()))
    await stuck.wait()
    dying.cancel()
    await asyncio.wait([dying])
    assert await checkpoints.unfinished() == {TURN}
    await GraphSpeaker(two_steps(ran, fine), checkpoints)(turn_in(attempt=2))
    assert ran == ["first", "second", "second"]


async def test_a_run_that_was_finished_but_not_committed_is_not_run_again(
    checkpoints: Checkpoints,
) -> None:
    ran: list[str] = []
    speaker = GraphSpeaker(two_steps(ran, fine), checkpoints)
    assert await speaker(turn_in()) == await speaker(turn_in(attempt=2)) == Reply("One, two.")
    assert ran == ["first", "second"]


async def test_the_next_process_finds_the_turn_in_the_file(tmp_path: Path) -> None:
    ran: list[str] = []
    async with Checkpoints.at(tmp_path / "c.db") as kept:
        with pytest.raises(OSError, match="no power"):
            await GraphSpeaker(two_steps(ran, breaks), kept)(turn_in())
    async with Checkpoints.at(tmp_path / "c.db") as kept:
        assert (await GraphSpeaker(two_steps(ran, fine), kept)(turn_in())).text == "One, two."
    assert ran == ["first", "second", "second"]


class Dying(InMemorySaver):
    """A saver whose process ends at a certain write."""

    def __init__(self, at_write: int) -> None:
        super().__init__()
        self.left = at_write

    def _live(self) -> None:
        self.left -= 1
        if self.left <= 0:
            raise ConnectionResetError("the process ended")

    async def aput(self, *args: Any) -> Any:
        self._live()
        return await super().aput(*args)

    async def aput_writes(self, config: Any, writes: Sequence[Any], *args: Any) -> None:
        self._live()
        await super().aput_writes(config, writes, *args)


@pytest.mark.parametrize("at_write", range(1, 6))
async def test_wherever_between_two_writes_a_process_ends_the_turn_is_finished(
    at_write: int,
) -> None:
    ran: list[str] = []
    saver = Dying(at_write)
    async with Checkpoints.over(saver) as kept:
        with pytest.raises(ConnectionResetError):
            await GraphSpeaker(two_steps(ran, fine), kept)(turn_in())
        saver.left = 1000
        reply = await GraphSpeaker(two_steps(ran, fine), kept)(turn_in(attempt=2))
    assert reply == Reply("One, two.")
    assert ran.count("first") <= 2
    assert ran.count("second") <= 2


CHILD = """
import asyncio, sys
from pathlib import Path
from tertulia.graphs import END, START, Checkpoints, GraphSpeaker, TurnGraph
from tests.agents.turns import turn_in

folder, dies = Path(sys.argv[1]), sys.argv[2] == "dies"

async def first(state):
    with (folder / "effects").open("a") as effects:
        effects.write("first\\n")
    return {"draft": "One"}

async def second(state):
    if dies:
        print("half done", flush=True)
        await asyncio.Event().wait()
    return {"draft": state["draft"] + ", two."}

async def main():
    graph = TurnGraph("two steps").add_sequence([("first", first), ("second", second)])
    graph.add_edge(START, "first").add_edge("second", END)
    async with Checkpoints.at(folder / "c.db") as kept:
        speaker = GraphSpeaker(graph, kept)
        turn = turn_in()
        print((await speaker(turn)).text, flush=True)
        await speaker.ended(turn.id)
        print(len(await kept.unfinished()), flush=True)

asyncio.run(main())
"""


@pytest.mark.slow
def test_a_process_that_is_killed_in_mid_graph_does_nothing_twice(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", CHILD, str(tmp_path)]
    with subprocess.Popen([*command, "dies"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "half done\n"
        child.send_signal(signal.SIGKILL)
    heir = subprocess.run(
        [*command, "lives"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert heir.stdout.splitlines() == ["One, two.", "0"], heir.stderr
    assert (tmp_path / "effects").read_text() == "first\n"


# ---- leaving nothing behind


async def test_without_checkpoints_nothing_is_kept() -> None:
    speaker = GraphSpeaker(two_steps([], fine))
    await speaker(turn_in())
    assert speaker.saver is None
    await speaker.ended(TURN)


async def test_a_turn_that_has_ended_is_forgotten(checkpoints: Checkpoints) -> None:
    speaker = GraphSpeaker(two_steps([], fine), checkpoints)
    await speaker(turn_in())
    assert await checkpoints.unfinished() == {TURN}
    await speaker.ended(TURN)
    assert await checkpoints.unfinished() == set()


async def test_a_turn_that_was_interrupted_is_forgotten_however_late_it_stops(
    checkpoints: Checkpoints,
) -> None:
    began, slow = asyncio.Event(), asyncio.Event()

    async def stops_late() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            await slow.wait()

    speaker = GraphSpeaker(two_steps([], stops_late), checkpoints)
    run = asyncio.ensure_future(speaker(turn_in()))
    await began.wait()
    run.cancel()
    forgetting = asyncio.ensure_future(speaker.ended(TURN))
    await asyncio.sleep(0.05)
    assert not forgetting.done()
    slow.set()
    await forgetting
    assert await checkpoints.unfinished() == set()
    with pytest.raises(asyncio.CancelledError):
        await run


async def test_turns_that_no_room_holds_any_more_are_swept(checkpoints: Checkpoints) -> None:
    speaker = GraphSpeaker(two_steps([], fine), checkpoints)
    for turn in ("kitchen/1", "kitchen/2", "hall/1"):
        await speaker(turn_in(turn=turn))

    async def held() -> set[TurnId]:
        return {TurnId("kitchen/2")}

    assert await checkpoints.prune(held) == {"kitchen/1", "hall/1"}
    assert await checkpoints.unfinished() == {"kitchen/2"}
    await checkpoints.delete(TurnId("never/1"))


async def test_no_message_of_the_room_is_written_to_the_file(tmp_path: Path) -> None:
    async with Checkpoints.at(tmp_path / "c.db") as kept:
        await GraphSpeaker(two_steps([], fine), kept)(turn_in(said(1, ANA, "A secret word.")))
    written = await asyncio.to_thread((tmp_path / "c.db").read_bytes)
    assert b"two." in written
    assert b"secret" not in written


async def test_who_opens_the_file_while_another_does_waits_for_it(tmp_path: Path) -> None:
    async def opened() -> None:
        async with Checkpoints.at(tmp_path / "c.db"):
            pass

    with closing(sqlite3.connect(tmp_path / "c.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        opening = asyncio.ensure_future(opened())
        await asyncio.wait([opening], timeout=0.1)
        assert not opening.done()
        other.execute("ROLLBACK")
        await opening


# ---- what cannot be used


def test_checkpoints_that_are_not_open_say_so() -> None:
    with pytest.raises(Invalid, match="async with"):
        GraphSpeaker(two_steps([], fine), Checkpoints.in_memory())


async def test_a_file_that_cannot_be_opened_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="name a file in a folder that can be written"):
        async with Checkpoints.at(tmp_path / "none" / "c.db"):
            pass


async def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "c.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreUnusable, match="not a database"):
        async with Checkpoints.at(tmp_path / "c.db"):
            pass
