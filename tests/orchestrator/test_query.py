"""What a search looks for: folded words, and nothing that a database could take for its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.orchestrator.errors import BadContent
from tertulia.orchestrator.query import Query, Term, best, words_of


def finds(query: str, text: str) -> bool:
    return Query.of(query).matches(words_of(text))


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("cafe", "Un CAFÉ, por favor."),
        ("Straße", "in der STRASSE"),
        ("naïve", "a naive question"),
        ("истории", "Истории"),
        ("ИИ", "это ии"),
        ("مدرسة", "هذه مدرسة كبيرة"),
        ("東京", "私は東京タワーに行きました"),
        ("タワー", "私は東京タワーに行きました"),
        ("図書館", "図書館で勉強する"),
        ("กรุงเทพ", "ฉันอยู่กรุงเทพมหานคร"),
        ("हिन्दी", "मैं हिन्दी बोलता हूँ"),
        ("한국어", "한국어 수업"),
        ("don't", "No, don't!"),
        ("book*", "the bookshelf"),
        ('"tall shelf"', "a very tall shelf"),
        ("x2", "x2 = 4"),
    ],
)
def test_words_are_found_in_many_scripts(query: str, text: str) -> None:
    assert finds(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("京東", "東京"),
        ("book", "the bookshelf"),
        ('"shelf tall"', "a very tall shelf"),
        ("cat dog", "a cat"),
        ("don't", "t don"),
    ],
)
def test_what_is_not_there_is_not_found(query: str, text: str) -> None:
    assert not finds(query, text)


@pytest.mark.parametrize("text", ["", " ", "?!", '""', "*", "_", "\0", "()", "- + ^"])
def test_a_query_without_a_word_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(BadContent, match="look for a word"):
        Query.of(text)
    assert Query.any_of(text) is None


@given(st.text())
def test_folding_again_changes_nothing(text: str) -> None:
    once = words_of(text)
    assert words_of(" ".join(once)) == once


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_plain_text_has_the_same_words_on_either_way(text: str) -> None:
    assert words_of(text) == words_of(text + " é")[:-1]


@given(st.text())
def test_a_text_is_found_by_its_own_words(text: str) -> None:
    query = Query.any_of(text)
    assert query is None or query.matches(words_of(text))
    for term in () if query is None else query.terms:
        assert all(word.isprintable() and '"' not in word for word in term.words)


def test_the_best_has_the_rarest_words_and_among_equals_the_newest_is_first() -> None:
    texts = ["the cat", "the dog", "the cat and the dog", "a bird", "the"]
    found = best(
        Query((Term(("cat",)), Term(("the",))), any=True), [(t, words_of(t)) for t in texts], 3
    )
    assert found == ["the cat", "the cat and the dog", "the dog"]


def test_one_rare_word_is_worth_more_than_a_common_one() -> None:
    texts = ["the cat", "the dog", "the cow", "a bird"]
    query = Query.any_of("the bird")
    assert query is not None
    assert best(query, [(text, words_of(text)) for text in texts], 2) == ["a bird", "the cat"]
