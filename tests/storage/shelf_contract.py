"""What every shelf promises (``tertulia.orchestrator.ports.Shelf``), as tests to inherit."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tertulia.orchestrator.documents import EVERYBODY, Ears, Passage
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.ports import Log, Shelf
from tertulia.orchestrator.query import Query
from tertulia.orchestrator.room import Audience, ParticipantId

ana, ben, cy = (ParticipantId(name) for name in ("ana", "ben", "cy"))


def passage(
    name: str, text: str = "Tea.", vector: tuple[float, ...] = (1, 0), **more: Any
) -> Passage:
    return Passage(name, text, "book.md", vector=vector, **more)


def ids(found: Any) -> list[str]:
    return [one.id if isinstance(one, Passage) else one[0].id for one in found]


class ShelfContract(ABC):
    """Inherit, and say how a shelf is opened."""

    place: Path

    @abstractmethod
    def open_shelf(self) -> tuple[Shelf, Log | None]:
        """Open a fresh one, and the log to be closed with it."""

    @pytest.fixture
    async def shelf(self, tmp_path: Path) -> AsyncIterator[Shelf]:
        self.place = tmp_path
        shelf, log = self.open_shelf()
        yield shelf
        if log is not None:
            await log.close()

    def test_a_passage_comes_back_as_it_went_but_for_its_vector(self, shelf: Shelf) -> None:
        whole = passage("a", "Née 東京", part=3, audience=(ana, ben), metadata={"n": [1, "é"]})
        shelf.put([whole])
        assert shelf.get(["a", "b"], None) == [replace(whole, vector=())]

    def test_a_passage_is_replaced_by_one_of_the_same_id(self, shelf: Shelf) -> None:
        shelf.put([passage("a", "Old words."), passage("b", "Other.")])
        shelf.put([passage("a", "New words.", (0, 1))])
        assert ids(shelf.having(Query.of("old"), None, 9)) == []
        assert ids(shelf.having(Query.of("words"), None, 9)) == ["a"]
        assert [(p.id, round(c, 3)) for p, c in shelf.nearest((0, 2), None, 9)] == [
            ("a", 1),
            ("b", 0),
        ]

    def test_what_is_taken_is_not_found_any_more_nor_what_comes_in_its_place(
        self, shelf: Shelf
    ) -> None:
        shelf.put([passage("a", "Milk."), passage("b", "Tea.")])
        shelf.take(["b", "none"])
        shelf.put([passage("c", "Cake.", (0, 1))])
        assert ids(shelf.having(Query.of("tea"), None, 9)) == []
        assert ids(shelf.nearest((1, 0), None, 9)) == ["a", "c"]
        shelf.take(None)
        assert ids(shelf.nearest((1, 0), None, 9)) == []

    def test_the_parts_of_a_document_are_told_in_order(self, shelf: Shelf) -> None:
        shelf.put(
            [
                passage("z", part=0),
                passage("a", part=1),
                Passage("o", "x", "other.md", vector=(1, 1)),
            ]
        )
        assert shelf.parts("book.md") == ["z", "a"]
        assert shelf.parts("none") == []

    def test_who_may_be_told_is_asked_before_the_limit(self, shelf: Shelf) -> None:
        hidden = [passage(f"h{n}", "Tea, tea.", audience=(ana, ben)) for n in range(600)]
        shelf.put([passage("open", "Tea.", (0.5, 1)), *hidden])
        for ears in (EVERYBODY, Ears(ana), Ears(ana, (ana, cy)), Ears(cy, (cy,))):
            assert ids(shelf.nearest((1, 0), ears, 2)) == ["open"]
            assert ids(shelf.having(Query.of("tea"), ears, 2)) == ["open"]
            assert ids(shelf.get(["h1", "open"], ears)) == ["open"]
        assert len(shelf.nearest((1, 0), Ears(ana, (ana, ben)), 2)) == 2
        assert ids(shelf.get(["h1"], None)) == ["h1"]

    def test_passages_are_told_as_the_rule_says(self, shelf: Shelf) -> None:
        some: list[Audience] = [None, (ana, ben), (ana, ben, cy), (ben,), ()]
        kept = [passage(str(n), audience=audience) for n, audience in enumerate(some)]
        shelf.put(kept)
        for who, hearers in product((None, ana, ben), [None, (ben,), (ana, ben), (ana, cy), ()]):
            ears = Ears(who, hearers)
            told = [one.id for one in kept if ears.may_hear(one.audience)]
            assert sorted(ids(shelf.get([one.id for one in kept], ears))) == told
            assert sorted(ids(shelf.nearest((1, 0), ears, 9))) == told

    def test_a_vector_of_another_length_is_refused(self, shelf: Shelf) -> None:
        shelf.put([passage("a")])
        with pytest.raises(Invalid, match="the embedding it was filled with"):
            shelf.nearest((1, 0, 0), None, 3)

    def test_the_same_id_twice_is_refused_and_nothing_kept(self, shelf: Shelf) -> None:
        with pytest.raises(Invalid, match="stands twice"):
            shelf.put([passage("a"), passage("a")])
        assert shelf.get(["a"], None) == []

    def test_nothing_is_put_and_nothing_found_without_complaint(self, shelf: Shelf) -> None:
        shelf.put([])
        shelf.take([])
        assert list(shelf.nearest((1, 0), None, 3)) == []
        assert list(shelf.get([], None)) == []
