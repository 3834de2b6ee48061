"""How far a turn in flight has come in its graph, read from its checkpoints. It runs nothing."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.types import StateSnapshot

from tertulia.graphs.checkpoints import Checkpoints
from tertulia.graphs.compiler import Compiled, compiled
from tertulia.graphs.manners import worded
from tertulia.graphs.marks import Mark, Marks
from tertulia.graphs.spec import START, TurnGraph
from tertulia.orchestrator.room import TurnId

QUESTION = 60
"""Characters of a question that stand on a node."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What has been kept of a turn: nothing, before its first step is done.

    ``ran`` is how often each node has run, ``next`` are those that run now or come next, ``within``
    where these are if they are graphs themselves, and ``waits`` what is asked by those that wait.
    """

    turn: TurnId
    ran: Mapping[str, int] = field(default_factory=dict)
    next: tuple[str, ...] = ()
    within: Mapping[str, str] = field(default_factory=dict)
    waits: Mapping[str, str] = field(default_factory=dict)

    @property
    def marks(self) -> Marks:
        """The same, to be drawn on the graph."""
        marks = dict.fromkeys(self.ran, Mark.RAN) | dict.fromkeys(self.next, Mark.NEXT)
        notes = {name: f"{times} times" for name, times in self.ran.items() if times > 1}
        notes |= {name: f"at {place}" for name, place in self.within.items()}
        notes |= {name: _short(question) for name, question in self.waits.items()}
        marks |= dict.fromkeys(self.waits, Mark.WAITS)
        return Marks(marks, notes, f"turn {self.turn}")


async def progress_of(
    graph: TurnGraph | Compiled, checkpoints: Checkpoints, turn: str
) -> Progress | None:
    """How far the graph of an unfinished turn has come; ``None`` where nothing is kept of it.

    Raises ``BadGraph``, and ``Invalid`` while the checkpoints are not open.
    """
    saver = checkpoints.saver
    config: RunnableConfig = {"configurable": {"thread_id": turn, "checkpoint_ns": ""}}
    if await saver.aget_tuple(config) is None:
        return None
    if isinstance(graph, TurnGraph):
        runs: Any = compiled(graph, saver)
    else:
        runs = graph.copy(update={"checkpointer": saver})
    now: StateSnapshot = await runs.aget_state(config, subgraphs=True)
    seen = [kept.checkpoint["versions_seen"] async for kept in saver.alist(config)]
    ran = Counter(_ran(seen))
    ran.update(Counter(task.name for task in now.tasks) - Counter(now.next))
    nodes = set(runs.nodes) - {START}
    return Progress(
        TurnId(turn),
        {name: times for name, times in ran.items() if name in nodes},
        tuple(name for name in dict.fromkeys(now.next) if name in nodes),
        dict(_within(now)),
        {t.name: worded(t.interrupts[0].value) for t in now.tasks if t.interrupts},
    )


def _ran(seen: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The nodes that ran between two checkpoints, for each two of them, newest first."""
    for after, before in zip(seen, [*seen[1:], {}], strict=True):
        yield from (name for name, versions in after.items() if versions != before.get(name))


def _within(now: StateSnapshot) -> Iterator[tuple[str, str]]:
    for task in now.tasks:
        if isinstance(task.state, StateSnapshot) and task.state.next:
            yield task.name, ", ".join(dict.fromkeys(task.state.next))


def _short(question: str) -> str:
    return question if len(question) <= QUESTION else f"{question[: QUESTION - 1]}…"
