"""A graph as a person's router: one run of it is one question. It keeps nothing in between."""

from typing import Any, cast

from langgraph.graph import StateGraph
from langgraph.pregel import Pregel

from tertulia.graphs.compiler import Compiled, is_async
from tertulia.graphs.runner import GraphSpeaker
from tertulia.graphs.spec import TurnGraph
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.floor import Hold, Seat
from tertulia.orchestrator.room import TurnId
from tertulia.orchestrator.routing import Router, Routing
from tertulia.orchestrator.turns import Turn


def router_of(thing: Any) -> Router:
    """Make a router of an async function (it is one already), a graph, or a LangGraph graph.

    A graph runs as in a turn of the person whose router it is, in which nothing is heard; it names
    who answers by its first addressee, or else by all that it says: a handle, a name, ``everyone``
    or ``nobody``. Raises ``BadGraph`` for a graph that cannot be run, ``Invalid`` for other things.
    """
    if isinstance(thing, StateGraph):
        thing = thing.compile()
    if isinstance(thing, TurnGraph | Pregel):
        return GraphRouter(GraphSpeaker(cast("TurnGraph | Compiled", thing)))
    if is_async(thing):
        return cast("Router", thing)
    name = getattr(thing, "__name__", type(thing).__name__)
    what = "neither an async function from a Routing to a name, nor a graph"
    raise Invalid(where=f"router {name!r}", what=what)


class GraphRouter:
    """Routes by running a graph."""

    __slots__ = ("speaker",)

    def __init__(self, speaker: GraphSpeaker) -> None:
        """``speaker`` runs it."""
        self.speaker = speaker

    async def __call__(self, told: Routing) -> str | None:
        """Say who answers. Raises what a node raises."""
        if told.me is None:
            return None
        turn = _turn(told, told.me)
        try:
            reply = await self.speaker(turn)
        finally:
            await self.speaker.ended(turn.id)
        named = reply.addressees[0] if reply.addressees else reply.text.strip()
        return _handle(named, told) if named else None


def _turn(told: Routing, me: Seat) -> Turn:
    number, now = told.said.seq, told.clock.now()
    seen = max((number, *(event.seq for event in told.view)))
    hold = Hold(TurnId(f"{told.said.room}/route-{number}"), me.id, seen, now, told.until)
    return Turn(hold, told.members, told.view, told.clock, _unheard)


def _unheard(delta: str) -> None:
    """Nobody hears what a router says."""


def _handle(named: str, told: Routing) -> str:
    """The handle of the candidate of that name; else what was said, as it is."""
    plain = named.casefold().strip(" .")
    found = (seat.id for seat in told.candidates if plain in (seat.id, seat.name.casefold()))
    return next(found, plain if plain in ("everyone", "nobody") else named)
