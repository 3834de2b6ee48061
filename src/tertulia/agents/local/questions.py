"""What is asked of a model in this process, and what comes back, as values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import BaseMessage

from tertulia.agents.local.bounds import Bound
from tertulia.agents.local.sampling import Sampling


@dataclass(frozen=True, slots=True)
class Question:
    """The messages to answer, for whom, and how.

    ``adapter`` is the path of a LoRA adapter, or empty; ``most`` is in tokens; ``patience_seconds``
    is how long to wait for a row. An ``endless`` answer ends at nothing but ``most``. Where there
    are ``answers``, nothing is written: it is asked how likely each of them is. ``bound`` is what
    the answer is held to.
    """

    messages: Sequence[BaseMessage]
    room: str = ""
    rank: int = 0
    adapter: str = ""
    tools: Sequence[dict[str, Any]] = ()
    stops: Sequence[str] = ()
    most: int = 256
    sampling: Sampling = field(default_factory=Sampling)
    seed: int = 0
    patience_seconds: float = 60.0
    endless: bool = False
    answers: Sequence[str] = ()
    bound: Bound | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text. With the last come why it ends (``stop`` or ``length``) and the tokens counted.

    ``read`` are the prompt's, of which ``known`` were kept from before. ``scores`` are those of the
    answers that were asked about: nats a token.
    """

    text: str
    reason: str = ""
    read: int = 0
    known: int = 0
    written: int = 0
    scores: tuple[float, ...] = ()
