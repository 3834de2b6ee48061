"""Names called without a sign (``Bo can you …``, ``thanks Bo``), and calls to everybody.

A name that somebody is only talked about with is nobody's address. Pure; it knows English cues only
and says nothing where it finds none.
"""

import re
from collections.abc import Mapping, Sequence

from tertulia.orchestrator.addressing.marks import fold, names_of
from tertulia.orchestrator.floor import Seat
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.scoring.words import GREETINGS, THANKS

_WORD = re.compile(r"[^\W_][\w'.-]*[^\W_]|[^\W_]")
_AT_ALL = re.compile(r"(?<![\w@])@(?:all|everyone)(?![\w-])")
_ALL = re.compile(
    r"\b(?:every(?:one|body)|any(?:one|body)|some(?:one|body)|folks|guys"
    r"|(?:you|hi|hello|hey|morning) all|(?:all|both|each) of you)\b"
)
_MODALS = frozenset(("can", "could", "would", "will", "do", "did", "are", "were", "have", "should"))
_WONDERING = frozenset(("what", "how", "why", "where", "when", "which"))
_BIDDING = frozenset(("please", "tell", "show", "give", "help", "let", "explain"))
_TO_YOU = _WONDERING | _BIDDING | {"you", "your"}
_BEFORE_A_NAME = (
    GREETINGS | THANKS | {"please", "sorry", "ok", "okay", "yes", "no", "you", "sure", "right"}
)
_LONGEST = 3
"""A name of more words than this is called by its first one."""


def called(
    text: str, members: Mapping[ParticipantId, Seat], speaker: ParticipantId
) -> tuple[ParticipantId, ...]:
    """Whom ``text`` calls by name at its beginning or its end, without a sign; often nobody."""
    words = _WORD.findall(fold(text))
    if len(words) < 2:
        return ()
    names = names_of(members)
    found = [_in_front(words, names), _at_the_end(words, names)]
    return tuple(dict.fromkeys(who for who in found if who is not None and who != speaker))


def calls_all(text: str) -> bool:
    """Whether ``text`` turns to everybody: ``@all``, a question to anyone, a greeting to all."""
    plain = fold(text)
    if _AT_ALL.search(plain):
        return True
    found = _ALL.search(plain)
    if found is None:
        return False
    return "?" in plain or not _WORD.search(plain[: found.start()]) or _greets(plain)


def _greets(plain: str) -> bool:
    first = _WORD.search(plain)
    return first is not None and first.group() in GREETINGS


def _in_front(words: Sequence[str], names: Mapping[str, ParticipantId]) -> ParticipantId | None:
    greeted = words[0] in _BEFORE_A_NAME and words[0] != "you"
    begin = int(greeted)
    for length in range(min(_LONGEST, len(words) - begin), 0, -1):
        who = names.get(" ".join(words[begin : begin + length]))
        if who is not None:
            rest = words[begin + length : begin + length + 2]
            return who if greeted or _turns_to_you(rest) else None
    return None


def _turns_to_you(rest: Sequence[str]) -> bool:
    return bool(rest) and (rest[0] in _TO_YOU or (rest[0] in _MODALS and rest[1:] == ["you"]))


def _at_the_end(words: Sequence[str], names: Mapping[str, ParticipantId]) -> ParticipantId | None:
    for length in range(min(_LONGEST, len(words) - 1), 0, -1):
        who = names.get(" ".join(words[-length:]))
        if who is not None:
            return who if words[-length - 1] in _BEFORE_A_NAME else None
    return None
