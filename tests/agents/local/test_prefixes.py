"""What was read is found again by its tokens, and only by them."""

from hypothesis import given
from hypothesis import strategies as st

from tertulia.agents.local.prefixes import Prefixes

tokens = st.lists(st.integers(0, 2), max_size=8)


@given(st.lists(st.tuples(st.sampled_from("xy"), tokens), max_size=12), tokens)
def test_what_is_found_stands_for_the_very_same_tokens_and_adapter(
    kept: list[tuple[str, list[int]]], asked: list[int]
) -> None:
    prefixes: Prefixes[tuple[str, list[int]]] = Prefixes(20)
    for adapter, told in kept:
        prefixes.keep(adapter, told, (adapter, told))
        assert prefixes.tokens <= 20
    length, found = prefixes.longest("x", asked)
    assert length <= max(len(asked) - 1, 0)
    assert (found is None) == (length == 0)
    if found is not None:
        assert found[0] == "x"
        assert found[1][:length] == asked[:length]


def test_the_longest_common_beginning_is_found() -> None:
    prefixes: Prefixes[str] = Prefixes(100)
    prefixes.keep("", [1, 2, 9], "short")
    prefixes.keep("", [1, 2, 3, 4], "long")
    assert prefixes.longest("", [1, 2, 3, 5]) == (3, "long")
    assert prefixes.longest("", [1, 2, 3, 4]) == (3, "long"), "the last token is always read"
    assert prefixes.longest("other", [1, 2, 3, 5]) == (0, None)


def test_a_longer_one_takes_the_place_of_its_own_beginning() -> None:
    prefixes: Prefixes[str] = Prefixes(100)
    prefixes.keep("", [1, 2], "turn 1")
    prefixes.keep("", [1, 2, 3], "turn 2")
    assert prefixes.tokens == 3


def test_the_one_not_used_for_longest_goes_first() -> None:
    prefixes: Prefixes[str] = Prefixes(6)
    prefixes.keep("", [1, 1, 1], "a")
    prefixes.keep("", [2, 2, 2], "b")
    prefixes.longest("", [1, 1, 1, 1])
    prefixes.keep("", [3, 3, 3], "c")
    assert prefixes.longest("", [2, 2, 2, 2])[1] is None
    assert prefixes.longest("", [1, 1, 1, 1])[1] == "a"


def test_what_is_too_long_is_not_kept_at_all() -> None:
    prefixes: Prefixes[str] = Prefixes(2)
    prefixes.keep("", [1, 1], "a")
    prefixes.keep("", [2, 2, 2], "b")
    assert prefixes.longest("", [1, 1, 1])[1] == "a"
