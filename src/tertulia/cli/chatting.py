"""Sit in a room with a keyboard: what you type is posted at once, whoever is speaking."""

import asyncio
import sys
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tertulia.agents.cards import Card
from tertulia.agents.models import Models
from tertulia.agents.models.recipes import DEFAULT
from tertulia.cli.consenting import ANSWERS, answer, still_waiting
from tertulia.cli.keyboard import Keyboard
from tertulia.cli.output import leave_in_peace, line
from tertulia.cli.running import Means, adviser, speakers, with_model
from tertulia.cli.toolkits import toolkits
from tertulia.cli.transcript import LiveTranscript, shown
from tertulia.compose import House, human, speaker
from tertulia.orchestrator import Delta, Event, Kind, Room, Speaker, handle
from tertulia.orchestrator.errors import TertuliaError
from tertulia.orchestrator.floor import Phase, Standing
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.visibility import sight_of
from tertulia.simulation import Scenario, load
from tertulia.simulation.scenario import Role
from tertulia.storage import to_json

if TYPE_CHECKING:
    from tertulia.telemetry import Telemetry

HELP = """\
  just type            say it to everybody; begin with a name, or use @Name, to ask somebody
  /hand                raise your hand for the floor; /hand down takes it down
  /whisper NAME TEXT   only NAME hears it, and answers you alone
  /stop [NAME]         cut NAME off, or whoever is speaking
  /grant NAME          name who speaks next (as the chair of a chaired room)
  /deny NAME [WHY]     turn a raised hand down
  /vote OPTION         vote on what is put to the vote (also by number); alone: abstain
  /approve ID [JSON]   let it be done (with edited arguments); an id's last part is enough
  /refuse ID [WHY]     do not let it be done
  /resolve ID ANSWER   what became of it: happened, again or give_up, and a note
  /policy NAME         arbitrate by another policy from now on
  /resume              let the room go on that has stopped
  /who                 who is here, and who has the floor
  /leave               leave the room for good; Ctrl-D only goes away from the keyboard"""

COMPANY = Scenario(
    title="Lounge",
    model="embedded",
    participants=(
        Role(name="Mia", persona="Mia is curious and asks back. She likes gardens and old films."),
        Role(name="Leo", persona="Leo is dry and brief. He knows a lot about cooking and maps."),
    ),
)
"""Who sits in a new room, unless a scenario says otherwise."""


def chat_in(
    room: str,
    *,
    name: str,
    scenario: Path | None,
    db: str,
    model: str | None,
    models: Models,
    json: bool,
    telemetry: "Telemetry | None" = None,
) -> None:
    """Join ``room`` as ``name`` until the end of input or ``/leave``; ``telemetry`` watches it."""
    wanted = COMPANY if scenario is None else load(scenario)
    if model is not None:
        wanted, models = with_model(wanted, model), models.without_agents()
    elif scenario is None and DEFAULT in models:
        wanted = with_model(wanted, DEFAULT)
    base = None if scenario is None else scenario.parent
    means = Means(models, base=base, telemetry=telemetry)
    stopped = asyncio.run(_chat(room, name, wanted, db, means, json=json))
    if stopped:
        raise KeyboardInterrupt


async def _chat(
    name: str, me: str, scenario: Scenario, db: str, means: Means, *, json: bool
) -> bool:
    """Chat; whether it was stopped by Ctrl-C."""
    roles = [role for role in scenario.participants if role.kind is Kind.AGENT]
    async with House(db, telemetry=means.telemetry) as house:
        kept = await house.checkpoints() if any(r.graph or r.tools for r in roles) else None
        tools = await toolkits(scenario, house, means.base, live=True)
        cast = speakers(scenario, 0, replace(means, checkpoints=kept, tools=tools))
        house.scheduler.adviser = adviser(scenario, 0, means.models)
        room = await house.scheduler.open(
            name,
            scenario.settings(),
            title=scenario.title,
            participants=[role.participant for role in roles],
            speakers=cast,
        )
        _seat_the_others(room, cast, scenario.model, means.models)
        await room.join(human(me).participant)
        try:
            return await Place(room, handle(me), json=json).sit()
        finally:
            leave_in_peace()


def _seat_the_others(room: Room, cast: dict[str, Speaker], model: str, models: Models) -> None:
    """Let somebody speak for the agents that an earlier chat had seated in this room."""
    for seat in room.floor.members.values():
        if seat.kind is Kind.AGENT and seat.id not in cast:
            card = Card(seat.name, model=model, id=seat.id)
            room.attach(seat.id, speaker(card, models=models))


class Place:
    """One person's place in a room: a screen that shows it, and lines that are posted."""

    def __init__(self, room: Room, me: ParticipantId, *, json: bool) -> None:
        """Take a place as ``me``, who is a member."""
        self._room, self._me, self._json = room, me, json
        self._said: dict[ParticipantId, str] = {}
        self._keyboard = Keyboard(self._status)
        self._transcript = LiveTranscript(tokens=not self._keyboard.is_terminal)
        self._shown = 0

    async def sit(self) -> bool:
        """Show and post until the end of input, or until leaving; whether Ctrl-C ended it.

        Raises ``Fenced`` when another process takes the room.
        """
        if self._keyboard.is_terminal and not self._json:
            print(f"You are in room {self._room.id!r}. /help shows what you can do.")
        showing = asyncio.create_task(self._show())
        typing = asyncio.create_task(self._type())
        try:
            await asyncio.wait({showing, typing}, return_when=asyncio.FIRST_COMPLETED)
            if not typing.done():
                await self._farewell(showing)
                return False
            if not self._keyboard.is_terminal:
                await self._room.lapse()  # what was piped in gets its answers
                showing.cancel()
                await asyncio.wait({showing})
                await self._show(until=self._room.floor.head)  # whatever is not on the screen yet
            return await typing
        finally:
            for task in (showing, typing):
                task.cancel()
            await asyncio.wait({showing, typing})

    async def _type(self) -> bool:
        try:
            async with aclosing(self._keyboard.lines()) as lines:
                async for typed in lines:
                    if not await self._try(typed):
                        break
        except KeyboardInterrupt:
            return True
        return False

    async def _try(self, typed: str) -> bool:
        """Do what a line says, or say why not; whether to go on."""
        try:
            return await self._obey(typed)
        except TertuliaError as error:
            self._tell(f"! {error}")
            return True

    async def _farewell(self, showing: "asyncio.Task[None]") -> None:
        """Nothing is shown any more: say why."""
        await showing
        if self._room.floor.phase is not Phase.CLOSED:
            await self._room.cancel_request(self._me)  # told why not
        self._tell("the room is closed")

    async def _obey(self, typed: str) -> bool:
        text = typed.strip()
        if not text.startswith("/"):
            if text:
                await self._room.post(self._me, text)
            return True
        command, _, rest = text.partition(" ")
        if command in ANSWERS:
            self._complain(await answer(self._room, self._me, command, rest))
            return True
        return await self._command(command, rest)

    async def _command(self, command: str, rest: str) -> bool:
        """Do what a command says; whether to go on."""
        match command:
            case "/hand" if rest.strip() == "down":
                await self._room.cancel_request(self._me)
            case "/hand":
                await self._room.request_floor(self._me)
            case "/whisper" | "/stop" | "/grant" | "/deny" | "/policy" | "/vote":
                await self._turn_to(command, rest.strip())
            case "/resume":
                await self._room.resume()
            case "/who":
                self._tell(self._who())
            case "/leave":
                await self._room.leave(self._me)
                return False
            case "/help":
                self._tell(HELP)
            case _:
                self._tell(f"! there is no {command}; /help shows what there is")
        return True

    async def _turn_to(self, command: str, rest: str) -> None:
        """Do what concerns somebody in particular, or the whole room."""
        whom, words = self._addressed(rest)
        match command:
            case "/stop":
                await self._room.interrupt(self._me, whom or None)
            case "/whisper" if words:
                await self._room.post(self._me, words, whisper=[whom])
            case "/grant" if whom:
                await self._room.nominate(self._me, whom)
            case "/deny" if whom:
                await self._room.deny(self._me, whom, words)
            case "/vote":
                await self._room.vote(self._me, rest or None)
            case "/policy" if rest:
                await self._room.change_policy(rest, by=self._me)
            case _:
                self._tell(f"! write {command} NAME{' TEXT' if command == '/whisper' else ''}")

    def _complain(self, wrong: str | None) -> None:
        if wrong is not None:
            self._tell(f"! {wrong}")

    def _addressed(self, rest: str) -> tuple[str, str]:
        """Whom words begin with, by handle or display name, and the words after it.

        Somebody who is not here is named as written, and then refused well.
        """
        words = rest.strip().lstrip("@")
        found = [
            (len(name), seat.id)
            for seat in self._room.floor.members.values()
            for name in (seat.id, seat.name)
            if f"{words} ".lower().startswith(f"{name} ".lower())
        ]
        if not found:
            whom, _, after = words.partition(" ")
            return whom, after.strip()
        length, who = max(found)
        return who, words[length:].strip()

    def _who(self) -> str:
        floor = self._room.floor
        rows = []
        for seat in floor.members.values():
            standing = floor.standing(seat.id)
            if standing is Standing.HOLDING and seat.id not in self._holders():
                standing = Standing.LISTENING  # it whispers with others
            told = "" if standing is Standing.LISTENING else f" · {standing}"
            mine = " (you)" if seat.id == self._me else ""
            rows.append(f"  {shown(seat.name)}{mine} · {seat.kind}{told}")
        return "\n".join(rows)

    def _holders(self) -> list[ParticipantId]:
        """Who has a floor, of those that I hear."""
        sight = sight_of(self._room.floor, self._me)
        holds = self._room.floor.holds
        return [hold.participant for hold in holds if sight.sees(hold.audience, hold.as_of)]

    def _status(self) -> str:
        floor = self._room.floor
        holders = [floor.members[who].name for who in self._holders()]
        hands = [floor.members[request.participant].name for request in floor.pending]
        words = " · ".join(text[-60:].replace("\n", " ") for text in self._said.values() if text)
        status = f"floor: {', '.join(holders) or 'free'}"
        status += f" · {floor.stage.name}" if floor.stage.name else ""
        if floor.question is not None and floor.question.ballot is not None:
            status += f" · /vote {' | '.join(floor.question.ballot.options)}"
        status += still_waiting(self._room.approvals(self._me))
        status += f" · hands: {', '.join(hands)}" if hands else ""
        return shown(status + (f" · {words}" if words else ""))

    async def _show(self, until: int | None = None) -> None:
        """Show what has not been shown, as it happens; ``until`` which seq."""
        show = self._print_json if self._json else self._transcript.show
        async for happening in self._room.subscribe(self._me, self._shown, until):
            show(happening)
            if isinstance(happening, Delta):
                before = self._said.get(happening.by, "")
                self._said[happening.by] = before + happening.text
            else:
                self._said.pop(happening.by, None)
                self._shown = happening.seq
            self._keyboard.refresh()

    def _print_json(self, happening: Event | Delta) -> None:
        if isinstance(happening, Event):
            print(line(to_json(happening)), flush=True)

    def _tell(self, text: str) -> None:
        print(text, file=sys.stderr if self._json else sys.stdout, flush=True)
