"""Sit in a room with a keyboard: what you type is posted at once, whoever is speaking."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.formatted_text import HTML
from prompt_toolkit.patch_stdout import patch_stdout
from rich.console import Console

from tertulia.agents.cards import Card
from tertulia.cli.output import line
from tertulia.cli.running import speakers, with_model
from tertulia.cli.transcript import LiveTranscript
from tertulia.compose import House, human, speaker
from tertulia.orchestrator import Delta, Event, Kind, Participant, Refused, Room, Speaker, handle
from tertulia.orchestrator.floor import Standing
from tertulia.orchestrator.room import ParticipantId
from tertulia.simulation import Scenario, load
from tertulia.simulation.scenario import Role
from tertulia.storage import to_json

HELP = """\
  just type            say it to everybody; begin with a name, or use @Name, to ask somebody
  /hand                raise your hand for the floor; /hand down takes it down
  /whisper NAME TEXT   only NAME hears it, and answers you alone
  /stop [NAME]         cut NAME off, or whoever is speaking
  /grant NAME          name who speaks next (as the chair of a chaired room)
  /deny NAME [WHY]     turn a raised hand down
  /policy NAME         arbitrate by another policy from now on
  /who                 who is here, and who has the floor
  /leave               leave the room for good; Ctrl-D only goes away from the keyboard"""

COMPANY = Scenario(
    title="Lounge",
    participants=(
        Role(name="Mia", persona="Mia is curious and asks back. She likes gardens and old films."),
        Role(name="Leo", persona="Leo is dry and brief. He knows a lot about cooking and maps."),
    ),
)
"""Who sits in a new room, unless a scenario says otherwise."""


def chat_in(
    room: str, *, name: str, scenario: Path | None, db: str, model: str | None, json: bool
) -> None:
    """Join ``room`` as ``name`` until the end of input or ``/leave``."""
    wanted = COMPANY if scenario is None else load(scenario)
    if model is not None:
        wanted = with_model(wanted, model)
    with suppress(EOFError):
        asyncio.run(_chat(room, name, wanted, db, json=json))


async def _chat(name: str, me: str, scenario: Scenario, db: str, *, json: bool) -> None:
    cast = speakers(scenario, seed=0)
    roles = [role for role in scenario.participants if role.kind is Kind.AGENT]
    async with House(db) as house:
        room = await house.scheduler.open(
            name,
            scenario.settings(),
            title=scenario.title,
            participants=[Participant(handle(role.name), role.name, role.kind) for role in roles],
            speakers=cast,
        )
        _seat_the_others(room, cast, scenario.model)
        await room.join(human(me).participant)
        keyboard = Keyboard(room, handle(me), json=json)
        await keyboard.sit()


def _seat_the_others(room: Room, cast: dict[str, Speaker], model: str) -> None:
    """Let somebody speak for the agents that an earlier chat had seated in this room."""
    for seat in room.floor.members.values():
        if seat.kind is Kind.AGENT and seat.id not in cast:
            room.attach(seat.id, speaker(Card(seat.name, model=model, id=seat.id)))


class Keyboard:
    """One person's place in a room: a screen that shows it, and lines that are posted."""

    def __init__(self, room: Room, me: ParticipantId, *, json: bool) -> None:
        """Take a place as ``me``, who is a member."""
        self._room, self._me, self._json = room, me, json
        self._said: dict[ParticipantId, str] = {}
        self._session: PromptSession[str] | None = None

    async def sit(self) -> None:
        """Show and post until the end of input, or until leaving."""
        showing = asyncio.create_task(self._show())
        try:
            async for typed in self._lines():
                try:
                    if not await self._obey(typed):
                        break
                except Refused as error:
                    self._tell(f"! {error}")
            if not sys.stdin.isatty():
                await self._room.lapse()  # what was piped in gets its answers
        finally:
            await asyncio.sleep(0)
            showing.cancel()

    async def _lines(self) -> AsyncIterator[str]:
        if not sys.stdin.isatty():
            while typed := await asyncio.to_thread(sys.stdin.readline):
                yield typed
            return
        self._session = PromptSession(bottom_toolbar=self._status, erase_when_done=True)
        if not self._json:
            print(f"You are in room {self._room.id!r}. /help shows what you can do.")
        with patch_stdout(raw=True):
            while True:
                yield await self._session.prompt_async("> ")

    async def _obey(self, typed: str) -> bool:
        """Do what a line says; whether to go on."""
        command, _, rest = typed.strip().partition(" ")
        match command:
            case "":
                pass
            case words if not words.startswith("/"):
                await self._room.post(self._me, typed.strip())
            case "/hand":
                await self._hand(up=rest.strip() != "down")
            case "/whisper":
                whom, _, words = rest.strip().partition(" ")
                await self._room.post(self._me, words, whisper=[self._handle(whom)])
            case "/grant" | "/deny" | "/policy":
                await self._chair(command, rest.strip())
            case "/stop":
                cut = self._handle(rest.strip()) if rest.strip() else None
                await self._room.interrupt(self._me, cut)
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

    async def _hand(self, *, up: bool) -> None:
        if up:
            await self._room.request_floor(self._me)
        else:
            await self._room.cancel_request(self._me)

    async def _chair(self, command: str, rest: str) -> None:
        """Do what is for a chair to do."""
        whom, _, why = rest.partition(" ")
        match command:
            case "/grant":
                await self._room.nominate(self._me, self._handle(rest))
            case "/deny":
                await self._room.deny(self._me, self._handle(whom), why)
            case "/policy":
                await self._room.change_policy(rest)

    def _handle(self, name: str) -> str:
        """The handle behind a display name, or the name itself, which is then refused well."""
        wanted = name.lower().lstrip("@")
        for seat in self._room.floor.members.values():
            if wanted in (seat.id, seat.name.lower()):
                return seat.id
        return name

    def _who(self) -> str:
        floor = self._room.floor
        rows = []
        for seat in floor.members.values():
            standing = floor.standing(seat.id)
            told = "" if standing is Standing.LISTENING else f" · {standing}"
            mine = " (you)" if seat.id == self._me else ""
            rows.append(f"  {seat.name}{mine} · {seat.kind}{told}")
        return "\n".join(rows)

    def _status(self) -> HTML:
        floor = self._room.floor
        holders = [floor.members[hold.participant].name for hold in floor.holds]
        hands = [floor.members[request.participant].name for request in floor.pending]
        words = " · ".join(text[-60:].replace("\n", " ") for text in self._said.values() if text)
        status = f"floor: {', '.join(holders) or 'free'}"
        status += f" · hands: {', '.join(hands)}" if hands else ""
        return HTML("{}").format(status + (f" · {words}" if words else ""))

    async def _show(self) -> None:
        transcript = LiveTranscript(Console(highlight=False), tokens=not sys.stdin.isatty())
        show: Callable[[Event | Delta], None] = self._print_json if self._json else transcript.show
        async for happening in self._room.subscribe(self._me):
            show(happening)
            if isinstance(happening, Delta):
                before = self._said.get(happening.by, "")
                self._said[happening.by] = before + happening.text
            else:
                self._said.pop(happening.by, None)
            if self._session is not None:
                self._session.app.invalidate()

    def _print_json(self, happening: Event | Delta) -> None:
        if isinstance(happening, Event):
            print(line(to_json(happening)), flush=True)

    def _tell(self, text: str) -> None:
        print(text, file=sys.stderr if self._json else sys.stdout, flush=True)
