"""Who the agents are and what they can do: cards, prompts, models, tools, the kinds of node.

Names are imported when they are first used: a card needs no model, and chat models take a second.
"""

from tertulia.agents.doorman import __getattr__ as __getattr__

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
