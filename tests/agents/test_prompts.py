"""What a model reads: everything that the agent may know, and who said it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from tests.agents.turns import ANA, BO, CY, said, turn_in

from tertulia.agents import Budget, Card, prompt
from tertulia.agents.prompts import rendered
from tertulia.agents.transcript import transcript_of
from tertulia.orchestrator.errors import Invalid

CARD = Card("Bo", persona="You are Bo, a cook.", languages=("Spanish", "English"))


def system(messages: list[BaseMessage]) -> str:
    assert isinstance(messages[0], SystemMessage)
    return str(messages[0].text)


def test_it_begins_with_the_persona_and_bears_the_agents_name() -> None:
    first = prompt(turn_in(), CARD)[0]
    assert first.name == "Bo"
    assert str(first.text).startswith("You are Bo, a cook.")


def test_it_says_who_is_there_and_which_languages_are_spoken() -> None:
    text = system(prompt(turn_in(), CARD))
    assert "Ana (a person) and Cy Young (an agent)" in text
    assert "You speak Spanish and English." in text


def test_others_speak_as_people_and_the_agent_as_itself() -> None:
    turn = turn_in(said(1, ANA, "Hello."), said(2, CY, "Hi."), said(3, BO, "Welcome."))
    talk = prompt(turn)[1:]
    assert [(type(m), m.name, m.text) for m in talk] == [
        (HumanMessage, "Ana", "Hello."),
        (HumanMessage, "Cy Young", "Hi."),
        (AIMessage, "Bo", "Welcome."),
    ]


def test_a_model_that_reads_scripts_finds_speaker_and_lines() -> None:
    read = transcript_of(prompt(turn_in(said(1, ANA, "Hello.")), CARD))
    assert (read.speaker, [(line.speaker, line.text) for line in read.lines]) == (
        "Bo",
        [("Ana", "Hello.")],
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("What now?", "(to Cy Young) What now?"),
        ("Cy, what now?", "Cy, what now?"),
        ("@cy what now?", "@cy what now?"),
        ("CY YOUNG!", "CY YOUNG!"),
        ("Recycle it.", "(to Cy Young) Recycle it."),
    ],
)
def test_addressees_are_told_where_the_text_does_not_name_them(text: str, shown: str) -> None:
    assert rendered(said(1, ANA, text, to=[CY]), turn_in()) == shown


def test_the_agents_own_words_carry_no_addressee_that_it_would_imitate() -> None:
    assert rendered(said(1, BO, "What now?", to=[CY]), turn_in()) == "What now?"


def test_a_whisper_is_marked_as_one() -> None:
    whisper = said(1, ANA, "A secret.", to=[BO], audience=(ANA, BO))
    assert rendered(whisper, turn_in()) == "(whispered to Bo) A secret."


def test_a_whispering_agent_knows_who_will_hear_it() -> None:
    assert "only Ana will hear you" in system(prompt(turn_in(audience=(ANA, BO))))


@pytest.mark.parametrize(
    ("by", "shown"),
    [
        (ANA, "I was abo— [cut off by Ana]"),
        ("gone", "I was abo— [cut off by gone]"),
        ("room", "I was abo— [cut off]"),
    ],
)
def test_an_utterance_that_was_cut_off_says_so(by: str, shown: str) -> None:
    assert rendered(said(1, BO, "I was abo", cut_by=by), turn_in()) == shown


def test_somebody_who_has_left_is_still_named() -> None:
    turn = turn_in(said(1, "di", "Bye, all.", to=["ed"]))
    message = prompt(turn)[-1]
    assert (message.name, message.text) == ("di", "(to ed) Bye, all.")


def test_it_is_told_whom_it_answers_only_where_that_is_not_the_last_speaker() -> None:
    view = (said(1, ANA, "Bo, when?"), said(2, CY, "Soon."))
    assert "You answer Ana." in system(prompt(turn_in(*view, answers=1)))
    assert "You answer" not in system(prompt(turn_in(*view, answers=2)))


def test_two_turns_that_follow_one_another_begin_alike() -> None:
    view = [said(n, ANA, f"Number {n}.") for n in range(1, 9)]
    one = prompt(turn_in(*view[:7], answers=7), CARD)
    assert prompt(turn_in(*view, answers=8), CARD)[: len(one)] == one


def test_the_oldest_are_left_out_first_and_counted() -> None:
    turn = turn_in(*(said(n, ANA, f"Number {n}.") for n in range(1, 7)))
    messages = prompt(turn, budget=Budget(utterances=2))
    assert [m.text for m in messages[1:]] == ["Number 5.", "Number 6."]
    assert "[earlier messages left out: 4]" in system(messages)


def test_the_newest_is_kept_even_if_it_alone_is_too_long() -> None:
    messages = prompt(turn_in(said(1, ANA, "x" * 50)), budget=Budget(characters=10))
    assert [m.text for m in messages[1:]] == ["x" * 8 + " …"]


@given(
    st.lists(st.text(min_size=1, max_size=30), max_size=12),
    st.integers(1, 8),
    st.integers(2, 120),
)
def test_it_never_passes_its_budget_and_counts_what_is_missing(
    texts: list[str], utterances: int, characters: int
) -> None:
    turn = turn_in(*(said(n, CY, text) for n, text in enumerate(texts, 1)))
    messages = prompt(turn, budget=Budget(utterances, characters))
    talk = messages[1:]
    assert len(talk) <= utterances
    assert sum(len(str(m.text)) for m in talk) <= characters
    assert bool(talk) == bool(texts)
    left_out = len(texts) - len(talk)
    assert ("left out" in system(messages)) == bool(left_out)
    if len(talk) > 1:
        assert [m.text for m in talk] == texts[left_out:]


def test_a_budget_for_nothing_is_refused() -> None:
    with pytest.raises(Invalid, match="room for one utterance"):
        Budget(utterances=0)


def test_one_who_may_go_on_after_a_false_interruption_is_told_so() -> None:
    cut = said(2, "bo", "First we cut", cut_by="ana")
    system, *lines = prompt(turn_in(said(1, "ana", "How?"), cut, answers=2))
    assert "go on where you stopped" in str(system.content)
    assert lines[-1].content == "First we cut— [cut off by Ana]"


# ---- exchanges side by side

SIDE_BY_SIDE = (
    said(1, ANA, "Tea?", to=[BO]),
    said(2, CY, "Maths, Flo?", to=["flo"]),
    said(3, BO, "Green or black?", thread=1),
    said(4, "flo", "Of course.", thread=2),
    said(5, CY, "I am hungry."),
    said(6, ANA, "Green.", thread=1),
)


def test_what_others_say_to_each_other_is_set_apart() -> None:
    talk = prompt(turn_in(*SIDE_BY_SIDE, answers=6, thread=1))[1:]
    assert [m.text for m in talk if "exchange" in str(m.text)] == [
        "(in another exchange) Maths, Flo?",
        "(in another exchange) Of course.",
    ]
    assert [m.name for m in talk] == ["Ana", "Cy Young", "Bo", "flo", "Cy Young", "Ana"]


def test_whoever_speaks_unasked_hears_all_of_it_alike() -> None:
    talk = prompt(turn_in(*SIDE_BY_SIDE, thread=1))[1:]
    assert not [m for m in talk if "exchange" in str(m.text)]


def test_where_there_is_not_room_for_all_the_own_exchange_is_kept() -> None:
    turn = turn_in(*SIDE_BY_SIDE, answers=6, thread=1)
    kept = prompt(turn, budget=Budget(utterances=4))[1:]
    assert [m.text for m in kept] == ["(to Bo) Tea?", "Green or black?", "I am hungry.", "Green."]
