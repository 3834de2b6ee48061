"""Documents that agents draw on: read, split, embedded, searched, for those whom they are for."""

from tertulia.agents.library.embedding import E5, WordHashing, embedding
from tertulia.agents.library.library import Library
from tertulia.agents.library.retrieving import Retriever, retriever, search_documents
from tertulia.agents.library.splitting import Part, split

__all__ = [
    "E5",
    "Library",
    "Part",
    "Retriever",
    "WordHashing",
    "embedding",
    "retriever",
    "search_documents",
    "split",
]
