"""What a search looks for: the words of a text, folded alike in every store. Pure.

Words are compared without case, accents and the signs between them. Scripts that put no space
between words (Chinese, Japanese, Thai, …) are taken sign by sign, and what stands together in the
query has to stand together in the text; so any part of such a text is found.

Whatever somebody types is looked for as it is: no sign in it has a meaning for a database. Two are
read here: ``"in quotes"`` looks for the words in a row, ``book*`` for words that begin so.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log
from typing import TypeVar

from tertulia.orchestrator.errors import BadContent

TERMS = 32
"""How many terms of a query are looked for; the rest is passed over."""

CANDIDATES = 500
"""Of how many texts, the newest that have any of the words, the best are taken."""

_ASCII = re.compile(r"[a-z0-9]+")
_WORDS = re.compile(r"[^\W_]+")
_PIECES = re.compile(r'"([^"]*)"|(\S+)')
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f]"
)
_ACCENTS = dict.fromkeys(range(0x300, 0x370))

RANKS = 60
"""How much a place counts in a fused ranking: the higher, the less the first places stand out."""

Found = TypeVar("Found")
Name = TypeVar("Name")


def words_of(text: str) -> list[str]:
    """The words of a text, folded, in their order."""
    if text.isascii():
        return _ASCII.findall(text.lower())
    bare = unicodedata.normalize("NFKD", text).casefold().translate(_ACCENTS)
    marked = "".join(map(_spaced, unicodedata.normalize("NFKC", bare)))
    return marked.split()


def _spaced(sign: str) -> str:
    if _UNSPACED.match(sign):
        return f" {sign} " if unicodedata.category(sign)[0] in "LNM" else " "
    return sign if unicodedata.category(sign)[0] in "LNM" else " "


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand in a row; with ``prefix`` the last is the beginning of a word."""

    words: tuple[str, ...]
    prefix: bool = False

    def stands_in(self, words: Sequence[str]) -> bool:
        """Whether it is found in a text that has these words."""
        if len(self.words) == 1 and not self.prefix:
            return self.words[0] in words
        length = len(self.words)
        return any(
            self._is(words[place : place + length]) for place in range(len(words) - length + 1)
        )

    def _is(self, words: Sequence[str]) -> bool:
        *first, last = self.words
        ends = words[-1].startswith(last) if self.prefix else words[-1] == last
        return ends and list(words[:-1]) == first


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: all of the terms, or (``any``) at least one of them."""

    terms: tuple[Term, ...]
    any: bool = False

    @classmethod
    def of(cls, text: str) -> "Query":
        """The query that somebody typed. Raises ``BadContent`` where there is no word in it."""
        found = cls(_terms(text))
        if not found.terms:
            raise BadContent(what=f"no word in {text!r:.80}", hint="look for a word")
        return found

    @classmethod
    def any_of(cls, text: str) -> "Query | None":
        """The query for any word of a text; ``None`` where there is none in it."""
        terms = _terms(text)
        return cls(terms, any=True) if terms else None

    def matches(self, words: Sequence[str]) -> bool:
        """Whether a text that has these words is found."""
        found = (term.stands_in(words) for term in self.terms)
        return any(found) if self.any else all(found)


def _terms(text: str) -> tuple[Term, ...]:
    terms = []
    for quoted, plain in _PIECES.findall(text):
        words = tuple(words_of(quoted or plain))
        if words:
            terms.append(Term(words, prefix=plain.endswith("*")))
    return tuple(dict.fromkeys(terms))[:TERMS]


def fused(*rankings: Sequence[Name], limit: int) -> list[Name]:
    """One ranking out of several, by reciprocal rank (Cormack, Clarke & Buettcher 2009)."""
    worth: dict[Name, float] = {}
    for ranking in rankings:
        for place, name in enumerate(ranking):
            worth[name] = worth.get(name, 0.0) + 1 / (RANKS + 1 + place)
    return sorted(worth, key=lambda name: -worth[name])[:limit]


def best(query: Query, found: Iterable[tuple[Found, Sequence[str]]], limit: int) -> list[Found]:
    """The best of some texts (newest first, each with its words), best first.

    A text is as good as the terms are rare that stand in it, rare among those texts alone: so the
    order tells nothing of texts that are not among them. Of equally good ones the newest is first.
    """
    texts = list(found)
    having = [
        [place for place, (_, words) in enumerate(texts) if term.stands_in(words)]
        for term in query.terms
    ]
    worth = [0.0] * len(texts)
    for places in having:
        for place in places:
            worth[place] += log(1 + len(texts) / len(places))
    order = sorted(range(len(texts)), key=lambda place: -worth[place])
    return [texts[place][0] for place in order if worth[place] > 0][:limit]
