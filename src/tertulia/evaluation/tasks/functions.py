"""Multi-turn function calling (BFCL, PyPI ``bfcl-eval``) by several agents, with its own judge.

A person asks for one thing after another; each class of functions belongs to an agent of its own,
and whoever has done its part hands on to whose class is next. In ``miss_param`` something is
missing from a question: then nobody calls anything, an agent asks, and the person tells it.

The package brings functions, tasks and checker; it is read from a folder and never installed.
"""

import ast
import importlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from itertools import count, groupby
from pathlib import Path
from typing import Any

from tertulia.evaluation.tasks.record import Step
from tertulia.evaluation.tasks.script import SEEN, STOP, Ask, Line, Play, Player, ToolSpec
from tertulia.orchestrator.errors import Invalid, Unknown
from tertulia.orchestrator.room import Kind

CATEGORIES = ("base", "miss_param")
PERSON = "asker"
BACKENDS = "bfcl_eval.constants.executable_backend_config"
JUDGE = "bfcl_eval.eval_checker.multi_turn_eval"

_runs = count()


@dataclass(frozen=True, slots=True)
class Functions:
    """The tasks of one category in ``data``, the folder that the package was unpacked in.

    With ``drop`` the last call of each task is left out.
    """

    data: str
    category: str = "base"
    drop: bool = False

    @property
    def needs(self) -> tuple[str, ...]:
        """This module."""
        return (__name__,)

    def tasks(self) -> Sequence[str]:
        """The ids of the tasks. Raises ``Unknown`` and ``Invalid``."""
        return list(entries(self.data, self.category))

    def play(self, task: str) -> Play:
        """The ground truth as a conversation."""
        entry = self._entry(task)
        truth = [list(calls) for calls in entry.truth]
        if self.drop:
            del next(calls for calls in reversed(truth) if calls)[-1]
        return play_of(entry, truth, toolset(self.data, entry.classes))

    def world(self, task: str) -> "FunctionWorld":
        """An object of each class, loaded with what the task begins with."""
        entry = self._entry(task)
        return FunctionWorld({name: _loaded(self.data, name, entry) for name in entry.classes})

    def grade(self, task: str, steps: Sequence[Step]) -> float:
        """1 if BFCL's checkers are content, and BFCL gets the answers that the room got."""
        entry, asked = self._entry(task), turns_of(steps)
        answers = [step.text for step in steps if step.tool is not None]
        run = f"tertulia_{next(_runs)}"
        if len(asked) != len(entry.truth) or self._executed(entry, asked, run) != answers:
            return 0.0
        checker = _imported(self.data, f"{JUDGE}.multi_turn_checker")
        judged = checker.multi_turn_checker(asked, entry.truth, entry.raw, "multi_turn", run)
        idle = checker.multi_turn_irrelevance_checker(asked, entry.truth)
        return float(bool(judged["valid"] and idle["valid"]))

    def _executed(
        self, entry: "Entry", asked: Sequence[Sequence[list[str]]], run: str
    ) -> list[str]:
        """What BFCL's own executor answers to these calls."""
        utils = _imported(self.data, f"{JUDGE}.multi_turn_utils")
        known = (entry.raw["initial_config"], list(entry.classes), f"{run}_room", entry.raw["id"])
        steps = [step for turn in asked for step in turn]
        return [a for s in steps for a in utils.execute_multi_turn_func_call(s, *known)[0]]

    def _entry(self, task: str) -> "Entry":
        return entries(self.data, self.category)[task]


@dataclass(frozen=True, slots=True)
class Entry:
    """A task: its questions, the calls that answer each, and the classes of these."""

    raw: Mapping[str, Any]
    truth: Sequence[Sequence[str]]

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes whose functions are there."""
        return tuple(self.raw["involved_classes"])

    @property
    def questions(self) -> tuple[str, ...]:
        """What the person says, turn by turn."""
        return tuple("\n".join(m["content"] for m in said) for said in self.raw["question"])


@dataclass(frozen=True, slots=True)
class FunctionWorld:
    """An object of each class; agents bear the classes' names."""

    objects: Mapping[str, Any]

    def answer(self, by: str, tool: str, arguments: Mapping[str, Any]) -> str:
        """Call a function, and word what comes of it as BFCL does."""
        owner = next(thing for name, thing in self.objects.items() if name.lower() == by)
        try:
            found = getattr(owner, tool)(**deepcopy(dict(arguments)))
        except Exception as error:  # an answer, like any other
            return f"Error during execution: {error}"
        if not isinstance(found, dict):
            return str(found)
        try:
            return json.dumps(found)
        except TypeError:
            return str(found)


@cache
def entries(data: str, category: str) -> dict[str, Entry]:
    """The tasks of a category by id. Raises ``Unknown`` and ``Invalid``."""
    if category not in CATEGORIES:
        raise Unknown(kind="category", name=category, hint=f"; there are {', '.join(CATEGORIES)}")
    name = f"BFCL_v4_multi_turn_{category}.json"
    truth = {one["id"]: one["ground_truth"] for one in _lines(data, f"possible_answer/{name}")}
    return {one["id"]: Entry(one, truth[one["id"]]) for one in _lines(data, name)}


@cache
def toolset(data: str, classes: tuple[str, ...]) -> dict[str, tuple[ToolSpec, ...]]:
    """The tools of each class."""
    files = _imported(data, BACKENDS).MULTI_TURN_FUNC_DOC_FILE_MAPPING
    return {
        name: tuple(
            ToolSpec(one["name"], one["description"], _plain(one["parameters"]))
            for one in _lines(data, f"multi_turn_func_doc/{files[name]}")
        )
        for name in classes
    }


def play_of(
    entry: Entry, truth: Sequence[Sequence[str]], tools: Mapping[str, tuple[ToolSpec, ...]]
) -> Play:
    """Each question goes to whose function comes first, and from agent to agent back again."""
    lines: list[Line] = []
    numbers = count()
    at_work = entry.classes[0]
    for question, calls in zip(entry.questions, truth, strict=True):
        asks = [_ask(call, next(numbers), entry, tools) for call in calls]
        runs = [(owner, [ask for _, ask in run]) for owner, run in groupby(asks, lambda a: a[0])]
        at_work = runs[0][0] if runs else at_work
        lines.append(Line(PERSON, question, at_work.lower()))
        if not runs:
            words = "I cannot do that yet: something is missing. Could you tell me more exactly?"
            lines.append(Line(at_work.lower(), words, PERSON))
        for place, (owner, run) in enumerate(runs, 1):
            last = place == len(runs)
            words = f"Done: {SEEN}" if last else f"My part is done; {runs[place][0]}, please go on."
            to = PERSON if last else runs[place][0].lower()
            lines.append(Line(owner.lower(), words, to, tuple(run)))
            at_work = owner
    lines.append(Line(PERSON, f"That is all, thank you. {STOP}", None))
    people = Player(PERSON, "Asker", Kind.HUMAN)
    agents = (Player(name.lower(), name, tools=kit) for name, kit in tools.items())
    return Play(entry.raw["id"], (people, *agents), tuple(lines))


def turns_of(steps: Sequence[Step]) -> list[list[list[str]]]:
    """The calls that followed each question, each a step of its own, as BFCL writes them."""
    turns: list[list[list[str]]] = []
    for step in steps:
        if step.by == PERSON and STOP not in step.text:
            turns.append([])
        elif step.tool is not None and turns:
            said = ", ".join(f"{name}={value!r}" for name, value in (step.arguments or {}).items())
            turns[-1].append([f"{step.tool}({said})"])
    return turns


def _ask(
    call: str, number: int, entry: Entry, tools: Mapping[str, tuple[ToolSpec, ...]]
) -> tuple[str, Ask]:
    """Whose function is called, and with which arguments by name."""
    tree = ast.parse(call, mode="eval").body
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        raise Invalid(where=f"task {entry.raw['id']}", what=f"{call!r} is no call of a function")
    name = tree.func.id
    owned = {(owner, spec.name): spec for owner, kit in tools.items() for spec in kit}
    owner = next(owner for owner in reversed(entry.classes) if (owner, name) in owned)
    names = list(owned[owner, name].schema.get("properties", {}))
    given = dict(zip(names, map(ast.literal_eval, tree.args), strict=False))
    given |= {str(one.arg): ast.literal_eval(one.value) for one in tree.keywords}
    return owner, Ask(f"call-{number}", name, given)


def _plain(schema: Any) -> Any:
    """BFCL's schema as JSON schema has it."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    words = {"dict": "object", "float": "number", "tuple": "array", "any": "string"}
    made = {name: _plain(one) for name, one in schema.items()}
    if isinstance(made.get("type"), str):
        made["type"] = words.get(made["type"], made["type"])
    return made


def _loaded(data: str, name: str, entry: Entry) -> Any:
    backends = _imported(data, BACKENDS)
    made = getattr(_imported(data, backends.CLASS_FILE_PATH_MAPPING[name]), name)()
    if name not in backends.STATELESS_CLASSES:
        made._load_scenario(deepcopy(entry.raw["initial_config"].get(name, {})), long_context=False)
    return made


def _lines(data: str, name: str) -> Iterator[Any]:
    path = Path(data) / "bfcl_eval" / "data" / name
    if not path.is_file():
        hint = "; unpack the package: pip install --no-deps --target FOLDER bfcl-eval mpmath"
        raise Unknown(kind="file", name=str(path), hint=hint)
    with path.open(encoding="utf-8") as file:
        yield from (json.loads(line) for line in file if line.strip())


def _imported(data: str, module: str) -> Any:
    if data not in sys.path:
        sys.path.append(data)
    try:
        return importlib.import_module(module)
    except ImportError as error:
        hint = "put the packages bfcl-eval and mpmath into the folder"
        raise Invalid(where=f"{data}, module {module}", what=f"{error}; {hint}") from error
