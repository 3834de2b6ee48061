"""The face of the agents opens only the door that somebody knocks at."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tertulia.agents
from tertulia.agents.doorman import HOME

STUB = Path(tertulia.agents.__file__).with_suffix(".pyi")


def test_what_is_promised_is_what_the_doorman_finds_and_the_stub_types() -> None:
    imports = [
        node for node in ast.parse(STUB.read_text()).body if isinstance(node, ast.ImportFrom)
    ]
    typed = {alias.name: node.module for node in imports for alias in node.names}
    assert typed == HOME
    assert set(tertulia.agents.__all__) == set(HOME)
    assert all(hasattr(tertulia.agents, name) for name in HOME)


def test_a_name_that_is_not_there_is_missed_as_usual() -> None:
    with pytest.raises(AttributeError, match=r"'tertulia.agents' has no attribute 'Nobody'"):
        _ = tertulia.agents.Nobody  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        ("from tertulia.agents import Card, TurnState", ("langchain_core", "langgraph")),
        (
            "from tertulia.agents import ModelSpeaker, Remote, Scripted, model_caller",
            ("langgraph", "langchain_openai"),
        ),
    ],
)
def test_nobody_waits_for_what_was_not_asked_for(code: str, heavy: tuple[str, ...]) -> None:
    check = f"{code}; import sys; sys.exit(any(m in sys.modules for m in {heavy!r}))"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
