"""A loaded model with its tokenizer: prompts in tokens, tokens in text, and the passes between.

Imported on the worker's thread only, because torch takes seconds.
"""

from collections.abc import Sequence
from typing import Any

from tokenizers.decoders import DecodeStream

from tertulia.agents.local.answers import Decode, Held
from tertulia.agents.local.chat import encoded, turns_of
from tertulia.agents.local.passes import Passes
from tertulia.agents.local.questions import Question
from tertulia.agents.local.settings import Settings
from tertulia.agents.local.weights import Loaded, load


class Transformer(Passes):
    """One model of Hugging Face's, as `worker` uses it."""

    def __init__(self, settings: Settings, loaded: Loaded | None = None) -> None:
        """Load it, unless it is loaded. Raises ``ModelFailed``."""
        super().__init__(loaded or load(settings))
        self.context, self.ends = self.loaded.context, self.loaded.ends
        self._grammar_tokens: Any = None

    def prompt(self, question: Question) -> list[int]:
        """Write the prompt in tokens. Raises ``ModelRefused``."""
        settings = self.loaded.settings
        turns = turns_of(question.messages, settings)
        tokenizer, tools = self.loaded.tokenizer, question.tools
        if question.bound is not None and "tools" not in str(tokenizer.chat_template):
            tools = ()  # what it is held to, it need not be told
        return encoded(turns, tools, tokenizer, settings)

    def held(self, question: Question) -> Held | None:
        """What the answer is held to, if it is. Raises ``ModelRefused``."""
        if question.bound is None:
            return None
        from tertulia.agents.local import grammar

        if self._grammar_tokens is None:
            size = self.loaded.model.get_output_embeddings().weight.shape[0]
            self._grammar_tokens = grammar.tokens_for(self.loaded.tokenizer, size)
        return grammar.Held(self._grammar_tokens, question.bound, self.loaded.settings)

    def score(self, serial: int, logits: Any, answers: Sequence[str]) -> list[float]:
        """How likely each answer is, with its end: the mean of its tokens' log-probabilities."""
        tokenizer = self.loaded.tokenizer
        end = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
        told = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in answers]
        return self.forced(serial, logits, [[*tokens, *end] for tokens in told])

    def decoder(self) -> Decode:
        """Make what turns one answer's tokens into text, whole characters at a time."""
        stream = DecodeStream(skip_special_tokens=True)
        tokenizer = self.loaded.tokenizer.backend_tokenizer
        return lambda token: stream.step(tokenizer, token) or ""
