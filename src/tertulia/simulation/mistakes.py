"""What can be wrong with a scenario beyond the shape of its fields: each mistake, and where.

It looks at plain data, as it comes out of a file, and never stops at the first mistake.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any, TypeAlias, get_type_hints

from pydantic import TypeAdapter, ValidationError

from tertulia.agents.routers import Keywords
from tertulia.agents.source import Loc
from tertulia.orchestrator import Kind, Participant, RoomSettings, TertuliaError, conditions, handle
from tertulia.orchestrator.admission import check_words
from tertulia.orchestrator.admission.routing import NOBODY
from tertulia.orchestrator.policies import build, specify
from tertulia.orchestrator.powers import ACTS
from tertulia.orchestrator.profile import profile
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.routes import EVERYONE

Mistake: TypeAlias = tuple[Loc, str]

DEEDS = ("say", "hand", "interrupt", "vote", "approve", "refuse", "leave")
MOMENTS = ("at", "when", "while")
NAMELESS = handle("")
"""The handle of names without a letter from a to z: it says nothing about who is meant."""
ENDLESS = "people with habits never come to an end by themselves; say when it is over with limit_s"
MCP = "mcp:"
MIND = ("persona", "model", "graph", "tools", "lines", "votes", "price_in", "price_out")
"""What only agents have."""
BESIDE = ("policy", "until")
"""Settings of a room that a scenario has fields of its own for."""
ANYBODY = (EVERYONE, NOBODY)
"""What a router may say beside a name."""
NAMING = ("to", "whisper", "while", "interrupt")


def of_scenario(content: Mapping[str, Any]) -> Iterator[Mistake]:
    """Everything that is wrong with a scenario's settings, its people and their cues."""
    title = content.get("title")
    if isinstance(title, str):
        yield from ((("title",), what) for what in _refusal(check_words, "title", title))
    policy = content.get("policy", "conversational")
    yield from ((("policy",), what) for what in _refusal(lambda: specify(build(policy))))
    until = content.get("until")
    yield from ((("until",), what) for what in _refusal(conditions.said, until))
    room = content.get("room") or {}
    if isinstance(room, Mapping):
        yield from of_room(room)
    people = content.get("participants")
    if isinstance(people, list | tuple):
        roles = [(i, role) for i, role in enumerate(people) if isinstance(role, Mapping)]
        yield from _of_names(roles)
        yield from _of_profiles(roles)
        yield from _of_tools(roles)
        yield from _of_cues(roles, _limit(room))
        endless = content.get("limit_s") is None
        for i, role in roles:
            if endless and role.get("habits") is not None:
                yield ("participants", i, "habits"), ENDLESS


def of_room(room: Mapping[Any, Any]) -> Iterator[Mistake]:
    """What is wrong with each of a room's settings."""
    types = get_type_hints(RoomSettings)
    known = [field.name for field in fields(RoomSettings) if field.name not in BESIDE]
    for name, value in room.items():
        if name in BESIDE:
            yield ("room", name), f"the {name} stands beside `room`, not in it"
        elif name not in known:
            close = get_close_matches(str(name), known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
            yield ("room", str(name)), f"no such setting; {hint}"
        else:
            try:
                given = TypeAdapter(types[name]).validate_json(json.dumps(value), strict=True)
                RoomSettings(**{name: given})
            except ValidationError as error:
                yield ("room", name), error.errors()[0]["msg"]
            except TertuliaError as error:
                yield ("room", name), error.what


def of_cue(cue: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with one cue by itself."""
    deeds = [deed for deed in DEEDS if cue.get(deed) not in (None, False)]
    if len(deeds) != 1:
        found = f"this one has {' and '.join(deeds)}" if deeds else "this one has none"
        yield f"a cue has exactly one of: {', '.join(DEEDS)}; {found}"
    moments = [moment for moment in MOMENTS if cue.get(moment) is not None]
    if len(moments) > 1:
        yield f"a cue has at most one of: at, when, while; this one has {' and '.join(moments)}"
    if "say" not in deeds and (cue.get("to") or cue.get("whisper")):
        yield "to and whisper go with say"
    said = cue.get("say")
    if isinstance(said, str) and not said.strip():
        yield "say what? the text is empty"


def of_role(role: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with one participant by itself."""
    kind, habits = role.get("kind", Kind.AGENT), role.get("habits") is not None
    if role.get("router") is not None:
        if kind != Kind.HUMAN:
            yield f"only a human has a router, and {role.get('name')} is an {kind}"
        yield from of_router(role["router"])
    for name in ("cues", "habits"):
        there = role.get(name) not in (None, (), [])
        if there and kind in (Kind.AGENT, Kind.OBSERVER):
            yield f"only a human has {name}, and {role.get('name')} is an {kind}"
    mind = [name for name in MIND if role.get(name)]
    if kind == Kind.HUMAN and habits:  # it says its lines, or improvises as its persona
        mind = [name for name in mind if name not in ("persona", "lines")]
    if kind in (Kind.HUMAN, Kind.OBSERVER) and mind:
        yield f"only an agent has {' and '.join(mind)}, and {role.get('name')} is a {kind}"


def of_router(router: Any) -> Iterator[str]:
    """What is wrong with a person's router by itself."""
    if isinstance(router, str):
        if not all(router.rpartition(":")):
            yield "router: write FILE.py:NAME or MODULE:NAME, {to: NAME}, or {words: {WORD: NAME}}"
    elif not isinstance(router, Mapping):
        yield "router: write {to: NAME}, {words: {WORD: NAME}, else: NAME}, or FILE.py:NAME"
    elif set(router) not in ({"to"}, {"words"}, {"words", "else"}):
        there = ", ".join(map(str, router)) or "nothing"
        yield f"router: it has either to, or words and perhaps else; this one has {there}"
    elif not isinstance(router.get("words", {}), Mapping):
        yield "router: words are names by word: {recipe: Bo}"
    else:
        otherwise = router.get("to", router.get("else", EVERYONE))
        yield from _refusal(Keywords, router.get("words", {}), otherwise)


def names_of(roles: Iterable[tuple[str, str]]) -> dict[str, ParticipantId]:
    """Whom each name means: (display name, id or nothing) in, handles by what may be written."""
    found: dict[str, ParticipantId] = {}
    for name, own in roles:
        who = ParticipantId(own) if own else handle(name)
        for written in (name, handle(name), who):
            if written != NAMELESS:
                found.setdefault(written, who)
    return found


def whom(name: str, known: Mapping[str, ParticipantId]) -> ParticipantId | None:
    """Whom a name means, in any spelling that makes the same handle; ``None`` for a stranger."""
    return known.get(name) or known.get(handle(name))


def _of_names(roles: list[tuple[int, Mapping[str, Any]]]) -> Iterator[Mistake]:
    taken: dict[ParticipantId, str] = {}
    for i, role in roles:
        name, own = role.get("name"), role.get("id") or ""
        if not (isinstance(name, str) and isinstance(own, str)) or not name:
            continue
        who = ParticipantId(own) if own else handle(name)
        place: Loc = ("participants", i, "id" if own else "name")
        yield from ((place, what) for what in _refusal(Participant, who, name, Kind.AGENT))
        if who in taken:
            hint = f"{taken[who]!r} and {name!r} both have the handle {who!r}; give one an `id`"
            yield place, hint
        taken.setdefault(who, name)


def _of_profiles(roles: list[tuple[int, Mapping[str, Any]]]) -> Iterator[Mistake]:
    for i, role in roles:
        for field in ("languages", "about", "permissions", "roles"):
            given = role.get(field)
            if isinstance(given, str if field == "about" else list):
                known: dict[str, Any] = {field: given}
                try:
                    profile(**known)
                except TertuliaError as error:
                    yield ("participants", i, field), error.what


def _of_tools(roles: list[tuple[int, Mapping[str, Any]]]) -> Iterator[Mistake]:
    for i, role in roles:
        given = role.get("tools")
        names = given if isinstance(given, list) else []
        for j, name in enumerate(names):
            if isinstance(name, str):
                place = ("participants", i, "tools", j)
                yield from ((place, what) for what in _of_tool(name, names[:j]))
        if names and (role.get("lines") or role.get("votes")):
            yield ("participants", i, "tools"), "an agent that says its lines calls no tools"


def _of_tool(name: str, before: list[Any]) -> Iterator[str]:
    if name in before:
        yield f"{name!r} is named twice"
    if name not in ACTS and not all(name.partition(":")):
        close = get_close_matches(name, ACTS, n=1)
        forms = f"write FILE.py:NAME, MODULE:NAME or {MCP}FILE, or one of {', '.join(ACTS)}"
        hint = f"did you mean {close[0]!r}?" if close else forms
        yield f"there is no tool {name!r}; {hint}"


def _of_cues(roles: list[tuple[int, Mapping[str, Any]]], limit: int) -> Iterator[Mistake]:
    written = [(r["name"], r.get("id") or "") for _, r in roles if isinstance(r.get("name"), str)]
    known = names_of((name, own) for name, own in written if isinstance(own, str))
    there = ", ".join(name for name, _ in written)
    for i, role in roles:
        yield from ((("participants", i), what) for what in of_role(role))
        for name in _routed(role.get("router")):
            if name not in ANYBODY and whom(name, known) is None:
                yield ("participants", i, "router"), f"nobody is called {name!r}; there are {there}"
        cues = role.get("cues")
        for j, cue in enumerate(cues if isinstance(cues, list | tuple) else ()):
            if not isinstance(cue, Mapping):
                continue
            place = ("participants", i, "cues", j)
            yield from ((place, what) for what in of_cue(cue))
            for field in NAMING:
                for name in _texts(cue.get(field)):
                    if whom(name, known) is None:
                        yield (*place, field), f"nobody is called {name!r}; there are {there}"
            said = cue.get("say")
            if isinstance(said, str) and len(said) > limit:
                yield (*place, "say"), f"{len(said):,} characters; the room takes {limit:,} at most"


def _routed(router: object) -> list[str]:
    """The names in a router that is written out."""
    if not isinstance(router, Mapping):
        return []
    words = router.get("words")
    named = [*words.values()] if isinstance(words, Mapping) else []
    return _texts([*named, router.get("to"), router.get("else")])


def _limit(room: object) -> int:
    limit = room.get("text_limit") if isinstance(room, Mapping) else None
    return limit if type(limit) is int else RoomSettings().text_limit


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list | tuple) else [value]
    return [one for one in values if isinstance(one, str) and one]


def _refusal(check: Any, *given: object) -> Iterator[str]:
    """The sentence in which ``check`` refuses what it is given, if it does."""
    try:
        check(*given)
    except TertuliaError as error:
        yield str(error)
    except TypeError:
        yield "the names of fields are text"
