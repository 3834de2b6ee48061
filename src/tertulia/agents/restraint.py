"""What stands between a small model and the room: only new sentences of its own pass.

What has been shown is never taken back. So a sentence is held until it is sure that it says nothing
again: the first one until no end of it could be a repetition, from where it passes word by word;
the others until they have ended, because one that is cut off is dropped. Sentence ends are also
where a speaker may be pre-empted. Nothing here knows how the text is made.
"""

import re
from collections.abc import Iterable, Sequence

from tertulia.agents.echoes import Echoes, alike, words_of

SENTENCE_END = re.compile(
    r"(?:[.!?…]+[\"'\u201d\u2019)]*(?=\s|$)"  # a stop, perhaps a closing quotation mark, a space
    r"|[\u3002\uff01\uff1f]+)"  # the wide stops of Chinese and Japanese need no space
)
OPENING = re.compile(r"(\w+),\s+")
"""A word said by way of beginning: Well, Alright, No."""
UNFINISHED = re.compile(r"\S*$")
MOST_SENTENCES = 2
FEWEST_WORDS = 3
LOOSE_ENDS = ",;:- "


class Restraint:
    """Takes a model's text as it comes and gives back what may be said.

    It drops the speaker's own name where the text begins with it, and an opening word with which
    one of ``recent`` began; it ends where the speaker would speak for somebody else, and lets at
    most ``most_sentences`` pass, none of which repeats one of ``recent``.
    """

    def __init__(
        self,
        speaker: str,
        others: Iterable[str],
        recent: Sequence[str],
        most_sentences: int = MOST_SENTENCES,
    ) -> None:
        """Guard what ``speaker`` says among ``others`` after the ``recent`` texts."""
        names = (speaker, *others)
        openings = _any_of(_openings(recent) - {name.casefold() for name in names}) or "(?!)"
        own = re.escape(speaker)
        self._needless = re.compile(rf"{own}\s*[:,]\s*|(?i:{openings}),\s+")
        self._foreign = re.compile(rf"\n|(?:^|(?<=\s))(?:{_any_of(names)})\s*:")
        self._perhaps_foreign = re.compile(rf"(?:^|(?<=\s))(?:{_any_of(_begun(names))})\s*$")
        self._heard = [words_of(sentence) for text in recent for sentence in sentences(text)]
        self._echoes = Echoes(self._heard)
        self._weighed = 0
        self._left = most_sentences
        self._begun = ""
        self._held = ""
        self._first = True
        self.said = ""
        self.done = False

    def take(self, delta: str) -> str:
        """Add what the model gave; return what may be said now, often nothing."""
        if self.done:
            return ""
        self._held += delta
        released = self._release(ended=False)
        return released + self._begin() if self._first and not self.done else released

    def end(self, *, cut_off: bool) -> str:
        """Tell that the model has finished or was ``cut_off``; return what may yet be said."""
        released = self._release(ended=True)
        whole = self._begun + self._held
        if self._begun:
            released += self._say(
                (_broken_off(whole) if cut_off else whole.rstrip())[len(self._begun) :]
            )
        elif whole.strip() and not (self.said and (cut_off or self.done)):
            rest = self._judge((_broken_off(whole) if cut_off else whole).strip())
            released += self._say(f" {rest}" if self.said and rest else rest)
        self.done = True
        return released

    def _release(self, *, ended: bool) -> str:
        """Let whole sentences pass."""
        if not self.said:
            self._held = self._without_opening(self._held.lstrip())
        if foreign := self._foreign.search(self._held):
            self._held, ended = self._held[: foreign.start()], True
        released = ""
        while not self.done and (end := SENTENCE_END.search(self._held)):
            if end.end() == len(self._held) and not ended:
                break
            sentence, self._held = self._held[: end.end()], self._held[end.end() :]
            released += self._say(self._judge(sentence))
        self.done = self.done or bool(foreign)
        return released

    def _begin(self) -> str:
        """Let whole words of the first sentence pass, as soon as it can be no repetition."""
        end = self._held.rfind(" ")
        whole = self._held[: max(0, end)]
        if name := self._perhaps_foreign.search(whole):
            whole = whole[: name.start()]
        whole = whole.rstrip(LOOSE_ENDS)
        words = words_of(self._begun + whole)
        new, self._weighed = words[self._weighed :], max(self._weighed, len(words))
        if self._echoes.possible(new) or len(words) < FEWEST_WORDS:
            return ""
        self._begun, self._held = self._begun + whole, self._held[len(whole) :]
        return self._say(whole)

    def _judge(self, sentence: str) -> str:
        """Let a sentence pass unless it repeats; a repetition is the end of the utterance."""
        words, self._first = words_of(self._begun + sentence), False
        if not words or any(alike(words, heard) for heard in self._heard):
            self.done, self._held = True, ""
            return ""
        self._heard.append(words)
        self._begun = ""
        self._left -= 1
        self.done = self._left == 0
        return sentence

    def _say(self, text: str) -> str:
        if not self.said:
            text = text[:1].upper() + text[1:]
        self.said += text
        return text

    def _without_opening(self, text: str) -> str:
        """Take off its own name, and words with which others began, as often as they come."""
        while found := self._needless.match(text):
            text = text[found.end() :]
        return text


def sentences(text: str) -> list[str]:
    """Cut a text after each sentence end; the rest, if any, is the last sentence."""
    found, start = [], 0
    for end in SENTENCE_END.finditer(text):
        found.append(text[start : end.end()].strip())
        start = end.end()
    rest = text[start:].strip()
    return [*found, rest] if rest else found


def _broken_off(text: str) -> str:
    """Make the best of a sentence that never ended: its whole words, or nothing."""
    whole = UNFINISHED.sub("", text).rstrip(LOOSE_ENDS)
    return f"{whole} …" if len(words_of(text)) >= FEWEST_WORDS else ""


def _openings(texts: Iterable[str]) -> set[str]:
    return {found[1].casefold() for text in texts if (found := OPENING.match(text))}


def _begun(names: Iterable[str]) -> list[str]:
    """Names, and what they begin with: "Ana Lu" and "Ana"."""
    parts = [name.split() for name in names]
    return [" ".join(some[:count]) for some in parts for count in range(1, len(some) + 1)]


def _any_of(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in names)
