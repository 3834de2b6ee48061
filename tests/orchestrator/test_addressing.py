"""Whom a text is said to: explicit marks, in any script, and nobody by mistake."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.orchestrator.addressing import addressees
from tertulia.orchestrator.floor import Seat
from tertulia.orchestrator.room import Kind, ParticipantId

NAMES = {
    "ana": "Ana",
    "bo": "Bo",
    "cy": "Cy Young",
    "bo-peep": "Little Bo Peep",
    "jose": "José",
    "amit": "अमित",
    "xiaoming": "小明",
    "strasse": "Anna Straße",
    "maria-1": "María Luz",
    "maria-2": "María Paz",
    "dr.house": "Dr. House",
}


def members(names: dict[str, str]) -> dict[ParticipantId, Seat]:
    return {
        ParticipantId(who): Seat(ParticipantId(who), name, Kind.HUMAN, joined=1)
        for who, name in names.items()
    }


def called(text: str, by: str = "somebody", names: dict[str, str] = NAMES) -> list[str]:
    return list(addressees(text, members(names), ParticipantId(by)))


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("@bo what do you think?", ["bo"]),
        ("What do you think, @Bo?", ["bo"]),
        ("@BO!", ["bo"]),
        ("I agree with @bo.", ["bo"]),
        ("@bo's idea is good", ["bo"]),
        ("(@bo)", ["bo"]),
        ("@bo-peep, where are they?", ["bo-peep"]),
        ("@ana @bo @ana", ["ana", "bo"]),
        ("first @bo, then @ana", ["bo", "ana"]),
        ("@Cy Young and @dr.house.", ["cy", "dr.house"]),
        ("@Dr. House, come", ["dr.house"]),
    ],
)
def test_a_mention_anywhere_addresses_in_the_order_of_mention(text: str, who: list[str]) -> None:
    assert called(text) == who


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("Bo, are you there?", ["bo"]),
        ("bo: are you there?", ["bo"]),
        ("  Ana and Bo: hello", ["ana", "bo"]),
        ("Ana & Bo, hello", ["ana", "bo"]),
        ("Ana, Bo, come here", ["ana", "bo"]),
        ("Ana, Bo and Cy: who comes?", ["ana", "bo", "cy"]),
        ("Cy, Ana is ill.", ["cy"]),
        ("Cy Young, hello", ["cy"]),
        ("Ana: Bo, she said, is ill.", ["ana"]),
        ("Bo, ask @ana", ["bo", "ana"]),
    ],
)
def test_names_in_front_are_called(text: str, who: list[str]) -> None:
    assert called(text) == who


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("Thanks. Bo, are we done?", ["bo"]),
        ("Is it late? Ana and Bo: hurry!", ["ana", "bo"]),
        ("Are we done, Bo?", ["bo"]),
        ("Shall we go, Ana and Bo?", ["ana", "bo"]),
        ("Is that 3.5, Cy Young?", ["cy"]),
        ("Did you meet Ana, Bo?", []),
        ("Did you meet Ana, Bo and Cy?", []),
        ("Was it good, very good?", []),
        ("Good night, Bo.", []),
    ],
)
def test_names_are_called_in_front_of_any_sentence_and_at_the_end_of_a_question(
    text: str, who: list[str]
) -> None:
    assert called(text) == who


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Good morning.",
        "Bo is right.",
        "I think Bo, too, is right",
        "Well, that is it",
        "write to me@bo or ana@bo.example",
        "@@bo",
        "@bobby",
        "@bo_1",
        "@bo-bo",
        "@bo.example",
        "@",
        "@ bo",
        "@nobody",
        "Ana and the others, hello",
        "note: Bo",
        "\nwell\nBo, hello",
    ],
)
def test_what_is_not_marked_addresses_nobody(text: str) -> None:
    assert called(text) == []


@pytest.mark.parametrize("mark", ["all", "everyone", "All", "EVERYONE"])
def test_all_and_everyone_address_nobody_in_particular(mark: str) -> None:
    assert called(f"@{mark} listen", names={"al": "All", "eve": "Everyone", "bo": "Bo"}) == []


def test_a_name_that_two_members_share_names_neither_but_the_whole_name_does() -> None:
    assert called("@María hello") == []
    assert called("María, hello") == []
    assert called("@María Paz hello") == ["maria-2"]
    assert called("María Luz: hello") == ["maria-1"]
    assert called("@maria-1") == ["maria-1"]


def test_a_handle_is_never_taken_for_somebody_else_s_name() -> None:
    assert called("@bo", names={"robert": "Bo", "bo": "Beatrice"}) == ["bo"]


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("@José hola", ["jose"]),
        (unicodedata.normalize("NFD", "@José hola"), ["jose"]),
        (unicodedata.normalize("NFD", "José, hola"), ["jose"]),
        ("@JOSÉ", ["jose"]),
        ("@अमित नमस्ते", ["amit"]),
        ("अमित, नमस्ते", ["amit"]),
        ("@小明 你好", ["xiaoming"]),
        ("小明，你好", ["xiaoming"]),
        ("小明：你好", ["xiaoming"]),
        ("＠小明 你好", ["xiaoming"]),
        ("@anna STRASSE", ["strasse"]),
    ],
)
def test_names_in_any_script_are_found(text: str, who: list[str]) -> None:
    assert called(text) == who


def test_nobody_addresses_themselves() -> None:
    assert called("@bo, that is me, @ana", by="bo") == ["ana"]


@given(st.text(alphabet=st.sampled_from("@ab,: and\nÀॐ-._"), max_size=60))
def test_any_text_addresses_members_only_each_once(text: str) -> None:
    who = called(text, by="a", names={"a": "A", "b": "B", "a-b": "And B", "d": "Á"})
    assert len(who) == len(set(who))
    assert set(who) <= {"b", "a-b", "d"}


@given(st.text(max_size=20), st.sampled_from(["ana", "bo", "cy", "xiaoming"]))
def test_a_mention_set_apart_is_found_whatever_stands_before_it(before: str, who: str) -> None:
    assert who in called(f"{before} @{who} ok")


def test_a_long_text_of_nothing_but_marks_is_read_at_once() -> None:
    assert called("@" * 20_000) == []
    assert called("@bo " * 5_000) == ["bo"]
    assert called("bo," * 7_000) == ["bo"]
