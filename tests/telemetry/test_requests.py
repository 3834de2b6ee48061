"""What traces HTTP by itself finds the call of a model: its spans lie within, and no more is."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx
import pytest
from opentelemetry.context import get_current
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from tests.agents.fault_server import DROP, FaultServer, Reply, ended, said, serving
from tests.telemetry.onlookers import Onlookers

from tertulia.agents import Card, ModelSpeaker, connections
from tertulia.agents.connections import client_for, close_connections
from tertulia.agents.faults import ModelFailed
from tertulia.agents.pool import pooled
from tertulia.agents.remote import remote
from tertulia.compose import agent, human
from tertulia.orchestrator import Turn, WallClock
from tertulia.telemetry import Telemetry

pytestmark = pytest.mark.net

GOOD = Reply([*said("By ", "the ", "door."), *ended()])


@pytest.fixture(autouse=True)
async def _instrumented(seen: Onlookers) -> AsyncIterator[None]:
    """OpenTelemetry's own instrumentation, which makes a span of each request."""
    instrumentor = HTTPXClientInstrumentor()
    instrumentor.instrument(tracer_provider=seen.provider)
    yield
    await close_connections()
    instrumentor.uninstrument()


def within(seen: Onlookers) -> list[tuple[str, str]]:
    """The spans that have a parent, with that, as they ended."""
    names = {span.context.span_id: span.name for span in seen.spans}
    return [(s.name, names[s.parent.span_id]) for s in seen.spans if s.parent is not None]


async def asked(seen: Onlookers, server: FaultServer, pool: bool = False) -> None:
    model = remote(server.base_url, "small")
    async with seen.house(clock=WallClock()) as house:
        speaker = ModelSpeaker(Card("Bo"), pooled("small", {"one": model}) if pool else model)
        room = await house.room("kitchen", human("Ana"), agent("Bo", speaker))
        await room.post("ana", "@bo?")
        await room.lapse()


@pytest.mark.parametrize("pool", [False, True], ids=["alone", "in a pool"])
async def test_a_request_s_span_lies_within_that_of_the_call(seen: Onlookers, pool: bool) -> None:
    async with serving(GOOD) as server:
        await asked(seen, server, pool)
    assert within(seen) == [("POST", "chat small"), ("chat small", "invoke_agent bo")]


async def test_what_comes_after_a_request_is_not_within_it_nor_within_the_call(
    seen: Onlookers,
) -> None:
    tracer = seen.provider.get_tracer("mine")
    async with serving(GOOD) as server:
        model = remote(server.base_url, "small")

        async def bo(turn: Turn) -> str:
            here = get_current()
            stream = aiter(model.astream("Where does it go?"))
            await anext(stream)
            assert get_current() == here  # while the answer comes
            with tracer.start_as_current_span("in the middle"):
                async for _ in stream:
                    pass
            assert get_current() == here
            await client_for(server.base_url).get(server.base_url)
            await model.ainvoke("And then?")
            return "By the door."

        async with seen.house(clock=WallClock()) as house:
            room = await house.room("kitchen", human("Ana"), agent("Bo", bo))
            await room.post("ana", "@bo?")
            await room.lapse()
    assert within(seen) == [
        ("POST", "chat small"),
        ("chat small", "invoke_agent bo"),
        ("in the middle", "invoke_agent bo"),
        ("GET", "invoke_agent bo"),
        ("POST", "chat small"),
        ("chat small", "invoke_agent bo"),
    ]


@pytest.mark.parametrize("reply", [Reply([DROP]), None], ids=["hung up on", "nobody there"])
async def test_a_request_that_fails_leaves_nothing_behind(
    seen: Onlookers, reply: Reply | None
) -> None:
    left = []

    async with serving(reply or GOOD) as server:
        url = server.base_url if reply else "http://127.0.0.1:9/v1"

        async def bo(turn: Turn) -> None:
            here = get_current()
            with pytest.raises(ModelFailed):
                await anext(aiter(remote(url, "small").astream("Where does it go?")))
            left.append((get_current(), here))

        async with seen.house(clock=WallClock()) as house:
            room = await house.room("kitchen", human("Ana"), agent("Bo", bo))
            await room.post("ana", "@bo?")
            await room.lapse()
    [(after, before)] = left
    assert after == before
    assert ("POST", "chat small") in within(seen)


async def test_the_server_is_told_of_the_request_s_own_span(seen: Onlookers) -> None:
    sent: list[str] = []

    @contextmanager
    def listen(request: httpx.Request) -> Iterator[None]:
        yield
        sent.append(request.headers["traceparent"])

    leave = connections.around_requests(listen)
    async with serving(GOOD) as server:
        await asked(seen, server)
    leave()
    [told] = sent
    assert int(told.split("-")[2], 16) == seen.span("POST").context.span_id


async def test_without_headers_of_ours_the_call_has_its_server_s_address_as_well() -> None:
    seen = Onlookers(headers=False)
    try:
        async with serving(GOOD) as server:
            await asked(seen, server)
        assert (seen.span("chat small").attributes or {})["server.port"] == server.port
    finally:
        seen.close()


def test_nobody_follows_requests_once_telemetry_is_closed() -> None:
    before = list(connections._around)
    with Telemetry():
        assert len(connections._around) == len(before) + 1
    assert connections._around == before
