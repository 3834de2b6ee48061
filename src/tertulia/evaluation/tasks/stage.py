"""The tasks of an exam, played in rooms of one process: new ones, and those that were left.

Each task has a room of its own in one database, and its players take turns in it until somebody
says the last word. Whoever plays keeps nothing; so another process goes on where this one ended.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from langchain_core.tools import BaseTool

from tertulia.agents.cards import Card
from tertulia.agents.nodes import model_caller, tool_executor
from tertulia.agents.prompts import Budget
from tertulia.agents.state import InTurn, TurnState
from tertulia.compose import House, Member, agent, human, observer
from tertulia.evaluation.tasks.actor import Actor
from tertulia.evaluation.tasks.exam import Exam, Pace
from tertulia.evaluation.tasks.kit import Slowness, tools_of
from tertulia.evaluation.tasks.script import STOP, Line, Play, Player
from tertulia.evaluation.tasks.world import Backend, Journal, Unfinished
from tertulia.graphs import END, START, Checkpoints, TurnGraph, speaker_of
from tertulia.graphs.templates import wants_tools
from tertulia.orchestrator import Room, RoomSettings
from tertulia.orchestrator.events import Concluded, Event, Said, TurnEnded
from tertulia.orchestrator.floor import Phase
from tertulia.orchestrator.policies import Addressed, FirstThatDecides, RaisedHands
from tertulia.orchestrator.room import Addressing, Kind, TurnId

TALK, WORLD = "talk.db", "world.db"
WHOLE = Budget(utterances=10_000, characters=10_000_000)
"""Actors find their place by all that was said."""
POLICY = FirstThatDecides((Addressed(agent_run=10_000), RaisedHands()))
SETTINGS = RoomSettings(addressing=Addressing.EXPLICIT, text_limit=200_000)

Tell = Callable[..., None]
"""Told what happens, by a word and what belongs to it."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where all tasks of one process are played; ``tell`` hears how it goes."""

    exam: Exam
    house: House
    kept: Checkpoints
    journal: Journal
    pace: Pace
    tell: Tell

    async def perform(self, number: int, task: str) -> None:
        """Play a task to its end, from wherever it is; one whose turn failed ends there."""
        play, name = self.exam.play(task), room_of(number)
        backend = Backend(task, lambda: self.exam.world(task), self.journal)
        members = [self._member(play, player, task, backend) for player in play.players]
        room = await self.house.room(
            name, *members, policy=POLICY, settings=SETTINGS, title=play.title[:100],
            until={"name": "stop_word", "word": STOP},
        )  # fmt: skip
        said = await room.said(limit=len(play.lines) + 1)
        if said or room.floor.holds:
            self.tell("taken up", task, len(room.floor.holds))
        try:
            await _Prompter(room, play, self, task).see_through(said)
        except Unfinished as error:
            self.tell("unfinished", str(error))
        self.journal.end(task)
        await self.house.scheduler.hand_back(room)
        self.tell("ended", task)

    def _member(self, play: Play, player: Player, task: str, backend: Backend) -> Member:
        if player.kind is Kind.HUMAN:
            return human(player.name, id=player.id, about=player.about)
        if player.kind is Kind.OBSERVER:
            return observer(player.name, id=player.id)
        seed = f"{self.pace.seed}/{task}/{player.id}"
        slowness = Slowness(self.pace.pause_s, seed, lambda: self.tell("call"))
        actor = Actor(part=play.part(player.id), pause_s=self.pace.pause_s, seed=seed)
        graph = _graph(actor, player, tools_of(player, backend, slowness))
        speaker = speaker_of(graph, self.kept)
        return agent(player.name, speaker, id=player.id, about=player.about)


class _Prompter:
    """Begins a play, says the lines of persons when it is their turn, and sees the end."""

    def __init__(self, room: Room, play: Play, stage: Stage, task: str) -> None:
        self._room, self._play, self._task = room, play, task
        self._pace, self._tell = stage.pace, stage.tell
        self._people = {p.id: play.part(p.id) for p in play.players if p.kind is Kind.HUMAN}
        self._spoken = Counter[str]()

    async def see_through(self, said: Sequence[Event]) -> None:
        """Return when the last word has been said. Raises ``Unfinished``."""
        room = self._room
        if room.floor.phase is Phase.PAUSED:
            return
        self._spoken.update(event.by for event in said)
        if said:
            await self._prompt(said[-1])
        elif not (room.floor.holds or room.floor.pending):
            await self._begin(self._play.lines[0])
        after, said_in = (said[-1].seq, _turn_of(said[-1])) if said else (0, None)
        async for event in room.subscribe(after=after):  # a turn may have been given up already
            match event:
                case Event(body=Concluded()):
                    return
                case Event(body=Said(turn=turn)):
                    self._spoken[event.by] += 1
                    said_in = turn
                    self._tell("said", self._task)
                    await self._prompt(event)
                case Event(body=TurnEnded(turn=turn, problem=problem)) if (
                    turn != said_in and event.by not in self._people
                ):
                    what = problem or f"{event.by} said nothing"
                    raise Unfinished(task=self._task, room=room.id, what=what)

    async def _begin(self, first: Line) -> None:
        if first.by in self._people:
            await self._say(first.by)
        else:
            await self._room.request_floor(first.by)

    async def _prompt(self, event: Event) -> None:
        addressees = event.body.addressees if isinstance(event.body, Said) else ()
        for who in self._people.keys() & set(addressees):
            await self._say(who)

    async def _say(self, who: str) -> None:
        place = self._spoken[who]
        chance = Random(f"{self._pace.seed}/{self._task}/{who}/{place}")  # noqa: S311 - a delay
        await asyncio.sleep(chance.random() * self._pace.pause_s)
        line = self._people[who][place]
        to = () if line.to is None else (line.to,)
        await self._room.post(who, line.says, key=f"line-{place}", to=to)


def _turn_of(event: Event) -> TurnId | None:
    return event.body.turn if isinstance(event.body, Said) else None


def _graph(actor: Actor, player: Player, tools: Sequence[BaseTool]) -> TurnGraph:
    """Ask the actor, run what it asks for, and hand the floor on as its line says."""

    async def hand_on(state: TurnState, runtime: InTurn) -> TurnState:
        turn = runtime.context
        place = sum(event.by == turn.me.id for event in turn.view)
        to = actor.part[place].to if place < len(actor.part) else None
        return TurnState(addressees=[] if to is None else [to])

    most = max((len(line.asks) for line in actor.part), default=0)
    graph = TurnGraph(player.name, bound=2 * most + 3)
    graph.add_node("model", model_caller(actor, Card(player.name), tools=tools, budget=WHOLE))
    graph.add_node("tools", tool_executor(tools)).add_node("hand on", hand_on)
    graph.add_edge(START, "model").add_edge("tools", "model").add_edge("hand on", END)
    return graph.add_conditional_edges("model", wants_tools, {"calls": "tools", "done": "hand on"})


def room_of(number: int) -> str:
    """The room in which the task of that number is played."""
    return f"task-{number}"


async def play_all(exam: Exam, folder: Path, pace: Pace, tell: Tell) -> None:
    """Play all tasks that have not come to their end, so many at once."""
    with Journal(folder / WORLD) as journal:
        async with House(f"sqlite:///{folder / TALK}") as house:
            stage = Stage(exam, house, await house.checkpoints(), journal, pace, tell)
            gate, ended = asyncio.Semaphore(pace.rooms), journal.ended()

            async def perform(number: int, task: str) -> None:
                async with gate:
                    await stage.perform(number, task)

            async with asyncio.TaskGroup() as group:
                for number, task in enumerate(exam.tasks()):
                    if task not in ended:
                        group.create_task(perform(number, task))
