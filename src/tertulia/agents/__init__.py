"""Who the agents are and what they can do: cards, prompts, models, tools, the kinds of node."""

from tertulia.agents.cards import Card
from tertulia.agents.embedded import Embedded
from tertulia.agents.faults import ModelFailed
from tertulia.agents.listening import ChatModel
from tertulia.agents.nodes import model_caller, planner, router, tool_executor
from tertulia.agents.prompts import Budget, prompt
from tertulia.agents.remote import Patience, Remote, remote
from tertulia.agents.scripted import Hang, Scripted
from tertulia.agents.speaker import ModelSpeaker
from tertulia.agents.state import InTurn, TurnState, open_calls

__all__ = [
    "Budget",
    "Card",
    "ChatModel",
    "Embedded",
    "Hang",
    "InTurn",
    "ModelFailed",
    "ModelSpeaker",
    "Patience",
    "Remote",
    "Scripted",
    "TurnState",
    "model_caller",
    "open_calls",
    "planner",
    "prompt",
    "remote",
    "router",
    "tool_executor",
]
