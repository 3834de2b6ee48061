"""People with habits: what they do of their own accord follows from the seed, once each."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.simulation.staging import happenings, said, silent, staged, talks

from tertulia.compose import House, human, open_log
from tertulia.orchestrator import Event, Kind, Participant, Said, Scheduler, Speaker
from tertulia.orchestrator.events import Joined, Left, Outcome, TurnEnded
from tertulia.orchestrator.room import ParticipantId
from tertulia.simulation import Ear, Habits, Regular, Scenario, VirtualClock, parse, perform, run
from tertulia.simulation.habits import chance
from tertulia.simulation.scenario import Role
from tertulia.storage import to_json, verify


def room(
    *people: Role,
    policy: str = "addressed",
    limit_s: float = 600,
    patience_s: float = 20,
) -> Scenario:
    """Bo, an agent, with people who have habits."""
    who = (Role(name="Bo"), *people)
    return Scenario(
        title="Habits",
        policy=policy,
        room={"patience_s": patience_s},
        participants=who,
        limit_s=limit_s,
    )


def ana(habits: Habits, *lines: str, name: str = "Ana") -> Role:
    return Role(name=name, kind=Kind.HUMAN, habits=habits, lines=lines)


def written(happened: Sequence[Event]) -> bytes:
    return "\n".join(repr(to_json(event)) for event in happened).encode()


def by(happened: Sequence[Event], who: str) -> list[tuple[float, str]]:
    return [(at, text) for at, speaker, text in said(list(happened)) if speaker == who]


def test_a_message_takes_as_long_as_its_words_do() -> None:
    slow, quick = (
        by(staged(room(ana(Habits(typing_wpm=wpm), "One two three four five six."))), "ana")
        for wpm in (12, 60)
    )
    assert slow[0][0] - quick[0][0] == pytest.approx(30 - 6, abs=0.01)


def test_lines_are_said_once_in_their_order_and_then_it_is_over() -> None:
    lines = ("First.", "Second.", "Third.")
    happened = staged(room(ana(Habits(pause_s=5), *lines)))
    assert [text for _, text in by(happened, "ana")] == list(lines)
    assert happenings(happened, "RoomEnded")[0][0] < 600


def test_whoever_gets_no_answer_asks_again_and_then_gives_up() -> None:
    habits = Habits(pause_s=5, patience_s=30, asks_again=2)
    happened = staged(room(ana(habits, "Bo, are you there?", "Well, then not.")))
    asked = by(happened, "ana")
    assert [text for _, text in asked] == [
        "Bo, are you there?",
        "@bo?",
        "@bo?",
        "Well, then not.",
    ]
    assert asked[1][0] - asked[0][0] == asked[2][0] - asked[1][0] == pytest.approx(30)
    assert asked[3][0] - asked[2][0] > 30


def test_whoever_is_answered_in_time_does_not_ask_again() -> None:
    habits = Habits(pause_s=5, patience_s=30)
    happened = staged(room(ana(habits, "Bo, are you there?", "Good.")), {"bo": talks(5)})
    assert [text for _, text in by(happened, "ana")] == ["Bo, are you there?", "Good."]


def test_an_answer_under_way_is_waited_for() -> None:
    habits = Habits(pause_s=5, patience_s=10)
    happened = staged(room(ana(habits, "Bo, are you there?", "Good.")), {"bo": talks(60)})
    assert [text for _, text in by(happened, "ana")] == ["Bo, are you there?", "Good."]


def test_the_silent_let_every_occasion_pass() -> None:
    happened = staged(room(ana(Habits(pause_s=2, silence=1))))
    assert by(happened, "ana") == []
    assert happenings(happened, "RoomEnded") == [(600, "room")]


def test_who_interrupts_cuts_the_agent_off_and_then_speaks() -> None:
    habits = Habits(pause_s=10_000, interrupts=1, interrupts_after_s=1)
    happened = staged(
        room(ana(Habits(pause_s=5), "Bo, tell us."), ana(habits, "Stop!", name="Eve")),
        {"bo": talks(500, "word " * 500)},
    )
    ends = [event.body for event in happened if isinstance(event.body, TurnEnded)]
    assert ends[0].outcome is Outcome.INTERRUPTED
    cut = next(e for e in happened if e.by == "bo" and isinstance(e.body, Said))
    assert isinstance(cut.body, Said)
    assert cut.body.interrupted_by == "eve"
    [(at, _)] = by(happened, "eve")
    assert at > cut.at - happened[0].at


def test_who_leaves_comes_back_after_a_while_or_never() -> None:
    habits = Habits(pause_s=5, leaves=1, away_s=20)
    back = staged(room(ana(habits, "Hello."), limit_s=300))
    assert len(happenings(back, "Left")) > 2
    assert len(happenings(back, "Joined")) > 3
    gone = staged(room(ana(habits.model_copy(update={"away_s": None}), "Hello.")))
    assert [e.by for e in gone if isinstance(e.body, Left)] == ["ana"]
    assert [e.by for e in gone if isinstance(e.body, Joined)] == ["bo", "ana"]


def test_what_others_said_meanwhile_makes_one_throw_a_message_away() -> None:
    slow = Habits(pause_s=1, typing_wpm=2, reconsiders=1)
    quick = Habits(pause_s=10, typing_wpm=600)
    happened = staged(
        room(ana(slow, "I have a thought here."), ana(quick, *["Hm."] * 100, name="Eve"))
    )
    assert by(happened, "ana") == []
    calm = slow.model_copy(update={"reconsiders": 0.0})
    happened = staged(
        room(ana(calm, "I have a thought here."), ana(quick, *["Hm."] * 100, name="Eve"))
    )
    assert [text for _, text in by(happened, "ana")] == ["I have a thought here."]


def test_being_asked_is_an_occasion() -> None:
    asks, answers = Habits(pause_s=1, patience_s=60), Habits(pause_s=10_000)
    happened = staged(
        room(ana(asks, "Eve, will you?"), ana(answers, "Yes.", name="Eve"), patience_s=30)
    )
    (asked, _), (answered, _) = by(happened, "ana")[0], by(happened, "eve")[0]
    assert answered - asked < 10


def test_who_waits_for_one_answers_another_who_asks_meanwhile() -> None:
    waits, asks = Habits(pause_s=1, patience_s=500), Habits(pause_s=30)
    happened = staged(
        room(ana(waits, "Bo, well?", "Yes."), ana(asks, "Ana, yes?", name="Eve"), limit_s=900)
    )
    (asked, _), (_, (answered, _)) = by(happened, "eve")[0], by(happened, "ana")
    assert answered - asked < 30


def test_cues_and_habits_go_together() -> None:
    scene = parse(
        "title: x\nlimit_s: 300\nparticipants:\n- name: Ana\n  kind: human\n"
        "  cues: [{say: Welcome., at: 0}, {say: Goodbye., at: 200}]\n"
        "  lines: [One., Two.]\n  habits: {pause_s: 10}\n"
    )
    texts = [text for _, text in by(staged(scene, {}), "ana")]
    assert sorted(texts) == ["Goodbye.", "One.", "Two.", "Welcome."]
    assert texts[0] == "Welcome."


LIVELY = """
title: Lively
policy: {name: conversational, volunteers: 1, agent_run: 3}
room: {patience_s: 10}
limit_s: 400
participants:
- {name: Bo}
- name: Ana
  kind: human
  persona: Ana likes the harbour.
  habits: {pause_s: 10, interrupts: 0.3, silence: 0.2, patience_s: 9, reconsiders: 0.5}
- name: Tom
  kind: human
  habits: {pause_s: 15, typing_wpm: 25, leaves: 0.2, away_s: 30}
- name: Kim
  kind: human
  lines: ["Bo, what does it cost?", "And how long?", "Ana, will you come?"]
  habits: {pause_s: 25, patience_s: 8}
"""


def lively(seed: int, log: str = "memory:") -> list[Event]:
    speakers: dict[str, Speaker] = {"bo": talks(4)}
    return staged(parse(LIVELY), speakers, seed=seed, log=open_log(log))


def test_the_same_seed_gives_the_same_bytes_and_another_one_others() -> None:
    assert written(lively(1)) == written(lively(1)) != written(lively(2))


@pytest.mark.slow
@pytest.mark.parametrize("hash_seed", ["1", "4242"])
def test_no_process_differs_in_a_byte(hash_seed: str) -> None:
    program = (
        "from hashlib import sha256; from tests.simulation import test_habits as t; "
        "print(sha256(t.written(t.lively(1))).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == hashlib.sha256(written(lively(1))).hexdigest()


async def broken_off(url: str, after: int) -> None:
    """Put it on until so many things were said, and leave without a word."""

    class Enough(Exception):
        """The lights went out."""

    heard = 0

    def watch(happening: object) -> None:
        nonlocal heard
        if isinstance(happening, Event) and isinstance(happening.body, Said):
            heard += 1
            if heard == after:
                raise Enough

    log = open_log(url)
    scheduler = Scheduler(log, VirtualClock())
    with pytest.raises(Enough):
        await perform(parse(LIVELY), 1, log, scheduler, {"bo": talks(4)}, watch)
    await scheduler.aclose(grace_s=0)


@pytest.mark.db
@pytest.mark.parametrize("after", [1, 3, 5, 8])
def test_one_that_was_broken_off_goes_on_where_time_was_and_says_nothing_twice(
    tmp_path: Path, after: int
) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    run(broken_off(url, after))
    happened = lively(1, url)
    keys = [(event.by, event.key) for event in happened if event.key is not None]
    assert len(set(keys)) == len(keys) > after
    assert [text for _, text in by(happened, "kim") if text != "@bo?"][:2] == [
        "Bo, what does it cost?",
        "And how long?",
    ]
    assert happened[-1].at - happened[0].at == pytest.approx(400, abs=1)
    assert verify(url).violations == ()


def test_whoever_went_away_when_it_was_broken_off_comes_back_and_who_left_does_not() -> None:
    for away, joins in ((5.0, 2), (None, 1)):
        scene = room(ana(Habits(pause_s=1, leaves=1, away_s=away), "Hi."), limit_s=50)
        log = open_log("memory:")

        async def until_it_left(scene: Scenario = scene, log: object = log) -> None:
            def watch(happening: object) -> None:
                if isinstance(happening, Event) and isinstance(happening.body, Left):
                    raise BrokenPipeError

            scheduler = Scheduler(log, VirtualClock())  # type: ignore[arg-type]
            with pytest.raises(BrokenPipeError):
                await perform(scene, 0, log, scheduler, {"bo": silent}, watch)  # type: ignore[arg-type]
            for name in [room.room for room in await log.rooms()]:  # type: ignore[attr-defined]
                await scheduler.hand_back(await scheduler.open(name))

        run(until_it_left())
        happened = staged(scene, log=log)
        mine = [e for e in happened if e.by == "ana" and isinstance(e.body, Joined)]
        assert len(mine) >= joins
        assert len(mine) == 1 or away is not None


def test_it_remembers_how_far_it_had_come() -> None:
    habits = Habits(pause_s=5, patience_s=5, asks_again=3)
    happened = staged(room(ana(habits, "Bo, are you there?", "Well, then not.")))
    who = Participant(ParticipantId("ana"), "Ana", Kind.HUMAN)

    async def remembering() -> Regular:
        async with House() as house:
            hall, clock = await house.room("hall", human("Ana")), VirtualClock()
            again = Regular(who, Habits(), hall, clock, Ear(clock), seed=1)
            assert again.remember(happened)
            return again

    again = run(remembering())
    assert (again.spoken, again.nudges) == (2, 3)


shares = st.sampled_from([0.0, 0.1, 0.5, 1.0])
habits = st.builds(
    Habits,
    pause_s=st.sampled_from([0.5, 5.0, 60.0]),
    typing_wpm=st.sampled_from([5.0, 52.0, 10_000.0]),
    reconsiders=shares,
    silence=shares,
    patience_s=st.sampled_from([0.1, 5.0, 100.0]),
    asks_again=st.integers(0, 3),
    interrupts=shares,
    interrupts_after_s=st.sampled_from([0.0, 2.0]),
    leaves=shares,
    away_s=st.sampled_from([None, 0.0, 10.0]),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(habits, min_size=1, max_size=4), st.booleans(), st.integers(0, 5), st.integers(0, 99)
)
def test_whatever_their_habits_the_room_comes_to_its_end(
    several: list[Habits], free: bool, lines: int, seed: int
) -> None:
    people = [
        ana(one, *["Bo, what now?", "Hm.", "P1, and you?"] * lines, name=f"P{n}")
        for n, one in enumerate(several)
    ]
    policy = "free_talk" if free else "conversational"
    scene = room(*people, policy=policy, limit_s=120)
    happened = staged(scene, {"bo": talks(3)}, seed=seed)
    assert happened[-1].type == "RoomEnded"
    assert happened[-1].at - happened[0].at <= 120
    keys = [(event.by, event.key) for event in happened if event.key is not None]
    assert len(set(keys)) == len(keys)


def test_chance_is_the_same_for_the_same_words_everywhere() -> None:
    assert [chance(7, "ana", 3).random() for _ in range(2)] == [0.6082673012533881] * 2
