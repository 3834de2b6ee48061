"""Cutting a text into parts of a size that can be embedded, where it can be cut best. Pure.

Markdown headings begin a new part, which is told under them; a long section is cut between
paragraphs, a long paragraph between sentences, a long sentence between words. A fenced block is cut
only where it is longer than a part.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tertulia.orchestrator.errors import Invalid

SIZE = 1_000
"""Characters of a part: about 250 tokens of a European language; E5 reads 512 at once."""

_HEADING = re.compile(r"^(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r"^[ \t]*(```|~~~)")
_SENTENCE = re.compile(r"(?<=[.!?…\u3002\uff01\uff1f])[\s\u3000]*")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text, and the headings that it stands under, the outermost first."""

    text: str
    headings: tuple[str, ...] = ()


def split(text: str, size: int = SIZE) -> tuple[Part, ...]:
    """The parts of a text, each at most ``size`` characters long, in their order.

    Nothing but blank space is lost. Raises ``Invalid`` for a size below 1.
    """
    if size < 1:
        raise Invalid(where="size of a part", what="must be at least 1 character")
    return tuple(
        Part(piece, headings)
        for headings, blocks in _sections(text)
        for piece in _filled(blocks, size)
    )


def _sections(text: str) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """The headings of each section, and its paragraphs."""
    above: dict[int, str] = {}
    block: list[str] = []
    blocks: list[str] = []
    fence = None
    for line in text.splitlines():
        mark = _FENCE.match(line)
        heading = None if fence else _HEADING.match(line)
        if mark is not None:
            fence = mark[1] if fence is None else None if fence == mark[1] else fence
        if heading is not None:
            yield tuple(above.values()), [*blocks, "\n".join(block)]
            level = len(heading[1])
            above = {n: told for n, told in above.items() if n < level} | {level: heading[2]}
            block, blocks = [], []
        elif line.strip() or fence:
            block.append(line)
        elif block:
            blocks.append("\n".join(block))
            block = []
    yield tuple(above.values()), [*blocks, "\n".join(block)]


def _filled(blocks: list[str], size: int) -> Iterator[str]:
    """Paragraphs put together as long as they fit, cut where one alone does not."""
    held = ""
    for piece in (piece for block in blocks for piece in _cut(block.strip(), size)):
        if held and len(held) + 2 + len(piece) > size:
            yield held
            held = ""
        held = f"{held}\n\n{piece}" if held else piece
    if held:
        yield held


def _cut(block: str, size: int) -> Iterator[str]:
    if len(block) <= size:
        yield from [block] if block else []
        return
    held = ""
    for sentence in _SENTENCE.split(block):
        for words in _between_words(sentence, size):
            if held and len(held) + 1 + len(words) > size:
                yield held
                held = ""
            held = f"{held} {words}" if held else words
    if held:
        yield held


def _between_words(sentence: str, size: int) -> Iterator[str]:
    while len(sentence) > size:
        place = sentence.rfind(" ", 1, size + 1)
        place = size if place < 1 else place
        yield sentence[:place].strip()
        sentence = sentence[place:].strip()
    if sentence:
        yield sentence
