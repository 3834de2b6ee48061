"""Transition-relevance places: where one who speaks may be relieved (Sacks et al. 1974).

In text that streams they are the ends of sentences. Pure; the shell knows the other kind, the end
of a tool call.
"""

import re

_END = re.compile(
    r"[.!?\N{HORIZONTAL ELLIPSIS}]+[\"')\]*_\N{RIGHT DOUBLE QUOTATION MARK}]*(?=\s)"
    r"|[\N{IDEOGRAPHIC FULL STOP}\N{FULLWIDTH EXCLAMATION MARK}\N{FULLWIDTH QUESTION MARK}]+"
    r"|\n"
)
_LAST_WORD = re.compile(r"\b[^\W\d_]+$")
_ABBREVIATED = frozenset(
    [
        "dr",
        "mr",
        "mrs",
        "ms",
        "st",
        "vs",
        "ca",
        "bzw",
        "etc",
        "sr",
        "nr",
        "no",
        "prof",
        "fig",
        "approx",
    ]
)
_LOOK_BACK = 8
"""How far an end may reach that began before the place from which one looks."""


def next_trp(text: str, after: int) -> int | None:
    """Where the first transition-relevance place at or after the place ``after`` is.

    ``text[:place]`` is a whole number of sentences. ``None`` while it cannot be told: a full stop
    counts once a space has followed it.
    """
    for end in _END.finditer(text, max(0, after - _LOOK_BACK)):
        if end.end() >= after and not _abbreviates(text, end):
            return end.end()
    return None


def _abbreviates(text: str, end: re.Match[str]) -> bool:
    """Whether the full stop only shortens a word: ``Dr.``, ``e.g.``, the ``J.`` of a name."""
    word = _LAST_WORD.search(text, 0, end.start()) if end.group() == "." else None
    return word is not None and (len(word.group()) == 1 or word.group().lower() in _ABBREVIATED)
