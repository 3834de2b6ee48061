"""Graphs that are ready to use, and that show how small a graph can be."""

from collections.abc import Callable, Sequence
from inspect import isawaitable
from typing import Any

from tertulia.agents.cards import Card
from tertulia.agents.critique import CriticState, Critique, critic
from tertulia.agents.dialogue import Desk, DialogueState, task_returner, task_talker
from tertulia.agents.listening import ChatModel
from tertulia.agents.nodes import model_caller, planner, tool_executor
from tertulia.agents.planning import Conduct, model_proposer, plan_executor
from tertulia.agents.planning.conduct import CONDUCT
from tertulia.agents.state import InTurn, TurnState, open_calls
from tertulia.agents.tools import Tool
from tertulia.graphs.spec import END, START, Step, TurnGraph
from tertulia.orchestrator.room import ParticipantId


def answer(model: ChatModel, card: Card | None = None) -> TurnGraph:
    """Ask the model once. ``ModelSpeaker`` does the same without a graph, and faster."""
    graph = TurnGraph("answer")
    graph.add_node("model", model_caller(model, card))
    return graph.add_edge(START, "model").add_edge("model", END)


def tool_user(
    model: ChatModel, tools: Sequence[Tool], card: Card | None = None, *, bound: int = 12
) -> TurnGraph:
    """Let the model use tools until it has said what it wants to; at most ``bound`` steps."""
    graph = TurnGraph("tool user", bound=bound)
    graph.add_node("model", model_caller(model, card, tools=tools))
    graph.add_node("tools", tool_executor(tools))
    graph.add_edge(START, "model").add_edge("tools", "model")
    return graph.add_conditional_edges("model", wants_tools, {"calls": "tools", "done": END})


def plan_then_answer(model: ChatModel, card: Card | None = None, *, most: int = 5) -> TurnGraph:
    """Plan in silence, at most so many steps, then speak with the plan at hand."""
    graph = TurnGraph("plan then answer")
    graph.add_sequence(
        [("planner", planner(model, card, most=most)), ("model", model_caller(model, card))]
    )
    return graph.add_edge(START, "planner").add_edge("model", END)


def plan_act_answer(
    model: ChatModel,
    card: Card | None = None,
    tools: Sequence[Tool] = (),
    conduct: Conduct = CONDUCT,
) -> TurnGraph:
    """Plan tasks for these tools and for those in the room, carry them out, then speak of it.

    The model has to answer with data, or to call functions.
    """
    graph = TurnGraph("plan, act, answer")
    act = plan_executor(model_proposer(model, card), tools, conduct)
    graph.add_sequence([("plan and act", act), ("answer", model_caller(model, card))])
    return graph.add_edge(START, "plan and act").add_edge("answer", END)


def supervised(route: Callable[..., Any], *, says: str = "{names}, please go on.") -> TurnGraph:
    """Give the floor to whomever ``route`` names: a supervisor's handoff.

    ``route`` takes the turn and gives the id of a participant, several, or ``None`` to be silent;
    it may be async. ``says`` is the sentence that hands over, since silence addresses nobody.
    """

    async def hand_over(state: TurnState, runtime: InTurn) -> TurnState:
        turn = runtime.context
        chosen = route(turn)
        chosen = await chosen if isawaitable(chosen) else chosen
        ids: list[str] = [chosen] if isinstance(chosen, str) else list(chosen or ())
        if not ids:
            return TurnState(draft="")
        named = {seat.id: seat.name for seat in turn.members.values()}
        names = " and ".join(named.get(ParticipantId(who), who) for who in ids)
        said = says.format(names=names)
        turn.say(said)
        return TurnState(draft=said, addressees=ids)

    graph = TurnGraph("supervised").add_node("supervisor", hand_over)
    return graph.add_edge(START, "supervisor").add_edge("supervisor", END)


def desk_talk(desk: Desk, otherwise: Step | None = None) -> TurnGraph:
    """Talk the desk's tasks over; ``otherwise`` is the node that answers what is none of them.

    After a question beside a form was answered, the form goes on where it was.
    """
    leaves = otherwise is not None
    graph = TurnGraph("desk", state=DialogueState)
    graph.add_node("tasks", task_talker(desk, leaves_questions=leaves)).add_edge(START, "tasks")
    if otherwise is None:
        return graph.add_edge("tasks", END)
    graph.add_node("otherwise", otherwise).add_node("back", task_returner(desk))
    graph.add_conditional_edges("tasks", _is_left, {"said": END, "left": "otherwise"})
    return graph.add_edge("otherwise", "back").add_edge("back", END)


def _is_left(state: DialogueState) -> str:
    """Whether there is something that the forms have left to others."""
    return "left" if state.get("open_question") or not state.get("draft") else "said"


def generate_and_choose(
    model: ChatModel | Sequence[ChatModel], critique: Critique, card: Card | None = None, n: int = 3
) -> TurnGraph:
    """Draft ``n`` answers, unheard, and say the one that the critique likes best."""
    graph = TurnGraph("generate and choose", state=CriticState)
    graph.add_node("critic", critic(model, critique, card, n))
    return graph.add_edge(START, "critic").add_edge("critic", END)


def wants_tools(state: TurnState) -> str:
    """Whether the model has asked for tools: ``calls``, or else ``done``."""
    return "calls" if open_calls(state) else "done"
