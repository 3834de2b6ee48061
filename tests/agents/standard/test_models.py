"""LangChain's standard suites for chat models, run over ours.

What a suite leaves out, its properties say, each with the reason.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests
from tests.agents.standard.endpoint import endpoint

from tertulia.agents import Embedded, Scripted
from tertulia.agents.connections import close_connections
from tertulia.agents.pool import Endpoint, Pooled
from tertulia.agents.remote import Remote, remote

HELLO = ("Hello to you, and a very good day.",) * 20


class OfScripted:
    """It says what its script says: it decides on no tool, and reads no image."""

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return Scripted

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"lines": HELLO}

    @property
    def has_tool_calling(self) -> bool:
        return False

    @property
    def has_structured_output(self) -> bool:
        return False


class TestScripted(OfScripted, ChatModelUnitTests):
    pass


class TestScriptedAtWork(OfScripted, ChatModelIntegrationTests):
    pass


class OfEmbedded:
    """A model of 135 million parameters, which knows no tools."""

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return Embedded

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"seed": 35}  # one with which it is silent to nothing that the suite says

    @property
    def has_tool_calling(self) -> bool:
        return False

    @property
    def has_structured_output(self) -> bool:
        return False


@pytest.mark.model
class TestEmbedded(OfEmbedded, ChatModelUnitTests):
    pass


@pytest.mark.model
@pytest.mark.slow
class TestEmbeddedAtWork(OfEmbedded, ChatModelIntegrationTests):
    pass


class OfRemote:
    """What lies behind the URL may do more; what ours sends and reads is text and tool calls."""

    base_url = "http://127.0.0.1:9/v1"

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return Remote

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"base_url": self.base_url, "model": "m"}


class TestRemote(OfRemote, ChatModelUnitTests):
    pass


@pytest.mark.net
class TestRemoteAtWork(OfRemote, ChatModelIntegrationTests):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _an_endpoint(cls) -> Iterator[None]:
        with endpoint() as url:
            cls.base_url = url
            yield

    @pytest.fixture(autouse=True)
    async def _hung_up(self) -> AsyncIterator[None]:
        yield
        await close_connections()

    @property
    def supports_model_override(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str | None:
        return "another"


class OfPool:
    """Two servers behind one name: what is asked of it goes to either, and comes out the same."""

    base_urls = ("http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1")

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return Pooled

    @property
    def chat_model_params(self) -> dict[str, Any]:
        left, right = self.base_urls
        return {
            "name_of_pool": "small",
            "endpoints": {
                "left": Endpoint(remote(left, "m")),
                "right": Endpoint(remote(right, "m")),
            },
        }


class TestPool(OfPool, ChatModelUnitTests):
    pass


@pytest.mark.net
class TestPoolAtWork(OfPool, ChatModelIntegrationTests):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _two_endpoints(cls) -> Iterator[None]:
        with endpoint() as left, endpoint() as right:
            cls.base_urls = (left, right)
            yield

    @pytest.fixture(autouse=True)
    async def _hung_up(self) -> AsyncIterator[None]:
        yield
        await close_connections()
