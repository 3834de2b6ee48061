"""To whom something was said, read from its text: ``@Bo``, a name in front, or nobody.

Pure and small: explicit marks only. What it cannot tell it leaves to the policy.
"""

import re
from collections.abc import Iterable, Mapping

from tertulia.orchestrator.floor import Seat
from tertulia.orchestrator.room import ParticipantId

_AT = re.compile(r"(?<![\w@])@([\w][\w.-]*)")
_VOCATIVE = re.compile(r"^\s*([^\s,:;!?][^,:;!?\n]{0,80}?)\s*[,:]\s")
_BETWEEN = re.compile(r"\s*(?:,|&|\band\b)\s*")


def addressees(
    text: str, members: Mapping[ParticipantId, Seat], speaker: ParticipantId
) -> tuple[ParticipantId, ...]:
    """The members whom ``text`` names as its addressees, in the order of mention.

    ``@handle`` or ``@Name`` anywhere counts, and one or more names in front (``Bo, …``,
    ``Ana and Bo: …``). ``@all`` and ``@everyone`` address nobody in particular.
    """
    names = _names(members.values())
    found = [names.get(mark.rstrip(".-").lower()) for mark in _AT.findall(text)]
    front = _VOCATIVE.match(text)
    if front is not None:
        called = [names.get(part.strip().lower()) for part in _BETWEEN.split(front.group(1))]
        if all(called):
            found = [*called, *found]
    return tuple(dict.fromkeys(who for who in found if who is not None and who != speaker))


def _names(seats: Iterable[Seat]) -> dict[str, ParticipantId]:
    """Handles, names and first names in lower case; what two members share names neither."""
    handles: dict[str, ParticipantId] = {}
    names: dict[str, list[ParticipantId]] = {}
    for seat in seats:
        handles[seat.id] = seat.id
        name = seat.name.lower()
        for form in {name, name.split()[0]}:
            names.setdefault(form, []).append(seat.id)
    unique = {form: bearers[0] for form, bearers in names.items() if len(bearers) == 1}
    return {**unique, **handles}
