"""A card says who an agent is, or says at once what is wrong with it."""

from typing import Any

import pytest

from tertulia.agents import Card
from tertulia.orchestrator import Kind
from tertulia.orchestrator.errors import Invalid


def test_a_card_is_a_participant_whose_handle_comes_from_the_name() -> None:
    who = Card("Ana María").participant
    assert (who.id, who.name, who.kind) == ("ana-maria", "Ana María", Kind.AGENT)


def test_two_names_without_latin_letters_can_be_told_apart_by_their_ids() -> None:
    assert Card("李", id="li").participant.id == "li"


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"name": ""}, "a name is one line"),
        ({"name": "Bo\nby"}, "a name is one line"),
        ({"name": "Room"}, "a handle is"),
        ({"name": "Bo", "id": "Not A Handle"}, "a handle is"),
        ({"name": "Bo", "model": " "}, "names no model"),
        ({"name": "Bo", "persona": "x" * 20_001}, "at most 20,000 characters"),
        ({"name": "Bo", "tools": ("book", "book")}, "'book' is named twice"),
        ({"name": "Bo", "tools": "book"}, "must be a tuple"),
        ({"name": "Bo", "languages": ("",)}, "'' is none"),
        ({"name": "Bo", "permissions": frozenset({3})}, "3 is none"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(fields: dict[str, Any], what: str) -> None:
    with pytest.raises(Invalid, match=what):
        Card(**fields)
