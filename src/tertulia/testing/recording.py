"""What models were sent, kept for looking at: around a model, and around the agent that calls it.

It changes nothing of what is said. Models that run in another process cannot be recorded here.
"""

from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from tertulia.agents.listening import ChatModel
from tertulia.orchestrator import Reply, Speaker, Turn
from tertulia.orchestrator.room import ParticipantId, RoomId, TurnId

_TURN: ContextVar[Turn | None] = ContextVar("the turn in which a model is called", default=None)

M = TypeVar("M", bound=BaseChatModel)


@dataclass(frozen=True, slots=True)
class Sent:
    """One call of a model: by whom, in which turn, and the text of all that it was sent."""

    room: RoomId
    who: ParticipantId
    turn: TurnId
    text: str


class Recording:
    """All that was sent to models in the turns of the agents that it listens to."""

    def __init__(self) -> None:
        """Nothing was sent yet."""
        self.sent: list[Sent] = []

    def model(self, model: M) -> M:
        """The same model, listened to; hand it to a speaker or a graph in place of the other."""
        handlers = [*_handlers_of(model), _Listening(self)]
        return model.model_copy(update={"callbacks": handlers})

    def stream(self, model: ChatModel) -> ChatModel:
        """The same for something that only streams, and is no chat model of LangChain's."""
        return _Streamed(self, model)

    def speaker(self, speaker: Speaker) -> Speaker:
        """The same agent; what its models are sent is put down to its turns."""
        return _InTurn(speaker)

    def keep(self, messages: list[BaseMessage]) -> None:
        """Note what a model is being sent now; outside a turn nobody can say for whom it is."""
        turn = _TURN.get()
        if turn is not None:
            text = "\n".join(str(message.content) for message in messages)
            self.sent.append(Sent(turn.room, turn.me.id, turn.id, text))


class _InTurn:
    """An agent whose turn is known to the models that it calls."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker

    async def __call__(self, turn: Turn) -> Reply | str | None:
        token = _TURN.set(turn)
        try:
            return await self._speaker(turn)
        finally:
            _TURN.reset(token)

    def __getattr__(self, name: str) -> Any:
        """Bids, and whatever else the agent can do, are its own."""
        return getattr(self._speaker, name)


class _Listening(AsyncCallbackHandler):
    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    async def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[BaseMessage]], **kwargs: Any
    ) -> None:
        for batch in messages:
            self._recording.keep(batch)


class _Streamed:
    def __init__(self, recording: Recording, model: ChatModel) -> None:
        self._recording, self._model = recording, model

    def astream(self, input: list[BaseMessage], /) -> AsyncIterator[Any]:  # noqa: A002
        self._recording.keep(input)
        return self._model.astream(input)


def _handlers_of(model: BaseChatModel) -> list[Any]:
    kept = model.callbacks
    return list(kept) if isinstance(kept, list) else [] if kept is None else list(kept.handlers)
