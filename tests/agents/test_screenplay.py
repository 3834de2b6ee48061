"""The script that a small model continues."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tertulia.agents.screenplay import (
    LINES_PER_HOP,
    MOST_LINES,
    boasts,
    introduction,
    screenplay,
)
from tertulia.agents.transcript import Line, Transcript

PERSONA = "You are Tom, an engineer. Reply in one sentence."


def talk(count: int) -> tuple[Line, ...]:
    return tuple(Line("Ana", f"This is line {n}.") for n in range(count))


def test_a_script_is_the_lines_then_who_speaks_and_the_speakers_cue() -> None:
    transcript = Transcript("Tom", PERSONA, (Line("Ana", "Well, @Tom?"), Line("Tom", "Yes.")))
    assert screenplay(transcript, 500) == (
        "Ana: Well, Tom?\nTom: Yes.\n(Tom is an engineer.)\nTom:"
    )


def test_personas_are_introduced_in_the_third_person() -> None:
    for persona in ("You are an engineer.", "You are Tom, an engineer.", "An engineer."):
        assert introduction(Transcript("Tom", persona, ())) == "Tom is an engineer."
    assert introduction(Transcript("Tom", "Tom builds lamps.", ())) == "Tom builds lamps."


def test_old_lines_go_in_hops_so_that_the_beginning_stays() -> None:
    scripts = [screenplay(Transcript("Tom", PERSONA, talk(n)), 9_000) for n in range(80)]
    stays = [new.startswith(said(old)) for old, new in pairwise(scripts)]
    assert stays.count(False) <= 80 / LINES_PER_HOP
    assert all("line 0." in script for script in scripts[1:])
    assert max(script.count("Ana:") for script in scripts) <= MOST_LINES + 1


def said(script: str) -> str:
    return script.removesuffix("(Tom is an engineer.)\nTom:")


def test_all_agents_of_a_room_read_the_same_beginning() -> None:
    toms = screenplay(Transcript("Tom", PERSONA, talk(9)), 9_000)
    mias = screenplay(Transcript("Mia", "Mia paints.", talk(9)), 9_000)
    assert mias == said(toms) + "(Mia paints.)\nMia:"


def test_who_has_no_persona_is_not_introduced() -> None:
    persona = "You are Tom. With you in the room: nobody."
    assert screenplay(Transcript("Tom", persona, ()), 500) == "Tom:"


def test_a_persona_that_is_told_again_is_known() -> None:
    assert boasts("Jack is a sailor who knows the weather.") == ["I am a sailor.", "I'm a sailor."]
    assert boasts("Zoe is an old friend, and a poet.") == [
        "I am an old friend.",
        "I'm an old friend.",
    ]
    assert boasts("Tom drives the bus.") == []


def test_what_stands_in_brackets_at_a_cut_off_end_is_left_out() -> None:
    lines = (Line("Mia", "And then we— [cut off by Ana Lu]"),)
    assert screenplay(Transcript("Tom", "", lines), 500) == "Mia: And then we—\nTom:"


@given(st.lists(st.text(max_size=900), max_size=60), st.text(max_size=900))
def test_a_script_always_fits_its_budget(texts: list[str], persona: str) -> None:
    lines = tuple(Line("Ana", text) for text in texts)
    script = screenplay(Transcript("Tom", persona, lines), 1_000)
    assert len(script.encode()) <= 1_000
    assert script.endswith("Tom:")
