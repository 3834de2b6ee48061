"""What a server can be held to: found by trying, since many accept what they ignore."""

import pytest
from langchain_core.messages import AIMessage
from tests.agents.choosing.obedient import obedient
from tests.agents.fault_server import nobody

from tertulia.agents.choosing import Capabilities, Finding, Kind, capabilities, forget
from tertulia.agents.faults import ModelForbidden, ModelRefused, ModelUnreachable
from tertulia.agents.pool import pooled
from tertulia.agents.remote import Remote, remote
from tertulia.agents.scripted import Scripted

pytestmark = [pytest.mark.net, pytest.mark.usefixtures("hung_up")]


def working(found: Capabilities) -> set[str]:
    return {f"{one.kind} by {one.by}" for one in found.findings if one.works}


@pytest.mark.parametrize(
    ("obeys", "by"),
    [
        ("response_format", "json-schema by response_format"),
        ("structured_outputs", "json-schema by structured_outputs"),
        ("guided_json", "json-schema by guided"),
        ("guided_choice", "choice by guided"),
        ("json_schema", "json-schema by json_schema"),
        ("grammar", "choice by grammar"),
        ("regex", "choice by regex"),
        ("tools", "function calls by tool_choice"),
        ("prompt_logprobs", "log-probabilities by prompt_logprobs"),
        ("logprobs", "log-probabilities by first tokens"),
    ],
)
async def test_what_a_server_obeys_is_found_and_nothing_else(obeys: str, by: str) -> None:
    async with obedient("Paris", obeys) as server:
        found = await capabilities(remote(server.base_url, "m"))
    both = {by, "choice by structured_outputs"} if obeys == "structured_outputs" else {by}
    assert working(found) == both


async def test_what_is_ignored_without_a_word_is_not_taken_for_obeyed() -> None:
    async with obedient("Paris") as server:
        found = await capabilities(remote(server.base_url, "m"))
    assert working(found) == set()
    assert (found.choice, found.schema, found.scores, found.calls) == (None, None, None, False)
    assert "choice by guided: no (ignored: said 'Paris')" in str(found)


async def test_log_probabilities_that_know_no_capital_are_none() -> None:
    async with obedient("Paris", "prompt_nonsense") as server:
        assert working(await capabilities(remote(server.base_url, "m"))) == set()


async def test_what_is_refused_is_told_with_the_server_s_reason() -> None:
    async with obedient("Paris", "regex", refuses=["response_format", "tools"]) as server:
        found = await capabilities(remote(server.base_url, "m"))
    assert found.choice is not None
    assert found.choice.name == "regex"
    [told] = [one for one in found.findings if one.by == "response_format"]
    assert "unknown field response_format" in told.shown


async def test_a_server_that_refuses_everything_shows_nothing_and_nothing_is_remembered() -> None:
    async with obedient("Paris", "grammar", refuses=["model"], status="401 No") as server:
        model = remote(server.base_url, "m")
        with pytest.raises(ModelRefused, match="401"):
            await capabilities(model)
        server.refuses = frozenset()
        assert working(await capabilities(model)) == {"choice by grammar"}


async def test_what_was_found_is_remembered_until_it_is_forgotten() -> None:
    async with obedient("Paris", "grammar") as server:
        model = remote(server.base_url, "m")
        await capabilities(model)
        asked = len(server.asked)
        assert await capabilities(remote(server.base_url, "m")) == await capabilities(model)
        assert len(server.asked) == asked
        forget(model)
        await capabilities(model)
        assert len(server.asked) == 2 * asked


async def test_a_pool_can_do_what_each_of_its_servers_can() -> None:
    async with (
        obedient("Paris", "grammar", "response_format") as left,
        obedient("Paris", "grammar", "regex") as right,
    ):
        servers = {"left": remote(left.base_url, "m"), "right": remote(right.base_url, "m")}
        found = await capabilities(pooled("both", servers))
    assert working(found) == {"choice by grammar"}
    assert "choice by regex: no (not at left)" in str(found)


async def test_a_server_of_a_pool_that_is_down_is_not_counted_unless_all_are() -> None:
    with nobody() as url:
        down = remote(url, "m")
        async with obedient("Paris", "grammar") as up:
            servers = {"up": remote(up.base_url, "m"), "down": down}
            assert working(await capabilities(pooled("both", servers))) == {"choice by grammar"}
        with pytest.raises(ModelUnreachable):
            await capabilities(pooled("none", {"down": down}))


async def test_a_server_of_a_pool_that_takes_no_key_of_ours_is_not_counted_unless_all_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    shut = remote("http://127.0.0.1:9/v1", "m", "NO_SUCH_KEY")
    async with obedient("Paris", "grammar") as up:
        servers = {"shut": shut, "up": remote(up.base_url, "m")}
        assert working(await capabilities(pooled("both", servers))) == {"choice by grammar"}
    with pytest.raises(ModelForbidden):
        await capabilities(pooled("none", {"shut": shut}))


async def test_tests_are_on_the_bill_and_keep_the_model_s_own_settings() -> None:
    async with obedient("Paris", "grammar") as server:
        model = Remote(base_url=server.base_url, model="m", extra_body={"seed": 7})
        await capabilities(model)
    assert all(body["seed"] == 7 for body in server.asked)


async def test_a_scripted_model_takes_functions_and_loses_no_line_to_a_test() -> None:
    model = Scripted(["hello"])
    found = await capabilities(model)
    assert [(one.kind, one.works) for one in found.findings] == [(Kind.CALLS, True)]
    assert (await model.ainvoke([AIMessage("?")])).content == "hello"


def test_findings_read_as_sentences_those_that_work_first() -> None:
    no = Finding(Kind.CHOICE, "grammar", False, "ignored: said 'Paris'")
    yes = Finding(Kind.CALLS, "tool_choice", True, "called")
    assert str(Capabilities((no, yes))).splitlines() == [str(yes), str(no)]
