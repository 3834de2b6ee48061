"""What stands between a small model and the room: only whole, new sentences of its own pass.

What has been shown is never taken back, so a sentence is held until it has ended and been
compared with what was said before. Holding costs about a second; sentence ends are also where a
speaker may be pre-empted. Nothing here knows how the text is made.
"""

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

SENTENCE_END = re.compile(
    r"(?:[.!?…]+[\"'\u201d\u2019)]*(?=\s|$)"  # a stop, perhaps a closing quotation mark, a space
    r"|[\u3002\uff01\uff1f]+)"  # the wide stops of Chinese and Japanese need no space
)
ALIKE = 0.8
MOST_SENTENCES = 2
FEWEST_WORDS = 3


class Restraint:
    """Takes a model's text as it comes and gives back what may be said.

    It drops the speaker's own name where the text begins with it, ends where the speaker would
    speak for somebody else, and lets at most ``most_sentences`` pass, none of which repeats one of
    ``recent``.
    """

    def __init__(
        self,
        speaker: str,
        others: Iterable[str],
        recent: Sequence[str],
        most_sentences: int = MOST_SENTENCES,
    ) -> None:
        """Guard what ``speaker`` says among ``others`` after the ``recent`` texts."""
        self._own_tag = re.compile(rf"^\s*{re.escape(speaker)}\s*[:,]\s*")
        names = "|".join(re.escape(name) for name in (speaker, *others))
        self._foreign = re.compile(rf"\n|(?:^|(?<=\s))(?:{names})\s*:")
        self._heard = [_words(sentence) for text in recent for sentence in sentences(text)]
        self._left = most_sentences
        self._held = ""
        self.said = ""
        self.done = False

    def take(self, delta: str) -> str:
        """Add what the model gave; return what may be said now, mostly nothing."""
        if self.done:
            return ""
        self._held += delta
        return self._release(ended=False)

    def end(self, *, cut_off: bool) -> str:
        """Tell that the model has finished or was ``cut_off``; return what may yet be said."""
        released = self._release(ended=True)
        rest = self._held.strip()
        if rest and not (self.said and (cut_off or self.done)):
            rest = self._judge(_broken_off(rest) if cut_off else rest)
            released += f" {rest}" if self.said and rest else rest[:1].upper() + rest[1:]
            self.said += rest
        self.done = True
        return released

    def _release(self, *, ended: bool) -> str:
        if not self.said:
            self._held = self._own_tag.sub("", self._held.lstrip())
        if foreign := self._foreign.search(self._held):
            self._held, ended = self._held[: foreign.start()], True
        released = ""
        while not self.done and (end := SENTENCE_END.search(self._held)):
            if end.end() == len(self._held) and not ended:
                break
            sentence, self._held = self._held[: end.end()], self._held[end.end() :]
            released += self._judge(sentence)
        self.done = self.done or bool(foreign)
        if not self.said:
            released = released[:1].upper() + released[1:]
        self.said += released
        return released

    def _judge(self, sentence: str) -> str:
        """Let a sentence pass unless it repeats; a repetition is the end of the utterance."""
        words = _words(sentence)
        if not words or any(_alike(words, heard) for heard in self._heard):
            self.done, self._held = True, ""
            return ""
        self._heard.append(words)
        self._left -= 1
        self.done = self._left == 0
        return sentence


def sentences(text: str) -> list[str]:
    """Cut a text after each sentence end; the rest, if any, is the last sentence."""
    found, start = [], 0
    for end in SENTENCE_END.finditer(text):
        found.append(text[start : end.end()].strip())
        start = end.end()
    rest = text[start:].strip()
    return [*found, rest] if rest else found


def _broken_off(text: str) -> str:
    """Make the best of a first sentence that never ended: whole words, or nothing."""
    words = text.split()
    return " ".join(words[:-1]).rstrip(",;:-") + " …" if len(words) >= FEWEST_WORDS else ""


def _words(sentence: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", sentence.casefold()))


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= ALIKE
