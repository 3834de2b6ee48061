"""What is known of a participant in a room: languages, a few words about it, what it may do there.

A profile is for everybody to see. Posting is no right: everybody who does not only watch may post,
for ever.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from tertulia.orchestrator.errors import Invalid

LANGUAGES, LANGUAGE = 8, 40
"""How many languages a profile names at most, and in how many characters each."""
ROLES, ROLE = 16, 40
"""How many roles a profile has at most, and in how many characters each."""
ABOUT = 1_000
"""The most characters about a participant: agents read them in every turn."""


class Right(StrEnum):
    """What a participant may be allowed to do in a room beside posting."""

    WHISPER = "whisper"
    INTERRUPT = "interrupt"
    NOMINATE = "nominate"
    """To name who speaks next and turn hands down; for a chair only."""
    PAUSE = "pause"
    """To pause the room, and to let it go on."""
    CLOSE = "close"
    CHANGE_POLICY = "change_policy"
    """To change how the room arbitrates, and what messages do to a turn."""
    INVITE = "invite"
    DESCRIBE = "describe"
    """To change the profiles of others; one's own, everybody may."""
    PERMIT = "permit"
    """To change what anybody may do."""
    NOTE = "note"


_DOING = {
    Right.WHISPER: "whisper",
    Right.INTERRUPT: "cut anybody off",
    Right.NOMINATE: "give the floor or turn hands down",
    Right.PAUSE: "pause or resume the room",
    Right.CLOSE: "close the room",
    Right.CHANGE_POLICY: "change how the room arbitrates",
    Right.INVITE: "bring somebody in",
    Right.DESCRIBE: "describe others",
    Right.PERMIT: "change what anybody may do",
    Right.NOTE: "keep notes about others",
}


def doing(right: Right) -> str:
    """What one does by a right, as in "may not close the room"."""
    return _DOING[right]


@dataclass(frozen=True, slots=True)
class Profile:
    """What everybody may know of a participant.

    ``languages`` it is spoken to in, the preferred one first; ``about``, at most 1,000 characters,
    tells agents whom they have before them; ``permissions`` are its rights (``None``: those that
    the room gives everybody); ``roles`` are what rules about tools and approvals call it by
    (``supervisor``), letter for letter. Raises ``Invalid`` for what cannot be used.
    """

    languages: tuple[str, ...] = ()
    about: str = ""
    permissions: tuple[Right, ...] | None = None
    roles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check everything once, at the door."""
        _put(self, "languages", _names("languages", self.languages, LANGUAGES, LANGUAGE))
        _check_about(self.about)
        _put(self, "permissions", rights("permissions", self.permissions))
        _put(self, "roles", _names("roles", self.roles, ROLES, ROLE))


_put = object.__setattr__


def _names(where: str, given: Any, most: int, length: int) -> tuple[str, ...]:
    if not isinstance(given, list | tuple):
        raise Invalid(where=where, what=f"a list of names, not {given!r:.80}")
    if len(given) > most:
        raise Invalid(where=where, what=f"at most {most}, not {len(given)}")
    for name in given:
        if not isinstance(name, str) or not _is_a_line(name) or len(name) > length:
            what = f"each is one line of 1 to {length} characters, and {name!r:.80} is not"
            raise Invalid(where=where, what=what)
    if len(set(given)) < len(given):
        raise Invalid(where=where, what="one is named twice")
    return tuple(given)


def _check_about(given: Any) -> None:
    if not isinstance(given, str) or not _is_text(given):
        raise Invalid(where="about", what=f"must be text, not {given!r:.80}")
    if len(given) > ABOUT:
        what = f"at most {ABOUT:,} characters, not {len(given):,}"
        raise Invalid(where="about", what=what)


def rights(where: str, given: Any) -> tuple[Right, ...] | None:
    """Rights by their names, each once, in the order of ``Right``.

    Raises ``Invalid`` for a name that is none.
    """
    if given is None:
        return None
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise Invalid(where=where, what=f"a list of rights, not {given!r:.80}")
    named = list(given)
    for name in named:
        if name not in _NAMES:
            close = get_close_matches(str(name), _NAMES, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(_NAMES)}"
            raise Invalid(where=where, what=f"there is no right {name!r:.80}; {hint}")
    return tuple(right for right in Right if right in named)


_NAMES: tuple[str, ...] = tuple(right.value for right in Right)


def _is_a_line(text: str) -> bool:
    return bool(text.strip()) and len(text.splitlines()) == 1 and _is_text(text)


def _is_text(text: str) -> bool:
    """Whether a log can keep it: valid Unicode, without NUL."""
    return "\0" not in text and text == text.encode(errors="replace").decode()


def profile(
    languages: Sequence[str] = (),
    about: str = "",
    permissions: Sequence[str] | None = None,
    roles: Sequence[str] = (),
) -> Profile:
    """The profile of these, with rights by their names. Raises ``Invalid``."""
    return Profile(languages, about, permissions, roles)  # type: ignore[arg-type] # it makes them fit


PLAIN = Profile()
"""The profile of one of whom nothing is known."""
