"""One name for many model servers: a chat model that sends each call where it is done soonest.

Calls of a room go where its prompt is known; a server that fails is left alone for a while, and the
call goes to another one, unless somebody has heard the beginning of the answer already. Whoever
leaves early frees the server at once.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import count
from math import inf
from typing import Any
from weakref import WeakKeyDictionary

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import Field, PrivateAttr, model_validator

from tertulia.agents.callers import Caller, caller
from tertulia.agents.connections import close_connections
from tertulia.agents.faults import ModelFailed, ModelRefused
from tertulia.agents.listening import declines
from tertulia.agents.pool.accounts import Accounts
from tertulia.agents.pool.bounds import Most, most
from tertulia.agents.pool.budgets import Allowance, Budgets
from tertulia.agents.pool.endpoints import Endpoint
from tertulia.agents.pool.health import Health
from tertulia.agents.pool.lengths import prompt_tokens
from tertulia.agents.pool.pool import PATIENCE_S, Calls, Lease
from tertulia.agents.pool.probing import probe, told_by
from tertulia.agents.pool.racing import Chunks, Try, raced
from tertulia.agents.pool.records import Record
from tertulia.agents.pool.servers import Server
from tertulia.agents.pool.tally import Tally
from tertulia.agents.pool.tries import ELSEWHERE, Tries
from tertulia.agents.pool.watching import Call, Watched, Watcher, Watchers
from tertulia.agents.prices import Prices, prices_of
from tertulia.agents.streaming import StreamedModel


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
    budgets: Budgets = Field(default_factory=Budgets)
    hedging: float = Field(default=0.0, ge=0.0, le=1.0)
    probe_every_s: float | None = Field(default=None, gt=0.0)
    patience_s: float = Field(default=PATIENCE_S, gt=0.0)
    price_in: float | None = None
    price_out: float | None = None

    _dearest: tuple[float | None, float | None] | None = PrivateAttr(default=None)
    _count: Iterator[int] = PrivateAttr(default_factory=lambda: count(1))

    # Each call wants these. Pydantic takes 3 µs to find an attribute that is private to it.
    @cached_property
    def _calls(self) -> WeakKeyDictionary[asyncio.AbstractEventLoop, Calls]:
        return WeakKeyDictionary()

    @cached_property
    def _watchers(self) -> Watchers:
        return Watchers()

    @cached_property
    def _accounts(self) -> Accounts:
        tenants = {**self.budgets.tenants, **self.allowances}
        return Accounts(self.name_of_pool, replace(self.budgets, tenants=tenants))

    @model_validator(mode="after")
    def _is_billed(self) -> "Pooled":
        if self.price_in is None and self.price_out is None:
            prices = [self.price_of(name) for name in self.endpoints]
            self.price_in = max((price.read for price in prices), default=0.0) or None
            self.price_out = max((price.written for price in prices), default=0.0) or None
            self._dearest = (self.price_in, self.price_out)
        _ = (self._calls, self._watchers, self._accounts)  # made before two threads ask for them
        return self

    @property
    def _llm_type(self) -> str:
        return "tertulia-pool"

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        """Say what is traced: it is called by its name."""
        told = super()._get_ls_params(stop, **kwargs)
        name = kwargs.get("model", self.name_of_pool)
        return LangSmithParams(**{**told, "ls_model_name": name})

    @property
    def calls(self) -> Calls:
        """What waits and runs in the event loop that is running: each loop places its own."""
        loop = asyncio.get_running_loop()
        calls = self._calls.get(loop)
        if calls is None:
            calls = self._calls[loop] = self._made(loop.time)
        return calls

    @property
    def accounts(self) -> Accounts:
        """What participants, rooms and tenants have used of what they may use, in all loops."""
        return self._accounts

    def price_of(self, server: str) -> Prices:
        """What the tokens of a server cost: by its model's prices, or else the pool's."""
        own = (self.price_in, self.price_out)
        given = Prices() if own == self._dearest else prices_of(self)
        return self.endpoints[server].priced(given)

    def used_by(self, tenant: str) -> Allowance:
        """What a tenant may use and has used; ``accounts.of`` knows of rooms and participants."""
        return self.accounts.of(Caller(tenant=tenant), "tenant")

    async def aclose(self) -> None:
        """Stop asking servers how they are, in the loop that is running; a call begins it again."""
        calls = self._calls.pop(asyncio.get_running_loop(), None)
        if calls is not None:
            await calls.health.close()

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
        kept = self._watchers or self.accounts.bind(who)
        return self._recorded(who, length, asked) if kept else self._called(who, length, asked)

    async def _recorded(self, who: Caller, length: int, asked: "_Asked") -> Chunks:
        """The answer to a call that somebody watches, or that is charged to somebody."""
        seen = None
        if self._watchers:
            call = Call(self.name_of_pool, next(self._count), who, who.tenant or who.room, length)
            seen = Watched(self._watchers, call, self.calls.now)
        record = Record(who, Tally(length, self.price_of), self.accounts, seen)
        error: BaseException | None = None
        try:
            record.hold(self._most(who, asked))
            async with aclosing(self._called(who, length, asked, record)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except BaseException as caught:
            error = caught
            raise
        finally:
            record.ended(error)

    async def _called(
        self, who: Caller, length: int, asked: "_Asked", record: Record | None = None
    ) -> Chunks:
        calls = self.calls
        tries = Tries(calls, calls.job(who, length))
        while True:
            lease, heard = await calls.place(tries.job), False
            try:
                async with aclosing(self._tried(asked, lease, record)) as chunks:
                    async for chunk in chunks:
                        heard = True
                        yield chunk
            except ELSEWHERE as error:
                tries.failed(error, lease.server, heard=heard)
                if record is not None:
                    record.retried(error)
            else:
                return
            await tries.pause()

    def _tried(self, asked: "_Asked", lease: Lease, record: Record | None) -> Chunks:
        """One try of a call, on a second server as well where the first token is late."""
        if record is not None:
            record.placed(lease.server.name)
        chunks = self._heard(asked, lease, record)
        late_s = lease.late_s if self.hedging else inf
        if late_s == inf:
            return chunks
        another = partial(self._another, asked, lease, record)
        return raced(Try(lease, chunks), late_s, another)

    def _another(self, asked: "_Asked", first: Lease, record: Record | None) -> Try | None:
        may_be = _always if record is None else record.may_be_sent_twice
        lease = self.calls.second(first, may_be)
        if lease is None:
            return None
        if record is not None:
            record.hedged(first.server.name, lease.server.name)
        return Try(lease, self._heard(asked, lease, record))

    async def _heard(self, asked: "_Asked", lease: Lease, record: Record | None) -> Chunks:
        """The chunks of one try as they come; the lease hears of them, and is ended."""
        stream: AsyncIterator[ChatGenerationChunk] | None = None
        try:
            stream = asked.of(self.endpoints[lease.server.name].model)
            async for chunk in stream:
                if not lease.began:
                    lease.begin()
                    if record is not None:
                        record.began(lease.server.name)
                lease.written += bool(chunk.text)
                if record is not None:
                    record.hear(chunk.message)
                yield chunk
        except ModelFailed as error:
            lease.fail(error)
            raise
        finally:
            try:
                if isinstance(stream, AsyncGenerator):
                    await stream.aclose()
            finally:
                if record is not None and lease.lost:
                    record.lost(lease.server.name)
                lease.end()

    def _most(self, who: Caller, asked: "_Asked") -> Most:
        if not (self.accounts.strict and self.accounts.bind(who)):
            return Most()
        models = (endpoint.model for endpoint in self.endpoints.values())
        prices = [self.price_of(name) for name in self.endpoints]
        return most(asked.messages, asked.settings, models, prices)

    def _made(self, now: Callable[[], float]) -> Calls:
        servers = [
            endpoint.server(name, hedged=self.hedging > 0)
            for name, endpoint in self.endpoints.items()
        ]
        every_s = inf if self.probe_every_s is None else self.probe_every_s
        health = Health(
            self.name_of_pool, servers, now, self._watchers, self._probe, self._introduce, every_s
        )
        return Calls(self.name_of_pool, servers, now, health, self.hedging, self.patience_s)

    async def _probe(self, server: str) -> None:
        await probe(self.endpoints[server].model)

    async def _introduce(self, server: Server) -> None:
        endpoint = self.endpoints[server.name]
        if (told := await told_by(endpoint.model)) is not None:
            endpoint.heard(server, told)

    async def _leave(self) -> None:
        await self.aclose()
        await close_connections()

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools, as the first of the pool's models does it that takes any."""
        for endpoint in self.endpoints.values():
            try:
                bound = endpoint.model.bind_tools(tools, tool_choice=tool_choice, **kwargs)
            except NotImplementedError as error:
                if not declines(error):
                    raise
            else:
                return self.bind(**getattr(bound, "kwargs", {}))
        raise NotImplementedError


def pooled(name: str, endpoints: Mapping[str, Endpoint | StreamedModel], **settings: Any) -> Pooled:
    """Make one chat model of several servers of one model.

    ``settings``: ``allowances`` by tenant, or ``budgets`` (`Budgets`) of tenants, rooms and
    participants; ``hedging``, which share of the calls may be sent to a second server when the
    first is late (0); ``probe_every_s``, after how many seconds of silence a server is asked how it
    is (``None``: only one that has failed is); ``patience_s``, how long a call waits while no
    server is well (10); ``price_in`` and ``price_out`` of a million tokens, of servers whose models
    have no price; turns are billed by them, or else by the dearest server's.
    Raises ``ModelRefused`` for a pool without a server, and ``Invalid`` for a price that is none.
    """
    if not endpoints:
        hint = "give it at least one endpoint"
        raise ModelRefused("the pool has no server", model=name, where="in the pool", hint=hint)
    known = {
        server: endpoint if isinstance(endpoint, Endpoint) else Endpoint(endpoint)
        for server, endpoint in endpoints.items()
    }
    return Pooled(name_of_pool=name, endpoints=known, **settings)


def _always() -> bool:
    return True
