"""Understanding by rules: no model, the same every time, and it says nothing where it is not sure.

What was asked for is found in any answer; what was not asked for only where it is plain which slot
is meant: by the slot's own pattern, or because no other slot has values of that kind.
"""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, get_args, get_origin

from tertulia.agents.dialogue.forms import Form
from tertulia.agents.dialogue.lexicon import ENGLISH, Lexicon
from tertulia.agents.dialogue.readers import Mention, found_words, kind_of, reader_of
from tertulia.agents.dialogue.slots import Slot
from tertulia.agents.dialogue.understanding import QUESTION, Fill, Heard, Understanding

ADDRESS = re.compile(r"^\s*(?:@?[\w.-]+\s*[,:]\s+)")
"""A name in front of an utterance: whom it is said to is no part of what is said."""


NUMBERS = (int, float, Decimal)


class Rules:
    """Understands by rules; ``forms`` are opened by the words that they name (``Form.opens``)."""

    __slots__ = ("forms", "words")

    def __init__(self, forms: Iterable[Form] = (), words: Lexicon = ENGLISH) -> None:
        """Know these forms, in the language of ``words``."""
        self.forms, self.words = tuple(forms), words

    async def __call__(self, heard: Heard) -> Understanding:
        """Understand one utterance."""
        return self.read(heard)

    def read(self, heard: Heard) -> Understanding:
        """The same, without waiting."""
        text = said(heard)
        cancels = heard.direct and any(found_words(text, self.words.cancel))
        opened = self._opened(text)
        form = heard.form if opened is None or heard.form is opened else opened
        fills = () if cancels or form is None else tuple(self._fills(heard, form, text, opened))
        answer = None if cancels else self._answer(heard, text)
        intent = None if opened is None else opened.name
        nothing = not fills and answer is None and not cancels and intent is None
        if nothing and heard.direct and text.rstrip().endswith("?"):
            intent = QUESTION
        return heard.understood(fills=fills, answer=answer, cancels=cancels, intent=intent)

    def _opened(self, text: str) -> Form | None:
        return next((form for form in self.forms if any(found_words(text, form.opens))), None)

    def _answer(self, heard: Heard, text: str) -> bool | None:
        """Yes or no, where one of them begins what was said, and only where it is waited for."""
        waited = heard.confirming or (heard.asked is not None and _is_yes_or_no(heard.asked))
        if not waited or not (heard.direct or heard.confirming):
            return None
        yes = [start for start, _, _ in found_words(text, self.words.yes)]
        no = [start for start, _, _ in found_words(text, self.words.no)]
        if not yes and not no:
            return None
        return not no or (bool(yes) and min(yes) < min(no))

    def _fills(self, heard: Heard, form: Form, text: str, opened: Form | None) -> Iterator[Fill]:
        asked = heard.asked if form is heard.form else None
        taken: list[Mention] = []
        for slot in form.slots:
            if slot.hears is not None and (hit := re.search(slot.hears, text, re.IGNORECASE)):
                value = hit[1] if hit.re.groups and hit[1] is not None else hit[0]
                taken.append(Mention(hit.start(), hit.end(), value))
                yield Fill(slot.name, self._listed(slot, str(value), heard))
        told = {
            slot.name for slot in form.slots if slot.hears and re.search(slot.hears, text, re.I)
        }
        for slot in [s for s in form.slots if s.name not in told]:
            if (found := self._found(slot, form, heard, text, asked, taken)) is not None:
                yield Fill(slot.name, found)
        if asked is None or asked.name in told or opened is not None:
            return
        if not (heard.direct and heard.wanted):
            return
        yield from self._answered(asked, heard, text)

    def _found(
        self,
        slot: Slot,
        form: Form,
        heard: Heard,
        text: str,
        asked: Slot | None,
        taken: list[Mention],
    ) -> Any:
        """A value of the slot's kind that is in the text, if it is plain that it is this slot's."""
        reader = reader_of(slot.type)
        alike = [s for s in form.slots if _kind(s) == _kind(slot)]
        if reader is None or not (slot is asked or (len(alike) == 1 and _is_telling(slot, heard))):
            return None
        if asked is not None and slot is not asked and _kind(asked) == _kind(slot):
            return None
        mentions = [m for m in reader(text, self.words, heard.today) if not _within(m, taken)]
        return self._meant(mentions, text)

    def _meant(self, mentions: list[Mention], text: str) -> Any:
        """The one that is meant: what is denied is not; of several, that after "no", or none."""
        denied = [(a, b) for a, b, _ in found_words(text, self.words.negation)]
        meant = [m for m in mentions if not any(_right_before(text, b, m.start) for _, b in denied)]
        if len({repr(m.value) for m in meant}) == 1:
            return meant[-1].value
        turns = [b for _, b, _ in found_words(text, self.words.instead)]
        later = [m for m in meant if turns and m.start >= turns[-1]]
        return later[0].value if len({repr(m.value) for m in later}) == 1 else None

    def _answered(self, asked: Slot, heard: Heard, text: str) -> Iterator[Fill]:
        """Yes or no, a list, or free text, said to us when we had asked for it."""
        kind = kind_of(asked.type)
        if kind is bool:
            answer = self._answer(heard, text)
            if answer is not None:
                yield Fill(asked.name, answer)
        elif get_origin(kind) in (list, tuple, set, frozenset):
            yield Fill(asked.name, self._listed(asked, text, heard))
        elif kind is str and text.strip() and not text.strip().endswith("?"):
            yield Fill(asked.name, text.strip().rstrip(".!"))

    def _listed(self, slot: Slot, text: str, heard: Heard) -> Any:
        """The items of a list; the text itself, where the slot wants no list."""
        kind = kind_of(slot.type)
        if get_origin(kind) not in (list, tuple, set, frozenset):
            return self._one(slot, text, heard)
        item = (get_args(kind) or (str,))[0]
        reader = reader_of(item)
        if reader is not None:
            return [mention.value for mention in reader(text, self.words, heard.today)]
        joins = "|".join(map(re.escape, self.words.joins))
        parts = re.split(rf"\s*[,;]\s*(?:(?:{joins})\s+)?|\s+(?:{joins})\s+", text.strip(" .!"))
        return [part for part in parts if part]

    def _one(self, slot: Slot, text: str, heard: Heard) -> Any:
        reader = reader_of(slot.type)
        read = [] if reader is None else list(reader(text, self.words, heard.today))
        return read[0].value if read else text


def said(heard: Heard) -> str:
    """The utterance without whom it is said to."""
    names = {name.casefold() for name in heard.names}
    front = ADDRESS.match(heard.text)
    if front is None:
        return heard.text
    name = front[0].strip(" @,:\t\n").casefold()
    return heard.text[front.end() :] if name in names else heard.text


def _is_telling(slot: Slot, heard: Heard) -> bool:
    """Whether a value of this kind, said by the way, tells something; a mere number does not."""
    return heard.direct or kind_of(slot.type) not in NUMBERS


def _is_yes_or_no(slot: Slot) -> bool:
    return kind_of(slot.type) is bool


def _kind(slot: Slot) -> Any:
    """Slots of one kind can be taken for each other; all numbers are of one kind."""
    kind = kind_of(slot.type)
    return "number" if kind in NUMBERS else kind


def _within(mention: Mention, taken: Iterable[Mention]) -> bool:
    return any(one.start < mention.end and mention.start < one.end for one in taken)


def _right_before(text: str, end: int, start: int) -> bool:
    """Whether nothing but small words stands between a denial and what it denies."""
    return (
        end <= start and re.fullmatch(r"\s+(?:on|at|for|the|a|an)?\s*", text[end:start]) is not None
    )
