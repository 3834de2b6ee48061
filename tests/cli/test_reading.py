"""``log``, ``rooms``, ``metrics``, ``verify``: they read, and leave the database as it was."""

import asyncio
import json
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.commands import COMMAND, LESSON, PATIENCE_S, lines, tertulia, told, url_of

from tertulia import House, human, observer

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with one room in it."""
    path = tmp_path_factory.mktemp("lesson") / "lesson.db"
    assert tertulia("run", LESSON, "--seed", "3", "--db", url_of(path)).exit_code == 0
    return path


@pytest.fixture
def room(lesson: Path) -> str:
    found: str = lines(tertulia("rooms", "--db", url_of(lesson), "--json"))[0]["room"]
    return found


@pytest.fixture
def copy(lesson: Path, tmp_path: Path) -> Path:
    """The same database, to be damaged."""
    path = tmp_path / "copy.db"
    path.write_bytes(lesson.read_bytes())
    return path


def changed(path: Path, *statements: str) -> None:
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


# ---- rooms


def test_rooms_are_listed_for_people_and_for_programs(lesson: Path, room: str) -> None:
    assert lines(tertulia("rooms", "--db", url_of(lesson), "--json")) == [
        {"room": room, "head": 33, "owner": None, "parent": None}
    ]
    heads, row = tertulia("rooms", "--db", url_of(lesson)).stdout.splitlines()
    assert heads.split() == ["room", "events", "held", "by"]
    assert row.split() == [room, "33", "-"]


def test_a_long_name_is_not_cut_short(tmp_path: Path) -> None:
    name, db = "a" * 100 + ":smile:", url_of(tmp_path / "a.db")
    chatted = tertulia("chat", name, "--model", "scripted", "--db", db, typed="")
    assert chatted.exit_code == 0
    assert name in tertulia("rooms", "--db", db).stdout


# ---- log


def test_a_log_shows_what_the_run_showed(lesson: Path, room: str) -> None:
    shown = tertulia("log", room, "--db", url_of(lesson)).stdout
    assert "Plants make sugar out of air, water and light, which is — [cut off by Kim]" in shown
    assert "Sam: (whispers to Tutor; while Tutor has the floor) I did not understand" in shown


def test_a_log_begins_where_one_likes(lesson: Path, room: str) -> None:
    whole = lines(tertulia("log", room, "--db", url_of(lesson), "--json"))
    rest = lines(tertulia("log", room, "--after", "30", "--db", url_of(lesson), "--json"))
    assert rest == whole[30:]
    assert tertulia("log", room, "--after", "33", "--db", url_of(lesson)).stdout == ""
    told = tertulia("log", room, "--after", "30", "--db", url_of(lesson)).stdout
    assert "Tutor: " in told  # names and times are those of the whole room
    assert "0:00.0" not in told


@pytest.mark.parametrize("reader", ["kim", "Kim", "lin"])
def test_nobody_else_s_log_has_a_whisper(lesson: Path, room: str, reader: str) -> None:
    seen = lines(tertulia("log", room, "--as", reader, "--db", url_of(lesson), "--json"))
    assert seen
    assert not any("long word" in event.get("text", "") for event in seen)
    assert not any(event["audience"] for event in seen)


@pytest.mark.parametrize("reader", ["sam", "Sam", "tutor"])
def test_those_who_whispered_have_it(lesson: Path, room: str, reader: str) -> None:
    seen = lines(tertulia("log", room, "--as", reader, "--db", url_of(lesson), "--json"))
    assert sum(event["audience"] == ["sam", "tutor"] for event in seen) >= 3


def test_a_reader_who_never_was_there_is_told_who_was(lesson: Path, room: str) -> None:
    message = told(tertulia("log", room, "--as", "Zoe", "--db", url_of(lesson)), 2)
    assert message == f"there is no participant 'Zoe' in room {room!r}: tutor, kim, lin, sam"


def test_a_room_that_is_not_there_is_told_with_a_guess(lesson: Path, room: str) -> None:
    db = url_of(lesson)
    assert f"did you mean {room!r}?" in told(tertulia("log", room[:-1], "--db", db), 2)
    assert told(tertulia("log", "kitchen", "--db", db), 2).endswith(f"tertulia rooms --db {db}")


@pytest.mark.parametrize("after", ["-1", "x", str(2**63)])
def test_a_seq_is_a_whole_number(room: str, after: str) -> None:
    given = tertulia("log", room, "--after", after)
    assert given.exit_code == 2
    assert "--after" in given.stderr


def test_nothing_in_a_log_steers_the_terminal(tmp_path: Path, brief: str) -> None:
    db = url_of(tmp_path / "a.db")
    typed = "look: \x1b[2J\x07 and \x9b31m, [red]not red[/red] :smile:\n"
    tertulia("chat", "den", "--scenario", brief, "--model", "scripted", "--db", db, typed=typed)
    shown = tertulia("log", "den", "--db", db).stdout
    assert "look: ␛[2J␇ and �31m, [red]not red[/red] :smile:" in shown
    assert not set(shown) & {"\x1b", "\x07", "\x9b"}


# ---- fork, floor


def test_a_room_is_forked_and_the_fork_is_read_like_any_room(copy: Path, room: str) -> None:
    db = ("--db", url_of(copy))
    forked = tertulia("fork", room, "again", "--at", "6", *db)
    assert forked.stdout.startswith(f"again: the events 1 to 7 of {room} (event 6 was decided")
    assert forked.stdout.endswith(f"go on in it: tertulia chat again --db {url_of(copy)}\n")
    assert f"policy fair · forked from {room} at 6" in tertulia("log", "again", *db).stdout
    assert tertulia("verify", *db).exit_code == 0
    (told,) = lines(tertulia("fork", room, "later", "--at", "7", *db, "--json"))
    assert told == {"room": "later", "forked_from": room, "forked_at": 7, "events": 7}
    assert "already a room 'again'" in told_of("fork", room, "again", "--at", "6", *db)
    assert "it has the events 1 to 33" in told_of("fork", room, "new", "--at", "34", *db)
    assert "closed with event 33" in told_of("fork", room, "new", *db)
    assert "there is no room 'knowhere'" in told_of("fork", "knowhere", "new", *db)


def test_the_floor_is_shown_as_it_was(lesson: Path, room: str) -> None:
    db = ("--db", url_of(lesson))
    shown = tertulia("floor", room, "--at", "7", *db).stdout.splitlines()
    assert shown[0] == f"{room} after event 7: open"
    assert f"  Tutor (tutor, agent): holding the floor in turn {room}/1, 1 turns" in shown
    assert tertulia("floor", room, *db).stdout.startswith(f"{room} after event 33: closed")
    (floor,) = lines(tertulia("floor", room, "--at", "7", *db, "--json"))
    assert floor["head"] == 7
    assert "there is no event 34; the last one is 33" in told_of("floor", room, "--at", "34", *db)


def told_of(*words: str) -> str:
    return told(tertulia(*words), 2)


# ---- metrics


def metrics(lesson: Path, room: str, *more: str) -> dict[str, Any]:
    [found] = lines(tertulia("metrics", room, "--db", url_of(lesson), "--json", *more))
    assert isinstance(found, dict)
    return found


def test_metrics_are_told_for_programs(lesson: Path, room: str) -> None:
    found = metrics(lesson, room)
    words = {part["participant"]: part["words"] for part in found["participants"]}
    assert found["as"] is None
    assert found["tokens"] == sum(part["tokens"] for part in found["participants"]) > 0
    assert words["tutor"] > words["lin"] > 0
    assert found["silence_moments"] > 0
    assert found["offset_s"]["n"] > 0


def test_metrics_fit_a_terminal(lesson: Path, room: str) -> None:
    shown = tertulia("metrics", room, "--db", url_of(lesson)).stdout
    for word in ("starved s", "without s", "was cut", "silence of agents: precision", "tokens:"):
        assert word in shown
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert "interruptions: 1, of which 1 got the floor" in shown


def test_a_whisper_shows_in_nobody_else_s_metrics(lesson: Path, room: str) -> None:
    whole, kim, sam = (metrics(lesson, room, *a) for a in ([], ["--as", "Kim"], ["--as", "sam"]))
    assert (kim["as"], sam["as"]) == ("Kim", "sam")
    assert sam["participants"] == whole["participants"]

    def words(found: dict[str, Any], who: str) -> int:
        [part] = [one for one in found["participants"] if one["participant"] == who]
        return int(part["words"])

    assert words(kim, "sam") < words(whole, "sam")
    assert words(kim, "tutor") < words(whole, "tutor")
    assert kim["tokens"] < whole["tokens"]


def test_who_never_was_there_has_no_metrics(lesson: Path, room: str) -> None:
    refused = tertulia("metrics", room, "--as", "Bob", "--db", url_of(lesson))
    assert refused.exit_code == 2
    assert "there is no participant 'Bob'" in refused.stderr


def test_a_room_is_drawn_whole_and_as_somebody_sees_it(
    lesson: Path, room: str, tmp_path: Path
) -> None:
    for name, more in (("whole.png", []), ("kim.svg", ["--as", "kim"])):
        drawn = tmp_path / name
        found = metrics(lesson, room, "--plot", str(drawn), *more)
        assert found["plot"] == str(drawn)
        assert drawn.stat().st_size > 10_000


# ---- verify


def test_a_sound_database_is_well(lesson: Path) -> None:
    [report] = lines(tertulia("verify", "--db", url_of(lesson), "--json"))
    assert report == {"rooms": 1, "events": 33, "violations": []}
    page = tertulia("verify", "--db", url_of(lesson))
    assert page.stdout == "1 rooms, 33 events: all is well\n"


def test_damage_is_named_and_the_exit_code_is_1(copy: Path, room: str) -> None:
    changed(
        copy,
        """UPDATE events SET body = replace(body, 'Plants', 'Planks[/x]') WHERE type = 'Said'""",
        "DELETE FROM events WHERE seq = 20",
    )
    given = tertulia("verify", "--db", url_of(copy), "--json")
    assert given.exit_code == 1
    report = json.loads(given.stdout)
    assert {wrong["rule"] for wrong in report["violations"]} >= {"chain", "gap"}
    assert {wrong["room"] for wrong in report["violations"]} == {room}
    assert all(wrong["what"] for wrong in report["violations"])
    page = tertulia("verify", "--db", url_of(copy))
    assert page.exit_code == 1
    assert f"gap room {room} event 21: expected seq 20" in page.stdout


# ---- databases that are not what they should be


@pytest.fixture(params=["rooms", "verify", "log x", "metrics x"])
def command(request: pytest.FixtureRequest) -> list[str]:
    words: str = request.param
    return words.split()


def test_no_database_is_made_by_reading_one(command: list[str], tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    message = told(tertulia(*command, "--db", url_of(path)), 2)
    hint = "name one with --db or TERTULIA_DB"
    assert message == f"there is no database '{url_of(path)}'; {hint}"
    assert not path.exists()


def test_somebody_else_s_database_is_not_touched(command: list[str], tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    changed(path, "CREATE TABLE recipes (name TEXT)")
    before = path.read_bytes()
    message = told(tertulia(*command, "--db", url_of(path)), 4)
    assert "it holds no rooms of Tertulia; name another file" in message
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database at all " * 300, b"SQLite format 3\0"])
def test_no_other_file_is_read(command: list[str], tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "junk.db"
    path.write_bytes(content)
    assert "is not a database" in told(tertulia(*command, "--db", url_of(path)), 4)


def test_a_newer_version_s_database_is_left_alone(command: list[str], copy: Path) -> None:
    changed(copy, "UPDATE alembic_version SET version_num = '9999'")
    message = told(tertulia(*command, "--db", url_of(copy)), 4)
    assert "it has schema 9999" in message
    assert "upgrade Tertulia" in message


def test_a_folder_is_no_database(command: list[str], tmp_path: Path) -> None:
    assert "there is no database" in told(tertulia(*command, "--db", url_of(tmp_path)), 2)


@pytest.mark.parametrize("url", ["", "talk.db", "sqlite", "sqlite://", "mysql://u:secret@host/x"])
def test_what_is_no_url_is_told_with_one(command: list[str], url: str) -> None:
    message = told(tertulia(*command, "--db", url), 2)
    assert "sqlite:///talk.db" in message
    assert "secret" not in message


def test_memory_holds_nothing_from_another_command(command: list[str]) -> None:
    assert "it is forgotten" in told(tertulia(*command, "--db", "memory:"), 2)


@pytest.fixture
def written_to(copy: Path) -> Iterator[Path]:
    """A database in which somebody is in the middle of a long transaction."""
    connection = sqlite3.connect(copy, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE rooms SET head = 0")
    yield copy
    connection.execute("ROLLBACK")
    connection.close()


def test_who_reads_waits_for_no_writer(written_to: Path, room: str) -> None:
    assert lines(tertulia("rooms", "--db", url_of(written_to), "--json"))[0]["head"] == 33
    assert len(lines(tertulia("log", room, "--db", url_of(written_to), "--json"))) == 33


# ---- whoever reads us


@pytest.mark.slow
@pytest.mark.parametrize("extra", [[], ["--json"]])
def test_a_reader_may_leave_as_head_does(lesson: Path, room: str, extra: list[str]) -> None:
    words = [*COMMAND, "log", room, "--db", url_of(lesson), *extra]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.close()
        assert writer.stderr is not None
        assert writer.stderr.read() == b""
        assert writer.wait(PATIENCE_S) == 0


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's full disk")
def test_a_full_disk_is_told(lesson: Path) -> None:
    with Path("/dev/full").open("w") as full:
        words = [*COMMAND, "rooms", "--db", url_of(lesson)]
        given = subprocess.run(
            words, stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S, check=False
        )
    assert given.returncode == 4
    assert given.stderr == "error: the output cannot be written: No space left on device\n"


# ---- threads


def test_each_exchange_is_shown_by_itself(lesson: Path, room: str) -> None:
    shown = tertulia("log", room, "--threads", "--db", url_of(lesson)).stdout
    heads = [row for row in shown.splitlines() if row.startswith("thread ")]
    assert "Kim" in heads[0]
    assert len(heads) > 1
    rows = lines(tertulia("log", room, "--threads", "--json", "--db", url_of(lesson)))
    assert len(rows) == len(heads)
    for row in rows:
        assert row["said"][0]["seq"] == row["thread"]
        assert {event["thread"] for event in row["said"][1:]} <= {row["thread"]}


def test_threads_show_nobody_what_they_may_not_see(lesson: Path, room: str) -> None:
    call = ["log", room, "--threads", "--json", "--db", url_of(lesson)]
    seen = [event for row in lines(tertulia(*call, "--as", "kim")) for event in row["said"]]
    whole = [event for row in lines(tertulia(*call)) for event in row["said"]]
    assert [event for event in whole if event["audience"] is None] != whole
    assert sorted(event["seq"] for event in seen) == sorted(
        event["seq"] for event in whole if event["audience"] is None or "kim" in event["audience"]
    )


# ---- stays and sub-rooms


@pytest.fixture(scope="module")
def attic(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database whose room Cy came into without history, and left before the end."""
    url = url_of(tmp_path_factory.mktemp("attic") / "attic.db")

    async def talk() -> None:
        async with House(url) as house:
            room = await house.room("attic", human("Ana"), observer("Old Man"))
            await room.post("ana", "before")
            await house.room("attic", human("Cy", history=False))
            await room.post("ana", "while he is here")
            await room.leave("cy")
            await room.post("ana", "after")
            trunk = await room.breakout("ana", "trunk", [], title="A trunk")
            await trunk.breakout("ana", "box", [])
            await house.room("attic-2", human("Ana"))
            await trunk.close_breakout("ana", "box")

    asyncio.run(talk())
    return url


def test_a_log_for_one_who_came_without_history_and_left_has_what_it_was_there_for(
    attic: str,
) -> None:
    seen = lines(tertulia("log", "attic", "--as", "cy", "--db", attic, "--json"))
    assert [(event["type"], event["by"]) for event in seen] == [
        ("Joined", "cy"),
        ("Said", "ana"),
        ("Left", "cy"),
    ]
    page = tertulia("log", "attic", "--as", "cy", "--db", attic).stdout
    assert "Ana: while he is here" in page  # by name, though her coming was before his
    assert "before" not in page
    assert "after" not in page
    assert "Old Man" not in page


def test_metrics_for_one_participant_count_what_it_saw(attic: str) -> None:
    [whole] = lines(tertulia("metrics", "attic", "--db", attic, "--json"))
    [seen] = lines(tertulia("metrics", "attic", "--as", "Cy", "--db", attic, "--json"))
    assert [p["utterances"] for p in whole["participants"]] == [3, 0, 0]
    assert [(p["participant"], p["kind"], p["utterances"]) for p in seen["participants"]] == [
        ("cy", "human", 0),
        ("ana", "human", 1),
    ]
    told(tertulia("metrics", "attic", "--as", "zoe", "--db", attic), 2)


def test_sub_rooms_are_listed_under_their_parents(attic: str) -> None:
    page = tertulia("rooms", "--db", attic).stdout.splitlines()
    names = [line[: line.index("attic")] + line.split()[0] for line in page[1:]]
    assert names == ["attic", "  attic:trunk", "    attic:trunk:box", "attic-2"]
    rooms = lines(tertulia("rooms", "--db", attic, "--json"))
    assert {room["room"]: room["parent"] for room in rooms} == {
        "attic": None,
        "attic-2": None,
        "attic:trunk": "attic",
        "attic:trunk:box": "attic:trunk",
    }
    shown = tertulia("log", "attic:trunk", "--db", attic).stdout
    assert "Ana opens room attic:trunk:box" in shown
    assert "room attic:trunk:box is closed" in shown
    assert tertulia("verify", "--db", attic).exit_code == 0
