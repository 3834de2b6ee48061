"""What is wrong with a database is found, and named; what is right is left alone."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.storage.recorded import ROOM, altered, answers, record, reseal, url_of

from tertulia.compose import House, agent, human
from tertulia.orchestrator.conversation import SNAPSHOT_EVERY
from tertulia.orchestrator.errors import Invalid, StoreUnusable
from tertulia.storage import Report, verify

pytestmark = pytest.mark.db

Hand = Callable[[sqlite3.Connection], object]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "talk.db"
    asyncio.run(record(path))
    return path


@pytest.fixture
def talk(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(original, tmp_path / "talk.db"))


def found(path: Path, hand: Hand, *, sealed: bool = False) -> set[str]:
    """The rules that are broken after ``hand``; ``sealed``: by somebody who mended the digests."""
    with altered(path) as connection:
        hand(connection)
        if sealed:
            reseal(connection)
    return {violation.rule for violation in verify(url_of(path)).violations}


def seq_of(path: Path, condition: str) -> int:
    with altered(path) as connection:
        seq: int = connection.execute(
            f"SELECT seq FROM events WHERE {condition} ORDER BY seq"  # noqa: S608  # our own text
        ).fetchone()[0]
    return seq


def test_nothing_is_wrong_with_what_was_recorded(talk: Path) -> None:
    report = verify(url_of(talk))
    assert report.violations == ()
    with altered(talk) as connection:
        kept = connection.execute("SELECT count(*), count(DISTINCT type) FROM events").fetchone()
        outcomes = connection.execute("SELECT DISTINCT outcome FROM turns ORDER BY 1").fetchall()
        whispers = connection.execute("SELECT count(audience) FROM events").fetchone()
    assert (report.rooms, report.events) == (1, kept[0])
    assert kept[1] == 5
    assert outcomes == [("committed",), ("failed",)]
    assert whispers > (20,)


def test_a_report_is_json(talk: Path) -> None:
    with altered(talk) as connection:
        connection.execute("DELETE FROM events WHERE seq = 3")
    report = json.loads(json.dumps(verify(url_of(talk)).as_json()))
    assert report["rooms"] == 1
    gap = report["violations"][0]
    assert gap == {"room": ROOM, "seq": 4, "rule": "gap", "what": "expected seq 3"}


def test_a_missing_event_leaves_a_gap(talk: Path) -> None:
    assert {"gap", "chain"} <= found(talk, lambda c: c.execute("DELETE FROM events WHERE seq = 7"))


def test_the_last_event_is_missed_too(talk: Path) -> None:
    last = "DELETE FROM events WHERE seq = (SELECT head FROM rooms)"
    assert {"head", "chain"} <= found(talk, lambda c: c.execute(last))


def test_the_whole_log_is_missed_too(talk: Path) -> None:
    assert "head" in found(talk, lambda c: c.execute("DELETE FROM events"))


def test_two_events_that_changed_places_are_noticed(talk: Path) -> None:
    def swap(connection: sqlite3.Connection) -> None:
        for old, new in ((6, -1), (7, 6), (-1, 7)):
            connection.execute("UPDATE events SET seq = ? WHERE seq = ?", [new, old])

    assert {"chain", "replay"} <= found(talk, swap)


def test_an_edited_text_is_noticed(talk: Path) -> None:
    edit = "UPDATE events SET body = replace(body, 'question 2', 'question 9')"
    assert found(talk, lambda c: c.execute(edit)) == {"chain"}


def test_one_edit_is_told_once_at_its_place(talk: Path) -> None:
    seq = seq_of(talk, "body LIKE '%question 2%'")
    with altered(talk) as connection:
        connection.execute("UPDATE events SET at = at + 0.000001 WHERE seq = ?", [seq])
    told = [v.seq for v in verify(url_of(talk)).violations if v.rule == "chain"]
    assert told == [seq]


def test_a_row_that_is_no_event_is_noticed(talk: Path) -> None:
    broken = "UPDATE events SET body = '{' WHERE seq = 7"
    assert {"unreadable", "chain"} <= found(talk, lambda c: c.execute(broken))
    unheard = "UPDATE events SET type = 'Shouted' WHERE seq = 8"
    assert "unreadable" in found(talk, lambda c: c.execute(unheard), sealed=True)


def test_a_key_that_names_two_events_is_noticed(talk: Path) -> None:
    def reuse(connection: sqlite3.Connection) -> None:
        connection.execute("DROP INDEX one_event_per_key")
        connection.execute("UPDATE events SET key = 'a1' WHERE key = 'a2'")

    assert found(talk, reuse, sealed=True) == {"key"}


@pytest.mark.parametrize(
    ("condition", "audience", "rules"),
    [
        ("type = 'Said' AND key LIKE 'b%'", '["ana","bo"]', {"audience"}),  # not his own
        ("type = 'TurnGranted' AND audience IS NOT NULL", None, {"audience", "replay"}),
        ("type = 'Said' AND by = 'bo' AND audience IS NOT NULL", None, {"audience"}),
        ("type = 'Said' AND by = 'bo' AND audience IS NULL", '["ana","bo"]', {"audience"}),
        ("type = 'TurnEnded' AND audience IS NOT NULL", None, {"audience"}),
    ],
)
def test_an_audience_that_was_changed_is_noticed(
    talk: Path, condition: str, audience: str | None, rules: set[str]
) -> None:
    seq = seq_of(talk, condition)

    def widen(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE events SET audience = ? WHERE seq = ?", [audience, seq])

    assert rules <= found(talk, widen, sealed=True)
    assert all(v.room == ROOM for v in verify(url_of(talk)).violations)


def test_a_changed_audience_breaks_the_digest(talk: Path) -> None:
    widen = "UPDATE events SET audience = NULL WHERE audience IS NOT NULL AND type = 'Said'"
    assert "chain" in found(talk, lambda c: c.execute(widen))


def test_an_answer_to_a_whisper_that_everybody_hears_is_noticed(talk: Path) -> None:
    grant = seq_of(talk, "type = 'TurnGranted' AND audience IS NOT NULL")
    with altered(talk) as connection:
        connection.execute(
            "UPDATE events SET audience = NULL WHERE seq >= ? AND by = 'bo'", [grant]
        )
        reseal(connection)
    told = [v for v in verify(url_of(talk)).violations if v.rule == "audience"]
    assert told[0].seq == grant
    assert "answers the whisper" in told[0].what


def test_a_grant_that_nobody_decided_is_noticed(talk: Path) -> None:
    forge = """UPDATE events SET by = 'cy' WHERE by = 'bo' AND cause = (
        SELECT cause FROM events WHERE by = 'bo' AND type = 'TurnGranted' ORDER BY seq LIMIT 1)"""
    assert "replay" in found(talk, lambda c: c.execute(forge), sealed=True)


def test_a_grant_for_another_reason_is_noticed(talk: Path) -> None:
    forge = """UPDATE events SET body = replace(body, 'current selects next', 'raised hand')
        WHERE type = 'TurnGranted'"""
    assert found(talk, lambda c: c.execute(forge), sealed=True) == {"replay"}


def test_a_turn_that_ends_twice_is_noticed(talk: Path) -> None:
    again = """INSERT INTO events SELECT room, (SELECT head + 1 FROM rooms), (SELECT head + 1 FROM
        rooms), at, type, by, key, audience, body, chain FROM events WHERE type = 'TurnEnded'
        ORDER BY seq DESC LIMIT 1"""
    assert found(talk, lambda c: c.execute(again), sealed=True) == {"turn", "replay"}


def test_words_in_somebody_else_s_turn_are_noticed(talk: Path) -> None:
    seq = seq_of(talk, "type = 'Said' AND by = 'bo' AND audience IS NULL")

    def impersonate(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE events SET by = 'cy' WHERE seq = ?", [seq])

    assert {"turn"} <= found(talk, impersonate, sealed=True)


def test_words_after_a_turn_are_noticed(talk: Path) -> None:
    late = """INSERT INTO events SELECT room, (SELECT head + 1 FROM rooms), (SELECT head + 1 FROM
        rooms), at, type, by, key, audience, body, chain FROM events WHERE type = 'Said' AND
        by = 'bo' AND audience IS NULL ORDER BY seq DESC LIMIT 1"""
    assert "turn" in found(talk, lambda c: c.execute(late), sealed=True)


@pytest.mark.parametrize(
    "hand",
    [
        "UPDATE turns SET outcome = 'expired' WHERE outcome = 'failed'",
        "UPDATE turns SET ended = NULL WHERE id = 'kitchen/2'",
        "UPDATE turns SET participant = 'ana' WHERE id = 'kitchen/2'",
        "DELETE FROM turns WHERE id = 'kitchen/2'",
        "INSERT INTO turns VALUES ('kitchen/99', 'kitchen', 'bo', 5, 6, 'committed')",
    ],
)
def test_a_table_of_turns_that_tells_another_story_is_noticed(talk: Path, hand: str) -> None:
    assert found(talk, lambda c: c.execute(hand)) == {"turns"}


@pytest.mark.parametrize("table", ["events", "turns", "snapshots"])
def test_rows_of_no_room_are_noticed(talk: Path, table: str) -> None:
    def stray(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO snapshots VALUES ('kitchen', 5, '{}')")
        connection.execute(
            f"UPDATE {table} SET room = 'nowhere'"  # noqa: S608  # one of three names
        )
        if table != "snapshots":
            connection.execute("DELETE FROM snapshots")

    assert "stray" in found(talk, stray)


def test_a_policy_that_is_not_known_here_is_told(talk: Path) -> None:
    rename = "UPDATE events SET body = replace(body, 'conversational', 'loudest') WHERE seq = 1"
    assert found(talk, lambda c: c.execute(rename), sealed=True) == {"policy"}


async def test_the_kept_floor_is_compared(tmp_path: Path) -> None:
    path = tmp_path / "long.db"
    async with House(url_of(path)) as house:
        room = await house.room("long", human("Ana"), agent("Bo", answers))
        for number in range(SNAPSHOT_EVERY // 3):
            await room.post("ana", f"{number}, @bo?")
            await room.lapse()
    with altered(path) as connection:
        (seq,) = connection.execute("SELECT seq FROM snapshots").fetchone()
    assert seq >= SNAPSHOT_EVERY
    assert verify(url_of(path)).violations == ()
    for edit, what in (
        ('floor = replace(floor, \'"phase":"open"\', \'"phase":"paused"\')', "not the floor"),
        ("floor = '{}'", "cannot be read"),
        (f"seq = {seq + 100_000}", "no step ends"),
    ):
        with altered(path) as connection:
            connection.execute(f"UPDATE snapshots SET {edit}")  # noqa: S608  # our own text
        (violation,) = verify(url_of(path)).violations
        assert (violation.rule, what in violation.what) == ("snapshot", True)


async def test_a_room_that_is_being_written_is_found_right(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    reports: list[Report] = []

    def enough() -> bool:
        return len(reports) >= 8 and reports[0].events < reports[-1].events

    async def chat(room_name: str) -> None:
        room = await house.room(room_name, human("Ana"), agent("Bo", answers))
        while not enough():
            await room.post("ana", "@bo, and now?")

    async with House(url_of(path)) as house:
        talking = asyncio.gather(*(chat(f"room-{n}") for n in range(3)))
        while not enough():
            reports.append(await asyncio.to_thread(verify, url_of(path)))
        await talking
    assert {report.violations for report in reports} == {()}


def test_nothing_is_made_where_nothing_is(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no such file"):
        verify(url_of(tmp_path / "nothing.db"))
    assert list(tmp_path.iterdir()) == []


def test_another_program_s_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    text, other = tmp_path / "notes.txt", tmp_path / "other.db"
    text.write_text("these are notes, and long enough not to be taken for an empty database" * 9)
    with altered(other) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StoreUnusable, match="not a database"):
        verify(url_of(text))
    with pytest.raises(StoreUnusable, match="no rooms of Tertulia"):
        verify(url_of(other))
    with altered(other) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]


def test_another_version_s_file_is_refused_and_left_alone(talk: Path) -> None:
    with altered(talk) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreUnusable, match="schema 9999"):
        verify(url_of(talk))


def test_nothing_is_written(talk: Path) -> None:
    before = talk.read_bytes()
    verify(url_of(talk))
    assert talk.read_bytes() == before
