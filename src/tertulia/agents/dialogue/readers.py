"""Finding values in what was said: choices, numbers, dates, times, lists. Pure, and by rules alone.

Each reader gives what it found with where it stands, as plain JSON that the slot's type can read;
which of them is meant is for ``rules`` to say.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from tertulia.agents.dialogue.lexicon import Lexicon

NUMBER = re.compile(r"(?<![\w.,:-])-?\d+(?:\.\d+)?(?![\w:]|[.,-]\d)")
APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
ISO = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
CLOCK = re.compile(
    r"(?<![\d:])(\d{1,2})(?::(\d{2}))?\s*(am|pm|a\.m\.|p\.m\.|h|o'clock)?(?![\w:])", re.I
)


FEW = 4
"""In fewer words than this, "one" is a number; in more, it is often a pronoun."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A value that was found, from character ``start`` to ``end``."""

    start: int
    end: int
    value: Any


Reader: TypeAlias = Callable[[str, Lexicon, date], Iterator[Mention]]


def kind_of(annotation: Any) -> Any:
    """The type itself: without bounds, and of an optional one what it is when it is there."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, UnionType):
        some = [one for one in get_args(annotation) if one is not type(None)]
        return kind_of(some[0]) if len(some) == 1 else annotation
    return annotation


def reader_of(annotation: Any) -> Reader | None:
    """What finds values of a type; free text, and types that nobody knows, have none."""
    kind = kind_of(annotation)
    if choices := choices_of(kind):
        return lambda text, words, today: _choices(text, choices)
    readers: dict[Any, Reader] = {
        int: lambda text, words, today: _numbers(text, words, today, whole=True),
        float: lambda text, words, today: _numbers(text, words, today, whole=False),
        Decimal: lambda text, words, today: _numbers(text, words, today, whole=False),
        date: _dates,
        time: lambda text, words, today: _times(text, words),
    }
    return readers.get(kind) if isinstance(kind, type) else None


def choices_of(kind: Any) -> dict[str, Any]:
    """The values that a type has names for, by these names in small letters."""
    if get_origin(kind) is Literal:
        return {str(one).casefold(): one for one in get_args(kind)}
    if isinstance(kind, type) and issubclass(kind, Enum):
        by_name = {one.name.casefold().replace("_", " "): one.value for one in kind}
        return by_name | {str(one.value).casefold(): one.value for one in kind}
    return {}


def found_words(text: str, words: Iterable[str]) -> Iterator[tuple[int, int, str]]:
    """Where any of these words stands, as a whole; the longer one where two begin alike."""
    longest = sorted(words, key=lambda word: (-len(word), word))
    if not longest:
        return
    pattern = "|".join(map(re.escape, longest))
    for hit in re.finditer(
        rf"(?<!\w)(?:{pattern})(?!\w)", text.replace(APOSTROPHE, "'"), re.IGNORECASE
    ):
        yield hit.start(), hit.end(), hit[0].casefold()


def _choices(text: str, choices: dict[str, Any]) -> Iterator[Mention]:
    for start, end, word in found_words(text, choices):
        yield Mention(start, end, choices[word])


def _numbers(text: str, words: Lexicon, today: date, *, whole: bool) -> Iterator[Mention]:
    """Numbers that are no part of a day or a time; a lone "one" among many words is none."""
    parts = (*_dates(text, words, today), *_times(text, words))
    taken = [(part.start, part.end) for part in parts]
    found = [
        Mention(hit.start(), hit.end(), int(hit[0]) if "." not in hit[0] else float(hit[0]))
        for hit in NUMBER.finditer(text)
        if not any(a <= hit.start() < b for a, b in taken)
    ]
    found += [
        Mention(start, end, words.numbers[word])
        for start, end, word in found_words(text, words.numbers)
        if words.numbers[word] != 1 or len(text.split()) < FEW
    ]
    for mention in sorted(found, key=lambda one: one.start):
        if not whole or isinstance(mention.value, int):
            yield mention


def _dates(text: str, words: Lexicon, today: date) -> Iterator[Mention]:
    """ISO dates, days near today, weekdays (the next one after today), days of a month."""
    found = [Mention(hit.start(), hit.end(), hit[0]) for hit in ISO.finditer(text)]
    for start, end, word in found_words(text, words.near):
        found.append(Mention(start, end, (today + timedelta(words.near[word])).isoformat()))
    for start, end, word in found_words(text, words.days):
        ahead = (words.days[word] - today.weekday() - 1) % 7 + 1
        found.append(Mention(start, end, (today + timedelta(ahead)).isoformat()))
    found += _days_of_months(text, words, today)
    return iter(sorted(found, key=lambda one: one.start))


def _days_of_months(text: str, words: Lexicon, today: date) -> list[Mention]:
    months = "|".join(map(re.escape, sorted(words.months, key=lambda word: -len(word))))
    day = r"(\d{1,2})(?:st|nd|rd|th|\.)?"
    found: list[Mention] = []
    for pattern, order in (
        (rf"(?<!\w){day}\s+(?:of\s+)?({months})(?!\w)(?:,?\s+(\d{{4}}))?", (1, 2, 3)),
        (rf"(?<!\w)({months})\s+{day}(?!\w)(?:,?\s+(\d{{4}}))?", (2, 1, 3)),
    ):
        for hit in re.finditer(pattern, text, re.IGNORECASE):
            number, month, year = (hit[place] for place in order)
            read = _day(int(number), words.months[month.casefold()], year, today)
            if read is not None:
                found.append(Mention(hit.start(), hit.end(), read))
    return found


def _day(day: int, month: int, year: str | None, today: date) -> str | None:
    """The next such day from today on, unless the year was said."""
    for candidate in [int(year)] if year else [today.year, today.year + 1]:
        try:
            found = date(candidate, month, day)
        except ValueError:
            continue
        if year or found >= today:
            return found.isoformat()
    return None


def _times(text: str, words: Lexicon) -> Iterator[Mention]:
    found = [Mention(a, b, words.noon[word]) for a, b, word in found_words(text, words.noon)]
    for hit in CLOCK.finditer(text):
        hour, minute, half = int(hit[1]), int(hit[2] or 0), (hit[3] or "").casefold()
        if (not hit[2] and not half) or hour > 24 or minute > 59:
            continue
        if half.startswith("p") and hour < 12:
            hour += 12
        elif half.startswith("a") and hour == 12:
            hour = 0
        found.append(Mention(hit.start(), hit.end(), f"{hour % 24:02}:{minute:02}"))
    return iter(sorted(found, key=lambda one: one.start))
