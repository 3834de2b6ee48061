"""Cutting texts: nothing is lost, nothing is too long, and headings are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.agents.library import Part, split
from tertulia.orchestrator.errors import Invalid

PAGE = """Before.

# Tea

Tea is a drink.
It is warm.

## Green

Green tea. It is green! Is it?

```sh
# no heading

boil water
```

# Milk #
White.
"""


def test_a_part_stands_under_its_headings() -> None:
    assert split(PAGE) == (
        Part("Before."),
        Part("Tea is a drink.\nIt is warm.", ("Tea",)),
        Part(
            "Green tea. It is green! Is it?\n\n```sh\n# no heading\n\nboil water\n```",
            ("Tea", "Green"),
        ),
        Part("White.", ("Milk",)),
    )


def test_a_long_section_is_cut_between_paragraphs_then_sentences_then_words() -> None:
    text = "One two three.\n\nFour five. Six seven eight.\n\nninetenelevenandmore"
    assert [part.text for part in split(text, 16)] == [
        "One two three.",
        "Four five.",
        "Six seven eight.",
        "ninetenelevenand",
        "more",
    ]
    assert [part.text for part in split("一二三。四五六。七", 5)] == ["一二三。", "四五六。", "七"]


@pytest.mark.parametrize("text", ["", " \n\n ", "# Only a heading"])
def test_a_text_without_words_has_no_parts(text: str) -> None:
    assert split(text) == ()


def test_a_size_below_one_is_refused() -> None:
    with pytest.raises(Invalid, match="at least 1"):
        split("x", 0)


@given(st.text(), st.integers(1, 60))
def test_no_part_is_too_long_or_empty(text: str, size: int) -> None:
    for part in split(text, size):
        assert 0 < len(part.text) <= size
        assert part.text.strip()


@given(st.text(alphabet=st.sampled_from("ab .!?\n。`~")), st.integers(1, 30))
def test_nothing_but_blank_space_is_lost(text: str, size: int) -> None:
    kept = "".join("".join(part.text.split()) for part in split(text, size))
    assert kept == "".join(text.split())
