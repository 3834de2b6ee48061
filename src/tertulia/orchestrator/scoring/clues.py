"""What speaks for a line being the answer to another: the features, by name, and the candidates.

Every number lies near 0 to 1. Nothing here is learned; the order of names is the weights' order.
"""

from collections.abc import Iterator
from math import log1p

from tertulia.orchestrator.scoring.memory import SPAN, Heard, Memory
from tertulia.orchestrator.scoring.words import Marks

NEAR = 15
SPEAKERS = 16
_TOGETHER = 8
_RARE = 4.5

OF_LINE = (  # noqa: SIM905 - read as one row, not as a column
    "calls names calls_stranger question url greeting thanks acknowledgement joint to_all length "
    "lean0 lean1 lean2 lean3 lean4 first own_gap own_time own_question own_last "
    "named_since partner partner_since named_gap pause speakers clock"
).split()

OF_PAIR = (  # noqa: SIM905 - read as one row, not as a column
    "itself gap near1 near2 near time minute same same_near own_since their_since latest "
    "calls_me names_me i_call i_name i_call_other calls_other both_name same_called question "
    "open_question replies replied_by_me begins ends_thread my_thread last_thread thread_gap "
    "thread_size answers_me means_me partner their_partner other_partner common rarest alike url "
    "greeting thanks acknowledgement length lean3 lean4 thread_top waiting first named_thread "
    "people thread_time answered_mine between"
).split()


def candidates(memory: Memory, line: Heard) -> list[Heard]:
    """The remembered lines that ``line`` may answer, each once, within the last ``SPAN``."""
    oldest = line.rank - SPAN
    found = dict[int, Heard]()
    for heard in _worth(memory, line):
        if heard.rank >= oldest:
            found[heard.number] = heard
    return list(found.values())


def _worth(memory: Memory, line: Heard) -> Iterator[Heard]:
    lines, own = memory.lines, memory.own
    speakers = set[str]()
    for at in range(1, min(len(lines), SPAN) + 1):
        heard = lines[-at]
        if at <= NEAR or heard.speaker not in speakers:
            yield heard
        speakers.add(heard.speaker)
        if at >= NEAR and len(speakers) >= SPEAKERS:
            break
    yield from own.get(line.speaker, ())
    yield from memory.naming.get(line.speaker, ())
    partner = memory.partner.get(line.speaker)
    for name in sorted({*line.marks.named, *([partner] if partner else [])}):
        yield from own.get(name, ())
    for word, rarity in line.marks.rare.items():
        if rarity > _RARE and word in memory.saying:
            yield memory.saying[word]


def of_line(memory: Memory, line: Heard) -> list[float]:
    """The features of the line alone, named in ``OF_LINE``."""
    seen = line.marks
    own = memory.own.get(line.speaker)
    last = own[-1] if own else None
    lines = memory.lines
    naming = memory.naming.get(line.speaker)
    partner = memory.partner.get(line.speaker)
    theirs = memory.own.get(partner) if partner else None
    named = [memory.own[name][-1].rank for name in seen.named if name in memory.own]
    since = last.rank if last else -1
    return [
        1.0 if seen.called else 0.0,
        1.0 if seen.named else 0.0,
        float(seen.calls_stranger),
        float(seen.question),
        float(seen.url),
        float(seen.greeting),
        float(seen.thanks),
        float(seen.acknowledgement),
        float(seen.joint),
        float(seen.to_all),
        log1p(seen.length) / 4,
        *seen.leanings,
        float(line.first),
        log1p(line.rank - since) / 5 if last else 1.0,
        _minutes(line, last) if last else 1.0,
        float(last is not None and last.marks.question),
        float(last is not None and bool(lines) and lines[-1] is last),
        float(bool(naming) and naming[-1].rank > since) if naming else 0.0,
        float(partner is not None),
        float(theirs[-1].rank > since) if theirs else 0.0,
        log1p(line.rank - max(named)) / 5 if named else 1.0,
        _minutes(line, lines[-1]) if lines else 1.0,
        len({lines[-at].speaker for at in range(1, min(len(lines), _TOGETHER) + 1)}) / _TOGETHER,
        float(line.second is not None),
    ]


def of_itself() -> list[float]:
    """The features of a line as its own answer, which is how a thread begins."""
    return [1.0] + [0.0] * (len(OF_PAIR) - 1)


def of_pair(memory: Memory, line: Heard, other: Heard) -> list[float]:
    """The features of ``line`` as an answer to ``other``, named in ``OF_PAIR``."""
    own = memory.own.get(line.speaker, ())
    theirs = memory.own.get(other.speaker, ())
    own_since = sum(heard.rank > other.rank for heard in own)
    their_since = sum(heard.rank > other.rank for heard in theirs)
    last = own[-1] if own else None
    return [
        *_of_place(line, other, own_since, their_since),
        *_of_names(line, other),
        *_of_thread(line, other, last),
        *_of_partners(memory, line, other),
        *_of_words(line.marks, other.marks),
        *_of_people(line, other, last, own_since, their_since),
    ]


def _of_place(line: Heard, other: Heard, own_since: int, their_since: int) -> list[float]:
    same = line.speaker == other.speaker
    gap = line.rank - other.rank
    minutes = _minutes(line, other)
    return [
        0.0,
        log1p(gap) / 5,
        float(gap == 1),
        float(gap == 2),
        1.0 / gap,
        minutes,
        float(minutes == 0.0),
        float(same),
        1.0 / gap if same else 0.0,
        own_since / 4,
        their_since / 4,
        float(their_since == 0),
    ]


def _of_names(line: Heard, other: Heard) -> list[float]:
    me, they = line.speaker, other.speaker
    mine, theirs = line.marks, other.marks
    same, calls_me = me == they, me in theirs.called
    return [
        float(calls_me),
        float(me in theirs.named),
        float(they in mine.called),
        float(they in mine.named),
        float(bool(mine.called) and they not in mine.called and not same),
        float(bool(theirs.called) and not calls_me),
        float(not mine.named.isdisjoint(theirs.named)),
        float(same and bool(mine.called) and mine.called == theirs.called),
    ]


def _of_thread(line: Heard, other: Heard, last: Heard | None) -> list[float]:
    me, same = line.speaker, line.speaker == other.speaker
    thread, asks = other.thread, other.marks.question
    return [
        float(asks),
        float(asks and not same and not other.replies),
        min(other.replies, 3) / 3,
        float(me in other.repliers),
        float(other.begins),
        float(thread.rank == other.rank),
        float(me in thread.people),
        float(last is not None and last.thread is thread),
        log1p(line.rank - thread.rank) / 5,
        log1p(thread.size) / 4,
        float(not same and other.answered_speaker == me),
        float(other.meant == me),
    ]


def _of_partners(memory: Memory, line: Heard, other: Heard) -> list[float]:
    me, they = line.speaker, other.speaker
    theirs = memory.partner.get(they)
    return [
        float(memory.partner.get(me) == they),
        float(theirs == me),
        float(theirs is not None and theirs != me and me != they),
    ]


def _of_words(mine: Marks, theirs: Marks) -> list[float]:
    shared = [rarity for word, rarity in mine.rare.items() if word in theirs.rare]
    weight = sum(shared)
    return [
        weight / 20,
        max(shared) / 10 if shared else 0.0,
        weight / (1.0 + min(mine.weight, theirs.weight)),
        float(theirs.url),
        float(theirs.greeting),
        float(theirs.thanks),
        float(theirs.acknowledgement),
        log1p(theirs.length) / 4,
        theirs.leanings[3],
        theirs.leanings[4],
    ]


def _of_people(
    line: Heard, other: Heard, last: Heard | None, own_since: int, their_since: int
) -> list[float]:
    me, thread = line.speaker, other.thread
    same = me == other.speaker
    to_me = me in other.marks.named or other.meant == me
    answers_me = not same and other.answered_speaker == me
    gap = line.rank - other.rank
    between = gap - 1 - own_since - (0 if same else their_since)
    return [
        float(me in thread.people and thread.rank == other.rank and not same),
        float(to_me and own_since == 0),
        float(other.first),
        float(not line.marks.named.isdisjoint(thread.people)),
        min(len(thread.people), 6) / 6,
        _lapse(line.second, thread.second),
        float(answers_me and last is not None and last.number == other.answered),
        between / 20 if gap < 20 else 1.0,
    ]


def _minutes(line: Heard, other: Heard) -> float:
    return _lapse(line.second, other.second)


def _lapse(now: float | None, then: float | None) -> float:
    """Time between two lines on a logarithm's scale; 0 where no clock runs."""
    return log1p(max(0.0, now - then) / 60) / 5 if now is not None and then is not None else 0.0
