"""A library as agents use it: a retriever, a tool, a node that puts passages before the model.

In a turn passages are looked up for all who will hear it.
"""

from asyncio import to_thread
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import BaseTool
from pydantic import ConfigDict

from tertulia.agents.library.library import Library, document_of
from tertulia.agents.nodes import Node
from tertulia.agents.state import InTurn, Source, TurnState
from tertulia.agents.terms import tool
from tertulia.orchestrator.documents import EVERYBODY, Ears, Passage
from tertulia.orchestrator.present import PRESENT
from tertulia.orchestrator.turns import Turn

K = 4
"""How many passages are looked up unless more are asked for."""


class Retriever(BaseRetriever):
    """Finds passages by meaning and words, for everybody or for ``ears``."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    library: Any
    k: int = K
    ears: Ears | None = EVERYBODY

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        found = self.library.passages(query, k or self.k, self.ears)
        return [document_of(passage) for passage in found]


def ears_of(turn: Turn) -> Ears:
    """For whom a turn looks something up."""
    return Ears(turn.me.id, turn.audience)


def search_documents(library: Library, *, k: int = K) -> BaseTool:
    """A tool by which a model searches the library, in a turn, for all who will hear it."""

    @tool(effect="safe_retry", name="search_documents")
    async def search(query: str) -> str:
        """Search the documents, by meaning and by words, for passages that answer a query."""
        turn: Turn | None = PRESENT.get()
        ears = EVERYBODY if turn is None else ears_of(turn)
        found = await to_thread(library.passages, query, k, ears)
        return "\n\n".join(_told(passage) for passage in found) or "nothing was found"

    return search


def retriever(library: Library, *, k: int = K) -> Node:
    """Look up what the turn is to answer, and keep the passages as ``sources`` for the model."""

    async def retrieve(state: TurnState, runtime: InTurn) -> TurnState:
        turn = runtime.context
        asked = turn.answers or (turn.view[-1] if turn.view else None)
        if asked is None or not asked.text.strip():
            return TurnState(sources=[])
        found = await to_thread(library.passages, asked.text, k, ears_of(turn))
        return TurnState(
            sources=[Source(name=source_of(passage), text=passage.text) for passage in found]
        )

    return retrieve


def source_of(passage: Passage) -> str:
    """Where a passage stands: its document and headings."""
    headings = passage.metadata.get("headings") or []
    named = str(passage.metadata.get("source") or passage.document or passage.id)
    return " > ".join([named.rpartition("/")[2], *map(str, headings)])


def _told(passage: Passage) -> str:
    return f"[{source_of(passage)}]\n{passage.text}"
