"""The ready graphs do what their names say."""

from collections.abc import Callable

import pytest
from langchain_core.messages import AIMessage
from langgraph.constants import END as THEIR_END
from langgraph.constants import START as THEIR_START
from tests.agents.choosing.scripts import Keeping
from tests.agents.turns import ANA, CY, said, turn_in

from tertulia.agents import Scripted
from tertulia.graphs import (
    END,
    START,
    GraphSpeaker,
    TurnGraph,
    answer,
    plan_then_answer,
    problems_of,
    supervised,
    tool_user,
)
from tertulia.orchestrator import Reply, Turn
from tertulia.orchestrator.errors import Misbehaved


async def weather(city: str) -> str:
    """Look at the sky."""
    return f"sun in {city}"


def calls(name: str) -> AIMessage:
    asked = {"name": name, "args": {"city": "Porto"}, "id": "c1"}
    return AIMessage("One moment.", tool_calls=[asked])


def test_begin_and_end_are_langgraphs_own() -> None:
    assert (START, END) == (THEIR_START, THEIR_END)


@pytest.mark.parametrize(
    "graph",
    [
        answer(Scripted()),
        tool_user(Scripted(), [weather]),
        plan_then_answer(Scripted()),
        supervised(lambda turn: None),
    ],
    ids=lambda graph: graph.name,
)
def test_every_template_is_sound(graph: TurnGraph) -> None:
    assert problems_of(graph) == ()


async def test_a_tool_user_goes_on_until_it_needs_no_tool() -> None:
    model = Scripted([calls("weather"), calls("wether"), "Take a hat."])
    turn = turn_in(said(1, ANA, "Hat or umbrella?"))
    reply = await GraphSpeaker(tool_user(model, [weather]))(turn)
    assert reply == Reply("One moment. One moment. Take a hat.")
    assert turn.delivered == reply.text


async def test_a_tool_user_that_never_stops_is_stopped() -> None:
    model = Scripted([calls("weather")] * 20)
    with pytest.raises(Misbehaved, match="after 6 steps"):
        await GraphSpeaker(tool_user(model, [weather], bound=6))(turn_in())


async def test_a_plan_is_made_in_silence_and_then_spoken_from() -> None:
    turn = turn_in()
    model = Keeping(['{"steps": ["Greet.", "Be brief."]}', "Good morning."])
    assert await GraphSpeaker(plan_then_answer(model))(turn) == Reply("Good morning.")
    assert turn.delivered == "Good morning."
    assert "1. Greet.\n2. Be brief." in "\n".join(str(one.text) for one in model.kept[1])


async def asks_cy(turn: Turn) -> str:
    return CY


@pytest.mark.parametrize(
    ("route", "reply"),
    [
        (lambda turn: CY, Reply("Cy Young, please go on.", (CY,))),
        (asks_cy, Reply("Cy Young, please go on.", (CY,))),
        (lambda turn: [ANA, CY], Reply("Ana and Cy Young, please go on.", (ANA, CY))),
        (lambda turn: None, Reply("")),
    ],
)
async def test_a_supervisor_hands_the_floor_to_whom_it_names(
    route: Callable[[Turn], object], reply: Reply
) -> None:
    assert await GraphSpeaker(supervised(route))(turn_in()) == reply
