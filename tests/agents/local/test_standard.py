"""LangChain's standard suites for chat models, run over a tiny model in this process.

What a suite leaves out, the properties say, each with the reason.
"""

from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests
from tests.agents.local.conftest import Made

from tertulia.agents.local import Local


class OfLocal:
    """Its template knows no tools, and it says one sentence whatever it is asked."""

    path = ""

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _a_model(cls, made: Made) -> None:
        cls.path = made.model

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return Local

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"path": self.path, "temperature": 0.0}

    @property
    def has_tool_calling(self) -> bool:
        return False

    @property
    def has_structured_output(self) -> bool:
        return False


class TestLocal(OfLocal, ChatModelUnitTests):
    pass


class TestLocalAtWork(OfLocal, ChatModelIntegrationTests):
    pass
