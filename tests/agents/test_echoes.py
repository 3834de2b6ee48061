"""Whether something was said before."""

from hypothesis import given
from hypothesis import strategies as st

from tertulia.agents.echoes import Echo, alike, words_of, worn

WORDS = st.lists(st.sampled_from("abcd"), max_size=9).map(tuple)


@given(WORDS, WORDS, WORDS)
def test_what_can_be_no_echo_becomes_none(
    heard: tuple[str, ...], begun: tuple[str, ...], rest: tuple[str, ...]
) -> None:
    echo = Echo(heard)
    for word in begun:
        echo.take(word)
    assert echo.possible() or not alike((*begun, *rest), heard)


def test_new_words_soon_can_be_no_echo() -> None:
    echo = Echo(words_of("It takes us two weeks."))
    possible = []
    for word in ["nobody", "knows", "what", "it", "takes"]:
        echo.take(word)
        possible.append(echo.possible())
    assert possible == [True, True, False, False, False]


def test_words_with_which_several_begin_or_end_are_worn() -> None:
    texts = ["Building a room is dear.", "I know.", "Building it tomorrow!", "I do not.", ""]
    assert worn(texts) == ["Building"]
    assert worn([*texts, "Not tomorrow"]) == ["Building", "tomorrow"]
