"""What is broken on purpose is caught. All of them by ``make mutants``; here a handful."""

import ast
from collections import Counter

import pytest
from tests.mutants.mutation import LIMIT_S, ROOT, Mutant, a_copy, mutants, table, try_out, verdict

named = pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.name)


@named
def test_what_a_mutant_breaks_stands_in_the_source_once_and_still_is_python(
    mutant: Mutant,
) -> None:
    source = (ROOT / mutant.path).read_text(encoding="utf-8")
    assert source.count(mutant.old) == 1, f"mend the mutant {mutant.name!r} in mutants.toml"
    ast.parse(mutant.of(source))


@named
def test_the_test_that_is_to_catch_a_mutant_is_there(mutant: Mutant) -> None:
    for node in mutant.caught_by:
        file, _, test = node.partition("::")
        assert f"def {test}(" in (ROOT / "tests" / file).read_text(encoding="utf-8")


def test_every_mutant_has_a_name_of_its_own() -> None:
    assert [name for name, many in Counter(m.name for m in mutants()).items() if many > 1] == []


def test_the_page_lists_every_mutant() -> None:
    assert table() in (ROOT / "docs" / "proofs.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_handful_of_mutants_are_caught_and_the_source_as_it_is_passes() -> None:
    handful = mutants()[::15]
    with a_copy() as copy:
        tests = [test for mutant in handful for test in mutant.caught_by]
        assert verdict(copy, tests, 10 * LIMIT_S) == ("passes", "")
        assert {m.name: try_out(copy, m)[0] for m in handful} == {m.name: "fails" for m in handful}


@pytest.mark.slow
def test_what_breaks_nothing_is_said_to_survive() -> None:
    old = "for owed in self.owed:"
    harmless = Mutant(
        "harmless", "orchestrator/floor.py", old, f"{old}  # as before", mutants()[0].caught_by
    )
    with a_copy() as copy:
        assert try_out(copy, harmless) == ("passes", "")
