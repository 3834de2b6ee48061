"""Whatever can take a turn, as the scheduler wants it. Nothing is wrapped that need not be."""

from typing import Any, cast

from langgraph.graph import StateGraph
from langgraph.pregel import Pregel

from tertulia.graphs.checkpoints import Checkpoints
from tertulia.graphs.compiler import Compiled, is_async
from tertulia.graphs.manners import MANNERS, Manners
from tertulia.graphs.runner import GraphSpeaker
from tertulia.graphs.spec import TurnGraph
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.turns import Speaker


def speaker_of(
    thing: Any, checkpoints: Checkpoints | None = None, *, manners: Manners = MANNERS
) -> Speaker:
    """Make an agent of an async function (it is one already), a graph, or a LangGraph graph.

    ``manners`` say how a graph that was not written for rooms behaves in one. Raises ``BadGraph``
    for a graph that cannot be run, and ``Invalid`` for anything else.
    """
    if isinstance(thing, StateGraph):
        thing = thing.compile()
    if isinstance(thing, TurnGraph | Pregel):
        return GraphSpeaker(cast("TurnGraph | Compiled", thing), checkpoints, manners=manners)
    if is_async(thing):
        return cast("Speaker", thing)
    name = getattr(thing, "__name__", type(thing).__name__)
    what = "neither an async function from a turn to what it says, nor a graph"
    raise Invalid(where=f"agent {name!r}", what=what)
