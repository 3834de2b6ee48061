"""How likely a model finds each of some answers: by its log-probabilities, token by token.

Answers are forced on the model, not drawn from it, so that those which begin alike are told apart;
the mean over an answer's tokens counts, so that long ones are not at a disadvantage.
"""

import asyncio
from collections.abc import Mapping, Sequence
from math import exp
from typing import Any, Protocol, TypeAlias, runtime_checkable

from langchain_core.messages import AIMessage, BaseMessage

from tertulia.agents.choosing.asking import Account, Token
from tertulia.agents.remote import Remote

Scores: TypeAlias = dict[str, float]
"""By answer: its log-probability, in nats a token."""

PROMPT_LOGPROBS = "prompt_logprobs"
"""What vLLM calls the log-probabilities of a prompt's own tokens."""


@runtime_checkable
class Scoring(Protocol):
    """A model that can say itself how likely answers are."""

    async def likelihood(
        self, messages: list[BaseMessage], question: str, answers: Sequence[str]
    ) -> Mapping[str, float]:
        """The mean log-probability (nats) of the tokens of each answer."""
        ...


def shares(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores as shares of one."""
    most = max(scores.values())
    weights = {answer: exp(score - most) for answer, score in scores.items()}
    whole = sum(weights.values())
    return {answer: weight / whole for answer, weight in weights.items()}


def shares_in(tokens: Sequence[Token], options: Sequence[str]) -> dict[str, float]:
    """What share of the mass each option has, as far as an answer's own tokens tell it.

    Where the answer goes one way, the others' share is that of their next piece; those that share
    it too divide it. Empty, if the answer leaves all options.
    """
    found = dict.fromkeys(options, 0.0)
    left, said, path = list(options), "", 1.0
    for token in tokens:
        for text, score in token.others.items():
            fits = [one for one in left if one.startswith((said + text).lstrip()) and text.strip()]
            for one in fits if text != token.text else ():
                found[one] += path * exp(score) / len(fits)
        said, path = (said + token.text).lstrip(), path * exp(token.score)
        left = [one for one in left if one.startswith(said)]
        if left in ([], [said]):
            break
    if said in left:
        found[said] += path
    return found if any(found.values()) else {}


async def prompt_logprobs(
    model: Remote, asked: list[BaseMessage], answers: Sequence[str], account: Account
) -> Scores | None:
    """Put each answer in the model's mouth, and read what vLLM tells of a prompt's tokens."""
    body = {
        "prompt_logprobs": 0,
        "max_tokens": 1,
        "temperature": 0,
        "add_generation_prompt": False,
        "continue_final_message": True,
    }

    async def score(answer: str) -> float | None:
        bill = account.part()
        reply = await model.whole([*asked, AIMessage(answer)], body)
        usage = reply.get("usage") or {}
        bill(usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0))
        return mean_at_the_end(reply.get("prompt_logprobs") or [], answer)

    scores = await asyncio.gather(*map(score, answers))
    known = {a: s for a, s in zip(answers, scores, strict=True) if s is not None}
    return known if len(known) == len(answers) else None


def mean_at_the_end(prompt: Sequence[Mapping[str, Any] | None], answer: str) -> float | None:
    """The mean over the last tokens of a prompt, which have to be the answer."""
    text, scores = "", []
    for position in reversed(prompt):
        if not position or len(text) >= len(answer):
            break
        one = next(iter(position.values()))
        text = str(one["decoded_token"]) + text
        scores.append(float(one["logprob"]))
    return sum(scores) / len(scores) if text == answer else None
