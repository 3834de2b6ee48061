"""LangChain's standard suites over our embeddings, library and retriever."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests import (
    EmbeddingsIntegrationTests,
    RetrieversIntegrationTests,
    VectorStoreIntegrationTests,
)
from langchain_tests.unit_tests import EmbeddingsUnitTests

from tertulia.agents.library import E5, Library, Retriever, WordHashing
from tertulia.storage import SqlLog, SqlShelf, VolatileShelf


class TestLibraryInMemory(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self) -> VectorStore:
        return Library(VolatileShelf(), self.get_embeddings())


@pytest.mark.db
class TestLibraryInSql(VectorStoreIntegrationTests):
    @pytest.fixture
    async def vectorstore(self, tmp_path: Path) -> AsyncIterator[VectorStore]:
        log = SqlLog(f"sqlite:///{tmp_path / 'talk.db'}")
        yield Library(SqlShelf(log, "books"), self.get_embeddings())
        await log.close()


class TestRetriever(RetrieversIntegrationTests):
    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return Retriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        library = Library(VolatileShelf(), WordHashing())
        library.add_texts([f"Tea number {number} is warm." for number in range(5)])
        return {"library": library, "k": 2}

    @property
    def retriever_query_example(self) -> str:
        return "warm tea"


class TestWordHashing(EmbeddingsUnitTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return WordHashing


class TestWordHashingAtWork(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return WordHashing


@pytest.mark.model
class TestE5(EmbeddingsUnitTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return E5


@pytest.mark.model
class TestE5AtWork(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return E5
