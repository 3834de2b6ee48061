"""Annotated lines as questions: the features of each line, of each candidate, and what is right.

The features are made by the run-time code itself, so what is learned is what is met.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tertulia.evaluation.corpora import Chat
from tertulia.orchestrator.scoring.clues import candidates, of_itself, of_line, of_pair
from tertulia.orchestrator.scoring.memory import Heard, Memory

WARMING = 250
"""Lines heard before the first annotated one, so that the memory is as full as it will be."""

LONGEST = 14
"""Lines of a room that is cut from a channel."""

Decide = Callable[[list[float], list[list[float]]], int]


@dataclass(frozen=True)
class Questions:
    """A question a row; options are padded to the same number, and ``there`` tells which are real.

    ``right`` are the lines answered, ``other`` the lines of other people, ``meant`` the lines of
    those people who are answered; ``links`` says how many links a line truly has.
    """

    lines: Any
    options: Any
    there: Any
    right: Any
    other: Any
    meant: Any
    person: Any
    links: Any


def asked(chats: Sequence[Chat], decide: Decide | None) -> Questions:
    """The questions of all rooms; between them the memory follows ``decide`` (None: the truth)."""
    found = [question for chat in chats for question in _questions(chat, decide)]
    width = max(len(rows) for _, rows, *_ in found)
    deep = len(found[0][1][0])
    options = np.zeros((len(found), width, deep), np.float16)
    there, right, other, meant = (np.zeros((len(found), width), bool) for _ in range(4))
    person = np.zeros((len(found), width), np.int16)
    for at, (_, rows, option, truth, number, chat) in enumerate(found):
        options[at, : len(rows)] = rows
        there[at, : len(rows)] = True
        named, people = chat.meant(number), dict[str, int]()
        for place, heard in enumerate(option):
            right[at, place] = (heard.number if heard else number) in truth
            if heard is not None:
                other[at, place] = heard.speaker != chat.lines[number].speaker
                meant[at, place] = heard.speaker in named
                person[at, place] = people.setdefault(heard.speaker, len(people))
    lines = np.array([line for line, *_ in found], np.float32)
    links = np.array([len(truth) for _, _, _, truth, _, _ in found])
    return Questions(lines, options, there, right, other, meant, person, links)


def dialogues(chats: Sequence[Chat]) -> list[Chat]:
    """Small rooms cut from channels: no clock, and nobody from outside.

    Threads alone, the same with the names in front taken out, and stretches of the channel with
    all its threads, names taken out too: not every room says whom it means.
    """
    threads = [(chat, numbers) for chat in chats for numbers in _threads(chat)]
    stretches = [(chat, _stretch(chat)) for chat in chats]
    rooms = [room for chat, numbers in threads for room in _cut(chat, numbers)]
    plain = [room for chat, numbers in threads + stretches for room in _cut(chat, numbers)]
    return rooms + [_nameless(room) for room in plain]


def _stretch(chat: Chat) -> list[int]:
    return [number for number in sorted(chat.answers) if not chat.lines[number].notice]


def _nameless(room: Chat) -> Chat:
    names = {line.speaker.lower() for line in room.lines}
    lines = []
    for line in room.lines:
        head, _, rest = line.text.partition(" ")
        called = rest and head.lower().rstrip(":,") in names
        lines.append(replace(line, text=rest) if called else line)
    return replace(room, lines=tuple(lines))


def _threads(chat: Chat) -> list[list[int]]:
    root = dict[int, int]()
    for number in sorted(chat.answers):
        if not chat.lines[number].notice:
            roots = {root.setdefault(other, other) for other in chat.answers[number]}
            root.setdefault(number, number)
            roots.add(root[number])
            root = {line: min(roots) if at in roots else at for line, at in root.items()}
    threads = defaultdict[int, list[int]](list)
    for line, at in sorted(root.items()):
        threads[at].append(line)
    return [lines for lines in threads.values() if len(lines) > 3]


def _cut(chat: Chat, thread: list[int], longest: int = LONGEST) -> Iterator[Chat]:
    for begin in range(0, len(thread), longest):
        numbers = thread[begin : begin + longest]
        place = {number: at for at, number in enumerate(numbers)}
        lines = tuple(replace(chat.lines[number], second=None, notice=False) for number in numbers)
        answers = {
            place[number]: frozenset(place[other] for other in chat.answers[number])
            for number in numbers[1:]
            if number in chat.answers and chat.answers[number] <= place.keys()
        }
        if answers and len({line.speaker for line in lines}) > 1:
            yield Chat(chat.name, lines, answers)


Asked = tuple[list[float], list[list[float]], list[Heard | None], frozenset[int], int, Chat]


def _questions(chat: Chat, decide: Decide | None) -> Iterator[Asked]:
    begin = max(0, min(chat.answers) - WARMING)
    memory = Memory()
    memory.count = begin
    for line in chat.lines[begin:]:
        heard = memory.hear(line)
        if heard is None:
            continue
        truth = chat.answers.get(heard.number)
        option: list[Heard | None] = [None, *candidates(memory, heard)]
        seen, rows = of_line(memory, heard), [of_itself()]
        rows += [of_pair(memory, heard, other) for other in option if other]
        if truth:
            yield seen, rows, option, truth, heard.number, chat
        place = decide(seen, rows) if decide else _told(option, heard, truth)
        memory.keep(heard, option[place])


def _told(option: list[Heard | None], heard: Heard, truth: frozenset[int] | None) -> int:
    """The true line where it is annotated, else a guess: whom it names, or one's own last line."""
    for place in range(len(option) - 1, 0, -1):
        if truth and option[place].number in truth:
            return place
    if truth:
        return 0
    for who in (*sorted(heard.marks.named), heard.speaker):
        theirs = [at for at, o in enumerate(option) if o and o.speaker == who]
        if theirs:
            return max(theirs, key=lambda at: option[at].number)
    return 0
