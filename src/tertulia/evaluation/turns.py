"""Run readers and forecasters through recorded rooms, and count where they were right.

Every figure has a name, a corpus, and a tally of one room; what is asked of a scorer is only what
it could know then: it hears a room from its first line, and is asked before it hears the answer.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from tertulia.evaluation import corpora, rules
from tertulia.evaluation.corpora import Chat, Meeting
from tertulia.evaluation.gating import Gate, decisions, gated, when_named
from tertulia.evaluation.hearings import hear, meant, surely
from tertulia.evaluation.measures import Figure, Tally, balanced, f_of, interval, share, total
from tertulia.evaluation.overlaps import overlaps_beside
from tertulia.orchestrator.errors import Unknown
from tertulia.orchestrator.room import Addressing
from tertulia.orchestrator.scoring import (
    Forecaster,
    LearnedForecaster,
    LearnedReader,
    Reader,
    Reading,
)

Room = TypeVar("Room")
_Asked = tuple[str, Figure, Sequence[Tally]]
Forecasting = Callable[[tuple[str, ...]], Forecaster]


@dataclass(frozen=True, slots=True)
class Makers:
    """Who is examined: one maker for each kind of room, called once for each room."""

    irc: Callable[[], Reader]
    molweni: Callable[[], Reader]
    ami: Forecasting
    icsi: Forecasting
    addressing: Addressing = Addressing.LEARNED
    gate: Gate = gated


RULES = Makers(
    rules.NamedOrOwn,
    rules.LastOther,
    rules.MostFrequent,
    rules.PreviousButOne,
    Addressing.EXPLICIT,
    when_named,
)
LEARNED = Makers(
    partial(LearnedReader, "channel"),
    partial(LearnedReader, "dialogue"),
    partial(LearnedForecaster, weights="meeting"),
    partial(LearnedForecaster, weights="discussion"),
)


def eval_turns(data: Path, split: str, makers: Makers = LEARNED) -> dict[str, Any]:
    """Each figure with its interval (``_ci``) and the number of questions behind it (``_n``).

    A figure whose corpus has no such split is None; `Unknown` is raised when none of them has it.
    """
    irc, molweni = (_there(corpus, data, split) for corpus in (corpora.irc, corpora.molweni))
    ami, icsi = (_there(corpus, data, split) for corpus in (corpora.ami, corpora.icsi))
    if not (irc or molweni or ami or icsi):
        corpora.irc(data, split)
    channel = [(chat, read(chat, makers.irc())) for chat in irc]
    dialogues = [(chat, read(chat, makers.molweni())) for chat in molweni]
    figures: dict[str, Any] = {}
    for name, figure, tallies in (
        ("irc_link_f", f_of, [links(*pair) for pair in channel]),
        ("irc_addressee", share, [addressees(*pair) for pair in channel]),
        ("ami_next_speaker", share, [next_speakers(each, makers.ami) for each in ami]),
        ("icsi_next_speaker", share, [next_speakers(each, makers.icsi) for each in icsi]),
        ("molweni_addressee", share, [addressees(*pair) for pair in dialogues]),
    ):
        figures |= _said(name, figure, tallies)
    figures |= overlaps_beside("ami", ami, "meeting") | overlaps_beside("icsi", icsi, "discussion")
    for corpus, chats in (("irc", irc), ("molweni", molweni)):
        for asked in in_rooms(corpus, chats, makers):
            figures |= _said(*asked)
    return {"eval": "turns", "split": split, **figures}


def _there(corpus: Callable[[Path, str], list[Room]], data: Path, split: str) -> list[Room]:
    try:
        return corpus(data, split)
    except Unknown:
        return []


def read(chat: Chat, reader: Reader) -> list[Reading]:
    """A reader's readings of one room, line by line."""
    return [reader.hear(line) for line in chat.lines]


def in_rooms(corpus: str, chats: Sequence[Chat], makers: Makers) -> Iterator[_Asked]:
    """Addressing and the gate as rooms use them: whom lines are for, and who has to answer them."""
    heard = [(chat, list(hear(chat, makers.addressing))) for chat in chats]
    gates = [decisions(*one, makers.gate) for one in heard]
    yield f"{corpus}_cascade", share, [meant(*one) for one in heard]
    yield f"{corpus}_sure", share, [surely(*one) for one in heard]
    yield f"{corpus}_gate_precision", share, [(a, a + b) for a, b, _, _ in gates]
    yield f"{corpus}_gate_recall", share, [(a, a + c) for a, _, c, _ in gates]
    yield f"{corpus}_silence_precision", share, [(d, c + d) for _, _, c, d in gates]
    yield f"{corpus}_silence_recall", share, [(d, b + d) for _, b, _, d in gates]
    both = [(a, a + c, d, b + d, a + b + c + d) for a, b, c, d in gates]
    yield f"{corpus}_gate_balanced", balanced, both
    yield f"{corpus}_gate_base", share, [(a + c, a + b + c + d) for a, b, c, d in gates]


def links(chat: Chat, readings: Sequence[Reading]) -> Tally:
    """Reply links found, said and true, over the annotated lines."""
    said = {(answered, number) for number in chat.answers for answered in readings[number].answers}
    true = {(answered, number) for number, found in chat.answers.items() for answered in found}
    return len(said & true), len(said), len(true)


def addressees(chat: Chat, readings: Sequence[Reading]) -> Tally:
    """Addressees found and asked, over the annotated lines that answer somebody else."""
    asked = [
        (readings[number].addressee, chat.meant(number))
        for number in chat.answers
        if not chat.lines[number].notice and chat.meant(number)
    ]
    return sum(named in meant for named, meant in asked), len(asked)


def next_speakers(meeting: Meeting, make: Forecasting) -> Tally:
    """Next speakers found and asked, over the changes of floor from the third turn on."""
    people = {said.speaker for said in meeting.speech if not said.in_passing}
    forecaster = make(tuple(sorted(people)))
    right, turns, holder = 0, 0, None
    for said in meeting.speech:
        if not said.in_passing and said.speaker != holder:
            right += turns >= 2 and forecaster.next() == said.speaker
            turns, holder = turns + 1, said.speaker
        forecaster.hear(said)
    return right, max(0, turns - 2)


def _said(name: str, figure: Figure, tallies: Sequence[Tally]) -> Mapping[str, Any]:
    if not tallies or not total(tallies)[-1]:
        return {name: None, f"{name}_ci": None, f"{name}_n": 0}
    low, high = interval(figure, tallies)
    counts = total(tallies)
    return {
        name: round(figure(counts), 4),
        f"{name}_ci": [round(low, 4), round(high, 4)],
        f"{name}_n": counts[-1],
    }
