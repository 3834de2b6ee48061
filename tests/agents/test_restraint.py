"""What a small model may say: whole, new sentences of its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.agents.restraint import Restraint, sentences


def guard(*recent: str, most_sentences: int = 2) -> Restraint:
    return Restraint("Tom", ["Mia", "Ana Lu"], recent, most_sentences)


def heard(restraint: Restraint, text: str, *, cut_off: bool = False) -> str:
    """Feed a text letter by letter and join what passes."""
    return "".join(restraint.take(letter) for letter in text) + restraint.end(cut_off=cut_off)


def test_a_sentence_passes_when_it_has_ended_and_not_before() -> None:
    restraint = guard("We need 3.5 volts or more of it.")
    assert restraint.take(" We need 3.5 volts") == ""
    assert restraint.take(".") == ""
    assert restraint.take(" And") == "We need 3.5 volts."


def test_words_pass_as_soon_as_they_can_be_no_repetition() -> None:
    restraint = guard("It takes two weeks.")
    assert restraint.take(" It takes us some") == ""
    assert restraint.take("thing like") == ""  # … two weeks: that would be alike
    assert restraint.take(" a month.") == "It takes us something like a"
    assert restraint.take(" No") == " month."


def test_a_later_sentence_passes_when_it_has_ended() -> None:
    restraint = guard()
    assert restraint.take("Nobody ever told me. That is a long") == "Nobody ever told me."


def test_a_name_that_may_become_anothers_cue_is_held() -> None:
    restraint = guard()
    assert restraint.take("You may well ask Ana Lu ") == "You may well ask"
    assert restraint.take("about it. ") == " Ana Lu about it."


def test_words_with_which_others_began_are_left_out() -> None:
    recent = "Alright, let us go.", "No, never."
    assert heard(guard(*recent), " Alright, no, let it be.") == "Let it be."
    assert heard(guard(*recent), " Well, let it be.") == "Well, let it be."
    assert heard(guard("Mia, listen."), " Mia, let it be.") == "Mia, let it be."


SCRAPS = st.sampled_from(
    ["we", "need", "the", "blue", "shelf,", "Mia", "Ana Lu", ":", "No,", "yes.", "Tom", "3.5", "…"]
)
TEXTS = st.tuples(st.lists(SCRAPS, max_size=12), st.sampled_from(["", " "])).map(
    lambda drawn: drawn[1].join(drawn[0])
)


@given(TEXTS, st.lists(TEXTS, max_size=3), st.booleans(), st.integers(1, 9))
def test_what_passes_does_not_depend_on_how_the_text_comes(
    text: str, recent: list[str], cut_off: bool, size: int
) -> None:
    def passed(*deltas: str) -> str:
        restraint = guard(*recent)
        return "".join(map(restraint.take, deltas)) + restraint.end(cut_off=cut_off)

    deltas = [text[start : start + size] for start in range(0, len(text), size)]
    assert passed(*deltas) == whole(guard(*recent), text, cut_off=cut_off)


def whole(restraint: Restraint, text: str, *, cut_off: bool) -> str:
    """What passes of a text that is known to its end before anything is let pass."""
    restraint._held = text
    return restraint.end(cut_off=cut_off)


def test_what_passed_is_never_longer_than_what_the_model_gave() -> None:
    assert heard(guard(), "Yes, of course. It works.") == "Yes, of course. It works."


def test_its_own_name_tag_is_taken_off() -> None:
    assert heard(guard(), " Tom: Hello there.") == "Hello there."


def test_it_does_not_call_upon_itself() -> None:
    assert heard(guard(), " Tom, you are right. Yes.") == "You are right. Yes."


@pytest.mark.parametrize("cue", ["Mia:", "\nMia: ", "Ana Lu :", "Tom:", "\n"])
def test_it_never_speaks_for_others(cue: str) -> None:
    restraint = guard()
    assert heard(restraint, f"I see. {cue} Not mine.") == "I see."
    assert restraint.done


def test_a_name_within_a_sentence_is_no_cue() -> None:
    assert heard(guard(), "Ask Mia about it.") == "Ask Mia about it."


def test_enough_sentences_are_enough() -> None:
    assert heard(guard(), "One. Two. Three.") == "One. Two."


def test_an_end_without_a_stop_is_still_an_end() -> None:
    assert heard(guard(), "two hours") == "Two hours"
    assert heard(guard(), "I see. Two hours") == "I see. Two hours"


def test_a_cut_off_end_is_dropped_when_something_was_said() -> None:
    assert heard(guard(), "That is fine. But then we", cut_off=True) == "That is fine."


def test_a_cut_off_only_sentence_breaks_off_at_a_word() -> None:
    text = "I would rather take the blue, beca"
    assert heard(guard(), text, cut_off=True) == "I would rather take the blue …"


def test_a_word_or_two_that_were_cut_off_are_silence() -> None:
    assert heard(guard(), "Well then", cut_off=True) == ""


def test_what_was_said_before_anothers_cue_counts() -> None:
    assert heard(guard(), "Two hours Mia: Fine.") == "Two hours"


@pytest.mark.parametrize(
    "echo", ["It takes two weeks.", "it takes TWO weeks", "It takes two weeks?"]
)
def test_what_was_just_said_is_not_said_again(echo: str) -> None:
    assert heard(guard("Hello. It takes two weeks."), echo) == ""


def test_a_repetition_after_something_new_ends_the_utterance() -> None:
    restraint = guard("It takes two weeks.", most_sentences=5)
    assert heard(restraint, "I know. It takes two weeks. And more.") == "I know."


def test_the_wide_stops_of_other_scripts_end_sentences_too() -> None:
    assert sentences("好的。我们走吧。Fine. Rest") == ["好的。", "我们走吧。", "Fine.", "Rest"]
