"""What a line's words give away: names called, cues, and how rare each word is.

The lexicon was counted on the training rooms: for every common word how rare it is, and what it
says, alone, about the line: that it begins a thread, goes on with its speaker's own line, and that
somebody answers it. Nothing here remembers a room.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from tertulia.orchestrator.scoring.network import shipped, unpacked

_WORD = re.compile(r"[^\W_][\w'+-]*|\?")
_URL = re.compile(r"\bhttps?://\S+|\bwww\.\S+", re.IGNORECASE)
_NAME = re.compile(r"@?([\w\[\]\\`^{}|-]+)\s*([:,;>]?)")

GREETINGS = frozenset(("hi", "hello", "hey", "hiya", "morning", "greetings", "yo", "evening"))
THANKS = frozenset(("thanks", "thank", "thx", "ty", "cheers", "thanx", "tnx"))
AGREEMENTS = frozenset(
    ("yes", "no", "ok", "okay", "yeah", "yep", "nope", "yup", "right", "sure", "k")
)
WONDERS = frozenset(("ah", "oh", "lol", "cool", "heh", "hehe", "haha", "nice", "great", "hmm"))
ACKNOWLEDGEMENTS = AGREEMENTS | WONDERS | {"true", "exactly"}
JOINTS = frozenset(("and", "but", "or", "so", "because", "then", "also", "which", "that", "well"))
CALLS = frozenset(("anyone", "anybody", "someone", "somebody", "everyone", "guys", "folks", "all"))

COMMON_IDF = 7.0
"""A word less rare than this is no name unless it stands in front with a sign behind it."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Rarity (natural log of inverse share of lines) and leanings of each common word."""

    entries: Mapping[str, tuple[float, ...]]
    unknown: float
    leanings: int

    def rarity(self, word: str) -> float:
        """How rare a word is; a word never counted is the rarest."""
        entry = self.entries.get(word)
        return entry[0] if entry else self.unknown

    def lean(self, words: list[str]) -> list[float]:
        """The sum of the words' leanings, softened by the number of words."""
        sums = [0.0] * self.leanings
        entries = self.entries
        for word in dict.fromkeys([*words, "^" + words[0] if words else "^"]):
            entry = entries.get(word)
            if entry:
                for at in range(self.leanings):
                    sums[at] += entry[at + 1]
        return sums


@cache
def lexicon() -> Lexicon:
    """The shipped lexicon, read once."""
    stored = shipped("lexicon")
    columns = [unpacked(column) for column in stored["columns"]]
    rows = zip(*columns, strict=True)
    entries = dict(zip(stored["words"].split(" "), rows, strict=True))
    return Lexicon(entries, stored["unknown"], len(columns) - 1)


@dataclass(frozen=True, slots=True)
class Marks:
    """A line's words and what they show at once."""

    called: frozenset[str]
    named: frozenset[str]
    calls_stranger: bool
    rare: Mapping[str, float]
    weight: float
    question: bool
    url: bool
    greeting: bool
    thanks: bool
    acknowledgement: bool
    joint: bool
    to_all: bool
    length: int
    leanings: tuple[float, ...]


def fold(text: str) -> str:
    """Case and the spelling of accents and full-width signs made alike (Unicode NFKC)."""
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).casefold()


def spoken(text: str) -> list[str]:
    """The words of a line, folded, without its addresses on the web; a ``?`` is a word too."""
    return _WORD.findall(_URL.sub(" ", fold(text)))


def marks(text: str, names: Mapping[str, str], speaker: str) -> Marks:
    """Mark up a line; ``names`` are the names that it may call, folded, and whose they are."""
    plain = fold(text)
    counted = lexicon()
    url = _URL.search(plain)
    front, behind, called = _front(plain, names, counted)
    words = _WORD.findall(_URL.sub(" ", plain[behind:]) if url else plain[behind:])
    known = {word for word in words if word in names}
    named = {names[word] for word in known if len(word) > 2 and counted.rarity(word) > COMMON_IDF}
    named |= called
    named.discard(speaker)
    rare = {
        word: rarity
        for word in dict.fromkeys(words)
        if word not in known and len(word) > 2 and (rarity := counted.rarity(word)) > 3.5
    }
    head = words[0] if words else ""
    spoken = set(words)
    return Marks(
        called=frozenset(called - {speaker}),
        named=frozenset(named),
        calls_stranger=front and not called,
        rare=rare,
        weight=sum(rare.values()),
        question="?" in spoken,
        url=url is not None,
        greeting=not spoken.isdisjoint(GREETINGS),
        thanks=not spoken.isdisjoint(THANKS),
        acknowledgement=head in ACKNOWLEDGEMENTS,
        joint=head in JOINTS,
        to_all=not spoken.isdisjoint(CALLS),
        length=len(words),
        leanings=tuple(counted.lean(words)),
    )


def _front(text: str, names: Mapping[str, str], counted: Lexicon) -> tuple[bool, int, set[str]]:
    """Whether a name seems to stand in front, where the rest begins, and whose names they are."""
    called = set[str]()
    end = 0
    front = _NAME.match(text.lstrip())
    offset = len(text) - len(text.lstrip())
    if front is None:
        return False, 0, called
    word, sign = front.groups()
    who = names.get(word)
    if who is None and sign in (":", ",") and len(word) > 2:
        who = next((names[name] for name in names if name.startswith(word)), None)
    if who is not None and (sign or counted.rarity(word) > COMMON_IDF):
        called.add(who)
        end = offset + front.end()
    return sign == ":", end, called
