"""Names of a models.yaml in scenario files, on the command line and in a chat."""

from pathlib import Path

import pytest
from tests.agents.beside import beside
from tests.agents.fault_server import Reply, ended, said
from tests.cli.commands import lines, tertulia, told

from tertulia.agents.models.places import API_KEY, BASE_URL, MODEL, MODELS

GOOD = Reply([*said("Over ", "here."), *ended()])
SCENARIO = """
title: Den
model: {model}
room: {{patience_s: 0.2}}
participants:
  - {{name: Bo, lines: [Yes.]}}
  - {{name: Ana, kind: human, cues: [{{say: "Bo?"}}]}}
"""


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (MODELS, MODEL, BASE_URL, API_KEY):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)


def den(model: str, models: str = "") -> tuple[str, ...]:
    """The command that runs a scenario on this model."""
    Path("den.yaml").write_text(SCENARIO.format(model=model))
    if models:
        Path("models.yaml").write_text(models)
    return ("run", "den.yaml", "--db", "memory:", "--seed", "1", "--json")


def by_bo(*words: str) -> list[str]:
    return [
        event["text"]
        for event in lines(tertulia(*words))
        if event["type"] == "Said" and event["by"] == "bo"
    ]


def test_another_name_for_the_scripted_model_says_the_lines_too() -> None:
    assert by_bo(*den("talk", "models: {talk: scripted}\ndefault: talk")) == ["Yes."]
    assert by_bo(*den("default")) == ["Yes."]


@pytest.mark.net
def test_a_scenario_s_agent_speaks_by_a_configured_name_or_as_it_is_overridden() -> None:
    with beside(GOOD) as server:
        far = f"models: {{far: {{base_url: {server.base_url}, model: m}}}}\n"
        assert by_bo(*den("far", far)) == ["Over here."]
        own = f"{far}agents: {{bo: {{model: far, temperature: 0.9}}}}\n"
        assert by_bo(*den("scripted", own)) == ["Over here."]
        assert server.asked[-1]["temperature"] == 0.9
        assert by_bo(*den("far", own), "--model", "scripted") == ["Yes."]


def test_a_name_that_nobody_bears_is_told_with_the_agent() -> None:
    message = told(tertulia(*den("tam", "pools: {team: {servers: [embedded]}}")[:-1]), 2)
    assert message == "agent 'Bo': there is no model 'tam'; did you mean 'team'?"


def test_a_file_is_named_on_the_command_line() -> None:
    Path("other.yaml").write_text("models: {talk: scripted}")
    assert by_bo(*den("talk"), "--models", "other.yaml") == ["Yes."]
    message = told(tertulia(*den("talk")[:-1], "--models", "lost.yaml"), 2)
    assert message == "lost.yaml: there is no such file; --models names it"


@pytest.mark.net
def test_a_chat_speaks_with_the_default_model(monkeypatch: pytest.MonkeyPatch) -> None:
    with beside(GOOD) as server:
        monkeypatch.setenv(MODEL, "m")
        monkeypatch.setenv(BASE_URL, server.base_url)
        given = tertulia("chat", "--db", "memory:", typed="Mia, where are you?\n")
        assert given.exit_code == 0
        assert "Mia: Over here." in given.stdout
        asked = len(server.asked)
        given = tertulia("chat", "--db", "memory:", "--model", "scripted", typed="Mia?\n")
        assert given.exit_code == 0
        assert len(server.asked) == asked
