"""Whatever words people and agents come with, a room can be written, and nobody else is refused."""

import asyncio
import os
from math import inf, nan
from pathlib import Path

import pytest
from tests.storage.recorded import answers, url_of

from tertulia.compose import MEMORY, House, agent, human
from tertulia.orchestrator import Kind, Participant, Reply, RoomSettings, Said, Turn, handle
from tertulia.orchestrator.errors import BadContent, Invalid, Unknown
from tertulia.orchestrator.events import TurnEnded
from tertulia.storage import verify

HALF = "\udcff"  # half of a character: Python's text may hold it, no file may


async def loses_a_file(turn: Turn) -> str:
    raise FileNotFoundError(os.fsdecode(b"caf\xe9.txt"))


async def tells_of_half(turn: Turn) -> Reply:
    return Reply(f"half {HALF}", problem=f"only {HALF}", addressees=(handle("nobody"),))


@pytest.mark.db
async def test_an_agent_s_broken_words_are_mended_and_its_turn_ends(tmp_path: Path) -> None:
    path = tmp_path / "talk.db"
    async with House(url_of(path)) as house:
        room = await house.room(
            "kitchen", human("Ana"), agent("Bo", loses_a_file), agent("Cy", tells_of_half)
        )
        await room.post("ana", "@bo and @cy, where is it?")
        await asyncio.wait_for(room.lapse(), 20)
        told = [e.body for e in await house.log.read(room.id, 0, 100)]
    ended = [body.problem for body in told if isinstance(body, TurnEnded)]
    assert ended[0] == "FileNotFoundError: caf?.txt"
    assert ended[1] is not None
    assert ended[1].startswith("only ?")
    assert "half ?" in [body.text for body in told if isinstance(body, Said)]
    assert verify(url_of(path)).violations == ()


@pytest.mark.db
async def test_broken_words_of_one_person_do_not_lose_another_s(tmp_path: Path) -> None:
    async with House(url_of(tmp_path / "talk.db")) as house:
        room = await house.room("kitchen", human("Ana"), human("Ben"), agent("Bo", answers))
        said = await asyncio.gather(
            room.post("ana", "hello", key=HALF),
            room.post("ana", "hello", key="k" * 2000),
            room.post("ana", HALF),
            room.leave("ana", HALF),
            room.close(HALF),
            room.post("ben", "hello"),
            return_exceptions=True,
        )
    assert [type(one) for one in said[:5]] == [BadContent] * 5
    assert not isinstance(said[5], BaseException)


async def test_a_title_is_checked_at_the_door() -> None:
    async with House(MEMORY) as house:
        with pytest.raises(BadContent, match="Unicode"):
            await house.room("kitchen", title=HALF)


def test_a_name_is_checked_at_the_door() -> None:
    with pytest.raises(Invalid):
        Participant(handle("ana"), f"Ana {HALF}", Kind.HUMAN)


@pytest.mark.parametrize("seconds", [inf, nan])
def test_a_lease_that_no_log_could_keep_is_refused(seconds: float) -> None:
    with pytest.raises(Invalid, match="finite"):
        RoomSettings(lease_s=seconds)


async def test_nobody_replies_to_a_whisper_that_he_did_not_hear() -> None:
    async with House(MEMORY) as house:
        room = await house.room("kitchen", human("Ana"), human("Ben"), human("Cy"))
        whisper = await room.post("ana", "a secret", whisper=["ben"])
        with pytest.raises(Unknown, match="no event"):
            await room.post("cy", "what was that?", reply_to=whisper.seq)
        answer = await room.post("ben", "indeed", whisper=["ana"], reply_to=whisper.seq)
    assert isinstance(answer.body, Said)
    assert answer.body.addressees == ("ana",)
