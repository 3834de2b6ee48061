"""A room as a terminal shows it: who has the floor and why, who waits, tokens as they come.

It writes from top to bottom only, so that it reads the same on a screen, in a pipe and in a file.
What somebody says can never steer the terminal: control characters are shown, not sent.
"""

from collections.abc import Iterable
from functools import singledispatchmethod

from rich.console import Console
from rich.text import Text

from tertulia.cli.consenting import of_waiting
from tertulia.cli.output import page
from tertulia.cli.planning import of_plans
from tertulia.cli.wording import cast, counted, known, opening, put_to_the_vote, used_up
from tertulia.cli.wording import shown as shown
from tertulia.orchestrator import Delta, Event, Kind, Outcome, Said
from tertulia.orchestrator.ballots import VoteCast, VoteCounted
from tertulia.orchestrator.events import (
    AddresseeFound,
    Advised,
    BargedIn,
    Body,
    BudgetSpent,
    Concluded,
    ConditionChanged,
    ConditionFailed,
    Consulted,
    Described,
    FloorRequestCancelled,
    FloorRequestDenied,
    FloorRequested,
    InputPolicyChanged,
    InterruptionLapsed,
    Joined,
    Left,
    Nominated,
    Noted,
    NoteStruck,
    PolicyChanged,
    PolicyFailed,
    RoomEnded,
    RoomOpened,
    RoomPaused,
    RoomResumed,
    RouterAttached,
    RouterDetached,
    SubRoomClosed,
    SubRoomOpened,
    TurnEnded,
    TurnGranted,
    TurnInformed,
    TurnParked,
    TurnResumed,
    TurnReturned,
    Uptake,
)
from tertulia.orchestrator.room import ROOM, ParticipantId, TurnId
from tertulia.orchestrator.stage import PhaseBegan

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_red", "bright_cyan")


class LiveTranscript:
    """Writes what happens in a room, as it happens, to a console."""

    def __init__(self, console: Console | None = None, *, tokens: bool = True) -> None:
        """``tokens``: show utterances while they are being said; else whole lines only."""
        self._console = console or page()
        self._tokens = tokens
        self._line = Text()
        self._names: dict[ParticipantId, str] = {}
        self._waiting: dict[ParticipantId, str] = {}
        self._heard: dict[TurnId, str] = {}
        self._speaking: dict[TurnId, ParticipantId] = {}
        self._open: ParticipantId | None = None
        self._began: float | None = None
        self._at = 0.0

    def show(self, happening: Event | Delta) -> None:
        """Write one event, or a piece of an utterance."""
        if isinstance(happening, Delta):
            if self._tokens:
                self._piece(happening)
            return
        if self._began is None:
            self._began = happening.at
        self._at = happening.at
        self._show(happening.body, happening)

    def recall(self, event: Event) -> None:
        """Take note of an earlier event that is not shown: when it began, and who is who."""
        if self._began is None:
            self._began = event.at
        self.meet(event)

    def meet(self, event: Event) -> None:
        """Take note of who is who from an event that is not for the reader's eyes."""
        if isinstance(event.body, Joined):
            self._names[event.by] = event.body.name

    # ---- one method a kind of event

    @singledispatchmethod
    def _show(self, body: Body, event: Event) -> None:
        """Show what is worded elsewhere; of what is not, nothing."""
        match body:
            case TurnParked(turn=turn):
                self._off(turn)
            case TurnReturned(turn=turn):
                self._speaking[turn] = event.by
        plans = of_plans(body, self._name(event.by))
        for text, style in (*plans, *of_waiting(event, self._name)):
            self._note(text, style)

    @_show.register
    def _(self, body: RoomOpened, event: Event) -> None:
        self._note(opening(body, event.room), "bold")

    @_show.register
    def _(self, body: RoomPaused | RoomResumed, event: Event) -> None:
        does = "is paused" if isinstance(body, RoomPaused) else "goes on"
        self._note(f"the room {does}{self._by(event)}")

    @_show.register
    def _(self, body: PolicyChanged, event: Event) -> None:
        self._note(f"from now on the policy is {body.policy['name']}{self._by(event)}")

    @_show.register
    def _(self, body: RoomEnded, event: Event) -> None:
        self._note(f"the room is closed{self._by(event)}{_because(body.reason)}")

    @_show.register
    def _(self, body: SubRoomOpened, event: Event) -> None:
        others = self._names_of(event.audience or (), event.by)
        title = f" ({body.title})" if body.title else ""
        self._note(f"{self._name(event.by)} opens room {body.room}{title} with {others}")

    @_show.register
    def _(self, body: SubRoomClosed, event: Event) -> None:
        self._note(f"room {body.room} is closed")

    @_show.register
    def _(self, body: Joined, event: Event) -> None:
        self._names[event.by] = body.name
        kind = "a person" if body.kind is Kind.HUMAN else f"an {body.kind}"
        host = "" if body.invited_by is None else f", brought by {self._name(body.invited_by)}"
        self._note(f"{body.name} ({kind}) comes in{host}{known(body.profile)}")

    @_show.register
    def _(self, body: Left, event: Event) -> None:
        self._waiting.pop(event.by, None)
        self._note(f"{self._name(event.by)} leaves{_because(body.reason)}")

    @_show.register
    def _(self, body: Described, event: Event) -> None:
        teller = "" if body.author in (None, ROOM) else f"{self._name(body.author or ROOM)}: "
        self._note(f"{teller}{self._name(event.by)}{known(body.profile) or ': nothing is known'}")

    @_show.register
    def _(self, body: Noted, event: Event) -> None:
        private = f" for {self._names_of(event.audience, event.by)}" if event.audience else ""
        about = self._name(body.about)
        self._note(f"{self._name(event.by)} notes{private} about {about}: {body.text}")

    @_show.register
    def _(self, body: NoteStruck, event: Event) -> None:
        self._note(f"{self._name(event.by)} strikes note {body.note}")

    @_show.register
    def _(self, body: RouterAttached | RouterDetached, event: Event) -> None:
        has = "has a router" if isinstance(body, RouterAttached) else "has no router any more"
        self._note(f"{self._name(event.by)} {has}")

    @_show.register
    def _(self, body: FloorRequested, event: Event) -> None:
        self._waiting[event.by] = "hand up"
        self._note(f"{self._name(event.by)} raises a hand{self._queue()}")

    @_show.register
    def _(self, body: FloorRequestCancelled, event: Event) -> None:
        self._waiting.pop(event.by, None)
        self._note(f"{self._name(event.by)} lowers the hand{self._queue()}")

    @_show.register
    def _(self, body: FloorRequestDenied, event: Event) -> None:
        self._waiting.pop(event.by, None)
        chair = self._name(body.chair)
        self._note(f"{chair} turns {self._name(event.by)}'s hand down{_because(body.reason)}")

    @_show.register
    def _(self, body: Nominated, event: Event) -> None:
        self._note(f"{self._name(body.chair)} names {self._name(event.by)} to speak")

    @_show.register
    def _(self, body: Consulted, event: Event) -> None:
        if body.ballot is not None:
            voters = self._listed(body.candidates)
            self._note(put_to_the_vote(body.ballot, voters), "bold")
            return
        if body.about is not None:
            return
        asked = "who should speak" if body.kind == "select" else "who wishes to speak"
        self._note(f"{asked}: {self._listed(body.candidates)}?")

    @_show.register
    def _(self, body: VoteCast, event: Event) -> None:
        self._note(cast(body, self._name(event.by)))

    @_show.register
    def _(self, body: VoteCounted, event: Event) -> None:
        for line in counted(body, self._name):
            self._note(line, "bold")

    @_show.register
    def _(self, body: PhaseBegan, event: Event) -> None:
        self._note(f"phase {body.number}: {body.name}", "bold")

    @_show.register
    def _(self, body: Advised, event: Event) -> None:
        whose = "" if event.by == ROOM else f"{self._name(event.by)}'s router: "
        if body.problem:
            self._note(f"{whose}{body.problem}", "red")
        elif whose:
            self._note(f"{whose}{self._name(body.choice) if body.choice else 'nobody'}")

    @_show.register
    def _(self, body: AddresseeFound, event: Event) -> None:
        self._note(body.problem or f"that was for {self._listed(body.addressees) or 'nobody'}")

    @_show.register
    def _(self, body: TurnGranted, event: Event) -> None:
        self._waiting.pop(event.by, None)
        self._speaking[body.turn] = event.by
        self._note(f"floor → {self._name(event.by)} · {body.rule}{self._queue()}")

    @_show.register
    def _(self, body: TurnResumed, event: Event) -> None:
        self._speaking[body.turn] = event.by
        self._note(f"{self._name(event.by)}'s turn is taken up again, attempt {body.attempt}")

    @_show.register
    def _(self, body: TurnInformed, event: Event) -> None:
        self._note(f"{self._name(event.by)} has heard what was said meanwhile")

    @_show.register
    def _(self, body: BargedIn, event: Event) -> None:
        speaker = self._name(self._speaking.get(body.turn, ROOM))
        self._note(f"{self._name(event.by)} cuts in; {speaker} may end the sentence")

    @_show.register
    def _(self, body: InterruptionLapsed, event: Event) -> None:
        self._note(f"nobody has gone on: {self._name(event.by)} may")

    @_show.register
    def _(self, body: InputPolicyChanged, event: Event) -> None:
        whose = "messages" if body.who is None else f"messages of {self._name(body.who)}"
        self._note(f"from now on {whose} are taken in by the policy {body.input}")

    @_show.register
    def _(self, body: TurnEnded, event: Event) -> None:
        self._off(body.turn)
        if body.outcome is Outcome.ROLLED_BACK:
            self._note(f"{self._name(event.by)}'s turn begins anew")
        elif body.outcome is not Outcome.COMMITTED:
            self._note(
                f"{self._name(event.by)}'s turn: {body.outcome}{_because(body.problem)}", "red"
            )
        elif body.problem:
            self._note(f"{self._name(event.by)}: {body.problem}", "red")

    @_show.register
    def _(self, body: PolicyFailed, event: Event) -> None:
        self._note(body.problem, "red")

    @_show.register
    def _(self, body: BudgetSpent, event: Event) -> None:
        self._note(used_up(body, self._name))

    @_show.register
    def _(self, body: ConditionChanged, event: Event) -> None:
        told = "never stops of itself" if body.until is None else "has another condition to stop at"
        self._note(f"from now on the room {told}")

    @_show.register
    def _(self, body: ConditionFailed, event: Event) -> None:
        self._note(body.problem, "red")

    @_show.register
    def _(self, body: Concluded, event: Event) -> None:
        self._note(f"the room stops: {body.reason}", "bold")

    @_show.register
    def _(self, body: Said, event: Event) -> None:
        if body.uptake is Uptake.TAKEN:
            self._waiting.pop(event.by, None)
            for who in body.addressees:
                self._waiting.setdefault(who, "asked")
        heard = self._heard.get(body.turn, "") if body.turn else ""
        if heard.strip() and body.text.startswith(heard.strip()) and self._open == event.by:
            self._write(body.text[len(heard.strip()) :])
        elif not heard.strip() or heard.strip() != body.text:
            self._begin(event.by, self._aside(body, event))
            self._write(body.text)
        elif body.interrupted_by is not None:
            self._begin(event.by, "…")
        if body.uptake is Uptake.RETRACTED:
            self._write(" — [taken back]", "red")
        elif body.interrupted_by is not None:
            self._write(f" — [cut off by {self._name(body.interrupted_by)}]", "red")
        elif body.uptake is Uptake.DECLINED:
            self._write(" — [not taken up: ask again after the turn]", "red")
        self._close()

    def _off(self, turn: TurnId) -> None:
        """It has no floor any more."""
        self._speaking.pop(turn, None)
        self._heard.pop(turn, None)

    # ---- writing

    def _piece(self, delta: Delta) -> None:
        before = self._heard.get(delta.turn, "")
        text = delta.text if self._open == delta.by else delta.text.lstrip()
        if not text:
            return
        if self._open != delta.by:
            private = f"(to {self._names_of(delta.audience, delta.by)}) " if delta.audience else ""
            self._begin(delta.by, "… " if before else private)
        self._heard[delta.turn] = before + delta.text
        self._write(text)

    def _aside(self, body: Said, event: Event) -> str:
        """What is told in brackets before an utterance."""
        others = [who for who in self._speaking.values() if who != event.by]
        notes = []
        if event.audience is not None:
            notes.append(f"whispers to {self._names_of(event.audience, event.by)}")
        if body.uptake is Uptake.BACKCHANNEL:
            notes.append("in passing")
        elif body.turn is None and others:
            notes.append(f"while {self._listed(others)} has the floor")
        return f"({'; '.join(notes)}) " if notes else ""

    def _begin(self, who: ParticipantId, aside: str) -> None:
        self._close()
        self._open = who
        head = Text(f"{self._time()}  ", "dim")
        head.append(f"{self._name(who)}: ", f"bold {self._colour(who)}")
        head.append(aside, "dim italic")
        self._put(head)

    def _write(self, text: str, style: str = "") -> None:
        self._put(Text(shown(text), style))

    def _put(self, text: Text) -> None:
        if self._tokens:
            self._console.print(text, end="", soft_wrap=True)
        else:
            self._line.append_text(text)

    def _close(self) -> None:
        if self._open is not None:
            self._console.print(self._line, soft_wrap=True)
            self._open, self._line = None, Text()

    def _note(self, text: str, style: str = "dim") -> None:
        self._close()
        self._console.print(Text(f"{self._time()}  · {shown(text)}", style), soft_wrap=True)

    def _queue(self) -> str:
        waiting = [f"{self._name(who)} ({why})" for who, why in self._waiting.items()]
        return f" · waiting: {', '.join(waiting)}" if waiting else ""

    def _by(self, event: Event) -> str:
        """Who did what concerns the whole room, if a participant did."""
        return "" if event.by == ROOM else f" by {self._name(event.by)}"

    def _time(self) -> str:
        minutes, seconds = divmod(max(0.0, self._at - (self._began or 0.0)), 60)
        return f"{minutes:3.0f}:{seconds:04.1f}"

    def _name(self, who: ParticipantId) -> str:
        return shown(self._names.get(who, who))

    def _names_of(self, audience: Iterable[ParticipantId], me: ParticipantId) -> str:
        return self._listed([who for who in audience if who != me])

    def _listed(self, people: Iterable[ParticipantId]) -> str:
        return ", ".join(self._name(who) for who in people)

    def _colour(self, who: ParticipantId) -> str:
        place = list(self._names).index(who) if who in self._names else 0
        return COLOURS[place % len(COLOURS)]


def _because(reason: str | None) -> str:
    return f": {reason}" if reason else ""
