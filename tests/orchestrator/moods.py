"""Agents whose every turn goes another way, and who note what really happened in it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.orchestrator.programs import BO, CAST, EVE, FLO
from tests.orchestrator.waits import RULES

from tertulia.orchestrator import Asking, Event, Reply, Turn
from tertulia.orchestrator.approvals import Matter
from tertulia.orchestrator.errors import Refused
from tertulia.orchestrator.room import Audience, ParticipantId, TurnId

AGENTS = (BO, EVE, FLO)
CALLS = ("@ana?", "@cy and @dov?", "Eve, you?", "@bo @flo!")
PIECES = ("word ", "The end. ", "Wait! And ", "\n", "mm, ")


@dataclass
class Performance:
    """One attempt at a turn as its agent lived it. ``process`` is the one it ran in, if its readers
    could hear it from its beginning.
    """

    turn: TurnId
    attempt: int
    who: ParticipantId
    audience: Audience
    process: int | None
    views: list[tuple[Event, ...]]
    produced: str = ""
    acted: bool = False
    asked: bool = False


@dataclass
class Moody:
    """An agent that is quick or slow, streams, acts, catches up, waits off the floor, asks for
    approval or an answer, answers, breaks, or hangs.

    The same seed, turn and attempt always go the same way. ``process`` counts the processes that
    the room has had, and is ``None`` while nobody reads in the present one.
    """

    seed: int
    process: Callable[[], int | None]
    performances: list[Performance] = field(default_factory=list)

    async def __call__(self, turn: Turn) -> Any:
        notes = Performance(
            turn.id, turn.attempt, turn.me.id, turn.audience, self.process(), [turn.view]
        )
        self.performances.append(notes)
        chance = Random(f"{self.seed} {turn.id} {turn.attempt}")
        await turn.clock.sleep(chance.choice([0, 0, 0, 1, 7]))
        for _ in range(chance.choice([0, 2, 6, 6])):
            await self._do_something(turn, notes, chance)
        return await self._end(turn, chance)

    async def _do_something(self, turn: Turn, notes: Performance, chance: Random) -> None:
        match chance.randrange(10):
            case 7 | 8 | 9:
                await self._wait(turn, notes, chance)
            case 0:
                await turn.act()
                notes.acted = True
            case 1:
                await turn.catch_up()
                notes.views.append(turn.view)
            case _:
                piece = chance.choice(PIECES)
                notes.produced += piece
                turn.say(piece)
        await turn.clock.sleep(chance.random())

    async def _wait(self, turn: Turn, notes: Performance, chance: Random) -> None:
        """Wait off the floor; what was said before is committed then."""
        said_there, told = "", turn.hold.told
        match chance.randrange(4):
            case 0 if not notes.asked:
                notes.acted, notes.asked, before = True, True, notes.produced
                notes.produced += " Hm?"
                try:
                    await turn.ask(chance.choice(sorted(CAST)), "Hm?", within_s=15)
                except Refused:
                    notes.produced = before
                    return
            case 1:
                rule = chance.choice(RULES)
                await turn.approval(Asking(f"{turn.id}/all", Matter.APPROVE, "x", "{}", rule, 20))
            case 2:
                names = [f"{turn.id}/{turn.attempt}/{n}/{chance.random()}" for n in range(2)]
                asked = (
                    Asking(n, Matter.APPROVE, "x", "{}", chance.choice(RULES), 20) for n in names
                )
                await asyncio.gather(*map(turn.approval, asked))
            case _:
                async with turn.parked(chance.choice([0.5, 20])):
                    said_there = chance.choice(["", "Aha. "])
                    turn.say(said_there)
                    await turn.clock.sleep(chance.choice([0, 1, 5]))
        notes.acted = True
        if turn.hold.told != told:  # else it had nothing to wait for, or nothing to say before
            notes.produced = ""
        notes.produced += said_there

    async def _end(self, turn: Turn, chance: Random) -> object:
        match chance.randrange(9):
            case 0:
                raise RuntimeError("out of sorts")
            case 1:
                await asyncio.Event().wait()
            case 2:
                return Reply("Your turn.", addressees=(chance.choice(AGENTS),))
            case 3:
                return chance.choice(CALLS)
            case 4:
                return Reply("And another thing.", more=True)
            case 5:
                return 42
            case 6 | 7 if turn.view:
                return f"You said: {turn.view[-1].text}".replace("@", "")
        return None
