"""A scenario file: who is in the room, how it arbitrates, what the people say and when.

YAML, checked whole before anything runs; every mistake is told with the line that it stands on.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tertulia.orchestrator import Kind, RoomSettings, TertuliaError, handle
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.policies import build, specify

Name = Annotated[str, Field(min_length=1, max_length=80)]
Seconds = Annotated[float, Field(ge=0)]


class BadScenario(Invalid):
    """A scenario file that cannot be run; ``problems`` has a sentence for each mistake."""

    says = "{where} cannot be run:\n  {what}"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cue(_Strict):
    """What a person does, and when.

    One of ``say``, ``hand`` (up or down), ``interrupt`` (cut somebody off), ``leave``.
    It happens ``at`` so many seconds after the beginning; or when the room has been ``quiet`` for
    ``wait`` seconds; or ``wait`` seconds after the person was given the ``floor``, or somebody else
    was (``while``), or, with none of these, the person's previous cue.
    """

    say: str | None = None
    to: tuple[Name, ...] = ()
    whisper: tuple[Name, ...] = ()
    hand: Literal["up", "down"] | None = None
    interrupt: Name | None = None
    leave: bool = False
    at: Seconds | None = None
    when: Literal["quiet", "floor"] | None = None
    speaking: Name | None = Field(default=None, alias="while")
    wait: Seconds = 0.0

    @model_validator(mode="after")
    def _one_deed_and_one_moment(self) -> Self:
        deeds = [self.say is not None, self.hand is not None, bool(self.interrupt), self.leave]
        if sum(deeds) != 1:
            raise ValueError("a cue has exactly one of: say, hand, interrupt, leave")
        if sum(moment is not None for moment in (self.at, self.when, self.speaking)) > 1:
            raise ValueError("a cue has at most one of: at, when, while")
        return self


class Role(_Strict):
    """A participant. Agents have a persona, a model or a graph, or a script of their own lines."""

    name: Name
    kind: Kind = Kind.AGENT
    persona: str = ""
    model: str | None = None
    graph: str | None = None
    languages: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    cues: tuple[Cue, ...] = ()

    @model_validator(mode="after")
    def _people_act_and_agents_think(self) -> Self:
        if self.cues and self.kind is not Kind.HUMAN:
            raise ValueError(f"only a human has cues, and {self.name} is an {self.kind}")
        if self.kind is not Kind.AGENT and (self.model or self.graph or self.lines or self.persona):
            raise ValueError("only an agent has a persona, a model, a graph or lines")
        return self


class Scenario(_Strict):
    """A whole scenario. ``room`` takes the fields of ``RoomSettings`` beside the policy."""

    title: Name
    policy: Any = "conversational"
    room: dict[str, Any] = Field(default_factory=dict)
    model: str = "scripted"
    participants: Annotated[tuple[Role, ...], Field(min_length=1)]
    limit_s: Annotated[float, Field(gt=0)] = 3600.0

    def settings(self) -> RoomSettings:
        """The room's settings. Raises ``Refused`` for ones that cannot be."""
        return RoomSettings(policy=specify(build(self.policy)), **self.room)


def load(path: Path) -> Scenario:
    """Read and check a scenario file.

    Raises ``BadScenario``, which names the file, the line and what to write instead.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadScenario(where=str(path), what=str(error), problems=(str(error),)) from None
    return parse(text, str(path))


def parse(text: str, where: str = "scenario") -> Scenario:
    """Check a scenario's text; like ``load``."""
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _bad(where, [(_line_of_yaml(error), _words_of_yaml(error))]) from None
    if not isinstance(content, dict):
        raise _bad(where, [(1, "a scenario is a mapping with title and participants")])
    try:
        scenario = Scenario.model_validate(content)
    except ValidationError as error:
        found = [
            (_line(tree, e["loc"]), _words(e["loc"], e["msg"], e["type"])) for e in error.errors()
        ]
        raise _bad(where, found) from None
    problems = [(_line(tree, loc), what) for loc, what in _contradictions(scenario)]
    if problems:
        raise _bad(where, problems)
    return scenario


def _contradictions(scenario: Scenario) -> Iterable[tuple[tuple[str | int, ...], str]]:
    try:
        scenario.settings()
    except (TertuliaError, TypeError) as error:
        yield ("policy" if "policy" in str(error) else "room",), str(error)
    handles = [handle(role.name) for role in scenario.participants]
    for i, role in enumerate(scenario.participants):
        if handles[i] in handles[:i]:
            yield ("participants", i, "name"), f"two participants are called {handles[i]!r}"
        for j, cue in enumerate(role.cues):
            named = {"to": cue.to, "whisper": cue.whisper}
            named |= {"while": _some(cue.speaking), "interrupt": _some(cue.interrupt)}
            for field, names in named.items():
                for name in names:
                    if handle(name) not in handles:
                        there = ", ".join(r.name for r in scenario.participants)
                        what = f"nobody is called {name!r}; there are {there}"
                        yield ("participants", i, "cues", j, field), what


def _some(name: str | None) -> tuple[str, ...]:
    return () if name is None else (name,)


def _bad(where: str, found: Sequence[tuple[int, str]]) -> BadScenario:
    problems = tuple(f"line {line}: {what}" for line, what in sorted(found))
    return BadScenario(where=where, what="\n  ".join(problems), problems=problems)


def _line(node: Any, loc: Iterable[str | int]) -> int:
    """The line (from 1) of the deepest part of ``loc`` that is in the file."""
    line: int = node.start_mark.line
    for step in loc:
        if isinstance(node, yaml.MappingNode):
            pairs = {key.value: (key, value) for key, value in node.value}
            if step not in pairs:
                break
            key, node = pairs[step]
            line = key.start_mark.line
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line
        else:
            break
    return line + 1


def _words(loc: Sequence[str | int], message: str, kind: str) -> str:
    place = ".".join(str(step) for step in loc)
    sentence = message.removeprefix("Value error, ")
    if kind == "extra_forbidden":
        sentence = "no such field here"
    return f"{place}: {sentence}" if place else sentence


def _line_of_yaml(error: yaml.YAMLError) -> int:
    mark = getattr(error, "problem_mark", None)
    return 1 if mark is None else mark.line + 1


def _words_of_yaml(error: yaml.YAMLError) -> str:
    return f"not YAML: {getattr(error, 'problem', None) or error}"
