"""Several tasks at once: whose is whose, what goes on when one is over, what is kept of them."""

import json

import pytest
from tests.agents.dialogue.forms import ANA, CODE, CY, DISHES, DOV, FORMS, PARTIES, understood

from tertulia.agents.dialogue import Tasks, advance, back_to
from tertulia.agents.dialogue.tasks import OPEN, kept, recalled, task_of
from tertulia.orchestrator.errors import Invalid

FRIDAY = "2026-11-27"


def opened(tasks: Tasks, form: str, by: str, seq: int) -> Tasks:
    return advance(FORMS, tasks, understood(by, seq, intent=form), PARTIES)[0]  # type: ignore[arg-type]


def test_a_form_is_opened_and_filled_by_the_words_that_ask_for_it() -> None:
    heard = understood(ANA, 5, intent="table", day=FRIDAY)
    tasks, moves = advance(FORMS, Tasks(), heard, PARTIES)
    assert [move.says for move in moves] == ["opened", "noted", "ask"]
    assert tasks.open[0].id == "table-5"
    assert tasks.as_of == 5


def test_asked_for_again_by_the_same_person_it_goes_on_and_another_s_is_another() -> None:
    tasks = opened(Tasks(), "table", ANA, 1)
    tasks = opened(tasks, "party", ANA, 2)
    tasks = opened(tasks, "table", ANA, 3)
    assert [task.id for task in tasks.open] == ["party-2", "table-1"]
    tasks = opened(tasks, "table", CY, 4)
    assert [task.id for task in tasks.open] == ["party-2", "table-1", "table-4"]


def test_each_is_in_the_task_that_they_asked_for() -> None:
    tasks = opened(opened(Tasks(), "table", ANA, 1), "party", CY, 2)
    tasks, _ = advance(FORMS, tasks, understood(ANA, 3, people=4), PARTIES)
    tasks, _ = advance(FORMS, tasks, understood(CY, 4, people=5), PARTIES)
    people = {task.id: task.voices["people"][0].value for task in tasks.open}
    assert people == {"table-1": 4, "party-2": 5}


def test_who_is_in_none_is_in_the_one_that_asks_for_them_above_all() -> None:
    tasks = opened(opened(Tasks(), "dishes", ANA, 1), "table", ANA, 2)
    for who, task in [(CY, "dishes-1"), (ANA, "table-2")]:
        party = next(party for party in PARTIES if party.id == who)
        assert task_of(tasks, FORMS, party, PARTIES).id == task  # type: ignore[union-attr]
    tasks = opened(Tasks(), "code", ANA, 1)
    assert task_of(tasks, FORMS, PARTIES[2], PARTIES) is None  # it waits for Cy alone
    assert CODE.slots[0].by.handles == ("cy",)
    assert DISHES.slots[0].each


def test_what_is_beside_the_form_is_told_and_changes_nothing() -> None:
    tasks = opened(Tasks(), "table", ANA, 1)
    after, moves = advance(FORMS, tasks, understood(ANA, 2, intent="parking"), PARTIES)
    assert [(move.says, move.reason) for move in moves] == [("digression", "parking")]
    assert after.open == tasks.open
    after, moves = back_to(FORMS, after, ANA, PARTIES)
    assert [(move.says, move.reason) for move in moves] == [("back", ""), ("ask", "again")]
    assert after.open == tasks.open


def test_a_task_that_is_over_makes_way_for_the_one_beneath() -> None:
    tasks = opened(opened(Tasks(), "table", ANA, 1), "party", ANA, 2)
    tasks, moves = advance(FORMS, tasks, understood(ANA, 3, cancels=True), PARTIES)
    assert [move.says for move in moves] == ["cancelled"]
    assert [task.id for task in tasks.open] == ["table-1"]


def test_there_is_a_limit_to_what_is_open() -> None:
    tasks = Tasks()
    for number in range(OPEN):
        who = (ANA, CY, DOV)[number % 3]
        tasks = opened(tasks, ("table", "party")[number // 3], who, number + 1)
    after, moves = advance(FORMS, tasks, understood(ANA, 9, intent="dishes"), PARTIES)
    assert [move.says for move in moves] == ["full"]
    assert after.open == tasks.open


def test_tasks_come_back_from_plain_json_as_they_were() -> None:
    tasks = opened(Tasks(), "table", ANA, 1)
    tasks, _ = advance(FORMS, tasks, understood(CY, 2, day=FRIDAY, people=4), PARTIES)
    assert recalled(json.loads(json.dumps(kept(tasks))), FORMS) == tasks


def test_of_a_form_that_is_there_no_longer_nothing_is_recalled() -> None:
    tasks = opened(opened(Tasks(), "table", ANA, 1), "party", ANA, 2)
    known = {"party": FORMS["party"]}
    assert [task.id for task in recalled(kept(tasks), known).open] == ["party-2"]
    with pytest.raises(Invalid, match="kept tasks"):
        recalled({"open": "nonsense"}, FORMS)
