"""A conversation as one agent has it before it when it speaks, read out of chat messages.

The convention for every model of ours: first a `SystemMessage` whose ``name`` is the speaking
agent's and whose content is its persona; then `HumanMessage(name="Ana")` for everybody else,
person or agent, and `AIMessage(name="Bo")` for the agent itself. Nothing is rendered here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

NAMELESS_AGENT = "Assistant"
NAMELESS_PERSON = "User"


@dataclass(frozen=True, slots=True)
class Line:
    """What one participant said at one time, as plain text on a single line."""

    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """Who is to speak, as whom, and after what."""

    speaker: str
    persona: str
    lines: tuple[Line, ...]

    @property
    def others(self) -> tuple[str, ...]:
        """The names of everybody else who has spoken, in the order of their first words."""
        return tuple(dict.fromkeys(n.speaker for n in self.lines if n.speaker != self.speaker))


def transcript_of(messages: Iterable[BaseMessage]) -> Transcript:
    """Read a transcript; tool calls, their results and empty messages are left out."""
    messages = list(messages)
    speaker = speaker_of(messages)
    persona = " ".join(_flat(m) for m in messages if isinstance(m, SystemMessage))
    return Transcript(speaker, persona, tuple(_lines(messages, speaker)))


def speaker_of(messages: Iterable[BaseMessage]) -> str:
    """Tell whose turn it is: the name on the system message, else on its own messages."""
    messages = list(messages)
    for kind in (SystemMessage, AIMessage):
        for message in messages:
            if isinstance(message, kind) and message.name:
                return message.name
    return NAMELESS_AGENT


def _lines(messages: list[BaseMessage], speaker: str) -> Iterator[Line]:
    for message in messages:
        text = _flat(message)
        if not text:
            continue
        if isinstance(message, AIMessage):
            yield Line(speaker, text)
        elif isinstance(message, HumanMessage):
            yield Line(message.name or NAMELESS_PERSON, text)


def _flat(message: BaseMessage) -> str:
    return " ".join(str(message.text).split())
