"""A collection of documents, as LangChain's ``VectorStore``, and as agents draw on it.

Searches go by meaning (the cosine of vectors) and by words at once. Whatever is looked up without
saying for whom, is looked up for everybody: it finds what is for everybody.
"""

import json
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from tertulia.agents.library.splitting import SIZE, split
from tertulia.orchestrator.documents import EVERYBODY, Ears, Passage
from tertulia.orchestrator.errors import BadContent, Invalid
from tertulia.orchestrator.ports import Shelf
from tertulia.orchestrator.query import Query, fused
from tertulia.orchestrator.room import Audience, ParticipantId

WIDER = 4
"""How many times as many candidates are ranked by meaning, and by words, as are asked for."""

SHORT = 3
"""Letters of the Latin words that a search by meaning and words does not look for as words."""

BATCH = 64
"""How many passages are embedded, and written, together."""


class Library(VectorStore):
    """Documents on a shelf, found by an embedding."""

    def __init__(self, shelf: Shelf, embedding: Embeddings) -> None:
        """``embedding`` has to be the one with which the shelf was filled."""
        self._shelf, self._embedding = shelf, embedding

    # ---- filling it

    def load(
        self, *paths: str | Path, audience: Iterable[str] | None = None, size: int = SIZE
    ) -> int:
        """Read text and Markdown files, or folders of them; how many passages there are of them.

        A file that was read before is read again: what has gone from it is found no more.
        ``audience`` are the only ones who may know of it. Raises ``Invalid`` for a file that cannot
        be read as text. On an event loop use ``aload``.
        """
        files = [file for path in paths for file in _files(Path(path))]
        texts = [(str(file), _text_of(file)) for file in files]  # all can be read, or none is kept
        return sum(self.keep(name, text, audience=audience, size=size) for name, text in texts)

    def keep(
        self, document: str, text: str, *, audience: Iterable[str] | None = None, size: int = SIZE
    ) -> int:
        """Keep a document under a name, in place of what it was before; how many passages."""
        meant = None if audience is None else tuple(sorted({ParticipantId(a) for a in audience}))
        parts = split(text, size)
        named = [
            Document(
                part.text,
                id=_named(document, number, part.text, meant),
                metadata={"source": document, "headings": list(part.headings)},
            )
            for number, part in enumerate(parts)
        ]
        before = set(self._shelf.parts(document))
        here = {str(one.id) for one in named}
        new = [(number, one) for number, one in enumerate(named) if one.id not in before]
        for place in range(0, len(new), BATCH):
            self._put(new[place : place + BATCH], document, meant)
        if gone := sorted(before - here):
            self._shelf.take(gone)
        return len(named)

    async def aload(self, *paths: str | Path, audience: Iterable[str] | None = None) -> int:
        """Do what ``load`` does, on a thread."""
        from asyncio import to_thread

        return await to_thread(self.load, *paths, audience=audience)

    def add_documents(self, documents: list[Document], **kwargs: Any) -> list[str]:
        """Keep documents as they are, each one passage; their ids.

        An ``audience`` (a list of participants) says for whom they are. A document without an id
        gets one made of its content, so that it is kept once.
        """
        ids: Sequence[str | None] = kwargs.get("ids") or [one.id for one in documents]
        if len(ids) != len(documents):
            raise Invalid(where="ids", what=f"{len(ids)} for {len(documents)} documents")
        meant = _audience(kwargs.get("audience"))
        named = {
            name or _named("", 0, _content(one), meant): one
            for name, one in zip(ids, documents, strict=True)
        }
        kept = [
            Document(one.page_content, id=name, metadata=one.metadata)
            for name, one in named.items()
        ]
        for place in range(0, len(kept), BATCH):
            batch = [(0, one) for one in kept[place : place + BATCH]]
            self._put(batch, "", meant)
        return [
            name or _named("", 0, _content(one), meant)
            for name, one in zip(ids, documents, strict=True)
        ]

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool | None:
        """Keep these passages no longer; without ids, none at all."""
        self._shelf.take(ids)
        return True

    # ---- asking it

    def passages(self, query: str, k: int = 4, ears: Ears | None = EVERYBODY) -> list[Passage]:
        """The passages that fit best by meaning and by words, the best first."""
        if not query.strip():
            raise BadContent(what="an empty query", hint="look for something")
        vector = self._embedding.embed_query(query)
        alike = [found for found, _ in self._shelf.nearest(vector, ears, WIDER * k)]
        words = _telling(Query.any_of(query))
        having = [] if words is None else list(self._shelf.having(words, ears, WIDER * k))
        of = {passage.id: passage for passage in (*alike, *having)}
        order = fused([one.id for one in alike], [one.id for one in having], limit=k)
        return [of[name] for name in order]

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        """The passages nearest in meaning; ``ears`` says for whom."""
        return [found for found, _ in self.similarity_search_with_score(query, k, **kwargs)]

    def similarity_search_with_score(
        self, query: str, k: int = 4, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """The same, each with its cosine."""
        return self._nearest(self._embedding.embed_query(query), k, **kwargs)

    def similarity_search_by_vector(
        self, embedding: list[float], k: int = 4, **kwargs: Any
    ) -> list[Document]:
        """The passages nearest to a vector."""
        return [found for found, _ in self._nearest(embedding, k, **kwargs)]

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The passages of these ids that are for everybody."""
        return [document_of(passage) for passage in self._shelf.get(ids, EVERYBODY)]

    @property
    def embeddings(self) -> Embeddings:
        """What texts are embedded with."""
        return self._embedding

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """A library of these texts; ``shelf`` says where they are kept."""
        made = cls(kwargs.pop("shelf"), embedding)
        made.add_texts(texts, metadatas, ids=ids, **kwargs)
        return made

    def _select_relevance_score_fn(self) -> Any:
        return lambda cosine: (1 + cosine) / 2

    def _nearest(
        self, vector: Sequence[float], k: int, ears: Ears | None = EVERYBODY, **_: Any
    ) -> list[tuple[Document, float]]:
        found = self._shelf.nearest(vector, ears, k)
        return [(document_of(passage), cosine) for passage, cosine in found]

    def _put(self, named: Sequence[tuple[int, Document]], name: str, meant: Audience) -> None:
        texts = [_read(one) for _, one in named]
        vectors = self._embedding.embed_documents(texts)
        self._shelf.put(
            [
                Passage(
                    str(one.id), one.page_content, name, number, meant, one.metadata, tuple(vector)
                )
                for (number, one), vector in zip(named, vectors, strict=True)
            ]
        )


def document_of(passage: Passage) -> Document:
    """A passage as LangChain has it."""
    return Document(passage.text, id=passage.id, metadata=dict(passage.metadata))


def _telling(query: Query | None) -> Query | None:
    """Without the short words, which are everywhere and tell nothing, if others are left."""
    terms = () if query is None else query.terms
    longer = tuple(term for term in terms if not _is_short("".join(term.words)))
    return query if not longer else Query(longer, any=True)


def _is_short(word: str) -> bool:
    return len(word) <= SHORT and word.isascii() and word.isalpha()


def _read(one: Document) -> str:
    """What is embedded: the text under its headings."""
    headings = one.metadata.get("headings")
    above = " > ".join(headings) if isinstance(headings, list) else ""
    return f"{above}\n{one.page_content}" if above else one.page_content


def _named(document: str, number: int, text: str, audience: Audience) -> str:
    told = json.dumps([document, number, text, audience])
    return blake2b(told.encode(), digest_size=12).hexdigest()


def _content(one: Document) -> str:
    return json.dumps([one.page_content, one.metadata], sort_keys=True, default=str)


def _audience(given: Iterable[str] | None) -> Audience:
    return None if given is None else tuple(sorted({ParticipantId(one) for one in given}))


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(
            p for p in path.rglob("*") if p.suffix.lower() in (".md", ".txt", ".markdown")
        )
    return [path]


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise Invalid(where=f"document {path}", what=str(error.strerror).lower()) from None
    except UnicodeDecodeError:
        what = "is no UTF-8 text; convert it to text or Markdown first"
        raise Invalid(where=f"document {path}", what=what) from None
