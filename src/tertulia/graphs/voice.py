"""Which of a graph's models are heard while they write, and the saying of it."""

from collections.abc import Collection
from typing import Any

from langchain_core.messages import AIMessage

from tertulia.graphs.compiler import Compiled
from tertulia.graphs.spec import END
from tertulia.orchestrator.turns import Turn

BETWEEN = "\n\n"
"""What stands between two messages that are heard in one turn."""


def last_nodes(graph: Compiled) -> frozenset[str]:
    """The nodes after which a graph may end, as far as its arrows tell."""
    return frozenset(edge.source for edge in graph.get_graph().edges if edge.target == END)


class Voice:
    """Says what the models of some nodes write, in one run."""

    def __init__(self, turn: Turn, nodes: Collection[str] | bool) -> None:
        """``True``: of all nodes."""
        self._turn, self._nodes = turn, nodes
        self._message: str | None = None

    def hear(self, message: Any, about: dict[str, Any]) -> None:
        """Say a piece of a message, or a whole one, if it is a model's that is heard."""
        text = str(message.text) if isinstance(message, AIMessage) else ""
        if not text or not self._is_heard(about):
            return
        if self._message != message.id and self._turn.delivered.strip():
            text = BETWEEN + text
        self._message = message.id
        self._turn.say(text)

    def _is_heard(self, about: dict[str, Any]) -> bool:
        if isinstance(self._nodes, bool):
            return self._nodes
        outer = str(about.get("langgraph_checkpoint_ns", "")).partition(":")[0]
        return outer in self._nodes or about.get("langgraph_node") in self._nodes


def with_last_words(heard: str, last: str) -> str:
    """What was heard, and the last words after it unless they were heard too."""
    if not heard.strip():
        return last
    return heard if heard.rstrip().endswith(last.strip()) else f"{heard}{BETWEEN}{last}"
