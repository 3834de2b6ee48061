"""A graph can be looked at, whoever made it, and even if it cannot be run."""

import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread

from tertulia.agents import Scripted, TurnState
from tertulia.graphs import END, START, TurnGraph, compiled, draw, mermaid, tool_user
from tertulia.graphs.layout import Box, lay_out, layered, turned
from tertulia.orchestrator.errors import Invalid

NAMES = tuple("abcdef")
LINES = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=14)


async def nothing(state: TurnState) -> TurnState:
    return {}


def looping() -> TurnGraph:
    graph = TurnGraph("loop", bound=5).add_node("think", nothing).add_edge(START, "think")
    routes = {'so-called "more"': "think", "done": END}
    return graph.add_conditional_edges("think", lambda state: "done", routes)


def test_mermaid_tells_choices_from_plain_edges() -> None:
    assert mermaid(looping()) == (
        "flowchart TD\n"
        '    START(["START"])\n'
        '    n1["think"]\n'
        '    END(["END"])\n'
        "    START --> n1\n"
        '    n1 -.->|"so-called &quot;more&quot;"| n1\n'
        '    n1 -.->|"done"| END\n'
    )


def test_a_compiled_graph_is_drawn_like_the_one_it_was_made_of() -> None:
    graph = tool_user(Scripted(), [])
    assert sorted(mermaid(graph).splitlines()) == sorted(mermaid(compiled(graph)).splitlines())


def test_a_graph_with_mistakes_is_drawn_so_that_they_can_be_seen() -> None:
    graph = TurnGraph("broken").add_node("draft", nothing).add_edge("draft", "critc")
    assert '["critc"]' in mermaid(graph)


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_a_picture_is_painted_and_is_the_same_every_time(tmp_path: Path, kind: str) -> None:
    one, other = (draw(looping(), tmp_path / f"{n}.{kind}") for n in range(2))
    assert one.read_bytes() == other.read_bytes()
    assert one.stat().st_size > 3_000


def test_a_picture_shows_letters_on_paper(tmp_path: Path) -> None:
    pixels = imread(draw(tool_user(Scripted(), []), tmp_path / "graph.png"))
    height, width, _ = pixels.shape
    assert height > width > 200
    assert pixels[0, 0].tolist() == [1.0, 1.0, 1.0, 1.0]
    assert 0.05 < (pixels[..., :3].min(axis=2) < 0.5).mean() < 0.5


def test_dollars_in_a_name_are_no_formula(tmp_path: Path) -> None:
    graph = TurnGraph("costs $5 or $_6").add_node("ask for $_5", nothing)
    graph.add_edge(START, "ask for $_5").add_edge("ask for $_5", END)
    assert draw(graph, tmp_path / "graph.svg").exists()


def test_what_is_no_picture_or_no_graph_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"ends in \.png, \.svg, \.pdf"):
        draw(looping(), tmp_path / "graph.jpeg")
    with pytest.raises(Invalid, match="is no graph"):
        mermaid("graph")  # type: ignore[arg-type]


@pytest.mark.slow
def test_nothing_is_imported_for_painting_before_something_is_painted() -> None:
    code = "import sys, tertulia.graphs; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---- where things lie


def over(one: Box, other: Box) -> bool:
    apart = abs(one.x - other.x) >= (one.width + other.width) / 2 - 1e-9
    return not apart and abs(one.y - other.y) < (one.height + other.height) / 2


@given(LINES, st.lists(st.floats(0.5, 3), min_size=6, max_size=6))
def test_boxes_never_lie_on_one_another_and_lines_reach_them(
    lines: list[tuple[str, str]], widths: list[float]
) -> None:
    sizes = {name: (width, 0.45) for name, width in zip(NAMES, widths, strict=True)}
    laid = lay_out(sizes, lines, "f")
    assert not any(over(one, other) for one, other in combinations(laid.boxes.values(), 2))
    for (source, target), way in zip(lines, laid.ways, strict=True):
        assert bool(way) == (source != target)
        for name, end in ((source, way[:1]), (target, way[-1:])):
            box = laid.boxes[name]
            assert all(abs(x - box.x) <= box.width / 2 for x, _ in end)
            assert all(abs(abs(y - box.y) - box.height / 2) < 1e-9 for _, y in end)


@given(LINES)
def test_all_lines_lead_downwards_but_those_that_are_turned_round(
    lines: list[tuple[str, str]],
) -> None:
    back = turned(NAMES, lines, "f")
    down = [(b, a) if (a, b) in back else (a, b) for a, b in lines]
    layers = layered(NAMES, down, "f")
    assert all(layers[a] < layers[b] for a, b in down if a != b)
    assert layers["f"] == max(layers.values())
