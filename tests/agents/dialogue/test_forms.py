"""Forms that a group fills in: who may say what, in what order, and when it may be used."""

from dataclasses import replace
from datetime import date
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from tests.agents.dialogue.forms import (
    ANA,
    CODE,
    CY,
    DAY,
    DISHES,
    DOV,
    FORMS,
    PARTIES,
    PARTY,
    PEOPLE,
    TABLE,
    Place,
    Talk,
    understood,
)

from tertulia.agents.dialogue import (
    Form,
    Settle,
    Slot,
    Stage,
    form_of,
    only,
    step,
    survey,
    values_of,
    with_role,
)
from tertulia.agents.dialogue.filling import is_complete, wrong_with
from tertulia.orchestrator.errors import Invalid

FRIDAY, SATURDAY, MONDAY = "2026-11-27", "2026-11-28", "2026-11-30"


def test_slots_are_asked_for_one_by_one_in_their_order_and_then_confirmed() -> None:
    talk = Talk()
    assert talk.hear(ANA, day=FRIDAY) == ["noted", "ask"]
    assert talk.filling.asked == "people"
    assert talk.hear(CY, people="4") == ["noted", "ask"]
    assert talk.hear(DOV, place="terrace") == ["noted", "confirm"]
    assert talk.moves[-1].who == (ANA,)
    assert talk.hear(ANA, answer=True) == ["confirmed"]
    assert talk.filling.stage is Stage.CONFIRMED
    assert talk.moves[-1].value == {
        "day": date(2026, 11, 27),
        "people": 4,
        "place": Place.TERRACE,
    }


def test_what_was_not_asked_for_yet_may_be_said_at_once() -> None:
    talk = Talk()
    assert talk.hear(ANA, day=FRIDAY, people=4, place="inside") == [
        "noted",
        "noted",
        "noted",
        "confirm",
    ]


def test_a_value_that_cannot_be_is_refused_with_its_reason() -> None:
    talk = Talk()
    assert talk.hear(ANA, people=40) == ["rejected", "ask"]
    assert talk.moves[0].reason == "it should be less than or equal to 12"
    assert talk.hear(ANA, day=MONDAY) == ["rejected", "ask"]
    assert talk.moves[0].reason == "we are closed on Mondays"
    assert talk.filling.voices == {}


def test_a_correction_takes_the_place_of_what_was_said_and_every_yes_back() -> None:
    talk = Talk(PARTY)
    talk.hear(ANA, day=FRIDAY, people=4)
    assert talk.hear(ANA, answer=True) == ["agreed"]
    assert talk.hear(CY, answer=True) == ["agreed"]
    assert talk.hear(ANA, day=SATURDAY) == ["corrected", "confirm"]
    assert talk.filling.yes == ()
    assert talk.moves[-1].who == (ANA, CY, DOV)


def test_what_no_longer_fits_after_a_change_is_dropped_and_asked_for_again() -> None:
    talk = Talk()
    talk.hear(ANA, day=FRIDAY, people=4, place="terrace")
    assert talk.hear(ANA, people=8) == ["corrected", "dropped", "ask"]
    assert talk.moves[1].reason == "there is room for six"
    assert talk.filling.asked == "place"


def test_two_who_differ_are_told_and_asked_until_one_of_them_gives_in() -> None:
    talk = Talk()
    talk.hear(ANA, day=FRIDAY)
    assert talk.hear(CY, day=SATURDAY) == ["noted", "disputed"]
    assert talk.moves[-1].value == {ANA: date(2026, 11, 27), CY: date(2026, 11, 28)}
    assert talk.hear(DOV, people=4) == ["noted", "disputed"]
    assert talk.hear(ANA, day=SATURDAY) == ["corrected", "ask"]


def test_a_dispute_in_which_nobody_gives_in_is_stuck_in_the_end() -> None:
    talk = Talk()
    talk.hear(ANA, day=FRIDAY)
    talk.hear(CY, day=SATURDAY)
    assert talk.hear(ANA, day=FRIDAY) == ["disputed"]
    assert talk.hear(CY, day=SATURDAY) == ["disputed"]
    assert talk.hear(ANA, day=FRIDAY) == ["stuck"]
    assert talk.filling.stage is Stage.STUCK


def test_a_dispute_with_one_who_has_left_is_none() -> None:
    talk = Talk()
    talk.hear(ANA, day=FRIDAY)
    talk.hear(CY, day=SATURDAY)
    talk.without(ANA)
    assert talk.hear(CY, people=2) == ["noted", "ask"]
    assert values_of(survey(TABLE, talk.filling, talk.parties))["day"] == date(2026, 11, 28)


@pytest.mark.parametrize(
    ("settle", "expected"), [(Settle.LATEST, SATURDAY), (Settle.REQUESTER, FRIDAY)]
)
def test_whose_value_counts_is_for_the_slot_to_say(settle: Settle, expected: str) -> None:
    talk = Talk(Form("one", (replace(DAY, settle=settle),), confirm=None))
    talk.hear(CY, day=SATURDAY)
    talk.filling = replace(talk.filling, stage=Stage.FILLING)
    talk.hear(ANA, day=FRIDAY)
    talk.filling = replace(talk.filling, stage=Stage.FILLING)
    talk.hear(CY, day=FRIDAY)
    talk.filling = replace(talk.filling, stage=Stage.FILLING)
    talk.hear(CY, day=SATURDAY)
    [place] = survey(talk.form, talk.filling, PARTIES)
    assert place.value == date.fromisoformat(expected)


def test_everybody_gives_a_value_of_their_own_where_the_slot_wants_each() -> None:
    talk = Talk(DISHES)
    assert talk.hear(CY, dish="soup") == ["noted", "ask"]
    assert talk.moves[-1].who == (ANA, DOV)
    talk.hear(ANA, dish="fish")
    assert talk.hear(DOV, dish="rice") == ["noted", "confirmed"]
    assert talk.moves[-1].value == {"dish": {CY: "soup", ANA: "fish", DOV: "rice"}}


def test_nobody_is_waited_for_who_has_left() -> None:
    talk = Talk(DISHES)
    talk.hear(CY, dish="soup")
    talk.without(DOV)
    assert talk.hear(ANA, dish="fish") == ["noted", "confirmed"]


def test_only_those_named_may_fill_confirm_and_cancel() -> None:
    talk = Talk(CODE)
    assert talk.hear(ANA, code="123") == ["not_yours", "ask"]
    assert talk.moves[0].who == (CY,)
    assert talk.hear(CY, code="123") == ["noted", "confirm"]
    assert talk.hear(ANA, answer=True) == ["not_yours", "confirm"]
    assert talk.hear(CY, cancels=True) == ["not_yours"]
    assert talk.hear(DOV, answer=True) == ["confirmed"]


def test_a_role_may_be_what_is_asked_for() -> None:
    talk = Talk(Form("vote", (Slot("word", by=with_role("chair")),), confirm=None))
    assert talk.hear(ANA, word="aye") == ["not_yours", "ask"]
    assert talk.hear(DOV, word="aye") == ["noted", "confirmed"]


def test_a_no_asks_what_is_to_be_changed() -> None:
    talk = Talk(PARTY)
    talk.hear(ANA, day=FRIDAY, people=4)
    assert talk.hear(CY, answer=False) == ["change"]
    assert talk.hear(CY, people=5) == ["noted", "disputed"]
    assert talk.hear(ANA, people=5) == ["corrected", "confirm"]


def test_the_one_who_asked_for_it_calls_it_off_and_then_nothing_counts_any_more() -> None:
    talk = Talk()
    assert talk.hear(CY, cancels=True) == ["not_yours"]
    assert talk.hear(ANA, cancels=True) == ["cancelled"]
    assert talk.hear(ANA, day=FRIDAY) == []


def test_what_was_not_said_to_the_agent_is_no_misunderstanding() -> None:
    talk = Talk()
    assert talk.hear(ANA, direct=False) == []
    assert talk.filling.misses == 0
    assert talk.hear(ANA, direct=False, day=FRIDAY) == ["noted", "ask"]


def test_after_so_many_misunderstandings_it_is_stuck_and_says_what_is_known() -> None:
    talk = Talk()
    talk.hear(ANA, people=4)
    assert [talk.hear(ANA), talk.hear(ANA)] == [["unclear", "ask"]] * 2
    assert talk.hear(ANA, people=5) == ["corrected", "ask"]  # understood: it begins anew
    assert [talk.hear(ANA), talk.hear(ANA), talk.hear(ANA)][-1] == ["unclear", "stuck"]
    assert talk.moves[-1].value == {"people": 5}


def test_a_stranger_changes_nothing() -> None:
    talk = Talk()
    talk.without(CY)
    assert talk.hear(CY, day=FRIDAY) == []


def test_a_slot_is_asked_for_only_if_the_others_say_so() -> None:
    dog = Slot("dog", str, needs=("people",), ask_if=lambda known: known["people"] == 1)
    talk = Talk(Form("walk", (dog, PEOPLE), confirm=None))
    assert [slot.name for slot in talk.form.slots] == ["people", "dog"]
    assert talk.hear(ANA, people=1) == ["noted", "ask"]
    assert talk.filling.asked == "dog"
    assert talk.hear(ANA, people=2) == ["corrected", "confirmed"]


def test_a_slot_with_a_default_need_not_be_asked_for() -> None:
    talk = Talk(Form("walk", (Slot("dog", bool, default=False), PEOPLE), confirm=None))
    talk.hear(ANA, people=1)
    assert talk.moves[-1].value == {"dog": False, "people": 1}


class Booking(BaseModel):
    day: Annotated[date, DAY] = Field(description="What day?")
    people: int = Field(ge=1, le=12)
    note: str = ""


def test_a_form_can_be_made_of_a_pydantic_model() -> None:
    talk = Talk(form_of(Booking, confirm=None))
    assert talk.form.name == "booking"
    assert talk.form.slots[0].question == "What day?"
    assert talk.hear(ANA, day=MONDAY, people=13) == ["rejected", "rejected", "ask"]
    assert talk.hear(ANA, day=FRIDAY, people=12) == ["noted", "noted", "confirmed"]
    assert talk.moves[-1].value["note"] == ""


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Form("two words", (DAY,)), "a name is letters"),
        (lambda: Form("none", ()), "asks for nothing"),
        (lambda: Form("twice", (DAY, DAY)), "has two slots 'day'"),
        (lambda: Form("x", (replace(DAY, needs=("people",)),)), "needs 'people', which is no slot"),
        (
            lambda: Form("x", (replace(DAY, needs=("people",)), replace(PEOPLE, needs=("day",)))),
            "need each other in a circle",
        ),
        (lambda: Form("x", (DAY,), patience=0), "must be at least 1"),
        (lambda: Slot("a b"), "a name is letters"),
        (lambda: Slot("a", "no such type"), "has a type that cannot be read"),
        (lambda: Slot("a", settle="somehow"), "settle"),  # type: ignore[arg-type]
    ],
)
def test_a_form_that_cannot_be_says_so_where_it_is_written(make: Any, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        make()


# ---- whatever is said, in whatever order

SOMEBODY = st.sampled_from((ANA, CY, DOV))
VALUES = {
    "day": st.sampled_from([FRIDAY, SATURDAY, MONDAY, "2026-13-01", "soon", 7]),
    "people": st.sampled_from([1, 4, 7, 12, 13, "many", "6", None]),
    "place": st.sampled_from(["inside", "terrace", "roof"]),
    "dish": st.sampled_from(["soup", "x" * 600, 3]),
    "code": st.sampled_from(["", "12", "x y"]),
    "nothing": st.just(1),
}


@st.composite
def things_said(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.sets(st.sampled_from(list(VALUES)), max_size=3))
    what = {name: draw(VALUES[name]) for name in sorted(names)}
    what |= draw(st.sampled_from([{}, {}, {"answer": True}, {"answer": False}, {"direct": False}]))
    return what


@given(st.sampled_from(list(FORMS)), st.lists(st.tuples(SOMEBODY, things_said()), max_size=12))
def test_a_confirmed_form_is_whole_valid_and_said_by_those_who_may(
    name: str, talk: list[tuple[Any, dict[str, Any]]]
) -> None:
    form, talked = FORMS[name], Talk(FORMS[name])
    for by, what in talk:
        talked.hear(by, **what)
    filling, places = talked.filling, survey(form, talked.filling, PARTIES)
    for slot in form.slots:
        for voice in filling.voices.get(slot.name, ()):
            party = next(party for party in PARTIES if party.id == voice.by)
            assert slot.by.includes(party, filling.requester)
            assert slot.plain(slot.read(voice.value)) == voice.value
    if filling.stage is Stage.CONFIRMED:
        assert is_complete(places)
        values = values_of(places)
        for slot in form.slots:
            if not slot.each:
                assert wrong_with(slot, values[slot.name], values) is None
        may = form.confirm.among(PARTIES, filling.requester) if form.confirm else ()
        assert set(filling.yes) <= {party.id for party in may}
        assert not may or filling.yes
        assert not form.unanimous or len(filling.yes) == len(may)


@given(st.permutations([("day", FRIDAY), ("people", 4), ("place", "inside")]))
def test_in_whatever_order_it_is_filled_the_form_is_the_same(order: list[tuple[str, Any]]) -> None:
    talk = Talk()
    for slot, value in order:
        talk.hear(ANA, **{slot: value})
    assert talk.filling.stage is Stage.CONFIRMING
    assert values_of(survey(TABLE, talk.filling, PARTIES)) == {
        "day": date(2026, 11, 27),
        "people": 4,
        "place": Place.INSIDE,
    }


@given(st.lists(st.tuples(SOMEBODY, things_said()), max_size=12))
def test_a_step_is_a_function_of_what_goes_in(talk: list[tuple[Any, dict[str, Any]]]) -> None:
    one, other = Talk(), Talk()
    for by, what in talk:
        one.hear(by, **what)
        other.hear(by, **what)
    assert one.filling == other.filling
    assert one.moves == other.moves


def test_who_is_asked_for_a_slot_that_only_an_absent_one_may_fill_is_nobody() -> None:
    form = Form("code", (Slot("code", by=only("eve")),))
    filling, moves = step(form, Talk(form).filling, understood(ANA), PARTIES)
    assert moves[-1].who == ()
    assert filling.asked == "code"
