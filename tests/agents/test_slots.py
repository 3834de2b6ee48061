"""Who gets which slot of an engine."""

import pytest

from tertulia.agents.slots import Slots


def turn(slots: Slots, speaker: str, prompt: str) -> int:
    slot = slots.take(speaker, prompt)
    slots.give_back(slot, speaker, prompt)
    return slot


def test_a_prompt_that_goes_on_stays_where_it_was_read() -> None:
    slots = Slots(3)
    first = turn(slots, "a/mia", "Ana: Hello.\nMia:")
    turn(slots, "b/mia", "Lin: Where is the lamp?\nMia:")
    assert turn(slots, "a/leo", "Ana: Hello.\nMia: Good day.\nLeo:") == first


def test_agents_of_the_same_name_in_two_rooms_do_not_share_a_slot() -> None:
    slots = Slots(2)
    mine = turn(slots, "a/mia", "Ana: Welcome to the kitchen of this house.\nMia:")
    other = turn(slots, "b/mia", "Ana: Welcome to the garden behind this house.\nMia:")
    assert mine != other
    assert turn(slots, "a/mia", "Ana: Welcome to the kitchen of this house.\nMia: Why?") == mine


def test_a_speaker_whose_prompt_begins_anew_gets_the_slot_that_it_had() -> None:
    slots = Slots(2)
    turn(slots, "b/leo", "Lin: Two.\nLeo:")
    had = turn(slots, "a/mia", "Ana: One.\nMia:")
    assert turn(slots, "a/mia", "Tom: Three.\nMia:") == had


def test_a_newcomer_takes_the_slot_that_rested_longest() -> None:
    slots = Slots(2)
    taken = [turn(slots, who, who * 9) for who in ("A", "B", "A", "C", "A", "B")]
    assert taken == [0, 1, 0, 1, 0, 1]


def test_none_that_is_busy_is_given_away_while_another_is_free() -> None:
    slots = Slots(2)
    busy = slots.take("A", "the same prompt")
    assert slots.take("A", "the same prompt") != busy
    with pytest.raises(LookupError):
        slots.take("B", "")
