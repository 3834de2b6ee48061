"""What speaks for a line being the answer to another: the features, by name, and the candidates.

Every number lies near 0 to 1. Nothing here is learned; the order of names is the weights' order.
"""

from collections.abc import Iterator
from math import log1p

from tertulia.orchestrator.scoring.memory import SPAN, Heard, Memory

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
    for name in {*line.marks.named, partner} - {None}:
        yield from own.get(name, ())  # type: ignore[arg-type]  # None was taken out
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
    me, they = line.speaker, other.speaker
    mine, theirs = line.marks, other.marks
    thread = other.thread
    same = me == they
    gap = line.rank - other.rank
    own = memory.own.get(me, ())
    own_since = sum(heard.rank > other.rank for heard in own)
    their_since = own_since if same else sum(h.rank > other.rank for h in memory.own.get(they, ()))
    calls_me, names_me = me in theirs.called, me in theirs.named
    partner, their_partner = memory.partner.get(me), memory.partner.get(they)
    answers_me = not same and other.answered_speaker == me
    last = own[-1] if own else None
    my_thread = me in thread.people
    common = mine.rare.keys() & theirs.rare.keys()
    shared = [mine.rare[word] for word in common]
    weight = sum(shared)
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
        float(calls_me),
        float(names_me),
        float(they in mine.called),
        float(they in mine.named),
        float(bool(mine.called) and they not in mine.called and not same),
        float(bool(theirs.called) and not calls_me),
        float(not mine.named.isdisjoint(theirs.named)),
        float(same and bool(mine.called) and mine.called == theirs.called),
        float(theirs.question),
        float(theirs.question and not same and not other.replies),
        min(other.replies, 3) / 3,
        float(me in other.repliers),
        float(other.begins),
        float(thread.rank == other.rank),
        float(my_thread),
        float(last is not None and last.thread is thread),
        log1p(line.rank - thread.rank) / 5,
        log1p(thread.size) / 4,
        float(answers_me),
        float(other.meant == me),
        float(partner == they),
        float(their_partner == me),
        float(their_partner is not None and their_partner != me and not same),
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
        float(my_thread and thread.rank == other.rank and not same),
        float((names_me or other.meant == me) and own_since == 0),
        float(other.first),
        float(not mine.named.isdisjoint(thread.people)),
        min(len(thread.people), 6) / 6,
        _lapse(line.second, thread.second),
        float(answers_me and last is not None and last.number == other.answered),
        (gap - 1 - own_since - (0 if same else their_since)) / 20 if gap < 20 else 1.0,
    ]


def _minutes(line: Heard, other: Heard) -> float:
    return _lapse(line.second, other.second)


def _lapse(now: float | None, then: float | None) -> float:
    """Time between two lines on a logarithm's scale; 0 where no clock runs."""
    return log1p(max(0.0, now - then) / 60) / 5 if now is not None and then is not None else 0.0
