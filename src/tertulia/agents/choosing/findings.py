"""Finding out what a model can be held to: by trying, since servers accept what they ignore.

A server is asked for the capital of France and bound to answer with one of two words that are no
capital. What was found is remembered for the endpoint and the model, for a while (see ``memory``).
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from langchain_core.messages import BaseMessage, HumanMessage

from tertulia.agents.choosing.answers import Unfit, choice_schema, json_in, option_of
from tertulia.agents.choosing.asking import FUNCTION, Account, ask, bound_to_call
from tertulia.agents.choosing.bindings import unbound
from tertulia.agents.choosing.capabilities import (
    ITSELF,
    OWN_GRAMMAR,
    Capabilities,
    Finding,
    Kind,
    in_all,
    kind_of_choice,
)
from tertulia.agents.choosing.constraints import SPELLINGS, Body, Spelling
from tertulia.agents.choosing.likelihood import PROMPT_LOGPROBS, prompt_logprobs
from tertulia.agents.choosing.memory import Memory, Place, Test
from tertulia.agents.choosing.own import Own, held, scored
from tertulia.agents.faults import (
    UNUSABLE,
    ModelFailed,
    ModelMissing,
    ModelRateLimited,
    ModelRefused,
    ModelStalled,
    ModelUnreachable,
)
from tertulia.agents.listening import ChatModel
from tertulia.agents.pool.model import Pooled
from tertulia.agents.remote import Remote

FRANCE: list[BaseMessage] = [
    HumanMessage("What is the capital of France? Answer with its name and nothing else.")
]
NO_CAPITAL = ("violet", "amber")
FIRST_TOKENS = "first tokens"
TOOL_CHOICE = "tool_choice"
TOP = 20
"""As many alternatives as OpenAI and vLLM tell of a token at most."""

TELL_TOKENS: dict[str, Any] = {"logprobs": True, "top_logprobs": TOP}

TESTS: tuple[Test, ...] = (
    *((Kind.SCHEMA, one.name) for one in SPELLINGS if one.schema is not None),
    *((Kind.CHOICE, one.name) for one in SPELLINGS if one.choice is not None),
    (Kind.CALLS, TOOL_CHOICE),
    (Kind.SCORES, PROMPT_LOGPROBS),
    (Kind.SCORES, FIRST_TOKENS),
)

_MEMORY = Memory()
_AT_WORK: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Place, asyncio.Lock]] = (
    WeakKeyDictionary()
)


async def capabilities(model: ChatModel) -> Capabilities:
    """All that can be found out about a model; a dozen short calls the first time.

    An endpoint is tried, a pool at each of its servers that answers; of other models it is told
    what they offer. Raises ``ModelFailed`` where no server answers at all.
    """
    model, _ = unbound(model)
    if isinstance(model, Remote):
        return Capabilities(tuple([await find(model, test) for test in TESTS]))
    if isinstance(model, Pooled):
        return await _of_pool(model)
    offered = []
    if scored([], "", NO_CAPITAL, model) is not None:
        offered.append(Finding(Kind.CHOICE, ITSELF, True, "it runs in this process"))
        offered.append(Finding(Kind.SCORES, ITSELF, True, "it runs in this process"))
    if held(choice_schema(NO_CAPITAL), 0, model) is not None:
        offered.append(Finding(Kind.SCHEMA, OWN_GRAMMAR, True, "it runs in this process"))
    if bound_to_call(model, choice_schema(NO_CAPITAL)) is not None:
        offered.append(Finding(Kind.CALLS, "bind_tools", True, "it takes functions"))
    return Capabilities(tuple(offered))


async def obeyed(model: ChatModel, kind: Kind, account: Account | None = None) -> Spelling | None:
    """The first spelling that a model obeys, for a choice or a schema; tries no more than it must.

    Raises what the model raises, where it cannot be asked at all.
    """
    for spelling in SPELLINGS:
        if kind is Kind.SCHEMA and spelling.schema is None:
            continue
        wanted = kind if kind is Kind.SCHEMA else kind_of_choice(spelling)
        if await holds(model, (wanted, spelling.name), account):
            return spelling
    return None


async def holds(model: ChatModel, test: Test, account: Account | None = None) -> bool:
    """Whether a model passes a test; of a pool's servers, each that answers has to.

    One that is held in its own way needs none.
    """
    if isinstance(model, Own):
        return True
    if isinstance(model, Remote):
        return (await find(model, test, account)).works
    if not isinstance(model, Pooled):
        return False
    problems, asked = list[ModelFailed](), 0
    for endpoint in model.endpoints.values():
        try:
            if not await holds(endpoint.model, test, account):
                return False
            asked += 1
        except (ModelUnreachable, *UNUSABLE) as error:
            problems.append(error)
    if not asked and problems:
        raise problems[0]
    return bool(asked)


async def find(model: Remote, test: Test, account: Account | None = None) -> Finding:
    """What a test shows of an endpoint, as it is remembered, or else found out now.

    Raises ``ModelFailed`` where the endpoint cannot be asked: that shows nothing.
    """
    place, loop = _place(model), asyncio.get_running_loop()
    async with _AT_WORK.setdefault(loop, {}).setdefault(place, asyncio.Lock()):
        found = _MEMORY.known(place, test, loop.time())
        if found is None:
            with believing(model):
                found = await _tried(model, test, account or Account())
            _MEMORY.learn(place, found, loop.time())
        return found


def forget(model: ChatModel) -> None:
    """Find it out again, when it is asked for the next time."""
    for one in _servers(unbound(model)[0]):
        _MEMORY.forget(_place(one))


def belied(model: ChatModel, test: Test, said: str) -> None:
    """An answer has shown that a model does not what it did when it was tried."""
    for one in _servers(model):
        finding = Finding(*test, False, f"not any more: said {said.strip()!r:.60}")
        _MEMORY.learn(_place(one), finding, asyncio.get_running_loop().time())


def answered(model: ChatModel, by: str) -> None:
    """An answer of an endpoint came from a model that is called so there; empty: nobody knows."""
    if isinstance(model, Remote):
        _MEMORY.answered(_place(model), by)


@contextmanager
def believing(model: ChatModel) -> Iterator[None]:
    """Forget what was found, if the server is away meanwhile: it may come back as another."""
    try:
        yield
    except ModelUnreachable as error:
        if not isinstance(error, ModelRateLimited | ModelStalled):  # who is busy is there
            forget(model)
        raise


def _place(model: Remote) -> Place:
    return model.base_url, model.model


def _servers(model: ChatModel) -> Iterator[Remote]:
    if isinstance(model, Remote):
        yield model
    elif isinstance(model, Pooled):
        for endpoint in model.endpoints.values():
            yield from _servers(endpoint.model)


async def _of_pool(model: Pooled) -> Capabilities:
    some, names, problems = [], [], list[ModelFailed]()
    for name, endpoint in model.endpoints.items():
        try:
            some.append(await capabilities(endpoint.model))
            names.append(name)
        except (ModelUnreachable, *UNUSABLE) as error:
            problems.append(error)
    if not some:
        raise problems[0]
    return in_all(some, names)


async def _tried(model: Remote, test: Test, account: Account) -> Finding:
    kind, by = test
    try:
        works, shown = await _shown(model, kind, by, account)
    except ModelMissing:
        raise
    except ModelRefused as error:
        await ask(model, FRANCE, account)  # is it this that is refused, or everything?
        works, shown = False, f"refused: {error.what}"
    return Finding(kind, by, works, shown)


async def _shown(model: Remote, kind: Kind, by: str, account: Account) -> tuple[bool, str]:
    """Whether it worked, and what was seen."""
    match kind:
        case Kind.CALLS:
            return await _called(model, account)
        case Kind.SCORES if by == PROMPT_LOGPROBS:
            return await _prompt_scored(model, account)
        case Kind.SCORES:
            return await _tokens_told(model, account)
    told = await ask(model.bind(extra_body=_body(kind, by)), FRANCE, account)
    obeys = told.text.strip() in NO_CAPITAL if kind is Kind.CHOICE else _is_bound(told.text)
    return obeys, f"{'obeyed' if obeys else 'ignored'}: said {told.text.strip()!r:.60}"


def _body(kind: Kind, by: str) -> Body:
    [spelling] = [one for one in SPELLINGS if one.name == by]
    if kind is Kind.SCHEMA:
        return spelling.of_schema(choice_schema(NO_CAPITAL))
    return spelling.of_options(NO_CAPITAL)


def _is_bound(text: str) -> bool:
    try:
        return option_of(json_in(text), NO_CAPITAL) is not None
    except Unfit:
        return False


async def _called(model: Remote, account: Account) -> tuple[bool, str]:
    bound = bound_to_call(model, choice_schema(NO_CAPITAL))
    if bound is None:
        return False, "takes no functions"
    told = await ask(bound, FRANCE, account)
    called = next((call["args"] for call in told.calls if call["name"] == FUNCTION), None)
    if called is None:
        return False, f"ignored: said {told.text.strip()!r:.60}"
    return option_of(called, NO_CAPITAL) is not None, f"called with {json.dumps(called):.60}"


async def _prompt_scored(model: Remote, account: Account) -> tuple[bool, str]:
    """Paris has to be likelier than what is no capital."""
    found = await prompt_logprobs(model, FRANCE, ["Paris", *NO_CAPITAL], account)
    if found is None:
        return False, "ignored: nothing is told of the prompt"
    told = ", ".join(f"{name} {score:.1f}" for name, score in found.items())
    likelier = all(found["Paris"] > found[name] for name in NO_CAPITAL)
    return likelier, f"nats a token: {told}"


async def _tokens_told(model: Remote, account: Account) -> tuple[bool, str]:
    told = await ask(model.bind(extra_body=TELL_TOKENS), FRANCE, account)
    if not told.tokens or not told.tokens[0].others:
        return False, "ignored: no log-probabilities are told"
    return True, f"told {len(told.tokens[0].others)} alternatives of the first token"
