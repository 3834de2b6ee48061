"""Fetches a public name of this room when somebody asks for it. It knows where each one lives.

Types are told by the stub beside the face; a test compares the two.
"""

from importlib import import_module
from typing import Any

LIVES_IN = {
    "cards": ("Card",),
    "catalogue": ("chat_model",),
    "embedded": ("Embedded",),
    "faults": ("ModelFailed",),
    "listening": ("ChatModel",),
    "nodes": ("model_caller", "planner", "router", "tool_executor"),
    "prompts": ("Budget", "prompt"),
    "remote": ("Patience", "Remote"),
    "scripted": ("Hang", "Scripted"),
    "speaker": ("ModelSpeaker",),
    "state": ("InTurn", "TurnState", "open_calls"),
}
HOME = {name: f"tertulia.agents.{file}" for file, names in LIVES_IN.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name from the file that it lives in."""
    if name not in HOME:
        raise AttributeError(f"module 'tertulia.agents' has no attribute {name!r}")
    return getattr(import_module(HOME[name]), name)
