"""A loaded model with its tokenizer: prompts in tokens, tokens in text, and the passes between.

Imported on the worker's thread only, because torch takes seconds.
"""

from tokenizers.decoders import DecodeStream

from tertulia.agents.local.answers import Decode
from tertulia.agents.local.chat import encoded, turns_of
from tertulia.agents.local.passes import Passes
from tertulia.agents.local.questions import Question
from tertulia.agents.local.settings import Settings
from tertulia.agents.local.weights import load


class Transformer(Passes):
    """One model of Hugging Face's, as `worker` uses it."""

    def __init__(self, settings: Settings) -> None:
        """Load it. Raises ``ModelFailed``."""
        super().__init__(load(settings))
        self.context, self.ends = self.loaded.context, self.loaded.ends

    def prompt(self, question: Question) -> list[int]:
        """Write the prompt in tokens. Raises ``ModelRefused``."""
        settings = self.loaded.settings
        turns = turns_of(question.messages, settings)
        return encoded(turns, question.tools, self.loaded.tokenizer, settings)

    def decoder(self) -> Decode:
        """Make what turns one answer's tokens into text, whole characters at a time."""
        stream = DecodeStream(skip_special_tokens=True)
        tokenizer = self.loaded.tokenizer.backend_tokenizer
        return lambda token: stream.step(tokenizer, token) or ""
