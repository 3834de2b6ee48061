"""How long the nodes of graphs took, run by run: what forecasts are made of.

It is recorded only where somebody asks for it (``Manners.history``). In a file it is one line of
JSON a run, of which the last ones are kept; what is not yet written when a process is killed is
lost, and nothing else.
"""

import json
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.outputs import LLMResult

from tertulia.graphs.spec import START
from tertulia.orchestrator.ports import Clock

KEPT = 2_000
"""Runs that are remembered, of all graphs together."""
TOGETHER = 64
"""Runs that are written at once."""

_STEP = "graph:step:"
"""How LangGraph tags the run of a node."""


class Timed(NamedTuple):
    """One execution of a node: seconds, and the tokens that its models told they took."""

    node: str
    seconds: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Timing:
    """One run of a graph: what ran in each of its steps.

    It was ``begun`` at START, or taken up after a crash; ``ended``: it came to END.
    """

    graph: str
    steps: tuple[tuple[Timed, ...], ...]
    begun: bool = True
    ended: bool = True


class History:
    """Runs of graphs, the last ones of them; use it in ``with``, or ``close`` it."""

    def __init__(self, file: str | Path | None = None) -> None:
        """Remember what is in the file, if there is one; ``None``: in memory only."""
        path = self._path = None if file is None else Path(file)
        self._runs: deque[Timing] = deque(maxlen=KEPT)
        self._unwritten: list[str] = []
        lines = path.read_text(encoding="utf-8").splitlines() if path and path.is_file() else []
        self._runs.extend(run for run in map(_read, lines) if run is not None)
        if path is not None and len(lines) > 2 * KEPT:
            path.write_text("".join(f"{_line(run)}\n" for run in self._runs), encoding="utf-8")

    def add(self, run: Timing) -> None:
        """Remember a run."""
        self._runs.append(run)
        if self._path is not None:
            self._unwritten.append(_line(run))
            if len(self._unwritten) >= TOGETHER:
                self.flush()

    def of(self, graph: str) -> list[Timing]:
        """The runs of the graph of that name, oldest first."""
        return [run for run in self._runs if run.graph == graph]

    def flush(self) -> None:
        """Write what is not yet in the file: one line a run, so that processes may share it."""
        unwritten, self._unwritten = self._unwritten, []
        if self._path is not None and unwritten:
            with self._path.open("a", encoding="utf-8") as file:
                file.write("".join(f"{line}\n" for line in unwritten))

    def close(self) -> None:
        """Write what is left."""
        self.flush()

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()


class Stopwatch(BaseCallbackHandler):
    """Times the nodes of one run, as LangChain tells of them."""

    run_inline = True

    def __init__(self, clock: Clock) -> None:
        """Nothing has run."""
        self._clock = clock
        self._begun: dict[UUID, tuple[int, str, str, float]] = {}
        self._asked: dict[UUID, str] = {}
        self._tokens: Counter[str] = Counter()
        self._done: dict[int, list[Timed]] = {}

    def timing(self, graph: str, *, begun: bool, ended: bool) -> Timing:
        """What has run until now."""
        steps = (tuple(self._done[step]) for step in sorted(self._done))
        return Timing(graph, tuple(steps), begun, ended)

    def on_chain_start(self, serialized: Any, inputs: Any, *, run_id: UUID, **about: Any) -> None:
        """A node begins, if it is one."""
        step = next((t for t in about.get("tags") or () if t.startswith(_STEP)), None)
        told = about.get("metadata") or {}
        task = str(told.get("langgraph_checkpoint_ns", ""))
        node = str(told.get("langgraph_node"))
        if step is not None and task and "|" not in task and node != START:
            number = int(step.removeprefix(_STEP))
            self._begun[run_id] = (number, node, task, self._clock.now())

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **about: Any) -> None:
        """A node has done what it does."""
        begun = self._begun.pop(run_id, None)
        if begun is not None:
            step, node, task, since = begun
            seconds = round(self._clock.now() - since, 6)
            self._done.setdefault(step, []).append(Timed(node, seconds, self._tokens.pop(task, 0)))

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **about: Any) -> None:
        """A node has failed, or waits; it will begin again."""
        self._begun.pop(run_id, None)

    def on_chat_model_start(
        self, serialized: Any, messages: Any, *, run_id: UUID, **about: Any
    ) -> None:
        """A model is asked, in which node."""
        told = about.get("metadata") or {}
        self._asked[run_id] = str(told.get("langgraph_checkpoint_ns", "")).partition("|")[0]

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **about: Any) -> None:
        """What the answer took."""
        task = self._asked.pop(run_id, "")
        for message in _messages(response):
            used = getattr(message, "usage_metadata", None) or {}
            self._tokens[task] += used.get("total_tokens", 0)


def _messages(response: LLMResult) -> Iterator[Any]:
    for generations in response.generations:
        yield from (getattr(one, "message", None) for one in generations)


def _line(run: Timing) -> str:
    told = {"graph": run.graph, "begun": run.begun, "ended": run.ended, "steps": run.steps}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _read(line: str) -> Timing | None:
    """A run as a line of the file; ``None`` for a line that a crash left half written."""
    try:
        told = json.loads(line)
        steps = tuple(map(_step, told["steps"]))
        return Timing(told["graph"], steps, told["begun"], told["ended"])
    except (ValueError, KeyError, TypeError):
        return None


def _step(told: Sequence[Sequence[Any]]) -> tuple[Timed, ...]:
    return tuple(Timed(str(node), float(s), int(tokens)) for node, s, tokens in told)
