"""A scripted model that keeps what it was asked."""

from collections.abc import Iterable, Sequence
from typing import Any

from langchain_core.messages import BaseMessage
from pydantic import PrivateAttr

from tertulia.agents.scripted import Scripted, Scriptline


class Keeping(Scripted):
    """Says its lines, and keeps the messages of each call."""

    _kept: list[list[BaseMessage]] = PrivateAttr(default_factory=list)

    def __init__(self, lines: Iterable[Scriptline] = (), **fields: Any) -> None:
        super().__init__(lines, **fields)

    @property
    def kept(self) -> list[list[BaseMessage]]:
        return self._kept

    def _next_line(self, messages: Sequence[BaseMessage]) -> Scriptline:
        self._kept.append(list(messages))
        return super()._next_line(messages)
