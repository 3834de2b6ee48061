# The types behind the face: at run time each name is imported when it is first used.

from tertulia.agents.cards import Card
from tertulia.agents.catalogue import chat_model
from tertulia.agents.embedded import Embedded
from tertulia.agents.faults import ModelFailed
from tertulia.agents.listening import ChatModel
from tertulia.agents.nodes import model_caller, planner, router, tool_executor
from tertulia.agents.prompts import Budget, prompt
from tertulia.agents.remote import Patience, Remote
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
    "chat_model",
    "model_caller",
    "open_calls",
    "planner",
    "prompt",
    "router",
    "tool_executor",
]
