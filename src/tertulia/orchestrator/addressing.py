"""To whom something was said, read from its text: ``@Bo``, a name in front, or nobody.

Pure and small: explicit marks only. What it cannot tell it leaves to the policy.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from tertulia.orchestrator.floor import Seat
from tertulia.orchestrator.room import ParticipantId

_AT = re.compile(r"(?<![\w@])@")
_FRONT = re.compile(r"\s*([^\s,:;!?][^,:;!?\n]{0,80}?)\s*([,:])")
_BETWEEN = re.compile(r"\s*(?:&|\band\b)\s*")
_GOES_ON = re.compile(r"[.-]*[^\W_]|_")
_EVERYBODY = ("all", "everyone")


def addressees(
    text: str, members: Mapping[ParticipantId, Seat], speaker: ParticipantId
) -> tuple[ParticipantId, ...]:
    """The members whom ``text`` names as its addressees, in the order of mention.

    ``@handle`` or ``@Name`` anywhere counts, and one or more names in front (``Bo, …``,
    ``Ana, Cy and Bo: …``). ``@all`` and ``@everyone`` address nobody in particular.
    """
    names = _names(members.values())
    plain = _fold(text)
    found = dict.fromkeys([*_called(plain, names), *_mentioned(plain, names)])
    return tuple(who for who in found if who != speaker)


def _called(text: str, names: Mapping[str, ParticipantId]) -> Iterator[ParticipantId]:
    """Those whose names stand in front."""
    front = _FRONT.match(text)
    while front is not None:
        together = front.group(1)
        called = [
            names.get(name)
            for name in ([together] if together in names else _BETWEEN.split(together))
        ]
        if None in called:
            return
        yield from (who for who in called if who is not None)
        front = _FRONT.match(text, front.end()) if front.group(2) == "," else None


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


def _names(seats: Iterable[Seat]) -> dict[str, ParticipantId]:
    """Handles, names and first names, folded; what two members share names neither."""
    handles: dict[str, ParticipantId] = {}
    names: dict[str, list[ParticipantId]] = {}
    for seat in seats:
        handles[seat.id] = seat.id
        name = _fold(seat.name)
        for form in {name, *name.split()[:1]} - {*_EVERYBODY, ""}:
            names.setdefault(form, []).append(seat.id)
    unique = {form: bearers[0] for form, bearers in names.items() if len(bearers) == 1}
    return {**unique, **handles}


def _fold(text: str) -> str:
    """Case, accents' spelling and full-width signs made alike (Unicode NFKC)."""
    return unicodedata.normalize("NFKC", text).casefold()
