from pathlib import Path

import pytest

BRIEF = """
title: Den
room: {patience_s: 0.3}
participants:
  - {name: Bo, lines: [Yes.]}
  - {name: Ana María, lines: [Claro.]}
"""


@pytest.fixture
def brief(tmp_path: Path) -> str:
    """A scenario with two agents who say one word each, and then nothing."""
    path = tmp_path / "brief.yaml"
    path.write_text(BRIEF, encoding="utf-8")
    return str(path)
