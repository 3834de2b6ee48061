"""Agents in a scenario file that are given tools, by name."""

import sys
from pathlib import Path

import pytest
from tests.agents.mcp.shops import SHOP
from tests.cli.commands import lines, tertulia

from tertulia.simulation import BadScenario, parse

MINDS = '''
from langchain_core.messages import AIMessage
from tertulia.agents import Scripted, tool
from tertulia.graphs import tool_user


@tool(effect="safe_retry")
async def time_of(train: str) -> str:
    """When a train goes."""
    return f"{train} goes at nine"


async def book(train: str) -> str:
    """Book a train."""
    return f"booked {train}"


BOTH = [time_of, book]


def asked(*calls):
    return AIMessage("", tool_calls=[
        {"name": name, "args": args, "id": f"c{place}"} for place, (name, args) in enumerate(calls)
    ])


def clerk(model, card, tools):
    names = " ".join(tool.name for tool in tools)
    calls = [("time_of", {"train": "x"})] * (len(tools) > 2) + [("hand_over", {"to": "Cy"})]
    return tool_user(Scripted([asked(*calls), f"I have {names}. Cy?"]), tools, card)


def shopper(model, card, tools):
    return tool_user(Scripted([asked(("price_of", {"article": "tea"})), "Found."]), tools, card)


def plain(model, card):
    return tool_user(Scripted(["Hello."]), [], card)
'''


def written(folder: Path, clerk: str) -> str:
    (folder / "minds.py").write_text(MINDS)
    path = folder / "trip.yaml"
    path.write_text(
        "title: A trip\npolicy: addressed\nparticipants:\n"
        f"- {{name: Bo, {clerk}}}\n"
        "- {name: Cy, lines: [I am here.]}\n"
        "- {name: Ana, kind: human, cues: [{say: 'Bo, which train?'}]}\n"
    )
    return str(path)


def said(events: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(event["by"], event["text"]) for event in events if event["type"] == "Said"]


def test_an_agent_is_given_functions_lists_and_tools_of_the_room(tmp_path: Path) -> None:
    scenario = written(tmp_path, "graph: 'minds.py:clerk', tools: ['minds.py:BOTH', hand_over]")
    happened = lines(tertulia("run", scenario, "--db", "memory:", "--json"))
    assert said(happened) == [
        ("ana", "Bo, which train?"),
        ("bo", "I have time_of book hand_over. Cy?"),
        ("cy", "I am here."),
    ]


@pytest.mark.net
@pytest.mark.slow
def test_an_agent_is_given_what_a_server_offers(tmp_path: Path) -> None:
    (tmp_path / "servers.yaml").write_text(
        f"mcpServers: {{shop: {{command: {sys.executable}, args: [{SHOP}, {tmp_path}]}}}}"
    )
    scenario = written(tmp_path, "graph: 'minds.py:shopper', tools: ['mcp:servers.yaml']")
    db = f"sqlite:///{tmp_path / 'a.db'}"
    happened = lines(tertulia("run", scenario, "--live", "--db", db, "--json"))
    assert ("bo", "Found.") in said(happened)
    assert "price_of" in (tmp_path / "calls").read_text()
    refused = tertulia("run", scenario, "--db", "memory:")
    assert refused.exit_code == 2
    assert "agent 'Bo', tools: mcp:servers.yaml: a server answers in real time; add --live" in (
        refused.stderr
    )


@pytest.mark.parametrize(
    ("clerk", "told"),
    [
        ("tools: ['minds.py:nobody']", "agent 'Bo', tools: there is no object 'nobody' in"),
        ("tools: ['minds.py:MISSING']", "agent 'Bo', tools: there is no object 'MISSING' in"),
        (
            "graph: 'minds.py:plain', tools: [whisper]",
            "agent 'Bo': plain(model, card): takes no tools: it is no function from",
        ),
        ("graph: plan_then_answer, tools: [whisper]", "plan_then_answer(model, card): takes no"),
    ],
)
def test_what_is_no_tool_or_takes_none_is_told_with_the_agent(
    tmp_path: Path, clerk: str, told: str
) -> None:
    given = tertulia("run", written(tmp_path, clerk), "--db", "memory:")
    assert given.exit_code == 2
    assert told in given.stderr


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ("tools: [wisper]", "line 3: participants.0.tools.0: there is no tool 'wisper'; did you"),
        ("tools: [zzz]", "line 3: participants.0.tools.0: there is no tool 'zzz'; write FILE.py"),
        ("tools: [whisper, whisper]", "line 3: participants.0.tools.1: 'whisper' is named twice"),
        ("tools: ['x:']", "line 3: participants.0.tools.0: there is no tool 'x:'; write"),
        ("lines: [Hi], tools: [whisper]", "participants.0.tools: an agent that says its lines"),
        ("kind: human, tools: [whisper]", "only an agent has tools, and Bo is a human"),
    ],
)
def test_a_mistake_in_tools_is_told_with_its_line(fields: str, told: str) -> None:
    with pytest.raises(BadScenario) as refused:
        parse(f"title: x\nparticipants:\n- {{name: Bo, {fields}}}\n")
    assert told in str(refused.value)
