"""How like what a person would say next an utterance is: a discriminator, learned from real rooms.

It has learned to tell what people did answer from what they said elsewhere, from answers with their
words in another order, and from what a chain of words makes up. It knows words and a few cues, not
what is true: score what is said with something else as well. Pure, and quick (tenths of a ms).
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from math import exp, log, sqrt
from typing import Any
from zlib import crc32

from tertulia.orchestrator.scoring.network import Row, shipped, unpacked
from tertulia.orchestrator.scoring.words import ACKNOWLEDGEMENTS, lexicon, spoken

BUCKETS = 1 << 15
"""Places for words and pairs of words, which share them by chance (hashing)."""
NEAR = 4
"""Lines before the last that count as what is being talked about."""

CUES = (
    "rare words shared with the last line",
    "rare words shared with those before",
    "share of words said in the last line",
    "the same words as the last line",
    "length",
    "length squared",
    "much shorter",
    "much longer",
    "a question after a question",
    "no question after a question",
    "an acknowledgement after a question",
    "an acknowledgement after a statement",
    "mean rarity",
    "words unknown",
    "words said twice",
)


class Likeness:
    """Scores utterances from 0 (no person would say that here) to 1."""

    __slots__ = ("bias", "cues", "words")

    def __init__(self, stored: Mapping[str, Any]) -> None:
        """Take the weights of a file."""
        self.words: Row = unpacked(stored["words"])
        self.cues: Row = unpacked(stored["cues"])
        self.bias = float(stored["bias"])

    def __call__(self, before: Sequence[str], utterance: str) -> float:
        """Score an utterance after the lines ``before`` it, the last of which it answers."""
        places, cues = features(before, utterance)
        if not places:
            return 0.0
        score = self.bias + sum(map(self.words.__getitem__, places)) / sqrt(len(places))
        score += sum(weight * cue for weight, cue in zip(self.cues, cues, strict=True))
        return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, score))))


@cache
def likeness() -> Likeness:
    """The shipped discriminator, read once."""
    return Likeness(shipped("likeness"))


def features(before: Sequence[str], utterance: str) -> tuple[list[int], list[float]]:
    """Buckets of words and pairs of words, and cues, of an utterance after some lines."""
    said = spoken(utterance)
    last = spoken(before[-1]) if before else []
    earlier = {word for line in before[-1 - NEAR : -1] for word in spoken(line)}
    return [crc32(name.encode()) % BUCKETS for name in _names(said, last)], _cues(
        said, last, earlier
    )


def _names(said: list[str], last: list[str]) -> Iterator[str]:
    if not said:
        return
    yield from (f"w {word}" for word in dict.fromkeys(said))
    yield from (f"b {a} {b}" for a, b in pairwise(["^", *said, "$"]))
    heads = [*last[:2], "?" if "?" in last else "."]
    yield from (f"h {head} {word}" for head in heads for word in said[:2])
    known = lexicon()
    telling = sorted(set(last), key=lambda word: (-known.rarity(word), word))[:3]
    yield from (f"t {one} {word}" for one in telling for word in dict.fromkeys(said))


def _cues(said: list[str], last: list[str], earlier: set[str]) -> list[float]:
    known, words = lexicon(), set(said)
    rarity = {word: known.rarity(word) for word in words}
    whole = sqrt(sum(r * r for r in rarity.values())) or 1.0
    asks, asked = "?" in words, "?" in last
    acknowledges = bool(said) and said[0] in ACKNOWLEDGEMENTS
    long, before = log(1 + len(said)), log(1 + len(last))
    return [
        _shared(rarity, set(last)) / whole,
        _shared(rarity, earlier) / whole,
        len(words & set(last)) / (len(words) or 1),
        float(said == last),
        long,
        long * long / 4,
        max(0.0, before - long),
        max(0.0, long - before),
        float(asks and asked),
        float(asked and not asks),
        float(acknowledges and asked),
        float(acknowledges and not asked),
        sum(rarity.values()) / (10 * (len(words) or 1)),
        sum(word not in known.entries for word in words) / (len(words) or 1),
        1 - len(words) / (len(said) or 1),
    ]


def _shared(rarity: Mapping[str, float], others: set[str]) -> float:
    return sqrt(sum(r * r for word, r in rarity.items() if word in others))
