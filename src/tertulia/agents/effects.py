"""The one way in which a turn calls a tool: intent written before, outcome after.

Whatever goes wrong with a call is its result, for the model to read. A call that has begun goes on
to its end though the turn is cut; called again under the same id it gives the outcome it had.
"""

import asyncio
import sys
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from langchain_core.tools import BaseTool

from tertulia.agents.authority import principal_of, refusal, requester_of
from tertulia.agents.consent import approval_of, fate_of, may_ask, why_refused
from tertulia.agents.invoking import invoke
from tertulia.agents.limits import in_doubt, slot, tried
from tertulia.agents.results import Result, canonical, digest, failed, returned, value_of
from tertulia.agents.terms import KeyArgument, TurnArgument, terms_of
from tertulia.orchestrator.approvals import Ruling
from tertulia.orchestrator.effects import SETTLED, Effect, EffectId, EffectPolicy, EffectState
from tertulia.orchestrator.errors import Invalid, Misbehaved, Refused
from tertulia.orchestrator.outcomes import told
from tertulia.orchestrator.revision import revised
from tertulia.orchestrator.turns import Turn

_INJECTED: WeakKeyDictionary[type, dict[type, tuple[str, ...]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Carried:
    """What came of a call: the effect, what a model reads of it, and what a program gets.

    ``value`` is what the tool returned, as JSON has it (``None`` where it failed); it is the same
    when it comes from the ledger. ``ok``: the tool was called and did not fail.
    """

    effect: Effect
    text: str
    value: Any
    ok: bool


async def carry_out(
    turn: Turn, tool: BaseTool, arguments: Mapping[str, Any], *, call: str
) -> Carried:
    """Call a tool as its terms say, and give what came of it.

    ``call`` names it within the turn: asked for again, also after a crash, it gives the outcome
    that it had. Its intent is durable before the tool runs. Its outcome has been queued when this
    returns: whatever is written later is durable later (``turn.deeds.durable`` waits for it). What
    the tool raises is told in ``text``. Raises ``Invalid`` for an id that named another call,
    and ``Unreachable`` or ``StoreUnusable`` when the intent cannot be written: then the tool has
    not been called.
    """
    if call not in turn.deeds.begun:
        await turn.act()
    deed = set_about(turn, tool, arguments, call=call)
    try:
        return await asyncio.shield(deed.task)
    except asyncio.CancelledError:
        deed.let_go()
        raise


def set_about(turn: Turn, tool: BaseTool, arguments: Mapping[str, Any], *, call: str) -> "Deed":
    """Begin a call as ``carry_out`` does, and wait for nothing: its ``task`` has what came of it.

    The turn has to have said that it acts (``turn.act``). Raises ``Invalid`` as ``carry_out`` does.
    """
    wanted = _intent(turn, tool, arguments, call)
    known: Deed | None = turn.deeds.begun.get(call)
    if known is None:
        known = turn.deeds.begun[call] = Deed(turn, tool, arguments, wanted)
        known.begin(call)
    elif known.effect.digest != wanted.digest:
        what = f"it named a call of {known.effect.tool!r} with other arguments before in this turn"
        raise Invalid(where=f"call {call!r}", what=what)
    return known


def keys_of(tool: BaseTool) -> tuple[str, ...]:
    """The arguments in which a tool wants its idempotency key."""
    return _injected(tool, KeyArgument)


def _injected(tool: BaseTool, mark: type) -> tuple[str, ...]:
    """The arguments of a tool that are marked so."""
    schema = tool.args_schema
    if not isinstance(schema, type):
        return ()
    known = _INJECTED.setdefault(schema, {})
    if mark not in known:
        fields = getattr(schema, "model_fields", {})
        marked = (name for name, field in fields.items() if _is_marked(field.metadata, mark))
        known[mark] = tuple(marked)
    return known[mark]


def _is_marked(metadata: Iterable[Any], mark: type) -> bool:
    return any(one is mark or isinstance(one, mark) for one in metadata)


def _intent(turn: Turn, tool: BaseTool, arguments: Mapping[str, Any], call: str) -> Effect:
    ours = (*keys_of(tool), *_injected(tool, TurnArgument))
    told = canonical({name: value for name, value in arguments.items() if name not in ours})
    return Effect(
        EffectId(f"{turn.id}/{call}"),
        turn.room,
        turn.id,
        turn.me.id,
        tool.name,
        terms_of(tool).effect,
        told,
        digest(f"{tool.name}\n{told}"),
        turn.clock.now(),
        requester=requester_of(turn),
        principal=principal_of(turn),
        audience=turn.audience,
        seq=turn.as_of,
        rule=terms_of(tool).approval,
    )


class _InDoubt(Exception):
    """Nobody knows whether a call has been made that may be made once."""


class Deed:
    """One call on its way. It runs in a task of its own, so that it outlives the turn's."""

    __slots__ = (
        "_arguments",
        "_asked",
        "_called",
        "_carried",
        "_terms",
        "_tool",
        "_turn",
        "_written",
        "effect",
        "task",
    )

    def __init__(
        self, turn: Turn, tool: BaseTool, arguments: Mapping[str, Any], wanted: Effect
    ) -> None:
        self._turn, self._tool, self._terms = turn, tool, terms_of(tool)
        self._arguments, self._asked = arguments, wanted.arguments
        self.effect, self._written = turn.deeds.claim(wanted)
        if self.effect.arguments != wanted.arguments:  # whoever approved it had edited them
            self._arguments = value_of(self.effect.arguments, data=True)
        self._called = False
        self.task: asyncio.Task[Carried]
        self._carried: Carried

    def begin(self, call: str) -> None:
        """Go to work."""
        self.task = self._turn.deeds.work(self._run(call), self.effect.id)

    def let_go(self) -> None:
        """Nobody waits for it any more: what is not at work, or changes nothing, is broken off."""
        if not self._called or self.effect.policy is EffectPolicy.SAFE_RETRY:
            self.task.cancel()

    async def _run(self, call: str) -> Carried:
        try:
            return await self._carry()
        except asyncio.CancelledError:
            self._abandon()
            self._turn.deeds.begun.pop(call, None)
            raise
        except Exception:  # nothing came of it: whoever asks again begins anew
            self._turn.deeds.begun.pop(call, None)
            raise

    async def _carry(self) -> Carried:
        if self.effect.state in SETTLED:
            return await self._recalled()
        doubt = None
        if self.effect.state is EffectState.UNCERTAIN and not self._repeatable:
            doubt = "the process ended while it was at work"
        else:
            why = refusal(self._turn, self._tool.name, self._terms) or await self._unapproved()
            if why is not None:
                return self._fail(EffectState.REFUSED, why)
        while doubt is None or await self._is_wanted_again(doubt):
            try:
                async with self._slot():
                    await self._write_intent()
                    return await self._call()
            except _InDoubt as error:
                doubt = str(error)
        return self._carried

    async def _unapproved(self) -> str | None:
        """Have the call approved, if its terms say so; why it may not be made."""
        rule = self._terms.approval
        if rule is None:
            return None
        tool = self._tool.name
        if not may_ask(self._turn):
            return f"{tool} needs approval, and nobody can be asked for it in this turn"
        self._note(EffectState.ASKED)
        try:
            asked = replace(self.effect, arguments=self._asked)
            verdict = await approval_of(self._turn, asked, self._terms, rule)
        except (Refused, Misbehaved) as error:
            return f"{tool} needs approval, which cannot be asked for: {error}"
        if not verdict.approved:
            return f"{tool} was not called: {why_refused(verdict, self._terms)}"
        if verdict.arguments != self.effect.arguments:
            self._arguments = value_of(verdict.arguments, data=True)
            self.effect = replace(self.effect, arguments=canonical(self._arguments))
        return None

    async def _is_wanted_again(self, doubt: str) -> bool:
        """Ask what became of a call in doubt; whether it is to be made again, else it is settled.

        Where nobody can be asked, or nobody says, it stays uncertain.
        """
        self._carried = self._nobody_knows(doubt)
        if not may_ask(self._turn):
            return False
        try:
            verdict = await fate_of(self._turn, self.effect, self._terms, doubt)
        except (Refused, Misbehaved):
            return False
        if verdict.by:
            self.effect = replace(self.effect, decided_by=verdict.by[0])
        if verdict.ruling is Ruling.HAPPENED:
            result = returned(told(verdict), self._terms.result_limit)
            self._carried = self._settle(EffectState.SUCCEEDED, result)
        elif verdict.ruling is Ruling.GIVEN_UP:
            self._carried = self._fail(EffectState.GIVEN_UP, told(verdict))
        return verdict.ruling is Ruling.AGAIN

    @property
    def _repeatable(self) -> bool:
        return self.effect.policy is not EffectPolicy.AT_MOST_ONCE

    def _slot(self) -> AbstractAsyncContextManager[None]:
        if self._terms.at_once is None and self._terms.per_room is None:
            return nullcontext()
        return slot(self._turn.room, self._tool.name, self._terms)

    async def _write_intent(self) -> None:
        if self.effect.state is not EffectState.RUNNING:
            again = self.effect.state is EffectState.UNCERTAIN
            attempt = self.effect.attempt + again
            running = EffectState.RUNNING
            self.effect = revised(self.effect, state=running, attempt=attempt, result="")
        self._written = True
        if self.effect.policy is EffectPolicy.SAFE_RETRY:  # a run that nobody knows of does no harm
            self._turn.deeds.queue(self.effect, self._turn.clock)
        else:
            await self._turn.deeds.write(self.effect)

    def _note(self, state: EffectState) -> None:
        self.effect = replace(self.effect, state=state)
        self._written = True
        self._turn.deeds.queue(self.effect, self._turn.clock)

    async def _call(self) -> Carried:
        self._called = True
        try:
            value = await tried(self._once, self._terms, self._turn.clock)
        except Exception as error:  # a failed tool is news for the model, not the end of the turn
            return self._failed(error)
        result = returned(value, self._terms.result_limit)
        return self._settle(EffectState.SUCCEEDED, result)

    async def _once(self) -> Any:
        key = dict.fromkeys(keys_of(self._tool), self.effect.id)
        own = dict.fromkeys(_injected(self._tool, TurnArgument), self._turn)
        return await invoke(self._tool, {**self._arguments, **key, **own})

    def _failed(self, error: Exception) -> Carried:
        """What the tool raised, as its result; a graph that pauses in it runs it again later."""
        if _is_pause(error):
            self._note(EffectState.ASKED)
            raise error
        what = f"{type(error).__name__}: {error}"
        if in_doubt(error) and not self._repeatable:
            self._called = False
            raise _InDoubt(what) from error
        return self._fail(EffectState.FAILED, what)

    def _nobody_knows(self, why: str) -> Carried:
        tool = self._tool.name
        what = f"{why}; nobody knows whether {tool} has been done, and it is not done again"
        return self._fail(EffectState.UNCERTAIN, what)

    def _fail(self, state: EffectState, why: str) -> Carried:
        return self._settle(state, failed(why, self._terms.result_limit))

    def _settle(self, state: EffectState, result: Result) -> Carried:
        now = self._turn.clock.now()
        self.effect = revised(
            self.effect,
            state=state,
            result=result.text,
            whole=result.digest,
            data=result.data,
            settled=now if state in SETTLED else None,
        )
        self._turn.deeds.queue(self.effect, self._turn.clock, whole=result.whole)
        return Carried(self.effect, result.text, result.value, state is EffectState.SUCCEEDED)

    async def _recalled(self) -> Carried:
        """What came of it, as the ledger has it."""
        effect, ledger = self.effect, self._turn.ledger
        text: str | None = effect.result
        if effect.whole is not None and ledger is not None:
            text = await ledger.whole(effect.whole)
        ok = effect.state is EffectState.SUCCEEDED
        value = value_of(text, data=effect.data) if ok and text is not None else None
        return Carried(effect, effect.result, value, ok)

    def _abandon(self) -> None:
        """The turn is over, or the process leaves, before the outcome is known."""
        if self.effect.state is EffectState.ASKED and self._is_handed_on():
            return  # whoever opens the room next finds the question, or its answer
        if self._called and self._repeatable:
            self._fail(EffectState.UNCERTAIN, "it was cut off")
        elif self._called:
            self._nobody_knows("it was cut off")
        elif self._written and self.effect.state in (EffectState.ASKED, EffectState.RUNNING):
            why = f"{self._tool.name} was not called: the turn was over before"
            self._fail(EffectState.REFUSED, why)

    def _is_handed_on(self) -> bool:
        """Whether the turn goes on in another process: it ends here, and not in the room."""
        waits = self._turn.waits
        return waits is not None and waits.floor.unfinished(self._turn.id) is not None


def _is_pause(error: Exception) -> bool:
    """Whether LangGraph stops its run on purpose; it has been imported if it does."""
    errors = sys.modules.get("langgraph.errors")
    return errors is not None and isinstance(error, errors.GraphBubbleUp)
