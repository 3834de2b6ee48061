"""The house as it is wired: members, databases, and programs that are named in settings."""

import sys
from pathlib import Path

import pytest

from tertulia import House, agent, human, observer, policies
from tertulia.agents import Keywords
from tertulia.agents.cards import Card
from tertulia.agents.speaker import ModelSpeaker
from tertulia.compose import MEMORY, named, open_log, speaker
from tertulia.orchestrator import Kind, Profile, Right, Turn
from tertulia.orchestrator.errors import Invalid, Refused, StoreUnusable, Unknown
from tertulia.storage import MemoryLog, SqlLog


async def hello(turn: Turn) -> str:
    return "Hello!"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of somebody's files; what they do to Python's path is undone."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    return tmp_path


# ---- members


def test_members_are_people_agents_and_observers() -> None:
    kinds = [
        member.participant.kind for member in (human("Ana"), agent("Bo", hello), observer("O"))
    ]
    assert kinds == [Kind.HUMAN, Kind.AGENT, Kind.OBSERVER]
    assert human("Ana María").participant.id == "ana-maria"


def test_a_name_in_any_script_may_have_a_handle_of_its_own() -> None:
    assert [human("李", id="li").participant.id, agent("王", hello, id="wang").participant.id] == [
        "li",
        "wang",
    ]
    with pytest.raises(Invalid, match="a handle is 1 to 64"):
        human("李", id="Li!")


async def test_members_come_in_with_their_profiles() -> None:
    ana = human("Ana", languages=["Spanish"], about="A nurse.", permissions=["whisper"])
    bo = agent("Bo", hello, languages=["Spanish", "English"], about="A helper.", roles=["cook"])
    dov = human("Dov", roles=["supervisor", "nurse"])
    async with House() as house:
        room = await house.room("kitchen", ana, bo, dov)
        profiles = [seat.profile for seat in room.floor.members.values()]
        assert profiles == [
            Profile(("Spanish",), "A nurse.", (Right.WHISPER,)),
            Profile(("Spanish", "English"), "A helper.", roles=("cook",)),
            Profile(roles=("supervisor", "nurse")),
        ]
    with pytest.raises(Invalid, match="there is no right 'fly'"):
        human("Ana", permissions=["fly"])
    with pytest.raises(Invalid, match="roles: one is named twice"):
        human("Ana", roles=["nurse", "nurse"])


async def test_a_person_comes_in_with_a_router(folder: Path) -> None:
    (folder / "mine.py").write_text("async def to_bo(told):\n    return 'bo'\n", "utf-8")
    for router in ("mine.py:to_bo", Keywords(otherwise="bo")):
        async with House() as house:
            ana, bo, cy = human("Ana", router=router), agent("Bo", hello), agent("Cy", hello)
            room = await house.room("kitchen", ana, bo, cy, policy="routed")
            await room.post("ana", "Good morning.")
            await room.lapse()
            assert [said.by for said in await room.said()][:2] == ["ana", "bo"]
    with pytest.raises(Invalid, match="neither an async function from a Routing"):
        human("Ana", router=len)


# ---- houses


def test_a_url_says_which_log_it_is(tmp_path: Path) -> None:
    assert isinstance(open_log(MEMORY), MemoryLog)


@pytest.mark.db
async def test_a_url_of_a_file_is_a_durable_log(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path / 'a.db'}")
    assert isinstance(log, SqlLog)
    await log.close()


@pytest.mark.parametrize(
    "kept", [False, pytest.param(True, marks=pytest.mark.db)], ids=["memory", "sqlite"]
)
async def test_a_room_is_new_or_as_it_was_left(tmp_path: Path, kept: bool) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}" if kept else MEMORY
    for visit in (1, 2):
        async with House(url) as house:
            room = await house.room("den", human("Ana"), agent("Bo", hello), policy="addressed")
            await room.post("ana", f"Bo, visit {visit}?")
            await room.lapse()
            said = [event.text for event in await room.said()]
        both = ["Bo, visit 1?", "Hello!", "Bo, visit 2?", "Hello!"]
        assert said == (both[: 2 * visit] if kept else [f"Bo, visit {visit}?", "Hello!"])


@pytest.mark.parametrize(
    "policy",
    ["round_robin", {"name": "round_robin"}, policies.RoundRobin()],
    ids=["name", "mapping", "policy"],
)
async def test_a_policy_is_named_or_specified_or_made(policy: object) -> None:
    async with House() as house:
        room = await house.room("den", human("Ana"), policy=policy)  # type: ignore[arg-type]
        assert room.floor.settings.policy == policies.specify(policies.RoundRobin())


async def test_a_policy_that_is_not_there_is_refused() -> None:
    async with House() as house:
        with pytest.raises(Unknown, match="did you mean 'round_robin'"):
            await house.room("den", policy="roundrobin")


@pytest.mark.db
def test_a_database_that_cannot_be_used_is_told_at_the_door(tmp_path: Path) -> None:
    (tmp_path / "junk.db").write_bytes(b"not a database at all " * 300)
    with pytest.raises(StoreUnusable, match="is not a database"):
        House(f"sqlite:///{tmp_path / 'junk.db'}")
    with pytest.raises(Invalid, match="not a database URL"):
        House("junk.db")


# ---- speakers


def test_an_agent_without_a_graph_is_its_model() -> None:
    assert isinstance(speaker(Card("Bo")), ModelSpeaker)


@pytest.mark.parametrize("template", ["answer", "plan_then_answer"])
def test_a_template_is_named(template: str) -> None:
    assert callable(speaker(Card("Bo"), graph=template))


def test_a_model_that_is_not_there_is_refused() -> None:
    with pytest.raises(Unknown, match="there is no model 'gpt'; there are scripted, embedded"):
        speaker(Card("Bo", model="gpt"))


def test_an_async_function_is_an_agent_as_it_is(folder: Path) -> None:
    (folder / "minds.py").write_text("async def bo(turn):\n    return 'Hi.'\n")
    assert speaker(Card("Bo"), graph="minds.py:bo").__name__ == "bo"


def test_a_function_from_model_and_card_makes_a_graph(folder: Path) -> None:
    (folder / "minds.py").write_text(
        "from tertulia.graphs import answer\ndef bo(model, card):\n    return answer(model)\n"
    )
    assert callable(speaker(Card("Bo"), graph="minds.py:bo"))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("bo = 3", "agent 'int': neither an async function"),
        ("def bo(model, card):\n    return 3", "agent 'int': neither an async function"),
        ("def bo():\n    pass", r"bo\(model, card\): TypeError: bo\(\) takes 0 positional"),
        ("def bo(model, card):\n    return {}['x']", "line 2: KeyError: 'x'"),
    ],
)
def test_what_is_no_agent_is_refused(folder: Path, code: str, reason: str) -> None:
    (folder / "minds.py").write_text(code)
    with pytest.raises(Invalid, match=reason):
        speaker(Card("Bo"), graph="minds.py:bo")


# ---- names


def test_an_object_is_found_in_a_module_or_a_file(folder: Path) -> None:
    (folder / "mine.py").write_text("import neighbour\nthing = neighbour.thing\n")
    (folder / "neighbour.py").write_text("thing = 7\n")
    assert named("mine.py:thing") == 7
    assert named("json:dumps").__name__ == "dumps"


def test_a_file_may_bear_a_module_s_name_and_have_dataclasses(folder: Path) -> None:
    (folder / "json.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass, field\n"
        "@dataclass\nclass Thing:\n    names: list[str] = field(default_factory=list)\n"
    )
    assert named("json.py:Thing")().names == []
    assert hasattr(sys.modules["json"], "dumps")


@pytest.mark.parametrize("reference", ["graph", ":x", "x:", "", "minds.py"])
def test_a_reference_has_two_parts(reference: str) -> None:
    with pytest.raises(Unknown, match=r"write FILE\.py:NAME or MODULE:NAME"):
        named(reference)


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("none.py:x", "there is no file 'none.py' in "),
        ("no.such:x", "there is no module 'no.such'"),
        (".relative:x", "module .relative: TypeError"),
        ("json:dumbs", "there is no object 'dumbs' in json; did you mean 'dumps'"),
        ("json:zzz", "there is no object 'zzz' in json; there are "),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(
    folder: Path, reference: str, reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        named(reference)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def (", r"minds\.py: line 1: SyntaxError: invalid syntax"),
        ("x = 1\nx / 0", r"minds\.py: line 2: ZeroDivisionError: division by zero"),
        ("import sys\n\nsys.exit()", r"minds\.py: line 3: SystemExit"),
        ("import no_such_thing", r"minds\.py: line 1: ModuleNotFoundError: No module named"),
    ],
)
def test_a_file_that_cannot_be_imported_is_told_with_the_line(
    folder: Path, code: str, reason: str
) -> None:
    (folder / "minds.py").write_text(code)
    with pytest.raises(Invalid, match=reason):
        named("minds.py:bo")
    (folder / "minds.py").write_text("bo = 'mended'")
    assert named("minds.py:bo") == "mended"
