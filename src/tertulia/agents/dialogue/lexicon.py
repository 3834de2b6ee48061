"""The words by which rules understand: yes and no, days, months, numbers. One for each language."""

from collections.abc import Mapping
from dataclasses import dataclass, field

_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty"
)
_MONTHS = "january february march april may june july august september october november december"
_DAYS = "monday tuesday wednesday thursday friday saturday sunday"


def _numbered(words: str, first: int, short: int | None = None) -> dict[str, int]:
    named = {word: number for number, word in enumerate(words.split(), first)}
    return named | ({} if short is None else {word[:short]: n for word, n in named.items()})


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words in small letters; hand in others for another language."""

    yes: tuple[str, ...] = (
        "yes", "yeah", "yep", "sure", "ok", "okay", "correct", "right", "exactly", "agreed",
        "that's right", "go ahead", "please do", "fine", "sounds good", "of course",
    )  # fmt: skip
    no: tuple[str, ...] = ("no", "nope", "not quite", "wrong", "that's wrong", "rather not", "nah")
    cancel: tuple[str, ...] = (
        "cancel", "forget it", "forget about it", "never mind", "call it off", "drop it", "stop it",
    )  # fmt: skip
    instead: tuple[str, ...] = ("no", "rather", "i mean", "actually", "make that", "instead", "but")
    """After these comes what takes the place of what was said before them."""
    negation: tuple[str, ...] = ("not", "no", "never", "don't want", "instead of", "rather than")
    """Right after these stands what is not meant."""
    days: Mapping[str, int] = field(default_factory=lambda: _numbered(_DAYS, 0))
    near: Mapping[str, int] = field(
        default_factory=lambda: {"day after tomorrow": 2, "tomorrow": 1, "today": 0, "tonight": 0}
    )
    """Days from today."""
    months: Mapping[str, int] = field(default_factory=lambda: _numbered(_MONTHS, 1, 3))
    numbers: Mapping[str, int] = field(default_factory=lambda: _numbered(_NUMBERS, 0))
    joins: tuple[str, ...] = ("and", "or", "plus")
    noon: Mapping[str, str] = field(default_factory=lambda: {"noon": "12:00", "midnight": "00:00"})


ENGLISH = Lexicon()
