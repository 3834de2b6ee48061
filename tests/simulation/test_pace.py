"""Models outside of virtual time: it stands still while they think, and they speak at a pace."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress

import pytest
from tests.simulation.staging import happenings, said, silent, staged

from tertulia.orchestrator import Reply, Speaker, Turn
from tertulia.orchestrator.events import TurnEnded
from tertulia.simulation import Outside

ASKED = """
title: x
room: {lease_s: 5, coalesce_s: 0}
participants:
- name: Bo
- name: Ana
  kind: human
  cues:
  - {say: "Bo, hello?"}
  - {say: Wait., while: Bo, wait: 1.2}
"""


def thinker(think: Callable[[], object]) -> Speaker:
    """An agent that thinks on a thread of its own, in our time, as a model does."""

    async def thinks(turn: Turn) -> Reply:
        thought: Future[str] = Future()

        def work() -> None:
            think()
            with suppress(InvalidStateError):  # nobody waits any more
                thought.set_result("One two three four.")

        threading.Thread(target=work).start()
        text = await asyncio.wrap_future(thought)
        turn.say(text)
        return Reply(text)

    return thinks


thinks = thinker(lambda: time.sleep(0.05))


def test_thinking_takes_no_time_and_speaking_does() -> None:
    happened = staged(ASKED, {"bo": Outside(thinks)})
    pause_s, words_s = 0.8, 4 / 6
    assert said(happened)[:3] == [
        (0, "ana", "Bo, hello?"),
        (1.2, "ana", "Wait."),
        (pytest.approx(pause_s + words_s, abs=0.002), "bo", "One two three four."),
    ]


def test_it_can_be_cut_off_in_the_middle() -> None:
    scenario = ASKED.replace("{say: Wait., while: Bo, wait: 1.2}", "{interrupt: Bo, at: 1.2}")
    happened = staged(scenario, {"bo": Outside(thinks)})
    assert said(happened)[1][2] == "One two three"


def test_the_same_agent_without_it_would_miss_its_deadline() -> None:
    seen = threading.Event()  # until then it thinks, however slow our own machine is
    happened = staged(ASKED, {"bo": thinker(seen.wait)})
    seen.set()
    assert (5, "bo") in happenings(happened, "TurnEnded")


def test_who_never_answers_fails_alone() -> None:
    async def never(turn: Turn) -> Reply:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    happened = staged(ASKED, {"bo": Outside(never, patience_s=0.05)})
    [ended] = [event.body for event in happened if isinstance(event.body, TurnEnded)][:1]
    assert ended.outcome == "failed"
    assert ended.problem is not None
    assert "no answer came within 0.05 real seconds" in ended.problem


def test_what_it_raises_is_raised() -> None:
    async def fails(turn: Turn) -> Reply:
        raise ValueError("no tongue")

    happened = staged(ASKED, {"bo": Outside(fails)})
    [ended, *_] = [event.body for event in happened if isinstance(event.body, TurnEnded)]
    assert ended.problem == "ValueError: no tongue"


async def test_in_real_time_it_is_the_agent_itself() -> None:
    assert await Outside(silent)(None) == ""  # type: ignore[arg-type]


def test_a_timeout_of_its_own_is_kept_in_real_time() -> None:
    async def impatient(turn: Turn) -> Reply:
        try:
            async with asyncio.timeout(0.05):
                await asyncio.get_running_loop().create_future()
        except TimeoutError:
            await turn.clock.sleep(0.02)
            return Reply("It does not answer.")
        raise AssertionError

    happened = staged(ASKED, {"bo": Outside(impatient)})
    ends = [event.body for event in happened if isinstance(event.body, TurnEnded)]
    assert ends[0].outcome == "committed"
    assert "It does not answer." in [text for _, _, text in said(happened)]


def test_deadlines_of_libraries_that_look_at_the_loop_s_time_come_too() -> None:
    async def polling(turn: Turn) -> Reply:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + 0.05
        while loop.time() < deadline:  # noqa: ASYNC110 - as such libraries do
            await asyncio.sleep(0.01)
        return Reply("Now.")

    assert "Now." in [text for _, _, text in said(staged(ASKED, {"bo": Outside(polling)}))]


def test_an_agent_outside_of_virtual_time_remembers_as_any_other() -> None:
    async def remembers(turn: Turn) -> str:
        await turn.mind.remember("Tea.")
        text = " ".join(fact.text for fact in await turn.mind.recall())
        turn.say(text)
        return text

    happened = staged(ASKED, {"bo": Outside(remembers)})
    assert ("bo", "Tea.") in [(who, text) for _, who, text in said(happened)]
