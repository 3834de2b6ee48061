# The types behind the face: at run time each name is imported when it is first used.

from .advising import model_addresser, model_adviser, model_router
from .cards import Card
from .choosers import model_chooser
from .company import answer_language
from .context import ContextReport, TokenBudget
from .effects import Carried, carry_out
from .embedded import Embedded
from .embedded_server import EmbeddedServer, embedded_server
from .faults import ModelFailed
from .ledgered import in_ledger
from .library import E5, Library, Retriever, WordHashing, retriever, search_documents
from .listening import ChatModel
from .local import Local, local
from .mcp import ServerFailed, ServerLost, ServerSilent, ServerUnusable, mcp_tools
from .models import BadModels, Models, chat_model
from .nodes import model_caller, planner, router, tool_executor
from .prompts import Budget, prompt
from .remote import Patience, Remote
from .room_tools import Bounds, room_tools
from .room_within import Talk, room_within
from .routers import Keywords
from .scripted import Hang, Scripted
from .speaker import ModelSpeaker
from .state import InTurn, TurnState, open_calls
from .summing_up import summarizer
from .terms import IdempotencyKey, OwnTurn, Terms, on_terms, terms_of, tool
from .tools import toolbox

__all__ = [
    "E5",
    "BadModels",
    "Bounds",
    "Budget",
    "Card",
    "Carried",
    "ChatModel",
    "ContextReport",
    "Embedded",
    "EmbeddedServer",
    "Hang",
    "IdempotencyKey",
    "InTurn",
    "Keywords",
    "Library",
    "Local",
    "ModelFailed",
    "ModelSpeaker",
    "Models",
    "OwnTurn",
    "Patience",
    "Remote",
    "Retriever",
    "Scripted",
    "ServerFailed",
    "ServerLost",
    "ServerSilent",
    "ServerUnusable",
    "Talk",
    "Terms",
    "TokenBudget",
    "TurnState",
    "WordHashing",
    "answer_language",
    "carry_out",
    "chat_model",
    "embedded_server",
    "in_ledger",
    "local",
    "mcp_tools",
    "model_addresser",
    "model_adviser",
    "model_caller",
    "model_chooser",
    "model_router",
    "on_terms",
    "open_calls",
    "planner",
    "prompt",
    "retriever",
    "room_tools",
    "room_within",
    "router",
    "search_documents",
    "summarizer",
    "terms_of",
    "tool",
    "tool_executor",
    "toolbox",
]
