"""Facts: who may keep one, for whose eyes, from what; who may let one go."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from tertulia.orchestrator.admission.members import member
from tertulia.orchestrator.admission.rights import check_right
from tertulia.orchestrator.admission.words import check_text
from tertulia.orchestrator.errors import BadContent, NotAllowed
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.facts import Fact, FactId, Scope
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.profile import Right
from tertulia.orchestrator.room import Audience, ParticipantId
from tertulia.orchestrator.visibility import audience_of, covers, witnesses

FACT = 1_000
"""The most characters of a fact."""
SOURCES = 64
"""From how many utterances a fact may come at most."""


@dataclass(frozen=True, slots=True)
class ToRemember:
    """What somebody wants to be remembered.

    ``within`` is the audience of what it was thought up from beside the sources: that of a turn.
    """

    text: str
    by: ParticipantId
    scope: Scope = Scope.ROOM
    about: str | None = None
    whisper: tuple[str, ...] = ()
    within: Audience = None


def remember(floor: Floor, wanted: ToRemember, sources: Sequence[Event], now: float) -> Fact:
    """The fact that comes from ``sources``, which whoever keeps it may see.

    It is for those who may know all of its sources, or for the fewer ones that are named. Raises
    ``NotAllowed``, ``Unknown`` or ``BadContent``.
    """
    check_right(floor, wanted.by, Right.NOTE)
    check_text(wanted.text, FACT)
    if len(sources) > SOURCES:
        hint = f"name the {SOURCES} that tell it best"
        raise BadContent(what=f"a fact from {len(sources)} utterances", hint=hint)
    about = None if wanted.about is None else _known(floor, wanted.about)
    audience = _audience(floor, wanted, sources)
    seqs = tuple(sorted({event.seq for event in sources}))
    first, last = (seqs[0], seqs[-1]) if seqs else (floor.head, floor.head)
    if wanted.by not in witnesses(floor, first, last):
        what = f"{wanted.by!r} was not there all the time from event {first} to {last}"
        raise BadContent(what=what, hint="keep one fact for each stay")
    return Fact(
        _named(floor, wanted, seqs, audience),
        wanted.text.strip(),
        wanted.scope,
        floor.room,
        seqs,
        first,
        last,
        wanted.by,
        now,
        wanted.by if wanted.scope is Scope.PARTICIPANT else None,
        about,
        audience,
        _elsewhere(floor, wanted.scope, audience, (first, last)),
    )


def succeed(fact: Fact, old: Fact) -> None:
    """Check that a fact may take the place of another: whoever knew that one has to know this.

    Raises ``NotAllowed`` or ``BadContent``.
    """
    check_ending(old, fact.by)
    same = (fact.room, fact.scope) == (old.room, old.scope) and fact.id != old.id
    if same and covers(fact.audience, old.audience):
        return
    hint = f"forget {old.id!r}, and remember this beside it"
    if not same:
        what = "a fact can take the place only of another of the same room and scope"
        raise BadContent(what=what, hint=hint)
    what = "some who know the old fact may not know what is to take its place"
    raise BadContent(what=what, hint=hint)


def check_ending(fact: Fact, by: ParticipantId) -> None:
    """Raise ``NotAllowed`` unless ``by`` kept the fact, or it is about ``by`` or its own memory."""
    if by not in (fact.by, fact.owner, fact.about):
        able = dict.fromkeys(who for who in (fact.by, fact.owner, fact.about) if who)
        raise NotAllowed(who=by, what=f"end fact {fact.id!r}", hint=f"{' and '.join(able)} may")


def shared(fact: Fact, by: ParticipantId, now: float) -> Fact:
    """The same fact for everybody in every room.

    Raises ``NotAllowed`` for one who may not end the fact, and ``BadContent`` for what was
    whispered.
    """
    check_ending(fact, by)
    if fact.audience is not None:
        what = f"fact {fact.id!r} is for {', '.join(fact.audience)} alone"
        raise BadContent(what=what, hint="let one of them say it aloud, and remember that")
    name = FactId(blake2b(f"shared {fact.id}".encode(), digest_size=8).hexdigest())
    return replace(fact, id=name, scope=Scope.SHARED, by=by, at=now, owner=None, elsewhere=None)


def _known(floor: Floor, who: str) -> ParticipantId:
    """Somebody who is or was in the room."""
    one = ParticipantId(who)
    return one if one in floor.departed else member(floor, who).id


def _audience(floor: Floor, wanted: ToRemember, sources: Iterable[Event]) -> Audience:
    widest = wanted.within
    for event in sources:
        widest = _both(widest, event.audience)
    if not wanted.whisper:
        return widest
    named = audience_of(wanted.by, [member(floor, who).id for who in wanted.whisper])
    if not covers(widest, named):
        what = "let others know what was whispered"
        raise NotAllowed(who=wanted.by, what=what, hint=f"{', '.join(widest or ())} heard it")
    return named


def _both(one: Audience, other: Audience) -> Audience:
    if one is None or other is None:
        return other if one is None else one
    return tuple(who for who in one if who in other)


def _elsewhere(floor: Floor, scope: Scope, audience: Audience, places: tuple[int, int]) -> Audience:
    """Who may know it in other rooms: those who were there."""
    if scope is Scope.ROOM:
        return ()
    there = witnesses(floor, *places)
    return there if audience is None else tuple(who for who in audience if who in there)


def _named(floor: Floor, wanted: ToRemember, sources: Sequence[int], audience: Audience) -> FactId:
    """The same thing from the same sources is one fact, however often it is remembered."""
    content = [floor.room, wanted.by, wanted.scope, wanted.about, wanted.text.strip()]
    told = json.dumps([*content, sources, audience])
    return FactId(blake2b(told.encode(), digest_size=8).hexdigest())
