"""Understanding by rules, and by a model that calls a function."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from typing import Any, Literal

import pytest
from langchain_core.messages import AIMessage, BaseMessage
from tests.agents.dialogue.forms import DAY, PEOPLE, TABLE, heard
from tests.agents.turns import said, turn_in

from tertulia.agents import Scripted
from tertulia.agents.dialogue import (
    ByMeaning,
    ByModel,
    ByWords,
    Fill,
    Form,
    Guess,
    Intent,
    Modelled,
    Nearest,
    Rules,
    Slot,
    first_sure,
    first_that_understands,
    with_intents,
)
from tertulia.orchestrator.errors import Invalid

RULES = Rules((TABLE,))
EVERY = Form(
    "every",
    (
        Slot("day", date),
        Slot("at", time),
        Slot("n", int),
        Slot("colour", Literal["red", "dark blue"]),
        Slot("tags", list[str]),
        Slot("note", str),
        Slot("sure", bool),
        Slot("price", Decimal),
    ),
)


def fills(text: str, form: Form = TABLE, asked: str | None = None, **more: Any) -> dict[str, Any]:
    found = RULES.read(heard(text, form=form, asked=asked, **more)).fills
    return {fill.slot: fill.value for fill in found}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bo, Friday for four, on the terrace please", ("2026-11-27", 4, "terrace")),
        ("@bo: tomorrow", ("2026-11-25", None, None)),
        ("the day after tomorrow", ("2026-11-26", None, None)),
        ("Tuesday", ("2026-12-01", None, None)),  # today is one: the next is meant
        ("on 3 January", ("2027-01-03", None, None)),
        ("December 24th, inside", ("2026-12-24", None, "inside")),
        ("on 2026-12-05 with 3", ("2026-12-05", 3, None)),
        ("not Friday but Saturday", ("2026-11-28", None, None)),
        ("Friday, no, Saturday", ("2026-11-28", None, None)),
        ("Friday or Saturday", (None, None, None)),
        ("at 7 pm for four", (None, 4, None)),
        ("well", (None, None, None)),
    ],
)
def test_values_are_found_in_what_is_said(text: str, expected: tuple[Any, ...]) -> None:
    found = fills(text)
    assert tuple(found.get(slot) for slot in ("day", "people", "place")) == expected


@pytest.mark.parametrize(
    ("asked", "text", "value"),
    [
        ("at", "at 7 pm", "19:00"),
        ("at", "19:30 would be good", "19:30"),
        ("at", "noon", "12:00"),
        ("n", "twelve", 12),
        ("colour", "Dark Blue!", "dark blue"),
        ("tags", "tea, cake and milk", ["tea", "cake", "milk"]),
        ("note", "Bo, by the window.", "by the window"),
        ("sure", "yes, please", True),
        ("sure", "no", False),
        ("price", "12.50", 12.5),
    ],
)
def test_what_was_asked_for_is_read_as_its_type(asked: str, text: str, value: Any) -> None:
    assert fills(text, EVERY, asked)[asked] == value
    EVERY.slot(asked).read(value)  # type: ignore[union-attr]


def test_free_text_and_mere_numbers_count_only_where_they_are_an_answer() -> None:
    assert fills("by the window", EVERY) == {}
    assert fills("by the window", EVERY, "note", direct=False) == {}
    assert fills("by the window", EVERY, "note", wanted=False) == {}
    assert fills("is there one by the window?", EVERY, "note") == {}
    assert fills("there were four of them", direct=False) == {}
    assert fills("Friday suits me", direct=False) == {"day": "2026-11-27"}


def test_of_two_slots_of_one_kind_only_the_one_that_was_asked_for_is_filled() -> None:
    trip = Form("trip", (replace(DAY, name="there"), replace(DAY, name="back")))
    assert fills("Friday", trip) == {}
    assert fills("Friday", trip, "back") == {"back": "2026-11-27"}


def test_a_pattern_of_the_slot_s_own_goes_before_everything_else() -> None:
    walk = Form("walk", (replace(PEOPLE, hears=r"(\w+) of us"), Slot("dogs", int)))
    assert fills("two of us and three", walk, "dogs") == {"people": 2, "dogs": 3}


def test_yes_and_no_count_where_they_are_waited_for() -> None:
    assert RULES.read(heard("yes", confirming=True)).answer is True
    assert RULES.read(heard("no, Friday", confirming=True)).answer is False
    assert RULES.read(heard("yes")).answer is None


def test_a_form_is_opened_by_its_words_and_filled_by_the_rest() -> None:
    found = RULES.read(heard("We want a table on Friday", form=None))
    assert (found.intent, found.fills) == ("table", (Fill("day", "2026-11-27"),))
    assert RULES.read(heard("We are at table", form=None)).intent is None


def test_a_question_that_is_no_answer_is_told_apart() -> None:
    assert RULES.read(heard("Is there parking?", asked="day")).intent == "question"
    assert RULES.read(heard("Friday?", asked="day")).intent is None


def test_calling_it_off_is_heard_before_anything_else() -> None:
    found = RULES.read(heard("Never mind, Friday is bad"))
    assert found.cancels
    assert found.fills == ()


# ---- a model


def calls(name: str, **args: Any) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": args, "id": "1"}])


async def test_a_model_fills_slots_by_calling_a_function_and_prose_fills_none() -> None:
    model = Scripted(
        [
            calls(
                "understood", slot_day="2026-11-27", slot_people=99, answer="yes", intent="table"
            ),
            "They want Friday.",
            calls("something_else", slot_day="2026-11-27"),
            calls("understood", intent="world peace", cancels="perhaps"),
        ]
    )
    understand = Modelled(model, [TABLE])
    found = await understand(heard("Friday"))
    assert found.fills == (Fill("day", "2026-11-27"), Fill("people", 99))
    assert (found.answer, found.intent, found.cancels) == (True, "table", False)
    for _ in range(3):
        assert (await understand(heard("Friday"))).empty


async def test_what_a_model_took_is_on_the_turn_s_bill() -> None:
    turn = turn_in(said(2, "ana", "Friday"))
    await Modelled(Scripted(["one two three"]), [TABLE])(heard("Friday", turn=turn))
    assert turn.spent.tokens > 0


async def test_a_model_is_asked_only_where_rules_understand_nothing() -> None:
    model = Scripted([calls("understood", slot_place="terrace")])
    understand = first_that_understands(RULES, Modelled(model, [TABLE]))
    assert (await understand(heard("Friday"))).fills == (Fill("day", "2026-11-27"),)
    assert (await understand(heard("in the sun"))).fills == (Fill("place", "terrace"),)


class Bare:
    """A model that streams, and can do nothing else."""

    def __init__(self, *lines: str) -> None:
        self._model = Scripted(lines)

    def astream(self, messages: list[BaseMessage], /) -> AsyncIterator[Any]:
        return self._model.astream(messages)


async def test_a_model_that_cannot_call_functions_answers_with_json() -> None:
    understand = Modelled(Bare('{"slot_day": "2026-11-27", "answer": "no"}'), [TABLE])
    found = await understand(heard("Friday"))
    assert (found.fills, found.answer) == ((Fill("day", "2026-11-27"),), False)


async def test_what_a_slot_refuses_is_understood_all_the_same_and_other_types_are_not() -> None:
    script = [calls("understood", slot_people=99), calls("understood", slot_people="many")]
    understand = Modelled(Scripted([*script, "?"]), [TABLE])
    assert (await understand(heard("99 of us"))).fills == (Fill("people", 99),)
    assert (await understand(heard("many of us"))).empty


# ---- intents

MONEY = Intent(
    "money", "bills and refunds", ("I want my money back", "my invoice is wrong"), ("refund",)
)
FAULT = Intent("fault", "what is broken", ("it does not work", "the screen is broken"), ("broken",))


async def test_words_name_an_intent_and_the_first_of_them_wins() -> None:
    classify = ByWords([MONEY, FAULT])
    assert await classify("It is broken, I want a refund") == Guess("fault")
    assert await classify("Good morning") == Guess(None, 0.0)


async def test_the_nearest_example_names_the_intent_and_what_is_far_from_all_is_none() -> None:
    classify = Nearest([MONEY, FAULT])
    assert (await classify("can I get the money back?")).intent == "money"
    assert (await classify("my screen seems broken")).intent == "fault"
    far = await classify("lovely weather today")
    assert far.intent is None
    assert far.sure < 0.35


async def test_an_intent_is_one_of_those_named_or_none_whatever_a_model_says() -> None:
    war = calls("answer", answer="war")
    script: list[str | AIMessage] = [calls("answer", answer="money"), "Money.", "none"]
    script += [war, "fault", war, war, "I want my money", ""]
    classify = ByModel([MONEY, FAULT], Scripted(script))
    said = [(await classify("?")).intent for _ in range(6)]
    assert said == ["money", "money", None, "fault", None, None]


async def test_embeddings_name_the_intent_where_they_are_near_enough() -> None:
    async def embed(texts: Any) -> Any:
        return [[1.0, 0.0] if "money" in t or "invoice" in t else [0.0, 1.0] for t in texts]

    classify = ByMeaning([MONEY, FAULT], embed)
    assert await classify("money?") == Guess("money", 1.0)


async def test_cheap_classifiers_go_first_and_forms_before_them() -> None:
    script = ["money"]
    classify = first_sure(ByWords([FAULT]), ByModel([MONEY], Scripted(script)))
    understand = with_intents(RULES, classify)
    assert (await understand(heard("it is broken"))).intent == "fault"
    assert (await understand(heard("what about my bill?"))).intent == "money"
    assert (await understand(heard("broken, on Friday"))).intent is None


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: ByWords([]), "there is none"),
        (lambda: ByWords([MONEY, MONEY]), "is named twice"),
        (lambda: ByWords([Intent("a", words=("(",))]), "no regular expression"),
        (lambda: Nearest([Intent("a")]), "no intent has an example"),
        (lambda: ByModel([Intent("None")], Scripted()), "cannot be told from 'None'"),
    ],
)
def test_intents_that_cannot_be_say_so(make: Any, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        make()
