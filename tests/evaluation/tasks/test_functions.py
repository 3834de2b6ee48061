"""Functions of several classes, each an agent's: on a package of the same form, made here.

With the real one: ``tertulia eval functions --data FOLDER``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from typer.testing import CliRunner

from tertulia.cli import app
from tertulia.evaluation.tasks.driver import run
from tertulia.evaluation.tasks.exam import Pace
from tertulia.evaluation.tasks.functions import Functions, entries, toolset, turns_of
from tertulia.evaluation.tasks.record import Step
from tertulia.evaluation.tasks.script import Line
from tertulia.orchestrator.errors import Invalid, Unknown

LIBRARY = """
    class Shelf:
        def _load_scenario(self, config, long_context=False):
            self.books = list(config["books"])
        def put(self, title, times=1):
            self.books += [title] * times
            return {"books": len(self.books)}
        def drop(self):
            return {"dropped": self.books.pop()}

    class Desk:
        def __init__(self):
            self.cards = []
        def card(self, name):
            self.cards.append(name)
            return f"card {len(self.cards)} for {name}"
"""
CONSTANTS = """
    MULTI_TURN_FUNC_DOC_FILE_MAPPING = {"Shelf": "shelf.json", "Desk": "desk.json"}
    CLASS_FILE_PATH_MAPPING = dict.fromkeys(("Shelf", "Desk"), "bfcl_eval.library")
    STATELESS_CLASSES = ["Desk"]
"""
CHECKER = """
    from copy import deepcopy
    from bfcl_eval.library import Desk, Shelf

    def end(entry, turns):
        shelf, desk = Shelf(), Desk()
        shelf._load_scenario(deepcopy(entry["initial_config"]["Shelf"]))
        names = {"put": shelf.put, "drop": shelf.drop, "card": desk.card}
        return [eval(call, names) for calls in turns for call in calls], vars(shelf), vars(desk)

    def multi_turn_checker(said, truth, entry, category, name):
        flat = [[call for step in turn for call in step] for turn in said]
        return {"valid": end(entry, flat) == end(entry, truth)}

    def multi_turn_irrelevance_checker(said, truth):
        return {"valid": all(turn or not calls for calls, turn in zip(said, truth))}
"""
EXECUTOR = """
    import json
    from bfcl_eval.library import Desk, Shelf

    KEPT = {}

    def execute_multi_turn_func_call(calls, config, classes, name, task):
        if name not in KEPT:
            KEPT[name] = Shelf(), Desk()
            KEPT[name][0]._load_scenario({"books": list(config["Shelf"]["books"])})
        shelf, desk = KEPT[name]
        names = {"put": shelf.put, "drop": shelf.drop, "card": desk.card}
        found = [eval(call, names) for call in calls]
        return [f if isinstance(f, str) else json.dumps(f) for f in found], None
"""
DOCS = {
    "shelf": [("put", {"title": {"type": "string"}, "times": {"type": "integer"}}), ("drop", {})],
    "desk": [("card", {"name": {"type": "string"}})],
}
QUESTIONS = [
    "Ana needs a card, and put Emma twice.",
    "Put one more.",
    "I mean Persuasion.",
    "Drop.",
]
TRUTH = [["card('Ana')", "put('Emma', times=2)"], [], ["put(title='Persuasion')"], ["drop()"]]


@pytest.fixture
def data(tmp_path: Path) -> Iterator[str]:
    """A folder with a small package of the same form."""
    package = tmp_path / "package" / "bfcl_eval"
    judge = "eval_checker/multi_turn_eval"
    sources = {
        "library.py": LIBRARY,
        "constants/executable_backend_config.py": CONSTANTS,
        f"{judge}/multi_turn_checker.py": CHECKER,
        f"{judge}/multi_turn_utils.py": EXECUTOR,
    }
    for name, source in sources.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(dedent(source))
    entry = {
        "id": "miss_param_0",
        "question": [[{"role": "user", "content": said}] for said in QUESTIONS],
        "initial_config": {"Shelf": {"books": ["Ulysses"]}},
        "involved_classes": ["Shelf", "Desk"],
    }
    name = "BFCL_v4_multi_turn_miss_param.json"
    lines: dict[str, list[Any]] = {
        name: [entry],
        f"possible_answer/{name}": [{"id": "miss_param_0", "ground_truth": TRUTH}],
    }
    for kind, functions in DOCS.items():
        lines[f"multi_turn_func_doc/{kind}.json"] = [
            {"name": one, "description": one, "parameters": {"type": "dict", "properties": about}}
            for one, about in functions
        ]
    for place, objects in lines.items():
        (package / "data" / place).parent.mkdir(parents=True, exist_ok=True)
        (package / "data" / place).write_text("\n".join(map(json.dumps, objects)))
    before, folder = set(sys.modules), str(package.parent)
    yield folder
    for module in [one for one in sys.modules if one.startswith("bfcl_eval")]:
        if module not in before:
            del sys.modules[module]
    sys.path[:] = [place for place in sys.path if place != folder]
    entries.cache_clear()
    toolset.cache_clear()


def test_each_call_goes_to_the_agent_that_owns_the_class(data: str) -> None:
    lines = Functions(data, "miss_param").play("miss_param_0").lines
    assert [(line.by, line.to, [ask.tool for ask in line.asks]) for line in lines[:3]] == [
        ("asker", "desk", []),
        ("desk", "shelf", ["card"]),
        ("shelf", "asker", ["put"]),
    ]
    assert lines[2].asks[0].arguments == {"title": "Emma", "times": 2}


def test_who_misses_something_asks_before_it_does_anything(data: str) -> None:
    lines = Functions(data, "miss_param").play("miss_param_0").lines
    assert lines[3].says == "Put one more."
    assert lines[4] == Line(
        "shelf",
        "I cannot do that yet: something is missing. Could you tell me more exactly?",
        "asker",
    )
    assert lines[5].says == "I mean Persuasion."
    assert [ask.tool for ask in lines[6].asks] == ["put"]


@pytest.mark.db
@pytest.mark.slow
def test_a_room_of_them_does_what_is_right_through_a_kill(data: str, tmp_path: Path) -> None:
    outcome = run(Functions(data, "miss_param"), tmp_path, Pace(kills=1, pause_s=0.02))
    assert (outcome.rewards, outcome.kills) == ({"miss_param_0": 1.0}, 1)
    assert outcome.unlike == []


@pytest.mark.db
@pytest.mark.slow
def test_with_one_call_left_out_it_is_worth_nothing(data: str) -> None:
    call = ["eval", "functions", "--data", data, "--category", "miss_param", "--drop", "--json"]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["tasks"], found["reward_1"], found["calls"]) == (1, 0, 3)


def played(data: str) -> tuple[Functions, list[Step]]:
    """The steps of the ground truth, as a room gives them."""
    exam = Functions(data, "miss_param")
    world, found = exam.world("miss_param_0"), list[Step]()
    for line in exam.play("miss_param_0").lines:
        for ask in line.asks:
            said = world.answer(line.by, ask.tool, ask.arguments)
            found.append(Step(line.by, said, 0.0, ask.tool, ask.id, ask.arguments))
        found.append(Step(line.by, line.says, 0.0))
    return exam, found


def test_what_is_right_in_the_wrong_turn_is_worth_nothing(data: str) -> None:
    exam, found = played(data)
    assert exam.grade("miss_param_0", found) == 1.0
    early = found.pop(next(n for n, step in enumerate(found) if step.tool == "put" and n > 5))
    place = next(n for n, step in enumerate(found) if step.text == "Put one more.")
    found.insert(place + 1, early)  # before the person has said what is missing
    assert exam.grade("miss_param_0", found) == 0.0


def test_an_answer_that_was_another_in_the_room_is_worth_nothing(data: str) -> None:
    exam, found = played(data)
    place = next(n for n, step in enumerate(found) if step.tool == "drop")
    found[place] = Step("shelf", '{"dropped": "Emma"}', 0.0, "drop", "call-3", {})
    assert exam.grade("miss_param_0", found) == 0.0


def test_calls_are_written_as_the_checker_reads_them() -> None:
    steps = [
        Step("asker", "please", 0.0),
        Step("shelf", "2", 0.0, "put", "call-0", {"title": "it's", "times": 2}),
        Step("shelf", "Done.", 0.0),
        Step("asker", "thanks ###STOP###", 0.0),
    ]
    assert turns_of(steps) == [[['put(title="it\'s", times=2)']]]


def test_what_is_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unknown, match="there are base, miss_param"):
        Functions(str(tmp_path), "long_context").tasks()
    with pytest.raises(Unknown, match="pip install --no-deps --target FOLDER bfcl-eval mpmath"):
        Functions(str(tmp_path)).tasks()


def test_a_class_that_cannot_be_imported_is_told_with_what_to_do(data: str) -> None:
    (Path(data) / "bfcl_eval" / "library.py").write_text("import a_package_that_is_not_there")
    with pytest.raises(Invalid, match="put the packages bfcl-eval and mpmath into the folder"):
        Functions(data, "miss_param").world("miss_param_0")
