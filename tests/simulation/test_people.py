"""Simulated people do what their cues say, when they say it, beside everybody else."""

import textwrap

import pytest
from tests.simulation.staging import happenings, said, silent, staged, talks

from tertulia.orchestrator import Said
from tertulia.orchestrator.events import TurnEnded

HEAD = """
title: Cues
policy: {policy}
room: {{patience_s: 4}}
limit_s: {limit_s}
participants:
- name: Bo
- name: Ana
  kind: human
  cues:
"""


def cues(text: str, *, policy: str = "conversational", limit_s: float = 100) -> str:
    """A scenario with Bo, an agent, and Ana, who does what her cues say."""
    head = HEAD.format(policy=policy, limit_s=limit_s)
    return head + textwrap.indent(textwrap.dedent(text).strip(), "  ") + "\n"


def test_at_is_seconds_after_the_beginning() -> None:
    happened = staged(cues("- {say: one, at: 2.5}\n- {say: two, at: 60, wait: 1}"))
    assert said(happened) == [(2.5, "ana", "one"), (61, "ana", "two")]


def test_a_time_that_has_gone_by_is_now() -> None:
    happened = staged(cues("- {say: one, at: 5}\n- {say: two, at: 3}"))
    assert said(happened) == [(5, "ana", "one"), (5, "ana", "two")]


def test_with_no_moment_a_cue_follows_the_one_before() -> None:
    happened = staged(cues("- {say: one}\n- {say: two, wait: 1.5}\n- {say: three}"))
    assert said(happened) == [(0, "ana", "one"), (1.5, "ana", "two"), (1.5, "ana", "three")]


def test_quiet_waits_until_nothing_has_happened_for_so_long() -> None:
    bo = {"bo": talks(3)}
    happened = staged(cues("- {say: 'Bo, hello?'}\n- {say: Thanks., when: quiet, wait: 2}"), bo)
    assert said(happened)[1:3] == [(3, "bo", "Well, well."), (5, "ana", "Thanks.")]


def test_while_lands_in_the_middle_of_a_turn() -> None:
    bo = {"bo": talks(3)}
    happened = staged(cues("- {say: 'Bo, hello?'}\n- {say: Wait., while: Bo, wait: 1}"), bo)
    assert said(happened)[:3] == [
        (0, "ana", "Bo, hello?"),
        (1, "ana", "Wait."),
        (3, "bo", "Well, well."),
    ]
    between = [event for event in happened if event.type == "Said"][1]
    assert isinstance(between.body, Said)
    assert between.body.turn is None


def test_floor_waits_until_one_has_it() -> None:
    bo = {"bo": talks(3)}
    happened = staged(
        cues(
            """
            - {say: "Bo, hello?"}
            - {hand: up, at: 1}
            - {say: At last., when: floor, wait: 0.5}
            """
        ),
        bo,
    )
    assert happenings(happened, "FloorRequested") == [(1, "ana")]
    assert happenings(happened, "TurnGranted")[1] == (3, "ana")
    assert said(happened)[2] == (3.5, "ana", "At last.")


def test_a_hand_goes_down_again() -> None:
    bo = {"bo": talks(3)}
    happened = staged(cues("- {say: 'Bo?'}\n- {hand: up, at: 1}\n- {hand: down, at: 2}"), bo)
    assert happenings(happened, "FloorRequestCancelled") == [(2, "ana")]
    assert (3, "ana") not in happenings(happened, "TurnGranted")


def test_an_interruption_keeps_what_was_said() -> None:
    bo = {"bo": talks(4, "one two three four")}
    happened = staged(cues("- {say: 'Bo?'}\n- {interrupt: Bo, while: Bo, wait: 1.5}"), bo)
    [cut] = [e.body for e in happened if isinstance(e.body, Said) and e.by == "bo"]
    assert (cut.text, cut.interrupted_by) == ("one two", "ana")
    [ended] = [e.body for e in happened if isinstance(e.body, TurnEnded)]
    assert ended.outcome == "interrupted"


def test_who_leaves_is_gone() -> None:
    happened = staged(cues("- {say: Bye.}\n- {leave: true, wait: 1}\n- {say: Still here.}"))
    assert happenings(happened, "Left") == [(1, "ana")]
    assert said(happened) == [(0, "ana", "Bye.")]


def test_a_whisper_is_for_one_and_answered_to_one() -> None:
    bo = {"bo": talks(1)}
    happened = staged(cues("- {say: psst, whisper: [Bo]}"), bo)
    whispers = [event for event in happened if event.type == "Said"]
    assert [event.audience for event in whispers] == [("ana", "bo"), ("ana", "bo")]


def test_to_names_whom_the_words_do_not() -> None:
    happened = staged(cues("- {say: Your turn., to: [Bo]}"), {"bo": talks(1)})
    [question, _] = [event.body for event in happened if isinstance(event.body, Said)]
    assert question.addressees == ("bo",)


def test_names_are_found_in_any_spelling() -> None:
    happened = staged(cues("- {say: psst, whisper: [BO]}"), {"bo": silent})
    assert happened[3].audience == ("ana", "bo")


# ---- what never comes


@pytest.mark.parametrize("cue", ["{say: never, when: floor}", "{say: never, while: Bo}"])
def test_a_cue_that_can_never_come_ends_the_scenario_soon(cue: str) -> None:
    happened = staged(cues(f"- {{say: 'Good evening.', at: 10}}\n- {cue}"), {"bo": silent})
    # Bo hears her, says nothing, and is done before anybody could wait for that.
    assert [text for _, _, text in said(happened)] == ["Good evening."]
    [(ended, _)] = happenings(happened, "RoomEnded")
    assert 10 < ended < 20


def test_who_waits_for_one_who_has_not_begun_is_waited_for() -> None:
    scenario = cues("- {say: I see., while: Bo}") + (
        "- name: Tom\n  kind: human\n  cues: [{say: 'Bo, go on.', at: 50}]\n"
    )
    happened = staged(scenario, {"bo": talks(2)})
    assert said(happened)[1] == (50, "ana", "I see.")


def test_two_who_wait_for_each_other_do_not_wait_for_ever() -> None:
    scenario = cues("- {say: After you., while: Tom}") + (
        "- name: Tom\n  kind: human\n  cues: [{say: No please., while: Ana}]\n"
    )
    happened = staged(scenario)
    assert said(happened) == []
    assert happenings(happened, "RoomEnded") == [(1, "room")]


def test_the_limit_ends_agents_who_talk_for_ever() -> None:
    scenario = cues("- {say: Go.}", policy="round_robin", limit_s=30) + "- name: Cy\n"
    happened = staged(scenario, {"bo": talks(3), "cy": talks(3)})
    assert happenings(happened, "RoomEnded") == [(30, "room")]
    assert len(said(happened)) > 5


def test_the_limit_ends_people_who_would_come_later() -> None:
    happened = staged(cues("- {say: late, at: 31}", limit_s=30))
    assert said(happened) == []
    assert happenings(happened, "RoomEnded") == [(30, "room")]


def test_a_year_passes_in_no_time() -> None:
    year_s = 31_536_000
    happened = staged(cues(f"- {{say: a year later, at: {year_s - 1}}}", limit_s=year_s))
    assert said(happened) == [(year_s - 1, "ana", "a year later")]


def test_what_is_refused_comes_to_nothing() -> None:
    # Raising a hand while one has the floor is refused; the cues after it go on.
    happened = staged(
        cues("- {say: 'Bo?'}\n- {hand: up, at: 1}\n- {hand: up, when: floor}\n- {say: here.}"),
        {"bo": talks(3)},
    )
    assert said(happened)[2][1:] == ("ana", "here.")
