"""What one call has read and written until now, as servers tell it or at least, and its cost."""

from collections.abc import Callable

from langchain_core.messages import AIMessageChunk, BaseMessage

from tertulia.agents.prices import Prices


class Tally:
    """The tokens of one call, wherever it was sent, at each server's prices.

    Where an answer is left before its server told anything, the prompt counts as it was estimated,
    and each piece that was heard as one token.
    """

    __slots__ = ("_beside", "_heard", "_price_of", "_prompt", "_read", "_written", "server")

    def __init__(self, prompt_tokens: int, price_of: Callable[[str], Prices]) -> None:
        """Nothing was heard yet of the answer to a prompt that is about so long."""
        self._prompt, self._price_of = prompt_tokens, price_of
        self._read = self._written = self._heard = 0
        self._beside: list[str] = []
        self.server = ""

    def hear(self, message: BaseMessage) -> None:
        """Hear a piece of it, and add what the server tells; a stream may tell it in parts."""
        usage = getattr(message, "usage_metadata", None)
        if usage is not None:
            self._read += usage["input_tokens"]
            self._written += usage["output_tokens"]
        elif message.content or (isinstance(message, AIMessageChunk) and message.tool_call_chunks):
            self._heard += 1

    def lost(self, server: str) -> None:
        """A server was called off for another one, and will have read the prompt."""
        self._beside.append(server)

    @property
    def read(self) -> int:
        """Tokens read; none where nothing came."""
        return self._here + len(self._beside) * self._prompt

    @property
    def written(self) -> int:
        """Tokens written."""
        return max(self._written, self._heard)

    @property
    def cost(self) -> float:
        """What all that costs."""
        here = self._price_of(self.server).of(self._here, self.written) if self.server else 0.0
        return here + sum(self._price_of(one).of(self._prompt, 0) for one in self._beside)

    @property
    def _here(self) -> int:
        return self._read or (self._prompt if self._heard else 0)
