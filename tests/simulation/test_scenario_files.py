"""A scenario file that cannot be run is told with all its mistakes, each with its line."""

import json
import os
import textwrap
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tertulia.orchestrator import Kind
from tertulia.orchestrator.conditions import StopWord, Turns, build
from tertulia.simulation import BadScenario, Faults, Habits, Scenario, load, parse
from tertulia.simulation.scenario import Cue, Role

ROOT = Path(__file__).parents[2]
SCENARIOS = [
    *((ROOT / "src/tertulia/simulation/scenarios").glob("*.yaml")),
    *(path for path in (ROOT / "examples").glob("*.yaml") if path.stem != "models"),
]


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(BadScenario) as refused:
        parse(textwrap.dedent(text), "meeting.yaml")
    assert str(refused.value).startswith("meeting.yaml cannot be run:\n  ")
    found: tuple[str, ...] = refused.value.problems
    return found


def problem(text: str) -> str:
    [found] = problems(text)
    return found


WHO = "participants: [{name: Bo}, {name: Ana, kind: human, cues: [{say: Hello!}]}]\n"


def with_cue(cue: str) -> str:
    return f"title: x\nparticipants:\n- name: Bo\n- name: Ana\n  kind: human\n  cues:\n  - {cue}\n"


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.parent.name + "/" + path.name)
def test_what_is_shipped_is_sound(path: Path) -> None:
    assert load(path).participants


def test_the_example_is_the_demo() -> None:
    example, shipped = (p.read_text() for p in SCENARIOS if p.name == "design_meeting.yaml")
    assert example == shipped


# ---- one mistake


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("titel: x\n" + WHO, "line 1: titel: no such field here; did you mean 'title'?"),
        ("title: x\npeople: []\n" + WHO, "line 2: people: no such field here"),
        ("title: 3\n" + WHO, "line 1: title: must be text; put it in quotes"),
        ("title: [\n" + WHO, "line 1: not YAML: while parsing a flow sequence, expected ',' or "),
        ("title: x\n\tpolicy: fair\n" + WHO, "line 2: not YAML: while scanning for the next "),
        ("title: x\n" + WHO + "title: y\n", "line 3: 'title' stands here a second time"),
        ("title: x\nparticipants: []\n", "line 1: a scenario has at least one participant"),
        ("", "line 1: a scenario is a mapping with title and participants"),
        ("# nothing\n", "line 1: a scenario is a mapping with title and participants"),
        ("- title: x\n", "line 1: a scenario is a mapping with title and participants"),
        ("just words", "line 1: a scenario is a mapping with title and participants"),
        ("title: x\n---\ntitle: y\n", "line 2: not YAML: expected a single document in the stream"),
        ("title: x\a\n", "line 1: not YAML: special characters are not allowed, U+0007"),
        ('title: "\\ud800"\n' + WHO, "line 1: text with half a character in it"),
        ("title: !!python/name:os.system x\n" + WHO, "line 1: not YAML: could not determine a co"),
        ("title: !!int x\n" + WHO, "line 1: not YAML: 'x' is no int"),
        ("? [a]\n: b\n", "line 1: not YAML: while constructing a mapping, found unhashable key"),
        ("title: x\nlimit_s: 0\n" + WHO, "line 2: limit_s: Input should be greater than 0"),
        ("title: x\nlimit_s: .inf\n" + WHO, "line 2: limit_s: Input should be a finite number"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, told: str) -> None:
    assert any(found.startswith(told) for found in problems(text)), problems(text)


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("conversationl", "there is no policy 'conversationl'; did you mean 'conversational'?"),
        ("{name: fair, inner: roundrobin}", "there is no policy 'roundrobin'; did you mean 'ro"),
        ("{name: fair, patients: 3}", "policy 'fair': no field patients; it takes "),
        ("{name: fair, patience: much}", "policy 'fair': patience must be int, and 'much' is str"),
        ("{1: 2, name: fair}", "the names of fields are text"),
        ("7", "policy: a policy is a name, or a mapping with a name; 7 is int"),
    ],
)
def test_a_policy_is_checked(policy: str, told: str) -> None:
    assert problem(f"title: x\npolicy: {policy}\n{WHO}").startswith(f"line 2: policy: {told}")


@pytest.mark.parametrize(
    ("until", "told"),
    [
        ("{turns: many}", "n must be int, and 'many' is str"),
        ("{any: [{second: 3}]}", "there is no condition 'second'; did you mean 'seconds'?"),
        ("[turns]", "a condition is a name, or a mapping from one name to its fields"),
    ],
)
def test_what_a_room_stops_at_is_checked(until: str, told: str) -> None:
    found = problem(f"title: x\nuntil: {until}\n" + WHO)
    assert found.startswith("line 2: until: ")
    assert told in found


def test_what_a_room_stops_at_is_in_its_settings() -> None:
    scenario = parse("title: x\nuntil: {any: [{turns: 3}, {stop_word: DONE}]}\n" + WHO)
    assert build(scenario.settings().until) == Turns(3) | StopWord("DONE")


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("leas_s: 3", "leas_s: no such setting; did you mean 'lease_s'?"),
        ("colour: red", "colour: no such setting; there are capacity, lease_s"),
        ("policy: fair", "policy: the policy stands beside `room`, not in it"),
        ("lease_s: long", "lease_s: Input should be a valid number"),
        ("lease_s: -1", "lease_s: must be greater than 0, and finite"),
        ("capacity: 0", "capacity: must be at least 1, or nothing"),
        ("turn_limit: 1.5", "turn_limit: Input should be a valid integer"),
        ("text_limit: true", "text_limit: Input should be a valid integer"),
        ("permissions: [fly]", "permissions: Input should be 'whisper', 'interrupt'"),
        ("permissions: all", "permissions: Input should be a valid"),
    ],
)
def test_a_room_s_settings_are_checked(setting: str, told: str) -> None:
    text = f"title: x\nroom:\n  {setting}\n{WHO}"
    assert problem(text).startswith(f"line 3: room.{told}")


@pytest.mark.parametrize(
    ("cue", "told"),
    [
        (
            "{say: x, hand: up}",
            "a cue has exactly one of: say, hand, interrupt, vote, approve, refuse, leave; this",
        ),
        (
            "{at: 3}",
            "a cue has exactly one of: say, hand, interrupt, vote, approve, refuse, leave; this",
        ),
        ("{say: x, at: 3, when: quiet}", "a cue has at most one of: at, when, while; this one ha"),
        ("{hand: up, to: [Bo]}", "to and whisper go with say"),
        ("{say: ' '}", "say what? the text is empty"),
        ("{say: x, sya: y}", "sya: no such field here; did you mean 'say'?"),
        ("{say: x, while: Leo}", "while: nobody is called 'Leo'; there are Bo, Ana"),
        ("{say: x, whisper: [Leo]}", "whisper: nobody is called 'Leo'; there are Bo, Ana"),
        ("{say: x, to: [Leo]}", "to: nobody is called 'Leo'; there are Bo, Ana"),
        ("{interrupt: Leo}", "interrupt: nobody is called 'Leo'; there are Bo, Ana"),
        ("{say: x, at: -1}", "at: Input should be greater than or equal to 0"),
        ("{say: x, at: .nan}", "at: Input should be a finite number"),
        ("{say: x, wait: 1.0e+9}", "wait: Input should be less than or equal to 31536000"),
        ("{say: x, when: noon}", "when: Input should be 'quiet', 'floor', 'vote' or 'approval'"),
        ("{say: 12:30}", "say: must be text; put it in quotes"),
        (f"{{say: {'x' * 20_001}}}", "say: 20,001 characters; the room takes 20,000 at most"),
    ],
)
def test_a_cue_is_checked(cue: str, told: str) -> None:
    found = problem(with_cue(cue))
    assert found.startswith(("line 7: participants.1.cues.0: ", "line 7: participants.1.cues.0."))
    assert told in found


@pytest.mark.parametrize(
    ("roles", "told"),
    [
        ("[{name: Bo, cues: [{say: x}]}]", "participants.0: only a human has cues, and Bo is an a"),
        ("[{name: Bo, kind: human, model: m}]", "participants.0: only an agent has model, and Bo"),
        ("[{name: Bo}, {name: bo}]", "participants.1.name: 'Bo' and 'bo' both have the handle 'bo"),
        (
            "[{name: 李}, {name: 王}]",
            "participants.1.name: '李' and '王' both have the handle 'some",
        ),
        ("[{name: Room}]", "participants.0.name: participant 'room': a handle is 1 to 64 of a-z"),
        ("[{name: Bo, id: B o}]", "participants.0.id: participant 'B o': a handle is 1 to 64"),
        ("[{name: Bo, languages: [a, a]}]", "participants.0.languages: one is named twice"),
        ("[{name: Bo, languages: a}]", "participants.0.languages: Input should be a valid tuple"),
        (f"[{{name: Bo, about: {'x' * 1001}}}]", "participants.0.about: at most 1,000 characters"),
        (
            "[{name: Bo, permissions: [clsoe]}]",
            "participants.0.permissions: there is no right 'clsoe'; did you mean 'close'?",
        ),
        ("[{name: Bo, roles: [a, a]}]", "participants.0.roles: one is named twice"),
        ("[{nam: Bo}]", "participants.0.name: is missing"),
        ("[{name: Bo, kind: robot}]", "participants.0.kind: Input should be 'human', 'agent' or"),
        ("Bo", "participants: Input should be a valid tuple"),
    ],
)
def test_a_participant_is_checked(roles: str, told: str) -> None:
    found = problems(f"title: x\nparticipants: {roles}\n")
    assert any(one.startswith(f"line 2: {told}") for one in found), found


def test_names_in_any_script_need_only_handles_of_their_own() -> None:
    scenario = parse(
        "title: x\nparticipants:\n- {name: 李, id: li}\n- {name: 王, id: wang, kind: human, "
        "cues: [{say: 你好, to: [李]}, {say: 再见, to: [li]}]}\n"
    )
    assert [scenario.whom(name) for name in ("李", "li", "王")] == ["li", "li", "wang"]


# ---- all mistakes


def test_all_mistakes_are_told_at_once_in_their_order() -> None:
    found = problems(
        """\
        title: x
        policy: {name: conversationl}
        room: {leas_s: 3}
        participants:
          - name: A
            cues: [{say: hi}]
          - name: a
            kind: human
            colour: red
            cues:
              - {say: x, hand: up}
              - {say: x, while: Nobody}
              - {say: x, at: -1}
        title: y
        """
    )
    assert [one.split(":")[0] for one in found] == [
        f"line {line}" for line in (2, 3, 5, 7, 9, 11, 12, 13, 14)
    ]


# ---- files


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    with pytest.raises(BadScenario, match="it cannot be read: No such file") as refused:
        load(path)
    assert refused.value.where == str(path)


def test_a_folder_is_no_scenario(tmp_path: Path) -> None:
    with pytest.raises(BadScenario, match="it cannot be read: Is a directory"):
        load(tmp_path)


def test_binary_is_no_scenario(tmp_path: Path) -> None:
    path = tmp_path / "binary.yaml"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(BadScenario, match="it is not text in UTF-8"):
        load(path)


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "endless.yaml"
    os.mkfifo(path)

    def pour() -> None:
        with suppress(BrokenPipeError), path.open("w") as pipe:  # closing writes what is left
            while True:
                pipe.write("# on and on\n" * 1000)

    pouring = threading.Thread(target=pour)
    pouring.start()
    with pytest.raises(BadScenario, match="too long: at most 1,000,000 characters"):
        load(path)
    pouring.join()


# ---- habits

HABITUAL = """title: x
limit_s: 60
participants:
- name: Ana
  kind: human
  habits:
    pause_s: 5
"""


def test_habits_are_read_with_what_is_not_given() -> None:
    [ana] = parse(HABITUAL).participants
    assert ana.habits == Habits(pause_s=5)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("silence: 1.5", "line 8: participants.0.habits.silence: Input should be less than or"),
        ("typing_wpm: 0", "line 8: participants.0.habits.typing_wpm: Input should be greater"),
        ("pauses: 3", "line 8: participants.0.habits.pauses: no such field here; did you mean"),
        ("leaves: often", "line 8: participants.0.habits.leaves: Input should be a valid number"),
        ("silence: .nan", "line 8: participants.0.habits.silence: Input should be less than or"),
    ],
)
def test_a_mistake_in_habits_is_told_with_its_line(wrong: str, told: str) -> None:
    assert problem(HABITUAL + f"    {wrong}\n").startswith(told)


def test_people_with_habits_need_an_end() -> None:
    text = HABITUAL.replace("limit_s: 60\n", "")
    assert problem(text).startswith("line 5: participants.0.habits: people with habits never come")
    role = Role(name="Ana", kind=Kind.HUMAN, habits=Habits())
    with pytest.raises(ValueError, match="say when it is over with limit_s"):
        Scenario(title="x", participants=(role,))


def test_only_people_have_habits_and_then_they_may_have_lines() -> None:
    text = HABITUAL.replace("human", "agent")
    assert "only a human has habits, and Ana is an agent" in problem(text)
    assert problems_of(HABITUAL + "  lines: [Hello.]\n  persona: Ana is calm.\n") is None
    assert "only an agent has model" in problem(HABITUAL + "  model: embedded\n")


# ---- faults


def test_faults_are_read_and_their_mistakes_told_with_their_lines() -> None:
    text = "title: x\n" + WHO + "faults:\n  crashes: 2\n"
    assert parse(text).faults == Faults(crashes=2)
    assert "faults.crash: no such field here; did you mean 'crashes'?" in problem(
        text + "  crash: 1\n"
    )
    assert "faults.slow_turns: Input should be less than" in problem(text + "  slow_turns: 2\n")
    assert "faults.partition_s: Input should be greater" in problem(text + "  partition_s: 0\n")


# ---- bounds


def test_a_billion_laughs_are_not_laughed() -> None:
    text = "title: x\n" + WHO + "room:\n  a: &a [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n"
    for before, after in zip("abcdefghi", "bcdefghij", strict=True):
        text += f"  {after}: &{after} [{', '.join([f'*{before}'] * 10)}]\n"
    assert "with its aliases written out it has over 100,000 parts" in problem(text)


def test_merged_mappings_are_bounded_too() -> None:
    text = "a: &a {k: 1}\n"
    for before, after in zip("abcdefghi", "bcdefghij", strict=True):
        text += f"{after}: &{after} {{<<: [{', '.join([f'*{before}'] * 10)}]}}\n"
    assert "with its aliases written out it has over 100,000 parts" in problem(text)


def test_what_refers_to_itself_is_refused() -> None:
    assert problem("title: &x [*x]\n") == "line 1: refers to itself"


@pytest.mark.parametrize("depth", [60, 5_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    assert problem(f"title: {'[' * depth}{']' * depth}\n").endswith("nested deeper than 50 levels")


def test_an_alias_saves_writing() -> None:
    scenario = parse(
        "title: x\nparticipants:\n- &bo {name: Bo, persona: Bo is calm.}\n- {<<: *bo, name: Cy}\n"
    )
    assert scenario.participants[1] == Role(name="Cy", persona="Bo is calm.")


# ---- whatever comes


def problems_of(text: str) -> tuple[str, ...] | None:
    """What is wrong with a scenario; ``None`` for one that is well, and nothing else is raised."""
    try:
        parse(text)
    except BadScenario as error:
        found: tuple[str, ...] = error.problems
        return found
    return None


FRAGMENTS = """\
title: x|participants:|- name: Bo|  kind: human|  cues:|  - say: hi|? |:|policy: fair\
|room: {lease_s: 1}\
|&a|*a|<<: *a|- - -|{|}|[|]|!!int|!!float x|!!bool x|!!timestamp x|!!binary x|!!set {a}|!!omap [1]\
|name:|0x|1_000|12:30|2020-13-41|=|\t|%YAML 1.1|---|...|é|"|>
"""
yaml_like = st.lists(st.sampled_from(FRAGMENTS.split("|")), max_size=12).flatmap(
    lambda parts: st.sampled_from([" ", "\n", "\n  ", ""]).map(lambda by: by.join(parts))
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(yaml_like, st.text(max_size=60)))
@example("!!bool x")
@example("!!timestamp x: y")
@example("title: x\nparticipants: [{name: 'a', cues: {}}]")
@example("title: x\nparticipants: [1, null, [], {name: {}}, {name: a, cues: [1]}]")
@example("title: x\nroom: [1]\nparticipants: {}")
@example("\ufeff")
@example("0: &0 [*0]")
def test_whatever_the_text_it_is_a_scenario_or_a_bad_one(text: str) -> None:
    problems = problems_of(text)
    assert problems is None or all(one.startswith("line ") for one in problems)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
known = st.sampled_from(["title", "policy", "room", "participants", "model", "limit_s"])
cue = st.dictionaries(
    st.sampled_from(["say", "to", "whisper", "hand", "at", "when", "while", "wait", "leave"]),
    plain | st.sampled_from(["Bo", "up", "quiet", 1, True, ["Bo"]]),
    max_size=4,
)
role = st.dictionaries(
    st.sampled_from(["name", "id", "kind", "persona", "model", "lines", "cues"]),
    plain
    | st.sampled_from(["Bo", "Ana", "human", "agent", "observer"])
    | st.lists(cue, max_size=2),
    max_size=5,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(known, plain | st.lists(role, max_size=3), max_size=6))
def test_whatever_the_fields_hold_it_is_a_scenario_or_a_bad_one(content: object) -> None:
    assert problems_of(json.dumps(content)) != ()  # JSON is YAML


def test_a_scenario_of_python_is_checked_as_a_file_is() -> None:
    with pytest.raises(ValueError, match="exactly one of"):
        Cue(say="x", hand="up")
    with pytest.raises(ValueError, match="only a human has cues"):
        Role(name="Bo", cues=(Cue(say="x"),))
    with pytest.raises(ValueError, match="at least one participant"):
        Scenario(title="x", participants=())
