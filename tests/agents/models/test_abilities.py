"""What an answer can be held to, as it is found out elsewhere, in the words of a check."""

from tertulia.agents.choosing import Capabilities, Finding, Kind
from tertulia.agents.models.abilities import WITHOUT, abilities, found_in
from tertulia.agents.scripted import Scripted


def test_what_works_is_told_with_the_ways_in_which_it_does() -> None:
    found = Capabilities(
        (
            Finding(Kind.SCHEMA, "response_format", True, "obeyed"),
            Finding(Kind.CHOICE, "guided", False, "ignored"),
            Finding(Kind.CHOICE, "grammar", True, "obeyed"),
            Finding(Kind.SCORES, "first tokens", True, "told"),
        )
    )
    assert list(found_in(found)) == [
        ("choices", True, "by grammar, response_format"),
        ("schema", True, "by response_format"),
        ("calls", None, WITHOUT["calls"]),
        ("scores", True, "by first tokens"),
    ]


def test_what_does_not_work_is_not_wrong() -> None:
    assert [good for _, good, _ in found_in(Capabilities())] == [None] * 4


async def test_a_model_in_this_process_is_asked_nothing() -> None:
    model = Scripted(["never said"])
    told = [what for what, _, _ in await abilities(model)]
    assert told == ["choices", "schema", "scores"]
    assert not model._spoken
