"""Real MCP servers over stdio and HTTP: kept open, killed, stalled, and talking rubbish."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from langchain_core.tools import BaseTool, ToolException
from tests.agents.mcp.shops import begun, calls, http_shop, over_stdio

from tertulia.agents.mcp import ServerLost, ServerSilent, ServerUnusable, mcp_tools
from tertulia.agents.terms import Terms, terms_of
from tertulia.orchestrator.effects import EffectPolicy
from tertulia.orchestrator.errors import Invalid, Refused, Unknown, Unreachable

pytestmark = [pytest.mark.net, pytest.mark.asyncio(loop_scope="module")]

Box = dict[str, BaseTool]


def box_of(tools: list[BaseTool]) -> Box:
    return {tool.name: tool for tool in tools}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Box]:
    config = {"shop": over_stdio(tmp_path_factory.mktemp("shop"))}
    async with mcp_tools(config) as tools:
        yield box_of(tools)


async def test_one_process_serves_all_calls(shop: Box) -> None:
    assert len({await shop["pid"].ainvoke({}) for _ in range(5)}) == 1


async def test_calls_run_side_by_side(shop: Box) -> None:
    long = asyncio.ensure_future(shop["stall"].ainvoke({"seconds": 30}))
    assert await shop["price_of"].ainvoke({"article": "tea"}) == "350"
    assert not long.done()
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long
    assert await shop["price_of"].ainvoke({"article": "cup"}) == "900"


async def test_what_the_server_says_of_its_tools_becomes_terms(shop: Box) -> None:
    effects = {name: terms_of(shop[name]).effect for name in ("price_of", "reserve", "order")}
    assert effects == {
        "price_of": EffectPolicy.SAFE_RETRY,
        "reserve": EffectPolicy.SAFE_RETRY,
        "order": EffectPolicy.AT_MOST_ONCE,
    }


async def test_images_sounds_and_resources_are_told_as_text(shop: Box) -> None:
    assert (await shop["leaflet"].ainvoke({})).splitlines() == [
        "our leaflet",
        "[image, image/png, 5 bytes]",
        "[audio, audio/wav, 2 bytes]",
        "[resource terms: https://shop.example/terms]",
        "[resource shop://note]",
        "open on Sundays",
        "[resource shop://map, image/png, 3 bytes]",
    ]


async def test_a_tool_that_fails_says_so_and_the_server_stays(shop: Box) -> None:
    with pytest.raises(ToolException, match="we have no milk"):
        await shop["price_of"].ainvoke({"article": "milk"})
    with pytest.raises(ToolException, match="article"):
        await shop["price_of"].ainvoke({})
    assert await shop["price_of"].ainvoke({"article": "tea"}) == "350"


async def test_lines_that_are_no_protocol_are_passed_over(shop: Box) -> None:
    assert await shop["rubbish"].ainvoke({}) == "and yet an answer"


async def test_a_tool_can_be_called_from_another_event_loop_and_without_one(shop: Box) -> None:
    def elsewhere() -> Any:
        asked = {"article": "tea"}
        return asyncio.run(shop["price_of"].ainvoke(asked)), shop["price_of"].invoke(asked)

    assert await asyncio.to_thread(elsewhere) == ("350", "350")


async def test_a_server_that_dies_in_mid_call_is_told_at_once_and_opened_again(
    tmp_path: Path,
) -> None:
    async with mcp_tools({"shop": over_stdio(tmp_path)}) as tools:
        box = box_of(tools)
        before = await box["pid"].ainvoke({})
        with pytest.raises(ServerLost, match=r"may have happened; its last words were: out of tea"):
            await box["die"].ainvoke({"article": "cup"})
        assert await box["pid"].ainvoke({}) != before
    assert calls(tmp_path, "die") == 1


async def test_all_calls_that_were_on_their_way_are_lost_together(tmp_path: Path) -> None:
    async with mcp_tools({"shop": over_stdio(tmp_path)}) as tools:
        box = box_of(tools)
        long = asyncio.ensure_future(box["stall"].ainvoke({"seconds": 60}))
        await begun(tmp_path, "stall")
        with pytest.raises(ServerLost):
            await box["die"].ainvoke({"article": "cup"})
        with pytest.raises(ServerLost):
            await long
    assert calls(tmp_path, "stall") == 1


async def test_a_server_over_http_that_is_killed_in_mid_call_is_told_at_once(
    tmp_path: Path,
) -> None:
    async with http_shop(tmp_path) as shop, mcp_tools({"shop": shop.config}) as tools:
        box = box_of(tools)
        assert await box["price_of"].ainvoke({"article": "tea"}) == "350"
        long = asyncio.ensure_future(box["stall"].ainvoke({"seconds": 60}))
        await begun(tmp_path, "stall")
        assert await box["price_of"].ainvoke({"article": "cup"}) == "900"  # so it answers by now
        await shop.kill()
        with pytest.raises(ServerLost, match="may have happened"):
            await long
        with pytest.raises(ServerSilent, match=r"cannot be reached at http://127\.0"):
            await box["order"].ainvoke({"article": "tea"})
        await shop.start()
        assert await box["order"].ainvoke({"article": "tea"}) == "ordered tea"
    assert (calls(tmp_path, "stall"), calls(tmp_path, "order")) == (1, 1)


async def test_a_server_over_http_that_was_started_again_between_two_calls_is_not_noticed(
    tmp_path: Path,
) -> None:
    async with http_shop(tmp_path) as shop, mcp_tools({"shop": shop.config}) as tools:
        box = box_of(tools)
        before = await box["pid"].ainvoke({})
        await shop.kill()
        await shop.start()
        assert await box["order"].ainvoke({"article": "tea"}) == "ordered tea"
        assert await box["pid"].ainvoke({}) != before
    assert calls(tmp_path, "order") == 1


async def test_two_servers_with_a_tool_of_one_name_need_a_prefix(tmp_path: Path) -> None:
    two = {"north": over_stdio(tmp_path), "south": over_stdio(tmp_path)}
    with pytest.raises(Invalid, match=r"'north' and 'south' both have one; give one of them"):
        async with mcp_tools(two):
            pass
    two["south"]["prefix"] = True
    two["south"]["tools"] = {"die": False, "order": {"approval": {"roles": ["supervisor"]}}}
    own = {"south_stall": Terms(timeout_s=5.0)}
    async with mcp_tools({"mcpServers": two}, terms=own) as tools:
        box = box_of(tools)
        assert await box["south_order"].ainvoke({"article": "cup"}) == "ordered cup"
    assert "south_die" not in box
    assert "die" in box
    rule = terms_of(box["south_order"]).approval
    assert rule is not None
    assert rule.roles == ("supervisor",)
    assert terms_of(box["south_stall"]).timeout_s == 5.0


async def test_a_server_gets_the_environment_it_is_given_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_TOKEN", "s3cret")
    monkeypatch.setenv("NOT_FOR_SERVERS", "x")
    config = {"shop": over_stdio(tmp_path, env={"SHOP_TOKEN": "${OUR_TOKEN}"})}
    async with mcp_tools(config) as tools:
        assert await box_of(tools)["secret"].ainvoke({}) == "s3cret None"


async def test_terms_for_a_tool_that_is_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(Unknown, match="'ordr' of these servers; there are price_of"):
        async with mcp_tools({"shop": over_stdio(tmp_path)}, terms={"ordr": Terms()}):
            pass
    config = {"shop": over_stdio(tmp_path, tools={"ordr": False})}
    with pytest.raises(Invalid, match=r"tools\.ordr: there is no such tool; there are die"):
        async with mcp_tools(config):
            pass


@pytest.mark.parametrize(
    ("config", "kind", "told"),
    [
        (
            {"command": "no-such-command-anywhere"},
            ServerUnusable,
            "cannot be started: `no-such-command-anywhere`: No such file",
        ),
        (
            {"command": sys.executable, "args": ["-c", "import no_such_module"]},
            ServerSilent,
            "No module named 'no_such_module'",
        ),
        (
            {
                "command": "sh",  # which starts sooner than Python does
                "args": ["-c", "echo hello; read one; read two"],
                "open_s": 2.0,
            },
            ServerSilent,
            "did not answer within 2 s; it said what is no MCP message: 'hello'",
        ),
        ({"url": "http://127.0.0.1:9/mcp"}, ServerSilent, "cannot be reached at"),
    ],
)
async def test_a_server_that_cannot_be_opened_says_why(
    config: dict[str, Any], kind: type[Exception], told: str
) -> None:
    with pytest.raises(kind, match=told) as caught:
        async with mcp_tools({"odd": config}):
            pass
    assert isinstance(caught.value, Unreachable | Refused)


async def test_a_tool_of_a_server_that_was_closed_says_so(tmp_path: Path) -> None:
    async with mcp_tools({"shop": over_stdio(tmp_path)}) as tools:
        box = box_of(tools)
    with pytest.raises(ServerSilent, match="is closed; keep its tools open longer"):
        await box["price_of"].ainvoke({"article": "tea"})
