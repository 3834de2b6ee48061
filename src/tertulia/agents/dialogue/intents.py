"""What somebody wants, out of a set that has been named: rules, nearness to examples, or a model.

A classifier may say that it is none of them, and how sure it is; one that has to pick is told apart
from one that knows. ``IntentRouter`` makes a router of persons of one.
"""

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt
from typing import TypeAlias

from langchain_core.messages import HumanMessage, SystemMessage

from tertulia.agents.choosing import choose
from tertulia.agents.choosing.answers import checked_options
from tertulia.agents.listening import ChatModel
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.routing import Routing

NONE = "none"
"""What a model answers for what is no intent."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Something that people may want: a name, what it means, and how they say it."""

    name: str
    about: str = ""
    examples: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """Regular expressions that are telling wherever they are found."""


@dataclass(frozen=True, slots=True)
class Guess:
    """Which intent it is (``None``: none of them), and how sure that is, from 0 to 1."""

    intent: str | None
    sure: float = 1.0


Classifier: TypeAlias = Callable[[str], Awaitable[Guess]]
Embed: TypeAlias = Callable[[Sequence[str]], Awaitable[Sequence[Sequence[float]]]]
"""From texts to vectors of one length."""


class ByWords:
    """The intent whose words are found; where those of two are, the one that comes first."""

    __slots__ = ("intents",)

    def __init__(self, intents: Iterable[Intent]) -> None:
        """Raises ``Invalid`` for words that are no regular expression."""
        self.intents = _named_once(intents)
        for intent in self.intents:
            for word in intent.words:
                try:
                    re.compile(word)
                except re.error as error:
                    what = f"{word!r} is no regular expression: {error}"
                    raise Invalid(where=f"intent {intent.name!r}", what=what) from error

    async def __call__(self, text: str) -> Guess:
        """Classify one utterance."""
        found = [
            (hit.start(), intent.name)
            for intent in self.intents
            for word in intent.words
            if (hit := re.search(rf"(?<!\w)(?:{word})(?!\w)", text, re.IGNORECASE))
        ]
        return Guess(min(found)[1]) if found else Guess(None, 0.0)


class Nearest:
    """The intent with the example that is nearest by its words and parts of words (tf-idf cosine).

    ``sure`` is that cosine; below ``least`` it is none.
    """

    __slots__ = ("_examples", "_weights", "least")

    def __init__(self, intents: Iterable[Intent], least: float = 0.35) -> None:
        """Learn the examples."""
        known = [(i.name, _features(e)) for i in _named_once(intents) for e in i.examples]
        if not known:
            raise Invalid(where="nearest intent", what="no intent has an example")
        found_in = Counter(feature for _, features in known for feature in features)
        self._weights = {f: log((1 + len(known)) / (1 + n)) + 1 for f, n in found_in.items()}
        self._examples = [(name, self._vector(features)) for name, features in known]
        self.least = least

    async def __call__(self, text: str) -> Guess:
        """Classify one utterance."""
        vector = self._vector(_features(text))
        near = [(_dot(vector, example), name) for name, example in self._examples]
        sure, name = max(near, key=lambda one: one[0])
        return Guess(name, round(sure, 3)) if sure >= self.least else Guess(None, round(sure, 3))

    def _vector(self, features: Counter[str]) -> dict[str, float]:
        unknown = max(self._weights.values())
        weighted = {f: (1 + log(n)) * self._weights.get(f, unknown) for f, n in features.items()}
        length = sqrt(sum(weight * weight for weight in weighted.values())) or 1.0
        return {f: weight / length for f, weight in weighted.items()}


class ByMeaning:
    """The intent with the example whose embedding is nearest; ``sure`` is the cosine."""

    __slots__ = ("_known", "embed", "intents", "least")

    def __init__(self, intents: Iterable[Intent], embed: Embed, least: float = 0.85) -> None:
        """``embed`` makes vectors of texts; it is asked for those of the examples once."""
        self.intents, self.embed, self.least = _named_once(intents), embed, least
        self._known: list[tuple[str, Sequence[float]]] | None = None

    async def __call__(self, text: str) -> Guess:
        """Classify one utterance. Raises what ``embed`` raises."""
        if self._known is None:
            examples = [(i.name, example) for i in self.intents for example in i.examples]
            vectors = await self.embed([example for _, example in examples])
            self._known = [(name, v) for (name, _), v in zip(examples, vectors, strict=True)]
        [vector] = await self.embed([text])
        near = [(_cosine(vector, example), name) for name, example in self._known]
        sure, name = max(near, default=(0.0, ""), key=lambda one: one[0])
        return Guess(name if sure >= self.least else None, round(sure, 3))


class ByModel:
    """The intent that a model names, out of the names and "none" alone."""

    __slots__ = ("intents", "model")

    def __init__(self, intents: Iterable[Intent], model: ChatModel) -> None:
        """Raises ``Invalid`` for intents that cannot be told apart."""
        self.intents, self.model = _named_once(intents), model
        checked_options((*(intent.name for intent in self.intents), NONE))

    async def __call__(self, text: str) -> Guess:
        """Classify one utterance; an answer that names none is none. Raises as the model."""
        order = SystemMessage(f"Speakers may want: {_told(self.intents)}.", name="Intents")
        options = (*(intent.name for intent in self.intents), NONE)
        question = "What does the speaker want?"
        said = [order, HumanMessage(text)]
        choice = await choose(self.model, said, options, question=question, otherwise=NONE)
        if choice.option == NONE:
            return Guess(None, 0.0)
        return Guess(choice.option, round(choice.scores.get(choice.option, 1.0), 3))


def first_sure(*classifiers: Classifier) -> Classifier:
    """Ask one after the other until one of them says an intent: cheap ones first."""

    async def classify(text: str) -> Guess:
        guess = Guess(None, 0.0)
        for one in classifiers:
            guess = await one(text)
            if guess.intent is not None:
                return guess
        return guess

    return classify


class IntentRouter:
    """A person's router: who answers is whoever looks after what the person wants.

    ``routes`` go from intents to handles (or ``everyone``, ``nobody``); ``otherwise`` is for none
    of them, and for a guess less sure than ``least``.
    """

    __slots__ = ("classify", "least", "otherwise", "routes")

    def __init__(
        self,
        classify: Classifier,
        routes: Mapping[str, str],
        otherwise: str | None = "everyone",
        least: float = 0.0,
    ) -> None:
        """Route by this classifier."""
        self.classify, self.routes = classify, dict(routes)
        self.otherwise, self.least = otherwise, least

    async def __call__(self, told: Routing) -> str | None:
        """Say who answers. Raises what the classifier raises."""
        guess = await self.classify(told.said.text)
        if guess.intent is None or guess.sure < self.least:
            return self.otherwise
        return self.routes.get(guess.intent, self.otherwise)


def _named_once(intents: Iterable[Intent]) -> tuple[Intent, ...]:
    known = tuple(intents)
    names = [intent.name for intent in known]
    if not names:
        raise Invalid(where="intents", what="there is none")
    if twice := [name for name in names if names.count(name) > 1]:
        raise Invalid(where=f"intent {twice[0]!r}", what="is named twice")
    return known


def _told(intents: Iterable[Intent]) -> str:
    return "; ".join(f"{one.name}: {one.about or ', '.join(one.examples[:2])}" for one in intents)


def _features(text: str) -> Counter[str]:
    """Words, and parts of four letters, so that forms of a word are near each other."""
    words = re.findall(r"\w+", text.casefold())
    parts = [f"{word} "[at : at + 4] for word in words for at in range(max(1, len(word) - 2))]
    return Counter([*(f"={word}" for word in words), *parts])


def _dot(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return sum(weight * other.get(feature, 0.0) for feature, weight in one.items())


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    lengths = sqrt(sum(x * x for x in one)) * sqrt(sum(x * x for x in other))
    return sum(x * y for x, y in zip(one, other, strict=True)) / lengths if lengths else 0.0
