"""Configurations of MCP servers: the usual shape, secrets from the environment, plain errors."""

import json
from pathlib import Path
from typing import Any

import pytest

from tertulia.agents.mcp import servers_in
from tertulia.orchestrator.errors import Invalid


def test_the_usual_shape_is_read_from_yaml_json_and_mappings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESK_TOKEN", "s3cret")
    entry = {
        "url": "https://desk.example/mcp",
        "headers": {"Authorization": "Bearer ${DESK_TOKEN}"},
    }
    data = {"mcpServers": {"desk": entry, "files": {"command": "files", "args": ["--all"]}}}
    (tmp_path / "a.json").write_text(json.dumps(data))
    (tmp_path / "a.yaml").write_text(
        "mcpServers:\n"
        "  desk:\n"
        "    url: https://desk.example/mcp\n"
        "    headers: {Authorization: 'Bearer ${DESK_TOKEN}'}\n"
        "  files: {command: files, args: [--all]}\n"
    )
    read = [servers_in(data), servers_in(data["mcpServers"])]
    read += [servers_in(tmp_path / "a.json"), servers_in(str(tmp_path / "a.yaml"))]
    assert all(one == read[0] for one in read)
    desk, files = read[0]
    assert (desk.transport, files.transport) == ("http", "stdio")
    assert desk.headers == {"Authorization": "Bearer s3cret"}
    assert "s3cret" not in repr(desk)


@pytest.mark.parametrize(
    ("server", "told"),
    [
        ({}, "has either a command (stdio) or a url (HTTP)"),
        ({"command": "x", "url": "http://x"}, "has either a command (stdio) or a url (HTTP)"),
        ({"command": "x", "headers": {"A": "b"}}, "headers: does not go with stdio"),
        ({"url": "http://x", "args": ["a"]}, "args: does not go with http"),
        ({"url": "http://x", "type": "stdio"}, "type: stdio does not go with what stands here"),
        ({"url": "http://x", "type": "pigeon"}, "type: is one of stdio, http"),
        ({"url": "ftp://x"}, "url: begins with http:// or https:// and a host"),
        ({"url": "http://me:pw@x/"}, "holds a password or a query; send secrets in headers"),
        ({"url": "http://x", "headers": {"X-Api-Key": "abc"}}, "X-Api-Key: looks like a secret"),
        ({"command": "x", "env": {"DB_PASSWORD": "abc"}}, "DB_PASSWORD: looks like a secret"),
        ({"command": "x", "env": {"A": "${NOT_SET_ANYWHERE}"}}, "NOT_SET_ANYWHERE is not set"),
        ({"command": "x", "comand": "y"}, "comand: Extra inputs are not permitted"),
        ({"command": "x", "timeout_s": 0}, "timeout_s: Input should be greater than 0"),
        ({"command": ["x"]}, "command: Input should be a valid string"),
        ("x", "Input should be a valid dictionary"),
        ({"command": "x", "tools": {"t": {"efect": "a"}}}, "tools.t.efect: there is no such field"),
        ({"command": "x", "tools": {"t": {"effect": "a"}}}, "tools.t.effect: Input should be"),
        (
            {"command": "x", "tools": {"t": {"approval": {"role": ["boss"]}}}},
            "tools.t.approval.role: there is no such field; did you mean 'roles'?",
        ),
        (
            {"command": "x", "tools": {"t": {"approval": {"quorum": 0}}}},
            "tools.t, approval rule, quorum: must be at least 1",
        ),
    ],
)
def test_what_cannot_be_used_is_told_with_its_place(server: Any, told: str) -> None:
    with pytest.raises(Invalid) as caught:
        servers_in({"desk": server})
    assert str(caught.value).startswith("MCP servers, server 'desk'")
    assert told in str(caught.value)


def test_files_that_are_no_configuration_are_told(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("a: [")
    (tmp_path / "list.yaml").write_text("- a")
    (tmp_path / "none.yaml").write_text("mcpServers: {}")
    (tmp_path / "image.png").write_bytes(b"\x89PNG\xff")
    for name, told in {
        "no.yaml": "cannot be read: No such file",
        "bad.yaml": "is neither YAML nor JSON",
        "list.yaml": "must be a mapping with servers by name",
        "none.yaml": "names no server",
        "image.png": "is not text in UTF-8",
    }.items():
        with pytest.raises(Invalid, match=told):
            servers_in(tmp_path / name)


def test_a_server_s_name_can_stand_in_a_tool_s() -> None:
    with pytest.raises(Invalid, match="letters, digits"):
        servers_in({"our desk": {"command": "x"}})
