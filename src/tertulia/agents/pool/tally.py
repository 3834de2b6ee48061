"""What one answer has read and written until now: as the server tells it, or at least so much."""

from langchain_core.messages import BaseMessage


class Tally:
    """The tokens of one answer.

    Where it is left before the server told anything, the prompt counts as it was estimated, and
    each piece that was heard as one token.
    """

    __slots__ = ("_prompt", "_read", "_written", "heard")

    def __init__(self, prompt_tokens: int) -> None:
        """Nothing was heard yet of the answer to a prompt that is about so long."""
        self._prompt = prompt_tokens
        self._read = self._written = 0
        self.heard = 0

    def hear(self, message: BaseMessage) -> None:
        """Hear a piece of it, and add what the server tells; a stream may tell it in parts."""
        usage = getattr(message, "usage_metadata", None)
        if usage is not None:
            self._read += usage["input_tokens"]
            self._written += usage["output_tokens"]
        else:
            self.heard += 1

    @property
    def read(self) -> int:
        """Tokens read; none before anything came."""
        return self._read or (self._prompt if self.heard else 0)

    @property
    def written(self) -> int:
        """Tokens written."""
        return max(self._written, self.heard)
