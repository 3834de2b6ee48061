"""How one turn is thought through: write a graph, check it, draw it, run it as an agent."""

from tertulia.agents.state import InTurn, TurnState
from tertulia.graphs.checkpoints import Checkpoints
from tertulia.graphs.compiler import compiled
from tertulia.graphs.draw import draw, mermaid
from tertulia.graphs.forecast import Forecast, forecast
from tertulia.graphs.history import History
from tertulia.graphs.manners import Manners
from tertulia.graphs.plans import draw_plan, plan_mermaid
from tertulia.graphs.progress import Progress, progress_of
from tertulia.graphs.routers import router_of
from tertulia.graphs.runner import GraphSpeaker
from tertulia.graphs.speakers import speaker_of
from tertulia.graphs.spec import END, START, TurnGraph
from tertulia.graphs.templates import (
    answer,
    desk_talk,
    generate_and_choose,
    plan_act_answer,
    plan_then_answer,
    supervised,
    tool_user,
    wants_tools,
)
from tertulia.graphs.validate import BadGraph, check, problems_of

__all__ = [
    "END",
    "START",
    "BadGraph",
    "Checkpoints",
    "Forecast",
    "GraphSpeaker",
    "History",
    "InTurn",
    "Manners",
    "Progress",
    "TurnGraph",
    "TurnState",
    "answer",
    "check",
    "compiled",
    "desk_talk",
    "draw",
    "draw_plan",
    "forecast",
    "generate_and_choose",
    "mermaid",
    "plan_act_answer",
    "plan_mermaid",
    "plan_then_answer",
    "problems_of",
    "progress_of",
    "router_of",
    "speaker_of",
    "supervised",
    "tool_user",
    "wants_tools",
]
