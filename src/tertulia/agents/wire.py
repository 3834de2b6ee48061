"""How a transcript looks on an OpenAI-style wire: the one place where names become text.

Endpoints disagree about the ``name`` of a message: some show it to the model, most drop it, a few
reject spaces in it. So it is sent where it is valid, and the content of everybody else's message
begins with ``Ana: `` as well, so that every model sees who spoke. The agent's own messages stay
bare. A model that imitates the form begins its answer with its own name: `NameTag` takes that off.
Tool calls, their results and pictures pass unchanged.
"""

import re
from collections.abc import Iterable

from langchain_core.messages import BaseMessage, HumanMessage

VALID_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def as_chat(messages: Iterable[BaseMessage]) -> list[BaseMessage]:
    """Render messages for the wire; the originals stay as they are."""
    return [_rendered(message) for message in messages]


def _rendered(message: BaseMessage) -> BaseMessage:
    if not message.name:
        return message
    changes: dict[str, object] = {}
    if not VALID_NAME.fullmatch(message.name):
        changes["name"] = None
    if isinstance(message, HumanMessage):
        changes["content"] = _tagged(message.name, message.content)
    return message.model_copy(update=changes) if changes else message


def _tagged(name: str, content: str | list[str | dict[str, object]]) -> object:
    if isinstance(content, str):
        return f"{name}: {content}"
    return [{"type": "text", "text": f"{name}:"}, *content]


class NameTag:
    """Takes the speaker's own ``Bo: `` off the beginning of a text that comes in pieces."""

    def __init__(self, speaker: str) -> None:
        """Watch for this ``speaker``'s name."""
        self._tag = f"{speaker}:"
        self._held: str | None = ""

    def take(self, text: str) -> str:
        """Return what can be told by now: nothing while the text may still become the tag."""
        if self._held is None:
            return text
        self._held += text
        start = self._held.lstrip()
        if self._tag.startswith(start):
            return ""
        if start.startswith(self._tag):
            rest = start.removeprefix(self._tag).lstrip()
            if not rest:
                return ""
            self._held = None
            return rest
        whole, self._held = self._held, None
        return whole

    def rest(self) -> str:
        """Return what was held back, when no more text will come."""
        held, self._held = self._held or "", None
        return "" if held.strip() == self._tag else held
