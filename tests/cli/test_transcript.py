"""The transcript: who has the floor and why, who waits, and words as they come."""

import io
from typing import Any

import pytest
from rich.console import Console
from tests.simulation.staging import silent, talks

from tertulia.cli.transcript import LiveTranscript, shown
from tertulia.orchestrator import Reply, Scheduler, Speaker, Turn
from tertulia.simulation import VirtualClock, parse, perform, run
from tertulia.storage import MemoryLog


def page(scenario: str, speakers: dict[str, Speaker], *, tokens: bool = True) -> list[str]:
    """The lines that a performance shows."""
    out = io.StringIO()
    transcript = LiveTranscript(Console(file=out, width=500, highlight=False), tokens=tokens)

    async def main() -> None:
        log = MemoryLog()
        scheduler = Scheduler(log, VirtualClock())
        await perform(parse(scenario), 0, log, scheduler, speakers, transcript.show)
        await scheduler.aclose()

    run(main())
    return out.getvalue().splitlines()


def scene(*cues: str, who: str = "- name: Bo") -> str:
    listed = "\n".join(f"  - {cue}" for cue in cues)
    return (
        f"title: Scene\nroom: {{patience_s: 2}}\nparticipants:\n{who}\n- name: Ana\n"
        f"  kind: human\n  cues:\n{listed}\n"
    )


BO: Any = {"bo": talks(4, "one two three four")}


def test_words_come_as_they_are_said_and_go_on_after_somebody_else() -> None:
    shown = page(scene("{say: 'Bo, count.'}", "{say: Slower!, at: 1.5}"), BO)
    assert shown[4:8] == [
        "  0:00.0  · floor → Bo · current selects next",
        "  0:00.0  Bo: one two",
        "  0:01.5  Ana: (while Bo has the floor) Slower!",
        "  0:01.5  Bo: … three four",
    ]


def test_how_a_message_was_taken_is_seen() -> None:
    many: Any = {"bo": talks(6, "One two three. Four five six.")}
    cues = ("{say: 'Bo, count.'}", "{say: mm-hm, at: 1.5}", "{say: Stop there!, at: 2.5}")
    ways = ("input: interrupt, cut_at: trp", "input: reject", "input: rollback")
    pages = [page(scene(*cues).replace("patience_s: 2", way), many) for way in ways]
    assert "  0:01.5  Ana: (in passing) mm-hm" in pages[0]
    assert "  0:02.5  · Ana cuts in; Bo may end the sentence" in pages[0]
    assert "  0:02.5  Bo: … — [cut off by Ana]" in pages[0]
    assert any(line.endswith("[not taken up: ask again after the turn]") for line in pages[1])
    assert any(line.endswith("— [taken back]") for line in pages[2])
    assert "  0:02.5  · Bo's turn begins anew" in pages[2]


def test_without_tokens_an_utterance_is_one_line() -> None:
    shown = page(scene("{say: 'Bo, count.'}", "{say: Slower!, at: 1.5}"), BO, tokens=False)
    assert shown[4:7] == [
        "  0:00.0  · floor → Bo · current selects next",
        "  0:01.5  Ana: (while Bo has the floor) Slower!",
        "  0:04.0  Bo: one two three four",
    ]


@pytest.mark.parametrize("tokens", [True, False])
def test_what_is_cut_off_is_marked(tokens: bool) -> None:
    shown = page(scene("{say: 'Bo, count.'}", "{interrupt: Bo, at: 1.5}"), BO, tokens=tokens)
    assert any(line.endswith("Bo: one two — [cut off by Ana]") for line in shown)
    assert shown[6] == "  0:01.5  · Bo's turn: interrupted"


def test_who_waits_is_told_with_the_floor() -> None:
    shown = page(scene("{say: 'Bo, count.'}", "{hand: up, at: 1}", "{hand: down, at: 2}"), BO)
    assert any("Ana raises a hand · waiting: Ana (hand up)" in line for line in shown)
    assert any(line.endswith("Ana lowers the hand") for line in shown)


def test_a_whisper_says_to_whom() -> None:
    shown = page(scene("{say: psst, whisper: [Bo]}"), BO)
    assert shown[3].endswith("Ana: (whispers to Bo) psst")
    assert shown[5].endswith("Bo: (to Ana) one two three four")


def test_coming_and_going_are_told() -> None:
    shown = page(scene("{leave: true}"), {"bo": silent})
    assert shown[0].startswith("  0:00.0  · Scene · room scene-0-")
    assert shown[0].endswith(" · policy conversational")
    assert shown[1:4] == [
        "  0:00.0  · Bo (an agent) comes in",
        "  0:00.0  · Ana (a person) comes in",
        "  0:00.0  · Ana leaves",
    ]


def test_a_failure_is_seen_by_everybody() -> None:
    async def fails(turn: object) -> str:
        raise ValueError("no tongue")

    shown = page(scene("{say: 'Bo?'}"), {"bo": fails})
    assert any(line.endswith("· Bo's turn: failed: ValueError: no tongue") for line in shown)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain [red]x[/red] :smile:", "plain [red]x[/red] :smile:"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[2J\x07\r\x00", "␛[2J␇␍␀"),
        ("\x7f\x9b", "␡�"),
        ("日本語 ünïcode 🙂", "日本語 ünïcode 🙂"),
    ],
)
def test_control_characters_are_shown_not_sent(text: str, seen: str) -> None:
    assert shown(text) == seen


def test_a_room_that_stops_says_why_and_who_has_spent_what() -> None:
    async def pays(turn: Turn) -> Reply:
        return Reply("Well.", tokens=9)

    who = "policy: {name: limited, inner: {name: addressed}, tokens: 9}\nuntil: {stop_word: DONE}\n"
    text = who + scene("{say: 'Bo, count.'}", "{say: 'We are DONE.', wait: 1}")
    shown = page(text, {"bo": pays})
    assert "  0:00.0  · Bo has used up the limit of tokens, 9" in shown
    assert shown[-2:] == [
        "  0:01.0  · the room stops: somebody said 'DONE'",
        "  0:01.0  · the room is closed: the scenario is over",
    ]
