"""Draw a graph as Mermaid text, PNG or SVG."""

from pathlib import Path

from tertulia.cli.output import line


def draw_graph(reference: str, *, out: Path | None, json: bool) -> None:
    raise SystemExit("pending")
