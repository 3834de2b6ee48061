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
from tertulia.agents.pool.capacity import BEGINNING, Capacity
from tertulia.agents.pool.lengths import prompt_tokens
from tertulia.agents.pool.pool import Calls, Lease
from tertulia.agents.pool.rates import Rates
from tertulia.agents.pool.servers import Server
from tertulia.agents.pool.tally import Tally
from tertulia.agents.pool.watching import Call, Watched, Watcher, Watchers
from tertulia.agents.streaming import StreamedModel

TRIES = 4
"""How often one call is sent at most."""

PAUSE_S = (0.2, 5.0)
"""The first and the longest pause before a call is sent again where no other server is left."""

Chunks = AsyncGenerator[ChatGenerationChunk, None]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server of a pool: its model, and what is known of it beforehand.

    ``requests_per_minute`` and ``tokens_per_minute`` are what it lets us send, ``most`` is how many
    calls it bears at once at most, ``kept_tokens`` how much of prompts it keeps. ``slots`` is how
    many it works on at once, where that is known (``None``: as the model says, or else learned).
    """

    model: StreamedModel
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    most: float = 1_024
    kept_tokens: float = 400_000
    slots: int | None = None


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
        who, length = caller(), prompt_tokens(messages)
        asked = _Asked(messages, stop, run_manager, kwargs)
        way = self._shown if self._watchers else self._called
        return way(who, length, asked)

    async def _shown(self, who: Caller, length: int, asked: "_Asked") -> Chunks:
        """The answer to a call that somebody watches."""
        call = Call(self.name_of_pool, next(self._count), who, who.tenant or who.room, length)
        tally, seen = Tally(length), Watched(self._watchers, call, self.calls.now)
        error: BaseException | None = None
        try:
            async with aclosing(self._called(who, length, asked, seen)) as chunks:
                async for chunk in chunks:
                    tally.hear(chunk.message)
                    yield chunk
        except BaseException as caught:
            error = caught
            raise
        finally:
            seen.ended(tally.read, tally.written, self._cost(tally.read, tally.written), error)

    async def _called(
        self, who: Caller, length: int, asked: "_Asked", seen: Watched | None = None
    ) -> Chunks:
        calls = self.calls
        job = calls.job(who, length)
        if self.allowances and self.used_by(job.tenant).spent:
            raise ModelRefused(
                f"tenant {job.tenant!r} has used up what it may use",
                model=self.name_of_pool,
                where="in the pool",
                hint="raise its allowance",
            )
        calls.retries = calls.retries.called()
        for sent in range(1, TRIES + 1):
            lease = await calls.place(job)
            try:
                async with aclosing(self._heard(asked, lease, seen)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            except ModelUnreachable as error:
                again = not lease.began and sent < TRIES
                budget = calls.retries.retried() if again else None
                if budget is None:
                    raise
                if seen is not None:
                    seen.retried(error)
                calls.retries = budget
                job = calls.again(job, job.barred | {lease.server.name})
            else:
                return
            if job.barred.issuperset(self.endpoints):
                await asyncio.sleep(min(PAUSE_S[0] * 2 ** (sent - 1), PAUSE_S[1]))
                job = replace(job, barred=frozenset())

    async def _heard(self, asked: "_Asked", lease: Lease, seen: Watched | None) -> Chunks:
        """The chunks of one try as they come; the lease hears of them, and is ended."""
        stream: AsyncIterator[ChatGenerationChunk] | None = None
        try:
            if seen is not None:
                seen.placed(lease.server.name)
            stream = asked.of(self.endpoints[lease.server.name].model)
            async for chunk in stream:
                if not lease.began:
                    lease.begin()
                    if seen is not None:
                        seen.began()
                lease.written += bool(chunk.text)
                if self.allowances:
                    self._bill(lease.job.tenant, chunk)
                yield chunk
        except ModelFailed as error:
            lease.fail(error)
            raise
        finally:
            try:
                if isinstance(stream, AsyncGenerator):
                    await stream.aclose()
            finally:
                lease.end()

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
    capacity = Capacity(limit=min(BEGINNING, endpoint.most), most=endpoint.most)
    server = Server(name, capacity, rates=rates, kept_tokens=endpoint.kept_tokens)
    slots = endpoint.model.slots_known if endpoint.slots is None else endpoint.slots
    if slots is not None:
        server.told(int(min(slots, endpoint.most)))
    return server
