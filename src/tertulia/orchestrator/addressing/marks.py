"""To whom something was said, read from its text: ``@Bo``, a name called, or nobody.

Pure and small: explicit marks only. What it cannot tell it leaves to the policy.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache

from tertulia.orchestrator.floor import Seat
from tertulia.orchestrator.room import ParticipantId

_AT = re.compile(r"(?<![\w@])@")
_FRONT = re.compile(r"\s*([^\s,:;!?][^,:;!?\n]{0,80}?)\s*([,:])")
_SENTENCE = re.compile(r"[.!?]\s+")
_NAMES = 80
"""The most characters in which somebody is called."""
_BETWEEN = re.compile(r"\s*(?:&|\band\b)\s*")
_GOES_ON = re.compile(r"[.-]*[^\W_]|_")
_EVERYBODY = ("all", "everyone")


def addressees(
    text: str, members: Mapping[ParticipantId, Seat], speaker: ParticipantId
) -> tuple[ParticipantId, ...]:
    """The members whom ``text`` names as its addressees, in the order of mention.

    ``@handle`` or ``@Name`` anywhere counts, and names called in front of a sentence (``Bo, …``,
    ``Ana, Cy and Bo: …``) or at the end of a question (``…, Bo?``). ``@all`` and ``@everyone``
    address nobody.
    """
    plain = fold(text)
    if not any(sign in plain for sign in "@,:"):
        return ()
    names = names_of(members)
    called = (*_called(plain, names), *_called_last(plain, names))
    found = dict.fromkeys([*called, *_mentioned(plain, names)])
    return tuple(who for who in found if who != speaker)


def _called(text: str, names: Mapping[str, ParticipantId]) -> Iterator[ParticipantId]:
    """Those whose names stand in front of a sentence."""
    for begin in (0, *(mark.end() for mark in _SENTENCE.finditer(text))):
        front = _FRONT.match(text, begin)
        while front is not None and (called := _all_of(front.group(1), names)):
            yield from called
            front = _FRONT.match(text, front.end()) if front.group(2) == "," else None


def _called_last(text: str, names: Mapping[str, ParticipantId]) -> list[ParticipantId]:
    """Those whose names end a question after a comma, unless they end a list of names."""
    question = text.rstrip()
    before, comma, last = question[:-1].rpartition(",")
    said = before[-_NAMES:].split()
    if not comma or question[-1] != "?" or len(last) > _NAMES or not said:
        return []
    return [] if said[-1].strip(",") in names else _all_of(last.strip(), names)


def _all_of(together: str, names: Mapping[str, ParticipantId]) -> list[ParticipantId]:
    """Whom ``Ana and Bo`` means; nobody, if any of it is not a name."""
    parts = [together] if together in names else _BETWEEN.split(together)
    called = [names.get(part) for part in parts]
    return [] if None in called else [who for who in called if who is not None]


def _mentioned(text: str, names: Mapping[str, ParticipantId]) -> Iterator[ParticipantId]:
    """Those whose names come after an ``@``: the longest name that fits."""
    lengths = sorted({len(name) for name in names}, reverse=True)
    for mark in _AT.finditer(text):
        begin = mark.end()
        for end in (begin + length for length in lengths):
            who = names.get(text[begin:end])
            if who is not None and not _goes_on(text, end):
                yield who
                break


def _goes_on(text: str, end: int) -> bool:
    """Whether the word that reaches to ``end`` is longer than that: ``@bo`` in ``@bo-peep``."""
    rest = text[end : end + 1]
    return bool(_GOES_ON.match(text, end)) or (rest != "" and unicodedata.category(rest)[0] == "M")


def names_of(members: Mapping[ParticipantId, Seat]) -> Mapping[str, ParticipantId]:
    """Whom each folded handle, name and first name in the room means; what two share, nobody."""
    return _names(tuple((seat.id, seat.name) for seat in members.values()))


@lru_cache(maxsize=1024)
def _names(cast: tuple[tuple[ParticipantId, str], ...]) -> Mapping[str, ParticipantId]:
    """Handles, names and first names, folded; what two members share names neither."""
    handles: dict[str, ParticipantId] = {}
    names: dict[str, list[ParticipantId]] = {}
    for who, name in cast:
        handles[who] = who
        plain = fold(name)
        for form in {plain, *plain.split()[:1]} - {*_EVERYBODY, ""}:
            names.setdefault(form, []).append(who)
    unique = {form: bearers[0] for form, bearers in names.items() if len(bearers) == 1}
    return {**unique, **handles}


def fold(text: str) -> str:
    """Case, accents' spelling and full-width signs made alike (Unicode NFKC)."""
    return unicodedata.normalize("NFKC", text).casefold()
