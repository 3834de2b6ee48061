"""A scenario file: who is in the room, how it arbitrates, what the people say and when.

YAML, checked whole before anything runs; every mistake is told with the line that it stands on.
"""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from tertulia.agents.source import Loc, NotYaml, Source, Unreadable, read, text_of
from tertulia.orchestrator import Kind, Participant, RoomSettings, conditions, handle
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.policies import build, specify
from tertulia.orchestrator.profile import profile
from tertulia.orchestrator.room import ParticipantId
from tertulia.simulation import mistakes
from tertulia.simulation.faults import Faults
from tertulia.simulation.fields import Name, Seconds, Strict
from tertulia.simulation.habits import Habits

Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


MCP = mistakes.MCP
"""What a tool's name begins with that is a file of MCP servers."""


class BadScenario(Invalid):
    """A scenario file that cannot be run; ``problems`` has a sentence for each mistake."""

    says = "{where} cannot be run:\n  {what}"


class Cue(Strict):
    """What a person does, and when.

    One of ``say``, ``hand`` (up or down), ``interrupt`` (cut somebody off), ``vote``, ``approve``
    and ``refuse`` (a call of this tool that waits for approval), ``leave``.
    It happens ``at`` so many seconds after the beginning; or when the room has been ``quiet`` for
    ``wait`` seconds; or ``wait`` seconds after the person was given the ``floor``, or something was
    put to the ``vote``, or somebody else was given the floor (``while``), or, with none of these,
    the person's previous cue.
    """

    say: str | None = None
    to: tuple[Name, ...] = ()
    whisper: tuple[Name, ...] = ()
    hand: Literal["up", "down"] | None = None
    interrupt: Name | None = None
    vote: Name | None = None
    approve: Name | None = None
    refuse: Name | None = None
    leave: bool = False
    at: Seconds | None = None
    when: Literal["quiet", "floor", "vote", "approval"] | None = None
    speaking: Name | None = Field(default=None, alias="while")
    wait: Seconds = 0.0

    @model_validator(mode="after")
    def _one_deed_and_one_moment(self) -> Self:
        _refuse(mistakes.of_cue(self.model_dump(by_alias=True)))
        return self


class Role(Strict):
    """A participant. Agents have a persona, a model or a graph, or a script of their own lines.

    People have ``cues``, ``habits`` or both; one with habits says its ``lines``, or improvises.
    ``router`` says who answers what a person says to nobody in particular (see ``routers``).
    ``votes`` are the options that a scripted agent votes for, by the vote's title. ``id`` is the
    handle in mentions, made from the name unless it is given. ``graph`` is as
    ``tertulia.compose.speaker`` takes it; a file's name is looked for beside the scenario, as one
    in ``tools`` is: names of room tools, ``FILE.py:NAME``, ``MODULE:NAME``, ``mcp:FILE``. Prices
    are those of a million tokens that the agent's model reads and writes.
    """

    name: Name
    id: str = ""
    kind: Kind = Kind.AGENT
    persona: str = ""
    model: str | None = None
    graph: str | None = None
    tools: tuple[Name, ...] = ()
    languages: tuple[str, ...] = ()
    about: str = ""
    permissions: tuple[str, ...] | None = None
    roles: tuple[str, ...] = ()
    router: Any = None
    lines: tuple[str, ...] = ()
    votes: dict[Name, Name] = Field(default_factory=dict)
    cues: tuple[Cue, ...] = ()
    habits: Habits | None = None
    price_in: Price = 0.0
    price_out: Price = 0.0

    @model_validator(mode="after")
    def _people_act_and_agents_think(self) -> Self:
        _refuse(
            mistakes.of_role(
                self.model_dump(exclude={"cues", "habits"})
                | {"cues": self.cues, "habits": self.habits}
            )
        )
        return self

    @property
    def who(self) -> ParticipantId:
        """Its handle."""
        return ParticipantId(self.id) if self.id else handle(self.name)

    @property
    def participant(self) -> Participant:
        """It as a member of rooms. Raises ``Refused`` for one that cannot be."""
        known = profile(self.languages, self.about, self.permissions, self.roles)
        return Participant(self.who, self.name, self.kind, known)


class Scenario(Strict):
    """A whole scenario. ``room`` takes the fields of ``RoomSettings`` beside policy and until."""

    title: Name
    policy: Any = "conversational"
    until: Any = None
    room: dict[str, Any] = Field(default_factory=dict)
    model: str = "scripted"
    adviser: str | None = None
    participants: tuple[Role, ...]
    limit_s: Annotated[Seconds, Field(gt=0)] = 3600.0
    faults: Faults | None = None
    spoken: Literal["meeting", "discussion"] | None = None

    @model_validator(mode="after")
    def _somebody_is_there(self) -> Self:
        if not self.participants:
            raise ValueError("a scenario has at least one participant")
        return self

    @model_validator(mode="after")
    def _habits_have_an_end(self) -> Self:
        if (
            any(role.habits for role in self.participants)
            and "limit_s" not in self.model_fields_set
        ):
            raise ValueError(mistakes.ENDLESS)
        return self

    def settings(self) -> RoomSettings:
        """The room's settings. Raises ``Refused`` for ones that cannot be."""
        until = conditions.said(self.until)
        return RoomSettings(policy=specify(build(self.policy)), until=until, **self.room)

    def whom(self, name: str) -> ParticipantId:
        """Whom a cue means by a name."""
        known = mistakes.names_of((role.name, role.id) for role in self.participants)
        return mistakes.whom(name, known) or handle(name)


def load(path: Path) -> Scenario:
    """Read and check a scenario file.

    Raises ``BadScenario``, which names the file, the line and what to write instead.
    """
    try:
        text = text_of(path)
    except Unreadable as error:
        raise _bad(str(path), [], str(error)) from None
    return parse(text, str(path))


def parse(text: str, where: str = "scenario") -> Scenario:
    """Check a scenario's text; like ``load``."""
    try:
        source = read(text)
    except NotYaml as error:
        raise _bad(where, [(error.line, error.what)]) from None
    if not isinstance(source.content, dict):
        what = "a scenario is a mapping with title and participants"
        raise _bad(where, [*source.flaws, (source.line(()), what)])
    found, scenario = list(source.flaws), None
    try:
        scenario = Scenario.model_validate(source.content)
    except ValidationError as error:
        told = ((e["loc"], _sentence(e["loc"], e["msg"], e["type"])) for e in error.errors())
        found += [  # what has no end is told below, with whose habits have none
            (source.line(loc), _placed(loc, what)) for loc, what in told if what != mistakes.ENDLESS
        ]
    found += _beyond(source)
    if found or scenario is None:
        raise _bad(where, found)
    return scenario


def _beyond(source: Source) -> Iterator[tuple[int, str]]:
    for loc, what in mistakes.of_scenario(source.content):
        yield source.line(loc), _placed(loc, what)


def _refuse(wrong: Iterator[str]) -> None:
    for what in wrong:
        raise ValueError(what)


def _bad(where: str, found: Sequence[tuple[int, str]], what: str = "") -> BadScenario:
    problems = tuple(f"line {line}: {told}" for line, told in sorted(set(found))) or (what,)
    return BadScenario(where=where, what="\n  ".join(problems), problems=problems)


def _placed(loc: Loc, what: str) -> str:
    place = ".".join(str(step) for step in loc)
    return f"{place}: {what}" if place else what


def _sentence(loc: Loc, message: str, kind: str) -> str:
    if kind == "extra_forbidden":
        fields = _FIELDS.get(tuple(step for step in loc[:-1] if isinstance(step, str)), ())
        close = get_close_matches(str(loc[-1]), fields, n=1)
        return f"no such field here; did you mean {close[0]!r}?" if close else "no such field here"
    if kind == "string_type":
        return "must be text; put it in quotes"
    if kind == "missing":
        return "is missing"
    return message.removeprefix("Value error, ")


def _fields(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in model.model_fields.items())


_FIELDS: Mapping[tuple[str, ...], tuple[str, ...]] = {
    (): _fields(Scenario),
    ("faults",): _fields(Faults),
    ("participants",): _fields(Role),
    ("participants", "cues"): _fields(Cue),
    ("participants", "habits"): _fields(Habits),
}
"""The fields that there are, by where one stands."""
