"""Tool calls: written before, settled after, begun once however often they are asked for."""

import asyncio
from typing import Any, ClassVar

import httpx
import pytest
from langchain_core.messages import AIMessageChunk
from tests.agents.test_nodes import Run
from tests.agents.turns import ANA, BO, said, turn_in

from tertulia.agents import (
    Carried,
    IdempotencyKey,
    ServerLost,
    ServerSilent,
    Terms,
    carry_out,
    model_caller,
    on_terms,
    tool,
    tool_executor,
    toolbox,
)
from tertulia.agents.tools import named
from tertulia.orchestrator import Turn
from tertulia.orchestrator.deeds import Deeds
from tertulia.orchestrator.effects import EffectId, EffectState
from tertulia.orchestrator.errors import Fenced, Invalid, StoreBusy, Unreachable
from tertulia.simulation.clock import VirtualClock, run
from tertulia.storage import MemoryLedger


class Desk:
    """A tool that counts how often it is called, and can fail or take long."""

    def __init__(self, *answers: Any, lasts_s: float = 0.0) -> None:
        self.answers, self.lasts_s = list(answers), lasts_s
        self.seen: list[Any] = []
        self.at_once = self.most_at_once = 0

    async def book(self, city: str) -> Any:
        """Book a train."""
        self.seen.append(city)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.lasts_s)
        finally:
            self.at_once -= 1
        answer = self.answers.pop(0) if self.answers else f"booked {city}"
        if isinstance(answer, Exception):
            raise answer
        return answer


def in_ledger(ledger: MemoryLedger | None, attempt: int = 1, **where: Any) -> Turn:
    """A turn that answers Ana, as its owner of so many has it."""
    asked = said(1, ANA, "To Lyon, please.")
    turn = turn_in(asked, answers=1, attempt=attempt, **where)
    turn.clock = VirtualClock()
    turn.deeds = Deeds(ledger, 1)
    return turn


async def taken_up(ledger: MemoryLedger, attempt: int = 2) -> Turn:
    """The same turn after a crash."""
    turn = in_ledger(ledger, attempt)
    await turn.deeds.recall(turn.id)
    return turn


def test_a_call_is_written_before_it_runs_and_settled_after() -> None:
    ledger = MemoryLedger()
    seen: list[EffectState] = []

    @tool
    async def look() -> str:
        """Look into the ledger."""
        [effect] = await ledger.of_turn(in_ledger(None).id)
        seen.append(effect.state)
        return "seen"

    async def main() -> Carried:
        return await carry_out(in_ledger(ledger), look, {}, call="c1")

    carried = run(main())
    assert seen == [EffectState.RUNNING]
    assert (carried.text, carried.value, carried.ok) == ("seen", "seen", True)
    [effect] = run(_of_turn(ledger))
    assert effect == carried.effect
    assert effect.state is EffectState.SUCCEEDED
    assert (effect.requester, effect.principal, effect.participant) == (ANA, ANA, BO)


async def _of_turn(ledger: MemoryLedger) -> list[Any]:
    return list(await ledger.of_turn(in_ledger(None).id))


def test_the_same_call_twice_is_one_call() -> None:
    desk = Desk(lasts_s=1.0)

    async def main() -> list[Carried]:
        turn, book = in_ledger(MemoryLedger()), tool(desk.book)
        both = (carry_out(turn, book, {"city": "Lyon"}, call="c1") for _ in range(2))
        together = await asyncio.gather(*both)
        return [*together, await carry_out(turn, book, {"city": "Lyon"}, call="c1")]

    first, *others = run(main())
    assert others == [first, first]
    assert desk.seen == ["Lyon"]


def test_one_id_names_one_call() -> None:
    async def main() -> None:
        turn, book = in_ledger(MemoryLedger()), tool(Desk().book)
        await carry_out(turn, book, {"city": "Lyon"}, call="c1")
        await carry_out(turn, book, {"city": "Nice"}, call="c1")

    with pytest.raises(Invalid, match=r"'c1'.*'book' with other arguments"):
        run(main())


def test_without_a_ledger_calls_run_as_they_do_with_one() -> None:
    async def main() -> Carried:
        return await carry_out(in_ledger(None), tool(Desk().book), {"city": "Lyon"}, call="c1")

    assert run(main()).text == "booked Lyon"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"to": "Lyon", "at": 9}, '{"to": "Lyon", "at": 9}'),
        ([1, 2], "[1, 2]"),
        (None, "null"),
        (3.5, "3.5"),
        ("12", "12"),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "a\nb"),
    ],
)
def test_what_a_tool_returns_is_the_same_fresh_and_from_the_ledger(value: Any, text: str) -> None:
    ledger, book = MemoryLedger(), tool(Desk(value).book)

    async def main() -> tuple[Carried, Carried]:
        fresh = await carry_out(in_ledger(ledger), book, {"city": "Lyon"}, call="c1")
        return fresh, await carry_out(await taken_up(ledger), book, {"city": "Lyon"}, call="c1")

    fresh, kept = run(main())
    assert fresh == kept
    assert fresh.text == text
    assert fresh.value == (text if isinstance(value, list) and "type" in str(value) else value)


def test_a_long_result_is_cut_for_the_model_and_kept_whole() -> None:
    ledger = MemoryLedger()
    book = on_terms(tool(Desk(["x" * 50]).book), Terms(result_limit=20))

    async def main() -> tuple[Carried, Carried, str | None]:
        fresh = await carry_out(in_ledger(ledger), book, {"city": "Lyon"}, call="c1")
        kept = await carry_out(await taken_up(ledger), book, {"city": "Lyon"}, call="c1")
        return fresh, kept, await ledger.whole(fresh.effect.whole or "")

    fresh, kept, whole = run(main())
    assert fresh == kept
    assert fresh.value == ["x" * 50]
    assert fresh.text == '["' + "x" * 18 + " [cut at 20 of 54 characters]"
    assert whole == '["' + "x" * 50 + '"]'


# ---- what goes wrong


def test_what_a_tool_raises_is_its_result() -> None:
    async def main() -> Carried:
        turn, book = in_ledger(MemoryLedger()), tool(Desk(OSError("no power")).book)
        return await carry_out(turn, book, {"city": "Lyon"}, call="c1")

    carried = run(main())
    assert (carried.text, carried.value, carried.ok) == ("error: OSError: no power", None, False)
    assert carried.effect.state is EffectState.FAILED


def test_arguments_that_do_not_fit_are_told_to_the_model() -> None:
    async def main() -> Carried:
        return await carry_out(in_ledger(None), tool(Desk().book), {"town": "Lyon"}, call="c1")

    assert "city" in run(main()).text


@pytest.mark.parametrize(("effect", "calls"), [("safe_retry", 3), ("at_most_once", 1)])
def test_what_may_pass_is_tried_again_unless_it_is_never_to_run_twice(
    effect: str, calls: int
) -> None:
    desk = Desk(Unreachable(what="busy"), ConnectionRefusedError("shut"), "booked")
    book = on_terms(tool(desk.book), Terms(effect=effect, tries=3))  # type: ignore[arg-type]

    async def main() -> Carried:
        return await carry_out(in_ledger(MemoryLedger()), book, {"city": "Lyon"}, call="c1")

    assert run(main()).ok == (calls == 3)
    assert len(desk.seen) == calls


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (ConnectionResetError("cut"), EffectState.UNCERTAIN),
        (TimeoutError("late"), EffectState.UNCERTAIN),
        (httpx.ReadTimeout("late"), EffectState.UNCERTAIN),
        (ServerLost("desk", "went away"), EffectState.UNCERTAIN),
        (ServerSilent("desk", "is not there"), EffectState.FAILED),
        (httpx.ConnectError("nobody there"), EffectState.FAILED),
        (ConnectionRefusedError("nobody there"), EffectState.FAILED),
        (Unreachable(what="try again"), EffectState.FAILED),
        (ValueError("no"), EffectState.FAILED),
    ],
)
def test_where_the_line_was_cut_nobody_knows_what_was_done(
    error: Exception, state: EffectState
) -> None:
    async def main() -> Carried:
        turn, book = in_ledger(MemoryLedger()), tool(Desk(error).book)
        return await carry_out(turn, book, {"city": "Lyon"}, call="c1")

    carried = run(main())
    assert carried.effect.state is state
    assert str(error) in carried.text
    assert not carried.ok


def test_what_will_not_pass_is_not_tried_again() -> None:
    desk = Desk(ValueError("no such city"), "booked")
    book = on_terms(tool(desk.book), Terms(effect="safe_retry"))  # type: ignore[arg-type]

    async def main() -> Carried:
        return await carry_out(in_ledger(MemoryLedger()), book, {"city": "Lyon"}, call="c1")

    assert run(main()).text == "error: ValueError: no such city"


@pytest.mark.parametrize(
    ("effect", "state"),
    [("safe_retry", EffectState.FAILED), ("at_most_once", EffectState.UNCERTAIN)],
)
def test_a_call_has_its_time_and_no_more(effect: str, state: EffectState) -> None:
    desk = Desk(lasts_s=100.0)
    book = on_terms(tool(desk.book), Terms(effect=effect, timeout_s=5.0, tries=1))  # type: ignore[arg-type]

    async def main() -> tuple[Carried, float]:
        turn = in_ledger(MemoryLedger())
        began = turn.clock.now()
        carried = await carry_out(turn, book, {"city": "Lyon"}, call="c1")
        return carried, turn.clock.now() - began

    carried, took_s = run(main())
    assert "no answer within 5 s" in carried.text
    assert (carried.effect.state, took_s, carried.ok) == (state, 5.0, False)


@pytest.mark.parametrize(("limit", "most"), [({"at_once": 2}, 2), ({"per_room": 3}, 3), ({}, 6)])
def test_no_more_calls_run_at_once_than_the_terms_allow(limit: dict[str, Any], most: int) -> None:
    desk = Desk(lasts_s=1.0)
    book = on_terms(tool(desk.book), Terms(**limit))

    async def main() -> None:
        turn = in_ledger(MemoryLedger())
        calls = (carry_out(turn, book, {"city": "Lyon"}, call=f"c{n}") for n in range(6))
        await asyncio.gather(*calls)

    run(main())
    assert desk.most_at_once == most
    assert len(desk.seen) == 6


def test_nothing_is_called_when_the_intent_cannot_be_written() -> None:
    class Locked(MemoryLedger):
        def write(self, *args: Any, **fields: Any) -> Any:
            raise StoreBusy(where="here")

    desk = Desk()

    async def main() -> None:
        await carry_out(in_ledger(Locked()), tool(desk.book), {"city": "Lyon"}, call="c1")

    with pytest.raises(StoreBusy):
        run(main())
    assert desk.seen == []


def test_an_outcome_that_cannot_be_written_is_written_later() -> None:
    class Faltering(MemoryLedger):
        left: ClassVar = [False, True, True]

        def write(self, *args: Any, **fields: Any) -> Any:
            if self.left and self.left.pop(0):
                refused = asyncio.get_running_loop().create_future()
                refused.set_exception(StoreBusy(where="here"))
                return refused
            return super().write(*args, **fields)

    ledger = Faltering()

    async def main() -> None:
        await carry_out(in_ledger(ledger), tool(Desk().book), {"city": "Lyon"}, call="c1")
        await asyncio.sleep(10.0)

    run(main())
    assert [one.state for one in run(_of_turn(ledger))] == [EffectState.SUCCEEDED]


def test_a_function_that_does_not_wait_runs_in_a_thread() -> None:
    async def main() -> tuple[Carried, bool]:
        import threading

        seen: list[bool] = []

        @tool
        def look() -> str:
            """Where am I?"""
            seen.append(threading.current_thread() is threading.main_thread())
            return "looked"

        turn = in_ledger(MemoryLedger())
        return await carry_out(turn, look, {}, call="c1"), seen[0]

    carried, on_main = asyncio.run(main())
    assert carried.text == "looked"
    assert not on_main


# ---- keys


def test_an_idempotent_tool_is_handed_the_key_and_no_model_sees_it() -> None:
    seen: list[str] = []

    @tool(effect="idempotent")
    async def pay(amount: int, key: IdempotencyKey) -> str:
        """Pay."""
        seen.append(key)
        return f"paid {amount}"

    async def main() -> Carried:
        turn = in_ledger(MemoryLedger())
        return await carry_out(turn, pay, {"amount": 3, "key": "forged"}, call="c1")

    assert run(main()).text == "paid 3"
    assert seen == ["kitchen/7/c1"]
    schema: Any = toolbox([pay])["pay"].tool_call_schema
    assert "key" not in schema.model_json_schema()["properties"]


def test_an_idempotent_tool_without_a_key_is_refused() -> None:
    with pytest.raises(Invalid, match="IdempotencyKey"):
        toolbox([on_terms(tool(Desk().book), Terms(effect="idempotent"))])  # type: ignore[arg-type]


# ---- after a crash


def after_a_crash(policy: str, lasts_s: float = 100.0) -> tuple[Carried, Desk, MemoryLedger]:
    """A process that ends in the middle of a call, and the next one that asks for the same."""
    desk, ledger = Desk(lasts_s=lasts_s), MemoryLedger()

    @tool(effect=policy)
    async def book(city: str, key: IdempotencyKey = "") -> Any:
        """Book a train."""
        return await desk.book(f"{city} {key}")

    async def crash() -> None:
        turn = in_ledger(ledger)
        asking = asyncio.create_task(carry_out(turn, book, {"city": "Lyon"}, call="c1"))
        await asyncio.sleep(1.0)
        turn.deeds.ledger = None  # the process has ended
        asking.cancel()

    async def go_on() -> Carried:
        desk.lasts_s = 0.0
        turn = await taken_up(ledger)
        assert turn.acted
        return await carry_out(turn, book, {"city": "Lyon"}, call="other id")

    run(crash())
    return run(go_on()), desk, ledger


@pytest.mark.parametrize("policy", ["safe_retry", "idempotent"])
def test_what_may_run_again_does_under_the_same_key(policy: str) -> None:
    carried, desk, ledger = after_a_crash(policy)
    assert carried.ok
    assert desk.seen == ["Lyon kitchen/7/c1"] * 2
    [effect] = run(_of_turn(ledger))
    assert (effect.state, effect.attempt) == (EffectState.SUCCEEDED, 2)


def test_what_may_run_once_is_not_called_again_and_nobody_says_that_it_was_done() -> None:
    carried, desk, ledger = after_a_crash("at_most_once")
    assert desk.seen == ["Lyon kitchen/7/c1"]
    assert not carried.ok
    assert "nobody knows whether book has been done" in carried.text
    [effect] = run(_of_turn(ledger))
    assert effect.state is EffectState.UNCERTAIN


def test_an_earlier_effect_is_claimed_once() -> None:
    desk, ledger = Desk(), MemoryLedger()
    book = tool(desk.book)

    async def main() -> list[str]:
        first = in_ledger(ledger)
        await carry_out(first, book, {"city": "Lyon"}, call="a")
        turn = await taken_up(ledger)
        again = [
            await carry_out(turn, book, {"city": "Lyon"}, call=name) for name in ("x", "y", "a")
        ]
        return [one.effect.id for one in again]

    assert run(main()) == ["kitchen/7/a", "kitchen/7/y", "kitchen/7/a~2"]
    assert len(desk.seen) == 3


def test_an_id_that_another_call_has_is_not_given_to_a_second_one() -> None:
    desk, ledger = Desk(), MemoryLedger()
    book = tool(desk.book)

    async def main() -> list[Any]:
        await carry_out(in_ledger(ledger), book, {"city": "Lyon"}, call="c1")
        await carry_out(await taken_up(ledger), book, {"city": "Nice"}, call="c1")
        await carry_out(await taken_up(ledger, 3), book, {"city": "Nice"}, call="c1")
        return await _of_turn(ledger)

    assert [one.id for one in run(main())] == ["kitchen/7/c1", "kitchen/7/c1~2"]
    assert desk.seen == ["Lyon", "Nice"]


def test_what_is_answered_already_is_not_taken_for_a_new_call() -> None:
    desk, ledger = Desk(), MemoryLedger()
    book = tool(desk.book)

    async def main() -> None:
        await carry_out(in_ledger(ledger), book, {"city": "Lyon"}, call="a")
        turn = await taken_up(ledger)
        turn.deeds.answered(EffectId("kitchen/7/a"))
        assert turn.deeds.earlier == ()
        await carry_out(turn, book, {"city": "Lyon"}, call="b")

    run(main())
    assert desk.seen == ["Lyon", "Lyon"]


# ---- turns that are cut


def cut_after(seconds: float, **terms: Any) -> tuple[Desk, list[Any]]:
    """Two calls in a turn that is cut while the first one runs."""
    desk, ledger = Desk(lasts_s=10.0), MemoryLedger()
    book = on_terms(tool(desk.book), Terms(**terms))

    async def main() -> None:
        turn = in_ledger(ledger)
        calls = [carry_out(turn, book, {"city": f"{n}"}, call=f"{n}") for n in range(2)]
        asking = asyncio.gather(*calls)
        await asyncio.sleep(seconds)
        asking.cancel()
        await asyncio.sleep(100.0)

    run(main())
    return desk, run(_of_turn(ledger))


def test_a_call_that_has_begun_goes_on_to_its_end_though_the_turn_is_cut() -> None:
    desk, effects = cut_after(1.0)
    assert desk.seen == ["0", "1"]
    assert [one.state for one in effects] == [EffectState.SUCCEEDED] * 2


def test_a_call_that_has_not_begun_is_not_made_when_the_turn_is_cut() -> None:
    desk, effects = cut_after(1.0, at_once=1)
    assert desk.seen == ["0"]
    assert [one.state for one in effects] == [EffectState.SUCCEEDED]


def test_a_call_that_is_not_waited_for_is_uncertain() -> None:
    ledger = MemoryLedger()
    kept: list[asyncio.Task[Any]] = []

    async def main() -> None:
        turn = in_ledger(ledger)
        turn.deeds = Deeds(ledger, 1, kept.append)
        book = tool(Desk(lasts_s=10.0).book)
        asking = asyncio.create_task(carry_out(turn, book, {"city": "Lyon"}, call="c1"))
        await asyncio.sleep(1.0)
        asking.cancel()
        [deed] = kept
        deed.cancel()
        await asyncio.wait([deed])

    run(main())
    [effect] = run(_of_turn(ledger))
    assert effect.state is EffectState.UNCERTAIN
    assert "it was cut off" in effect.result


def test_a_zombie_calls_nothing() -> None:
    def fenced(room: Any, epoch: int) -> None:
        raise Fenced(room=room, epoch=epoch)

    desk = Desk()
    ledger = MemoryLedger(fence=fenced)

    async def main() -> None:
        await carry_out(in_ledger(ledger), tool(desk.book), {"city": "Lyon"}, call="c1")

    with pytest.raises(Fenced):
        run(main())
    assert desk.seen == []


# ---- names of calls


def test_calls_of_a_model_that_counts_anew_have_names_of_their_own() -> None:
    def asked(*ids: str) -> Any:
        calls: list[Any] = [{"id": one, "name": "book", "args": {}, "problem": None} for one in ids]
        return {"said": "", "calls": calls, "results": []}

    rounds = [asked("c1", "c1"), asked("c1", ""), asked("")]
    assert list(named(rounds)) == [("c1", "c1.2"), ("c1.3", "book"), ("book.2",)]


# ---- graphs that begin a turn again


def test_a_model_that_begins_a_turn_again_is_told_what_it_has_done() -> None:
    ledger, read = MemoryLedger(), list[str]()

    class Model:
        async def astream(self, messages: Any, /) -> Any:
            read.append(str(messages[0].content))
            yield AIMessageChunk(content="Well.")

    async def main() -> None:
        await carry_out(in_ledger(ledger), tool(Desk().book), {"city": "Lyon"}, call="c1")
        for turn in (await taken_up(ledger), in_ledger(ledger)):
            await model_caller(Model())({}, Run(turn))

    run(main())
    assert 'You have done:\n- book({"city": "Lyon"}): booked Lyon' in read[0]
    assert "You have done" not in read[1]


def test_what_stands_in_a_checkpoint_is_neither_told_nor_adopted() -> None:
    desk, ledger = Desk(), MemoryLedger()

    def asked(name: str, *results: str) -> Any:
        call = {"id": name, "name": "book", "args": {"city": "Lyon"}, "problem": None}
        return {"said": "", "calls": [call], "results": list(results)}

    async def main() -> Any:
        first = in_ledger(ledger)
        node = tool_executor([tool(desk.book)])
        changed = await node({"tool_rounds": [asked("c1")]}, Run(first))
        rounds = [*changed["tool_rounds"], asked("c2")]
        return await node({"tool_rounds": rounds}, Run(await taken_up(ledger)))

    changed = run(main())
    assert [one["results"] for one in changed["tool_rounds"]] == [["booked Lyon"]] * 2
    assert desk.seen == ["Lyon", "Lyon"]
    assert [one.id for one in run(_of_turn(ledger))] == ["kitchen/7/c1", "kitchen/7/c2"]
