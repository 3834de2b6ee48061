"""Settings in, a wired house out: the only file that knows everybody."""

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from sqlalchemy.engine import make_url

from tertulia.agents.cards import Card
from tertulia.orchestrator import (
    Adviser,
    Clock,
    Floor,
    Kind,
    Ledger,
    Log,
    Participant,
    Policy,
    Room,
    RoomSettings,
    Router,
    Scheduler,
    Speaker,
    WallClock,
    conditions,
    handle,
)
from tertulia.orchestrator.conditions import Condition
from tertulia.orchestrator.errors import Invalid, TertuliaError
from tertulia.orchestrator.policies import build, specify
from tertulia.orchestrator.profile import PLAIN, Profile, profile
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.time_travel import floor_at, fork
from tertulia.plugins import named as named
from tertulia.plugins import told
from tertulia.storage import (
    MemoryLedger,
    MemoryLog,
    SqlLog,
    SqlMemory,
    SqlShelf,
    VolatileMemory,
    VolatileShelf,
)

if TYPE_CHECKING:  # each takes a second to import; rooms without graphs and tools need not wait
    from langchain_core.tools import BaseTool

    from tertulia.agents.library import Library
    from tertulia.agents.mcp import Config
    from tertulia.agents.models import Models
    from tertulia.agents.terms import Terms
    from tertulia.graphs import Checkpoints, History
    from tertulia.telemetry import Telemetry

MEMORY = "memory:"
NO_TOOLS = "takes no tools: it is no function from a model, a card and `tools` to a graph"


@dataclass(frozen=True, slots=True)
class Member:
    """A participant, and the program that speaks for it if it is an agent.

    ``router`` says who answers what a person says to nobody in particular. Without
    ``history`` it sees nothing of a room from before it came in.
    """

    participant: Participant
    speaker: Speaker | None = None
    history: bool = True
    router: Router | None = None


def human(
    name: str,
    *,
    id: str = "",  # noqa: A002 - it is called so everywhere
    languages: Sequence[str] = (),
    about: str = "",
    permissions: Sequence[str] | None = None,
    roles: Sequence[str] = (),
    router: Any = None,
    history: bool = True,
) -> Member:
    """A person; ``id`` is the handle, made from the name unless it is given.

    ``languages``, ``about``, ``permissions`` and ``roles`` are its ``Profile``. ``router`` is what
    ``tertulia.compose.router_from`` takes: it says, in rooms whose policy has ``routed`` in it, who
    answers what this person says to nobody in particular. Without ``history`` it sees nothing from
    before it came. Raises ``Invalid``.
    """
    known = profile(languages, about, permissions, roles)
    own = None if router is None else router_from(router)
    return Member(_participant(name, id, Kind.HUMAN, known), None, history, own)


def agent(
    name: str,
    speaker: Speaker,
    *,
    id: str = "",  # noqa: A002
    languages: Sequence[str] = (),
    about: str = "",
    permissions: Sequence[str] | None = None,
    roles: Sequence[str] = (),
    history: bool = True,
) -> Member:
    """An agent; ``speaker`` is any async function from a ``Turn`` to what it says.

    The rest is as for ``human``: ``about`` is what the others are told of it.
    """
    known = profile(languages, about, permissions, roles)
    return Member(_participant(name, id, Kind.AGENT, known), speaker, history)


def observer(name: str, *, id: str = "", history: bool = True) -> Member:  # noqa: A002
    """One who only watches."""
    return Member(_participant(name, id, Kind.OBSERVER), None, history)


def _participant(name: str, own: str, kind: Kind, known: Profile = PLAIN) -> Participant:
    return Participant(ParticipantId(own) if own else handle(name), name, kind, known)


def open_log(url: str) -> Log:
    """The log at a database URL; ``memory:`` is one that is forgotten."""
    return MemoryLog() if url == MEMORY else SqlLog(url)


def ledger_of(log: Log) -> Ledger:
    """The ledger that a log of ours brings with it; for another, one that is forgotten."""
    found = getattr(log, "ledger", None)
    return MemoryLedger() if found is None else cast("Ledger", found)


def memory_of(log: Log) -> SqlMemory | VolatileMemory:
    """The memory beside a log: in its database, or forgotten with the process."""
    return SqlMemory(log) if isinstance(log, SqlLog) else VolatileMemory(log)


class House:
    """Rooms over one database, in this process: ``async with House("sqlite:///talk.db") as house``.

    Raises what ``storage`` raises when the database cannot be used.
    """

    def __init__(
        self,
        url: str | Log = MEMORY,
        *,
        clock: Clock | None = None,
        ledger: bool = True,
        telemetry: "Telemetry | None" = None,
    ) -> None:
        """Open the database at a URL, or take a log that is open.

        ``clock`` is the wall clock unless another is handed in. With ``ledger=False`` no tool call
        is written down, so that after a crash one may run twice. ``telemetry`` watches it all.
        """
        self._url = url if isinstance(url, str) else MEMORY
        self.log = open_log(url) if isinstance(url, str) else url
        self.memory = memory_of(self.log)
        self._shelves: dict[str, SqlShelf | VolatileShelf] = {}
        kept = ledger_of(self.log) if ledger else None
        time, log = clock or WallClock(), self.log
        self._with_it = AsyncExitStack()
        watched = None if telemetry is None else telemetry.watch(log, kept, time)
        if watched is not None:
            log, kept = watched.log, watched.ledger
            self._with_it.callback(watched.leave)
        self.scheduler = Scheduler(log, time, kept, memory=self.memory)
        self.scheduler.escort = None if watched is None else watched.escort

    async def room(
        self,
        name: str,
        *members: Member,
        policy: Policy | Mapping[str, Any] | str | None = None,
        until: Condition | Mapping[str, Any] | str | None = None,
        settings: RoomSettings | None = None,
        title: str = "",
    ) -> Room:
        """The room of that name with these members in it: new, or as it was left.

        ``policy`` is one of ``tertulia.policies``, its name, or its specification; it takes the
        place of the one in ``settings``. ``until`` is what the room stops at, likewise: one of
        ``tertulia.conditions``, or its specification. A room that exists keeps what it was opened
        with.
        """
        wanted = settings or RoomSettings()
        if policy is not None:
            data = policy if isinstance(policy, str | Mapping) else specify(policy)
            wanted = replace(wanted, policy=specify(build(data)))
        if until is not None:
            wanted = replace(wanted, until=conditions.said(until))
        speakers: dict[str, Speaker] = {
            m.participant.id: m.speaker for m in members if m.speaker is not None
        }
        room = await self.scheduler.open(
            name,
            wanted,
            title=title,
            speakers=speakers,
            routers={m.participant.id: m.router for m in members if m.router is not None},
        )
        for member in members:
            await room.join(member.participant, history=member.history)
            if member.router is not None:
                await room.route(member.participant.id, member.router)
        return room

    async def fork(self, room: str, new_name: str, *, at: int | None = None) -> int:
        """Make a new room of all that had happened in ``room`` up to the event ``at`` (the last).

        Open it with its members to run on. Gives the seq of the last event taken over, and raises
        what ``time_travel.fork`` does.
        """
        return await fork(self.log, self.scheduler.clock, room, new_name, at, self.scheduler.ledger)

    async def floor(self, room: str, *, at: int) -> Floor:
        """The floor of a room as it was after the event ``at``. Raises ``Unknown``, ``Invalid``."""
        return await floor_at(self.log, room, at)

    def library(self, name: str = "documents", *, embedding: Any = "embedded") -> "Library":
        """A collection of documents in the house's database, for agents to draw on.

        ``embedding`` is ``embedded``, ``hashed``, or LangChain's ``Embeddings``; a collection is
        always opened with the same. Raises ``Unknown``, and ``ModelMissing`` where the package of
        the embedding is not installed.
        """
        from tertulia.agents.library import Library
        from tertulia.agents.library import embedding as embedding_of

        made = embedding_of(embedding) if isinstance(embedding, str) else embedding
        if name not in self._shelves:
            sql = SqlShelf(self.log, name) if isinstance(self.log, SqlLog) else None
            self._shelves[name] = sql or VolatileShelf()
        return Library(self._shelves[name], made)

    async def checkpoints(self) -> "Checkpoints":
        """Where graphs may keep unfinished turns: a file beside the database, swept and open.

        Hand it to ``tertulia.graphs.speaker_of``; it closes with the house.
        """
        from tertulia.graphs import Checkpoints

        path = self._beside("checkpoints")
        kept = Checkpoints.at(path) if path else Checkpoints.in_memory()
        await self._with_it.enter_async_context(kept)
        await kept.prune(self.log.unfinished)
        return kept

    async def mcp_tools(
        self, config: "Config", *, terms: "Mapping[str, Terms] | None" = None
    ) -> "list[BaseTool]":
        """The tools of MCP servers, kept open until the house closes (``agents.mcp_tools``)."""
        from tertulia.agents import mcp_tools

        return await self._with_it.enter_async_context(mcp_tools(config, terms=terms))

    def history(self) -> "History":
        """How long nodes of graphs took, in a file beside the database; for ``graphs.Manners``."""
        from tertulia.graphs import History

        kept = History(self._beside("history"))
        self._with_it.callback(kept.close)
        return kept

    def _beside(self, ending: str) -> str | None:
        path = make_url(self._url).database if self._url != MEMORY else None
        return f"{path}.{ending}" if path else None

    async def __aenter__(self) -> Self:
        """Come in."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave cleanly: turns end or are handed back, and everything acknowledged is kept."""
        await self.scheduler.aclose()
        self.memory.close()
        await self._with_it.aclose()
        await _close_connections()


async def _close_connections() -> None:
    """Close the connections to models, if any model behind a URL has been used."""
    connections = sys.modules.get("tertulia.agents.connections")
    if connections is not None:
        await connections.close_connections()


def speaker(
    card: Card,
    *,
    seed: int = 0,
    graph: str | None = None,
    checkpoints: "Checkpoints | None" = None,
    tools: "Sequence[BaseTool]" = (),
    models: "Models | None" = None,
) -> Speaker:
    """The program that speaks for the agent on ``card``, whose model may call ``tools``.

    Its model is looked up in ``models``, or in what is configured here (``Models.found``).

    Without ``graph`` its model answers by itself. ``graph`` is ``answer``, ``plan_then_answer`` or
    ``plan_act_answer``, or names an object as ``named`` finds it: an async function, a graph, or a
    function from a model and a card (and tools, if it takes them) to a graph; with ``checkpoints``
    a turn of it that a crash cut short goes on where it was. Raises ``Unknown`` and ``Invalid``.
    """
    # Models and graphs take a second to import; rooms of plain functions need not wait for them.
    from tertulia.agents.models import Models
    from tertulia.agents.speaker import ModelSpeaker

    known = Models.found() if models is None else models
    if graph is None and not tools:
        return ModelSpeaker(card, known.speaking_for(card, seed=seed))
    from tertulia.graphs import answer, plan_act_answer, plan_then_answer, speaker_of

    templates: Mapping[str, Callable[..., Any]] = {
        "answer": _using_tools if tools else answer,
        "plan_then_answer": plan_then_answer,
        "plan_act_answer": plan_act_answer,
    }
    wanted = graph or "answer"
    made = templates[wanted] if wanted in templates else named(wanted)
    if inspect.isfunction(made) and not inspect.iscoroutinefunction(made):
        made = from_maker(made, known.speaking_for(card, seed=seed), card, tools)
    elif tools:
        raise Invalid(where=wanted, what=NO_TOOLS)
    return speaker_of(made, checkpoints)


def _using_tools(model: Any, card: Card, tools: "Sequence[BaseTool]") -> Any:
    from tertulia.graphs import tool_user

    return tool_user(model, tools, card)


def router_from(thing: Any) -> Router:
    """The program that says who answers a person, from whatever it was given as.

    An async function from a ``Routing`` to a handle, ``everyone`` or nobody (or an object called
    like one), a graph, or the name of one of these as ``named`` finds it. Raises ``Unknown`` and
    ``Invalid``.
    """
    made = named(thing) if isinstance(thing, str) else thing
    call = getattr(made, "__call__", None)  # noqa: B004 - its kind is asked, not whether it is there
    if inspect.iscoroutinefunction(made) or inspect.iscoroutinefunction(call):
        return cast("Router", made)
    from tertulia.graphs import router_of  # LangGraph takes a second to import

    return router_of(made)


def adviser(model: str, *, seed: int = 0, models: "Models | None" = None) -> Adviser:
    """A model, by name, that picks the next speaker where a room's policy is ``selector``.

    Give it to ``Room.consult``. ``models`` as for ``speaker``. Raises ``Unknown`` and ``Invalid``.
    """
    from tertulia.agents.advising import model_adviser
    from tertulia.agents.models import chat_model

    return model_adviser(chat_model(model, seed=seed, models=models))


def from_maker(
    make: Callable[..., Any], model: Any, card: Card, tools: "Sequence[BaseTool]" = ()
) -> Any:
    """What a function from a model and a card, and perhaps tools, makes.

    Raises ``Invalid`` for whatever it raises, and for one that is given tools and takes none.
    """
    takes_tools = "tools" in inspect.signature(make).parameters
    if tools and not takes_tools:
        raise Invalid(where=f"{make.__name__}(model, card)", what=NO_TOOLS)
    try:
        return make(model, card, tools) if takes_tools else make(model, card)
    except TertuliaError:
        raise
    except Exception as error:
        where = f"{make.__name__}(model, card)"
        raise Invalid(where=where, what=told(error, inspect.getsourcefile(make))) from error
