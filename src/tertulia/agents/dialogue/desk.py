"""The node that talks tasks over: it reads what was said since, and says what comes of it.

What it knows from turn to turn is kept in the log (``Turn.keep``), for each audience by itself: so
it outlives a crash, and what was whispered is not there in a turn before others. What a form is
used for is begun once: before it begins, that is kept.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, tzinfo
from typing import Any, TypeAlias

from langchain_core.tools import BaseTool

from tertulia.agents.dialogue.filling import Filling, Stage, survey, values_of
from tertulia.agents.dialogue.forms import Form
from tertulia.agents.dialogue.moves import Move, Says
from tertulia.agents.dialogue.rules import Rules
from tertulia.agents.dialogue.slots import Party
from tertulia.agents.dialogue.tasks import Tasks, advance, back_to, kept, recalled, tasks_of
from tertulia.agents.dialogue.understanding import QUESTION, Heard, Understand, Understanding
from tertulia.agents.dialogue.uses import Use, outcome_of, use_of
from tertulia.agents.dialogue.wording import ENGLISH, Wording, worded
from tertulia.agents.nodes import Node, joined
from tertulia.agents.state import InTurn, TurnState
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.events import Event, Said
from tertulia.orchestrator.room import Kind, ParticipantId
from tertulia.orchestrator.turns import Turn

KEY = "dialogue"
"""Under which the tasks are kept, beside what else the agent keeps."""
Answer: TypeAlias = Callable[[Turn], Awaitable[str]]
"""Answers something that is no part of a form."""


class DialogueState(TurnState, total=False):
    """A turn's state; ``open_question`` is what was asked beside the form, and not answered yet."""

    open_question: str


@dataclass(frozen=True, slots=True)
class Desk:
    """An agent's tasks: which forms it has, how it understands, what it does when they are filled.

    ``then`` says, for a form by name, what is done with its values: a function, or a tool, which is
    called as its terms say. ``answers`` says who answers an intent that is no form. A task that is
    stuck is handed to ``hand_to`` (a handle), if they are there. ``zone`` is where "tomorrow" is.
    Raises ``Invalid`` for names of no form.
    """

    forms: Sequence[Form]
    understand: Understand | None = None
    then: Mapping[str, Use | BaseTool] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    hand_to: str | None = None
    wording: Wording = field(default_factory=lambda: ENGLISH)
    zone: tzinfo = UTC

    def __post_init__(self) -> None:
        """Check the names once, at the door."""
        names = [form.name for form in self.forms]
        if twice := [name for name in names if names.count(name) > 1]:
            raise Invalid(where="desk", what=f"has two forms {twice[0]!r}")
        if strangers := sorted({*self.then} - {*names}):
            raise Invalid(where="desk, then", what=f"there is no form {strangers[0]!r}")
        if self.understand is None:
            object.__setattr__(self, "understand", Rules(self.forms))

    @property
    def by_name(self) -> dict[str, Form]:
        """The forms by their names."""
        return {form.name: form for form in self.forms}


def task_talker(desk: Desk, *, leaves_questions: bool = False) -> Node:
    """Make the node. Its draft is what is said; nothing, where nothing concerned its tasks.

    With ``leaves_questions`` a question beside the form is left for another node (the state's
    ``open_question``), after which ``task_returner`` goes on with the form.
    """

    async def talk(state: TurnState, runtime: InTurn) -> TurnState:
        return await _Talk(desk, runtime.context, leaves_questions=leaves_questions).run(state)

    return talk


def task_returner(desk: Desk) -> Node:
    """Make the node that goes on with the form after something else was answered."""

    async def go_back(state: TurnState, runtime: InTurn) -> TurnState:
        talk, turn = _Talk(desk, runtime.context), runtime.context
        talk.tasks = recalled((state.get("keeps") or {}).get(KEY, {}), talk.forms)
        if turn.answers is None:
            return TurnState()
        talk.go_back(turn.answers.by)
        return talk.said(state, before=state.get("draft", ""))

    return go_back


def parties_of(turn: Turn) -> tuple[Party, ...]:
    """Those who hear the agent in this turn, but for itself and those who only watch."""
    return tuple(
        Party(seat.id, seat.name, seat.kind is Kind.HUMAN, getattr(seat.profile, "roles", ()))
        for seat in turn.members.values()
        if seat.id != turn.me.id and seat.kind is not Kind.OBSERVER
        if turn.audience is None or seat.id in turn.audience
    )


class _Talk:
    """One turn of the desk."""

    def __init__(self, desk: Desk, turn: Turn, *, leaves_questions: bool = False) -> None:
        self.desk, self.turn, self.forms = desk, turn, desk.by_name
        self.parties = parties_of(turn)
        self.leaves = leaves_questions
        self.tasks = recalled(_kept_for(turn), self.forms)
        self.moves: list[Move] = []
        self.digressions: list[tuple[str, Event]] = []
        self.answered: list[str] = []

    async def run(self, state: TurnState) -> TurnState:
        before = kept(self.tasks)
        await self._tell_what_is_not_known()
        for event in self._unread():
            await self._hear(event)
        await self._use_what_is_confirmed(state)
        for intent, event in self.digressions:
            await self._digress(intent, event)
        if kept(self.tasks) == before and not self.moves and not self.answered:
            return TurnState()
        return self.said(state)

    def said(self, state: TurnState, before: str = "") -> TurnState:
        """What changes in the state: words, whom they are for, what is kept."""
        names = {seat.id: seat.name for seat in self.turn.members.values()}
        moves = [self._handed_over(move) for move in self.moves]
        talk = worded(moves, self.forms, names, self.desk.wording)
        draft = joined(" ".join([part for part in [before, *self.answered] if part]), talk)
        self.turn.say(draft[len(before) :])
        changed = DialogueState(draft=draft, keeps=self._keeps(state))
        asked = dict.fromkeys(who for move in moves for who in self._asked(move))
        if asked:
            changed["addressees"] = list(asked)
        if self.leaves and self.digressions:
            changed["open_question"] = self.digressions[-1][0]
        return changed

    def go_back(self, who: ParticipantId) -> None:
        self.tasks, moves = back_to(self.forms, self.tasks, who, self.parties)
        self.moves += moves

    async def _hear(self, event: Event) -> None:
        if await self._belongs_elsewhere(event):
            return
        understanding = await self._understood_somewhere(event)
        known = {*self.desk.answers, *([QUESTION] if self.leaves else [])}
        if understanding.intent not in {*self.forms, *known, None}:
            understanding = replace(understanding, intent=None)
        self.tasks, moves = advance(self.forms, self.tasks, understanding, self.parties)
        self._take(moves, event)

    async def _belongs_elsewhere(self, event: Event) -> bool:
        """Whether something whispered is for a task that others talk over; if so, say that."""
        wider = [one for one in self.turn.kept if one.audience != self.turn.audience]
        if not wider or self._task_of(event, self.tasks) is not None:
            return False
        tasks = recalled(wider[-1].what.get(KEY, {}), self.forms)
        filling = self._task_of(event, tasks)
        if filling is None:
            return False
        found = await self._understood(event, filling)
        if found.intent in self.forms or not (found.fills or found.answer is not None):
            return False
        self.moves.append(Move(Says.ELSEWHERE, filling.id, who=(event.by,)))
        self.tasks = replace(self.tasks, as_of=event.seq)
        return True

    def _task_of(self, event: Event, tasks: Tasks) -> Filling | None:
        return next(iter(self._tasks_of(event, tasks)), None)

    def _tasks_of(self, event: Event, tasks: Tasks) -> tuple[Filling, ...]:
        speaker = next(party for party in self.parties if party.id == event.by)
        return tasks_of(tasks, self.forms, speaker, self.parties)

    async def _understood_somewhere(self, event: Event) -> Understanding:
        """In the likeliest of the tasks that it may be about in which it says anything."""
        first: Understanding | None = None
        for filling in self._tasks_of(event, self.tasks):
            found = await self._understood(event, filling)
            first = first or found
            if not found.empty and found.intent != QUESTION:
                return found
        return first or await self._understood(event, None)

    async def _understood(self, event: Event, filling: Filling | None) -> Understanding:
        form = None if filling is None else self.forms[filling.form]
        heard = Heard(
            event,
            event.text,
            self._today,
            direct=_is_for(self.turn, event),
            form=form,
            filling=filling,
            asked=None if filling is None or form is None else form.slot(filling.asked),
            confirming=filling is not None and filling.stage is Stage.CONFIRMING,
            before=tuple(one for one in self.turn.view if one.seq < event.seq),
            parties=self.parties,
            names=tuple(n for s in self.turn.members.values() for n in (s.id, s.name)),
            wanted=_is_wanted(form, filling, event.by, self.parties),
            turn=self.turn,
        )
        understand = self.desk.understand or Rules(self.desk.forms)
        found = await understand(heard)
        return found if filling is None else replace(found, task=filling.id)

    @property
    def _today(self) -> date:
        return datetime.fromtimestamp(self.turn.clock.now(), self.desk.zone).date()

    def _unread(self) -> list[Event]:
        """What was said to this audience since, by those who may fill something in."""
        there = {party.id for party in self.parties}
        since = self.tasks.as_of or _before_the_first(self.turn)
        return [
            event
            for event in self.turn.view
            if event.seq > since
            and event.by in there
            and event.audience == self.turn.audience
            and _is_open_to(self.turn, event)
        ]

    def _take(self, moves: Iterable[Move], event: Event) -> None:
        """Say the last question only: of two utterances at once, both are noted, and one asks."""
        new = tuple(moves)
        if any(move.says in _QUESTIONS for move in new):
            tasks = {move.task for move in new}
            old = [m for m in self.moves if not (m.says in _QUESTIONS and m.task in tasks)]
            self.moves = old
        for move in new:
            if move.says is Says.DIGRESSION:
                self.digressions.append((move.reason, event))
            else:
                self.moves.append(move)
        over = [move for move in new if move.says in (Says.CANCELLED, Says.STUCK)]
        if over:
            self.go_back(event.by)

    async def _use_what_is_confirmed(self, state: TurnState) -> None:
        ready = [one for one in self.tasks.open if one.stage is Stage.CONFIRMED]
        for filling in ready:
            form = self.forms[filling.form]
            values = values_of(survey(form, filling, self.parties))
            use = self.desk.then.get(form.name)
            told = None
            if use is not None:
                acting = replace(filling, stage=Stage.ACTING, turn=self.turn.id)
                self.tasks = self.tasks.put(acting)
                await self.turn.keep(self._keeps(state))
                told = await use_of(self.turn, use, values, filling.id)
            self._over(filling, Move(Says.DONE, filling.id, value=values, reason=told or ""))

    def _over(self, filling: Filling, move: Move) -> None:
        self.moves.append(move)
        self.tasks = self.tasks.without(filling.id)
        self.go_back(filling.requester)

    async def _tell_what_is_not_known(self) -> None:
        """A task that was being used when its turn was cut off may have been done, or not."""
        for filling in [one for one in self.tasks.open if one.stage is Stage.ACTING]:
            told = await outcome_of(self.turn, filling)
            if told is not None:
                self._over(filling, Move(Says.DONE, filling.id, reason=told))
            elif filling.turn == self.turn.id and self._is_a_tool(filling):  # taken up again
                self.tasks = self.tasks.put(replace(filling, stage=Stage.CONFIRMED))
            else:
                self._over(filling, Move(Says.UNKNOWN, filling.id, who=(filling.requester,)))

    def _is_a_tool(self, filling: Filling) -> bool:
        return isinstance(self.desk.then.get(filling.form), BaseTool)

    async def _digress(self, intent: str, event: Event) -> None:
        answer = self.desk.answers.get(intent)
        if answer is not None:
            self.answered.append(await answer(self.turn))
            self.digressions = [one for one in self.digressions if one[0] != intent]
            self.go_back(event.by)

    def _keeps(self, state: TurnState) -> dict[str, Any]:
        own = {k: v for k, v in _own(self.turn).items() if k != KEY} | (state.get("keeps") or {})
        return {**own, KEY: kept(self.tasks)}

    def _handed_over(self, move: Move) -> Move:
        """A task that is stuck goes to whoever helps, with what is known of it."""
        helper = next((p for p in self.parties if p.id == self.desk.hand_to), None)
        if move.says is not Says.STUCK or helper is None:
            return move
        return replace(move, who=(helper.id,), reason=f"{helper.name}, please help.")

    def _asked(self, move: Move) -> tuple[ParticipantId, ...]:
        """Those who are to answer a move."""
        if move.says is Says.STUCK:
            return move.who
        if move.says not in _QUESTIONS:
            return ()
        if len(move.who) < len([party for party in self.parties if party.person]):
            return move.who
        last = self.turn.answers or (self.turn.view[-1] if self.turn.view else None)
        task = self.tasks.of(move.task)
        if task is None or (last is not None and task.involves(last.by)):
            return () if last is None else (last.by,)
        return (task.requester,)


def _is_wanted(
    form: Form | None, filling: Filling | None, who: ParticipantId, parties: tuple[Party, ...]
) -> bool:
    """Whether what was asked last was asked of this person too, and is still open."""
    if form is None or filling is None:
        return False
    places = survey(form, filling, parties)
    return any(p.slot.name == filling.asked and who in {o.id for o in p.of} for p in places)


_QUESTIONS = {Says.ASK, Says.DISPUTED, Says.CONFIRM, Says.AGREED, Says.CHANGE}


def _own(turn: Turn) -> Mapping[str, Any]:
    """What the agent keeps for exactly this audience."""
    return next((one.what for one in turn.kept if one.audience == turn.audience), {})


def _kept_for(turn: Turn) -> object:
    return _own(turn).get(KEY, {})


def _before_the_first(turn: Turn) -> int:
    """What was said before anybody wanted anything of the agent is not read again."""
    first = turn.answers or (turn.view[-1] if turn.view else None)
    return 0 if first is None else first.seq - 1


def _is_for(turn: Turn, event: Event) -> bool:
    """Whether an utterance was said to this agent."""
    said = event.body
    if not isinstance(said, Said):
        return False
    to = (*said.addressees, *said.meant)
    answered = turn.answers is not None and turn.answers.seq == event.seq
    return turn.me.id in to or answered or (turn.audience is not None and len(turn.audience) == 2)


def _is_open_to(turn: Turn, event: Event) -> bool:
    """Whether it was said to this agent, or to nobody else."""
    said = event.body
    to = (*said.addressees, *said.meant) if isinstance(said, Said) else ()
    return not to or turn.me.id in to or _is_for(turn, event)
