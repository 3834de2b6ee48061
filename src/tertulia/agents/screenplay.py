"""A transcript as a play script, which a small model continues better than a chat template.

First what was said, then, right before the cue, who is to speak: there it tells most, and the
script of a room begins in the same way for all its agents, and from turn to turn, so that the
engine reads it once. When it grows too long, eight old lines go at once instead of one each time.
It fits by construction, for a token is never shorter than a byte. Nothing here calls a model.
"""

import re
from collections.abc import Iterator

from tertulia.agents.restraint import sentences
from tertulia.agents.transcript import Line, Transcript

MOST_LINES = 24
LINES_PER_HOP = 8
LINE_BYTES = 400
PERSONA_BYTES = 300

BEING = re.compile(r" is (an? .+?)(?= who\b| that\b|[,.;]|$)")
CUT_OFF = re.compile(r" \[cut off(?: by [^\]]*)?\]$")
MENTION = re.compile(r"(?<!\w)@(?=\w)")


def screenplay(transcript: Transcript, budget_bytes: int) -> str:
    """Write the script up to the speaker's own name, in at most ``budget_bytes`` of UTF-8.

    The first line of the conversation, which mostly says what it is about, is kept while it fits.
    """
    known = introduction(transcript)
    cue = (f"({known})\n" if known else "") + f"{transcript.speaker}:"
    lines = [_written(line) for line in transcript.lines]
    room = budget_bytes - len(cue.encode())
    kept = next((some for some in _windows(lines) if _bytes(some) <= room), [])
    return "".join(kept) + cue


def introduction(transcript: Transcript) -> str:
    """Turn "You are Mia, a designer. Be brief." into "Mia is a designer."; orders only confuse."""
    first = _shortened(next(iter(sentences(transcript.persona)), ""), PERSONA_BYTES)
    who = re.escape(transcript.speaker)
    told = re.sub(rf"^You are (?:{who}\b)?[,:]?\s*", f"{transcript.speaker} is ", first)
    told = re.sub(r"^An? ", lambda word: f"{transcript.speaker} is {word[0].lower()}", told)
    return "" if told == f"{transcript.speaker} is ." else told


def boasts(known: str) -> list[str]:
    """How a speaker would say again what an introduction tells: "I am a carpenter."."""
    return [f"{i_am} {found[1]}." for found in BEING.finditer(known) for i_am in ("I am", "I'm")]


def _written(line: Line) -> str:
    text = CUT_OFF.sub("", MENTION.sub("", line.text))
    return f"{line.speaker}: {_shortened(text, LINE_BYTES)}\n"


def _windows(lines: list[str]) -> Iterator[list[str]]:
    """Offer ever fewer lines: without whole hops after the first line, then only the newest."""
    hops = max(0, -(-(len(lines) - MOST_LINES) // LINES_PER_HOP))
    for start in range(1 + hops * LINES_PER_HOP, len(lines) + 1, LINES_PER_HOP):
        yield lines[:1] + lines[start:]
    for newest in range(LINES_PER_HOP, 0, -1):
        yield lines[-newest:]


def _shortened(text: str, most_bytes: int) -> str:
    """Keep the beginning of a text, whole letters only."""
    data = text.encode()
    if len(data) <= most_bytes:
        return text
    return data[:most_bytes].decode(errors="ignore").rsplit(" ", 1)[0] + " …"


def _bytes(lines: list[str]) -> int:
    return sum(len(line.encode()) for line in lines)
