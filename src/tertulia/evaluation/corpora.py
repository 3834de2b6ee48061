"""The recorded rooms, read from their files and made into what the scorers hear.

A corpus is a folder, a split a file in it: ``{folder}/{split}.jsonl.gz``. Nothing here scores.
"""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tertulia.orchestrator.errors import Unknown
from tertulia.orchestrator.scoring import Line, Utterance

FLOOR_TAKING_S = 1.0
"""AMI names no backchannels: what is shorter than this takes no floor."""

_OTHER_NAMES = {"dev": "val", "val": "dev"}
_DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Chat:
    """Lines, and for each annotated line the lines that it answers (itself: a new thread)."""

    name: str
    lines: tuple[Line, ...]
    answers: Mapping[int, frozenset[int]]

    def meant(self, number: int) -> set[str]:
        """Those other than its speaker whom an annotated line answers."""
        answered = (self.lines[other] for other in self.answers[number])
        return {line.speaker for line in answered if not line.notice} - {self.lines[number].speaker}


@dataclass(frozen=True, slots=True)
class Meeting:
    """Speech in the order in which it began."""

    name: str
    speech: tuple[Utterance, ...]


def irc(data: Path, split: str) -> list[Chat]:
    """Ubuntu's technical channel, annotated by Kummerfeld et al. (ACL 2019)."""
    return [_channel(row) for row in _rows(data, "irc_disentangle", split)]


def molweni(data: Path, split: str) -> list[Chat]:
    """Short dialogues from the same channel, with their discourse relations (COLING 2020)."""
    chats = []
    for row in _rows(data, "molweni_dp", split):
        answers = defaultdict[int, set[int]](set)
        for parent, child, _ in row["rel"]:
            answers[child].add(parent)
        lines = tuple(Line(speaker, text) for speaker, text in row["turns"])
        frozen = {child: frozenset(parents) for child, parents in answers.items()}
        chats.append(Chat(str(row["id"]), lines, frozen))
    return chats


def ami(data: Path, split: str) -> list[Meeting]:
    """Design meetings of four (Carletta et al. 2005)."""
    return [
        Meeting(
            row["meeting"],
            tuple(
                Utterance(who, start, start + lasts, in_passing=lasts < FLOOR_TAKING_S)
                for start, lasts, who in row["turns"]
            ),
        )
        for row in _rows(data, "ami_turns", split)
    ]


def icsi(data: Path, split: str) -> list[Meeting]:
    """Research meetings of up to nine, with dialogue acts (Shriberg et al. 2004)."""
    return [
        Meeting(
            row["meeting"],
            tuple(
                Utterance(who, start, end, text, in_passing=act.startswith("b"))
                for start, end, who, act, _, text in row["utts"]
            ),
        )
        for row in _rows(data, "icsi_mrda", split)
    ]


def _channel(row: Mapping[str, Any]) -> Chat:
    lines, second, days = [], None, 0
    for _, clock, speaker, text, kind in row["messages"]:
        if clock:
            hour, _, minute = clock.partition(":")
            now = 3600.0 * int(hour) + 60.0 * int(minute)
            if second is not None and now + days * _DAY_S < second - _DAY_S / 2:
                days += 1
            second = now + days * _DAY_S
        lines.append(Line(speaker, text, second, notice=kind == "s"))
    answers = defaultdict[int, set[int]](set)
    for one, other in row["links"]:
        answers[max(one, other)].add(min(one, other))
    frozen = {number: frozenset(found) for number, found in answers.items()}
    return Chat(row["file"], tuple(lines), frozen)


def _rows(data: Path, folder: str, split: str) -> Iterator[Any]:
    names = [split, *filter(None, [_OTHER_NAMES.get(split)])]
    paths = [data / folder / f"{name}.jsonl.gz" for name in names]
    found = next((path for path in paths if path.is_file()), None)
    if found is None:
        hint = (
            "; name the folder that holds the recorded rooms with --data, and a split that it has"
        )
        raise Unknown(kind="file", name=str(paths[0]), hint=hint)
    with gzip.open(found, "rt", encoding="utf8") as opened:
        yield from map(json.loads, opened)
