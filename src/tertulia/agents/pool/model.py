"""One name for many model servers: a chat model that sends each call where it is done soonest.

Calls of a room go where its prompt is known; a server that fails is left alone for a while, and the
call goes to another one, unless somebody has heard the beginning of the answer already. Whoever
leaves early frees the server at once.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import Field, PrivateAttr

from tertulia.agents.callers import Caller, caller
from tertulia.agents.connections import close_connections
from tertulia.agents.faults import ModelFailed, ModelRefused, ModelUnreachable
from tertulia.agents.pool.budgets import Allowance
from tertulia.agents.pool.capacity import Capacity
from tertulia.agents.pool.jobs import Job
from tertulia.agents.pool.pool import Calls, Lease
from tertulia.agents.pool.rates import Rates
from tertulia.agents.pool.servers import Server
from tertulia.agents.pool.tally import Tally
from tertulia.agents.pool.watching import Call, Watched, Watcher, Watchers
from tertulia.agents.streaming import StreamedModel

CHARACTERS = 4
"""About so many make a token."""

TRIES = 4
"""How often one call is sent at most."""

PAUSE_S = (0.2, 5.0)
"""The first and the longest pause before a call is sent again where no other server is left."""

Chunks = AsyncGenerator[ChatGenerationChunk, None]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server of a pool: its model, and what is known of it beforehand.

    ``requests_per_minute`` and ``tokens_per_minute`` are what it lets us send, ``most`` is how many
    calls it bears at once at most, ``kept_tokens`` how much of prompts it keeps.
    """

    model: StreamedModel
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    most: float = 1_024
    kept_tokens: float = 400_000


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of a model."""

    messages: list[BaseMessage]
    stop: list[str] | None
    run_manager: AsyncCallbackManagerForLLMRun | None
    settings: Mapping[str, Any]

    def of(self, model: StreamedModel) -> AsyncIterator[ChatGenerationChunk]:
        return model._astream(self.messages, self.stop, self.run_manager, **self.settings)


class Pooled(StreamedModel):
    """Chat models behind one name; make it with ``pooled``."""

    name_of_pool: str = "pool"
    endpoints: Mapping[str, Endpoint] = Field(default_factory=dict)
    allowances: Mapping[str, Allowance] = Field(default_factory=dict)
    price_in: float | None = None
    price_out: float | None = None

    _calls: WeakKeyDictionary[asyncio.AbstractEventLoop, Calls] = PrivateAttr(
        default_factory=WeakKeyDictionary
    )
    _used: dict[str, Allowance] = PrivateAttr(default_factory=dict)
    _watchers: Watchers = PrivateAttr(default_factory=Watchers)
    _count: Iterator[int] = PrivateAttr(default_factory=lambda: count(1))

    @property
    def _llm_type(self) -> str:
        return "tertulia-pool"

    @property
    def calls(self) -> Calls:
        """What waits and runs in the event loop that is running: each loop places its own."""
        loop = asyncio.get_running_loop()
        if loop not in self._calls:
            servers = [_server(name, endpoint) for name, endpoint in self.endpoints.items()]
            self._calls[loop] = Calls(self.name_of_pool, servers, loop.time, self._watchers)
        return self._calls[loop]

    def used_by(self, tenant: str) -> Allowance:
        """What a tenant may use and has used."""
        return self._used.get(tenant) or self.allowances.get(tenant) or Allowance()

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Let somebody see what the pool does, as it does it; what is returned ends that."""
        return self._watchers.add(watcher)

    def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        who = caller()
        wanted = _wanted(who, who.tenant or who.room, messages)
        asked = _Asked(messages, stop, run_manager, kwargs)
        return self._shown(who, wanted, asked) if self._watchers else self._called(wanted, asked)

    async def _shown(self, who: Caller, wanted: Job, asked: "_Asked") -> Chunks:
        """The answer to a call that somebody watches."""
        number, length = next(self._count), wanted.prompt_tokens
        call = Call(self.name_of_pool, number, who, wanted.tenant, length)
        tally, seen = Tally(length), Watched(self._watchers, call, self.calls.now)
        error: BaseException | None = None
        try:
            async with aclosing(self._called(wanted, asked, seen)) as chunks:
                async for chunk in chunks:
                    tally.hear(chunk.message)
                    yield chunk
        except BaseException as caught:
            error = caught
            raise
        finally:
            seen.ended(tally.read, tally.written, self._cost(tally.read, tally.written), error)

    async def _called(self, wanted: Job, asked: "_Asked", seen: Watched | None = None) -> Chunks:
        calls, tenant = self.calls, wanted.tenant
        if self.used_by(tenant).spent:
            raise ModelRefused(
                f"tenant {tenant!r} has used up what it may use",
                model=self.name_of_pool,
                where="in the pool",
                hint="raise its allowance",
            )
        job = calls.job(wanted)
        calls.retries = calls.retries.called()
        for sent in range(1, TRIES + 1):
            async with calls.place(job) as lease:
                if seen is not None:
                    seen.placed(lease.server.name)
                try:
                    stream = asked.of(self.endpoints[lease.server.name].model)
                    async with aclosing(_heard(stream, lease, seen)) as chunks:
                        async for chunk in chunks:
                            self._bill(tenant, chunk)
                            yield chunk
                except ModelFailed as error:
                    lease.fail(error)
                    again = None if lease.began or sent == TRIES else _again(error, job, lease)
                    budget = calls.retries.retried()
                    if again is None or budget is None:
                        raise
                    if seen is not None:
                        seen.retried(error)
                    job, calls.retries = calls.job(again), budget
                else:
                    return
            if job.barred.issuperset(self.endpoints):
                await asyncio.sleep(min(PAUSE_S[0] * 2 ** (sent - 1), PAUSE_S[1]))
                job = replace(job, barred=frozenset())

    def _bill(self, tenant: str, chunk: ChatGenerationChunk) -> None:
        usage = chunk.message.usage_metadata if isinstance(chunk.message, AIMessage) else None
        if usage is None or tenant not in self.allowances:
            return
        cost = self._cost(usage["input_tokens"], usage["output_tokens"])
        self._used[tenant] = self.used_by(tenant).use(usage["total_tokens"], cost)

    def _cost(self, read: int, written: int) -> float:
        return ((self.price_in or 0) * read + (self.price_out or 0) * written) / 1e6

    async def _alone(
        self, messages: list[BaseMessage], stop: list[str] | None, **kwargs: Any
    ) -> Any:
        try:
            return await super()._alone(messages, stop, **kwargs)
        finally:
            await close_connections()

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools, as the pool's models do it."""
        first = next(iter(self.endpoints.values())).model
        bound = first.bind_tools(tools, tool_choice=tool_choice, **kwargs)
        return self.bind(**getattr(bound, "kwargs", {}))


def pooled(name: str, endpoints: Mapping[str, Endpoint | StreamedModel], **settings: Any) -> Pooled:
    """Make one chat model of several servers of one model.

    ``settings``: ``allowances`` by tenant, ``price_in`` and ``price_out`` of a million tokens.
    Raises ``ModelRefused`` for a pool without a server.
    """
    if not endpoints:
        hint = "give it at least one endpoint"
        raise ModelRefused("the pool has no server", model=name, where="in the pool", hint=hint)
    known = {
        server: endpoint if isinstance(endpoint, Endpoint) else Endpoint(endpoint)
        for server, endpoint in endpoints.items()
    }
    return Pooled(name_of_pool=name, endpoints=known, **settings)


def _server(name: str, endpoint: Endpoint) -> Server:
    rates = Rates.of(endpoint.requests_per_minute, endpoint.tokens_per_minute)
    capacity = Capacity(limit=min(4.0, endpoint.most), most=endpoint.most)
    return Server(name, capacity, rates=rates, kept_tokens=endpoint.kept_tokens)


def _wanted(who: Caller, tenant: str, messages: Sequence[BaseMessage]) -> Job:
    length = sum(len(str(message.content)) for message in messages) // CHARACTERS
    prefix = f"{who.room}/{who.participant}" if who.room or who.participant else ""
    return Job(0, who.room, tenant, who.rank, prompt_tokens=length, prefix=prefix)


async def _heard(
    stream: AsyncIterator[ChatGenerationChunk], lease: Lease, seen: Watched | None
) -> Chunks:
    """The chunks as they come; the lease hears of the first, and counts."""
    try:
        async for chunk in stream:
            if not lease.began:
                lease.begin()
                if seen is not None:
                    seen.began()
            lease.written += bool(chunk.text)
            yield chunk
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()


def _again(error: ModelFailed, job: Job, lease: Lease) -> Job | None:
    """The call as it is sent again, elsewhere if there is another server; or not at all."""
    if not isinstance(error, ModelUnreachable):
        return None
    return replace(job, barred=job.barred | {lease.server.name})
