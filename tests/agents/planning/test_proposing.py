"""Models make plans, as a call or as JSON, and speak of what came of them."""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage
from tests.agents.planning.staging import World
from tests.orchestrator.rooms import in_no_time

from tertulia.agents import ChatModel, Scripted
from tertulia.agents.planning import Plan, task, written
from tertulia.agents.scripted import Scriptline
from tertulia.compose import House, agent, human
from tertulia.graphs import plan_act_answer, speaker_of
from tertulia.orchestrator.events import PlanProposed, TurnEnded
from tertulia.simulation import VirtualClock

GOOD = Plan("tea", (task("tea", "tool:look", {"what": "tea"}),))
BAD = Plan("tea", (task("tea", "tool:lock", {"what": "tea"}),))


def calling(plan: Plan, number: int = 1) -> AIMessage:
    args = json.loads(written(plan))
    return AIMessage("", tool_calls=[{"name": "make_plan", "args": args, "id": f"c{number}"}])


_ASKED: list[list[BaseMessage]] = []


class Heard(Scripted):
    """A model that keeps what it was asked."""

    def __init__(self, lines: Iterable[Scriptline] = (), **fields: Any) -> None:
        super().__init__(lines, **fields)

    def _next_line(self, messages: Sequence[BaseMessage]) -> Scriptline:
        _ASKED.append(list(messages))
        return super()._next_line(messages)


async def told(*lines: Scriptline) -> tuple[list[str], list[object]]:
    """What Bo says, whose model has these lines, and what happened in the room."""
    return await told_by(Heard(lines))


async def told_by(model: ChatModel) -> tuple[list[str], list[object]]:
    """What Bo says with this model, and what happened in the room."""
    async with House(clock=VirtualClock()) as house:
        bo = agent("Bo", speaker_of(plan_act_answer(model, None, World().tools())))
        room = await house.room("desk", human("Ana"), bo, policy="addressed")
        await room.post("ana", "Bo, tea?")
        await room.lapse()
        said = [event.text for event in await room.said() if event.by == "bo"]
        return said, [event.body for event in await house.log.read(room.id, 0, 1000)]


@in_no_time
async def test_a_model_plans_by_a_call_and_then_speaks_of_what_came_of_it() -> None:
    said, _ = await told(calling(GOOD), "There is tea.")
    assert said == ["There is tea."]
    assert any('- tea (tool:look): done: {"what": "tea", "price": 3}' in m.text for m in _ASKED[-1])


@in_no_time
async def test_a_model_may_answer_with_json() -> None:
    said, _ = await told(f"```json\n{written(GOOD)}\n```", "There is tea.")
    assert said == ["There is tea."]


@in_no_time
@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (calling(BAD), "the plan cannot be carried out:"),
        (written(BAD), "the plan cannot be carried out:"),
        ("First I look.", "the answer is not a JSON object:"),
        ('{"goal": "', "the answer is not a JSON object:"),
    ],
)
async def test_a_plan_with_flaws_is_given_back_once_with_all_of_them(
    wrong: Scriptline, why: str
) -> None:
    said, log = await told(wrong, calling(GOOD), "There is tea.")
    assert said == ["There is tea."]
    objection = str(_ASKED[-2][-1].text)
    assert objection.startswith(why)
    assert objection.endswith("Give the whole plan again, without these mistakes.")
    assert len([body for body in log if isinstance(body, PlanProposed)]) == 1


@in_no_time
async def test_a_second_plan_with_flaws_fails_the_turn() -> None:
    said, log = await told(calling(BAD), calling(BAD, 2), "There is tea.")
    [ended] = [body for body in log if isinstance(body, TurnEnded)]
    assert said == []
    assert "did you mean 'tool:look'?" in str(ended.problem)


@in_no_time
async def test_the_model_is_told_who_can_do_what() -> None:
    await told(calling(GOOD), "There is tea.")
    order = str(_ASKED[-2][0].text)
    assert "- tool:look (what, [seconds]): Look something up." in order
    assert "- person:ana (ask): Ana" in order
    assert "agent:bo" not in order


class Bare:
    """A model that streams, and can do nothing else."""

    def __init__(self, *lines: Scriptline) -> None:
        self._model = Heard(lines)

    def astream(self, messages: list[BaseMessage], /) -> AsyncIterator[Any]:
        return self._model.astream(messages)


@in_no_time
async def test_a_model_that_cannot_call_is_shown_the_schema() -> None:
    said, _ = await told_by(Bare(written(GOOD), "There is tea."))
    assert said == ["There is tea."]
    assert '"enum":["tool:look","tool:book","person:ana"]' in str(_ASKED[-2][-1].text)
