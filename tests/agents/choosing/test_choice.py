"""Choosing: whatever is behind a model, what comes out is one of the options, or a clear error."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from tests.agents.choosing.obedient import obedient
from tests.agents.choosing.scripts import Keeping
from tests.agents.fault_server import nobody

from tertulia.agents.choosing import How, choose
from tertulia.agents.choosing.answers import option_in
from tertulia.agents.embedded import Embedded
from tertulia.agents.faults import ModelGarbled, ModelStrayed, ModelUnreachable
from tertulia.agents.listening import ChatModel
from tertulia.agents.pool import pooled
from tertulia.agents.remote import remote
from tertulia.agents.scripted import Hang, Scripted
from tertulia.orchestrator.errors import Invalid

ASKED: list[BaseMessage] = [
    SystemMessage("You chair a conversation.", name="Chair"),
    HumanMessage("The soup is nearly done.", name="Bo"),
    HumanMessage("Eve, could you taste it?", name="Ana"),
]
OPTIONS = ("Bo", "Eve", "nobody")
WHO = "Who should reply?"

Made = Callable[[], AbstractAsyncContextManager[ChatModel]]

pytestmark = pytest.mark.usefixtures("hung_up")


class Bare:
    """A model that streams, and can do nothing else."""

    def __init__(self, *lines: str) -> None:
        self._model = Scripted(lines)

    def astream(self, messages: list[BaseMessage], /) -> AsyncIterator[Any]:
        return self._model.astream(messages)


class Certain(Bare):
    """A model that says itself how likely answers are."""

    async def likelihood(
        self, messages: list[BaseMessage], question: str, answers: list[str]
    ) -> dict[str, float]:
        assert question == f"{WHO} Answer with one of these and nothing else: Bo; Eve; nobody."
        return {answer: -1.0 if answer == "Eve" else -3.0 for answer in answers}


def local(make: Callable[[], ChatModel]) -> Made:
    @asynccontextmanager
    async def made() -> AsyncIterator[ChatModel]:
        yield make()

    return made


def served(*obeys: str, in_pool: bool = False) -> Made:
    @asynccontextmanager
    async def made() -> AsyncIterator[ChatModel]:
        async with obedient("Eve", *obeys) as server:
            model = remote(server.base_url, "m")
            yield pooled("pool", {"one": model}) if in_pool else model

    return made


def calls(**args: Any) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": "answer", "args": args, "id": "c"}])


# ---- the contract


@pytest.mark.net
@pytest.mark.parametrize(
    ("made", "how"),
    [
        pytest.param(local(lambda: Scripted(["Eve"])), How.ANSWER, id="scripted"),
        pytest.param(local(lambda: Scripted([calls(answer="Eve")])), How.CALL, id="calling"),
        pytest.param(local(lambda: Bare("Eve")), How.ANSWER, id="streaming only"),
        pytest.param(local(lambda: Certain("Bo")), How.SCORES, id="scoring itself"),
        pytest.param(served(), How.ANSWER, id="a server that ignores all"),
        pytest.param(served("response_format"), How.SCHEMA, id="response_format"),
        pytest.param(served("structured_outputs"), How.SCHEMA, id="structured_outputs"),
        pytest.param(served("guided_choice"), How.SCHEMA, id="guided"),
        pytest.param(served("json_schema"), How.SCHEMA, id="json_schema"),
        pytest.param(served("grammar"), How.SCHEMA, id="grammar"),
        pytest.param(served("regex"), How.SCHEMA, id="regex"),
        pytest.param(served("prompt_logprobs"), How.SCORES, id="prompt_logprobs"),
        pytest.param(served("logprobs"), How.SCORES, id="first tokens"),
        pytest.param(served("tools"), How.CALL, id="function calls"),
        pytest.param(served("grammar", in_pool=True), How.SCHEMA, id="a pool"),
        pytest.param(
            local(lambda: Embedded(threads=1)), How.SCORES, id="embedded", marks=pytest.mark.model
        ),
    ],
)
async def test_a_choice_is_one_of_the_options_and_says_how_it_was_found(
    made: Made, how: How
) -> None:
    async with made() as model:
        choice = await choose(model, ASKED, OPTIONS, question=WHO)
    assert (choice.option, choice.how) == ("Eve", how)
    if how is How.SCORES:
        assert max(choice.scores, key=choice.scores.__getitem__) == "Eve"
        assert sum(choice.scores.values()) <= 1.000_001


@settings(max_examples=30)
@given(st.text(), st.one_of(st.text(), st.sampled_from(OPTIONS)))
def test_whatever_a_model_says_it_is_an_option_or_a_clear_error(first: str, then: str) -> None:
    choosing = choose(Scripted([first, then]), ASKED, OPTIONS)
    if option_in(first, OPTIONS) or option_in(then, OPTIONS):
        assert asyncio.run(choosing).option in OPTIONS
        return
    with pytest.raises(ModelStrayed, match="Bo; Eve; nobody") as caught:
        asyncio.run(choosing)
    assert caught.value.said == (then.strip() or first.strip())


@given(st.text(alphabet="Bo Evx\"'.{}:answer"))
def test_what_counts_as_an_option_is_nothing_but_the_option(said: str) -> None:
    option = option_in(said, OPTIONS)
    assert option is None or said.casefold().count(option.casefold()) == 1


@pytest.mark.parametrize(
    "said", ["eve", ' "Eve". ', "**EVE**", '{"answer": "eve"}', "@Eve", '"Eve"']
)
async def test_an_option_is_known_in_any_case_and_between_any_marks(said: str) -> None:
    assert (await choose(Scripted([said]), ASKED, OPTIONS)).option == "Eve"


@pytest.mark.parametrize(
    "said",
    [
        "I think Eve should answer.",
        "Bo or Eve",
        "Steven",
        "",
        '{"answer": "Eve", "also": "Bo"}',
        '["Eve"]',
        '{"name": "Eve"}',
        "Eve\nBo",
        "<think>Eve</think>",
    ],
)
async def test_prose_is_never_searched_for_an_option(said: str) -> None:
    with pytest.raises(ModelStrayed) as caught:
        await choose(Scripted([said, said]), ASKED, OPTIONS)
    assert caught.value.said == said.strip()


async def test_reasoning_before_the_answer_is_no_part_of_it() -> None:
    said = "<think>Bo? No, Eve was asked.</think>\n\nEve"
    assert (await choose(Scripted([said]), ASKED, OPTIONS)).option == "Eve"


# ---- repair


@pytest.mark.parametrize("first", ["Well, Eve, I suppose.", calls(answer="Ana"), calls(who="Eve")])
async def test_an_answer_that_is_none_is_told_to_the_model_once(first: Any) -> None:
    model = Keeping([first, "Eve"])
    choice = await choose(model, ASKED, OPTIONS)
    assert (choice.option, choice.how) == ("Eve", How.REPAIRED)
    objection = str(model.kept[1][-1].text)
    assert "is none of Bo; Eve; nobody" in objection
    assert len(model.kept) == 2


async def test_after_two_answers_that_are_none_it_is_what_the_caller_wants() -> None:
    model = Scripted(["Ana", "Zoe", "Eve"])
    choice = await choose(model, ASKED, OPTIONS, otherwise="nobody")
    assert (choice.option, choice.how, choice.said) == ("nobody", How.OTHERWISE, "Zoe")


async def test_a_model_that_strays_is_told_by_name() -> None:
    with pytest.raises(ModelGarbled, match=r"'Zoe' is none of .*nor was the one before.*Scripted"):
        await choose(Scripted(["Ana", "Zoe"]), ASKED, OPTIONS)


@pytest.mark.net
async def test_a_server_that_refuses_what_it_has_obeyed_is_asked_in_the_next_way() -> None:
    async with obedient("Eve", "response_format", "tools") as server:
        model = remote(server.base_url, "m")
        assert (await choose(model, ASKED, OPTIONS)).how is How.SCHEMA
        server.refuses = frozenset({"response_format"})
        assert (await choose(model, ASKED, OPTIONS)).how is How.CALL
        server.refuses = frozenset({"response_format", "tools"})
        assert (await choose(model, ASKED, OPTIONS)).how is How.ANSWER


@pytest.mark.net
async def test_a_server_that_strays_from_what_it_obeyed_is_tried_anew() -> None:
    def evades(asked: str) -> str:
        return "Eve" if "none of" in asked else "Well, Eve"

    async with obedient(evades, "grammar") as server:
        model = remote(server.base_url, "m")
        await choose(model, ASKED, OPTIONS)
        server.obeys = frozenset()
        assert (await choose(model, ASKED, OPTIONS)).how is How.REPAIRED
        assert (await choose(model, ASKED, OPTIONS)).how is How.REPAIRED
        assert "grammar" not in server.asked[-1]


@pytest.mark.net
async def test_only_as_many_tests_are_made_as_a_choice_needs() -> None:
    async with obedient("Eve", "response_format") as server:
        model = remote(server.base_url, "m")
        await choose(model, ASKED, OPTIONS)
        assert len(server.asked) == 2
        await choose(model, ASKED, OPTIONS)
        assert len(server.asked) == 3


# ---- scores


@pytest.mark.model
async def test_the_embedded_model_tells_names_apart_that_begin_alike() -> None:
    for name in ("Ann", "Anna"):
        said: list[BaseMessage] = [HumanMessage(f"{name}, could you taste it?", name="Bo")]
        choice = await choose(Embedded(threads=1), said, ("Ann", "Anna", "Bo"), question=WHO)
        assert choice.option == name


@pytest.mark.model
async def test_what_is_forced_on_the_embedded_model_is_not_spelt_letter_by_letter() -> None:
    paid: list[tuple[int, int]] = []
    chosen = choose(
        Embedded(threads=1), ASKED, ["Ferdinand", "Bo"], bill=lambda *told: paid.append(told)
    )
    assert (await chosen).how is How.SCORES
    assert paid[-1][1] <= 5


@pytest.mark.net
async def test_the_likeliest_beginning_counts_where_the_answer_goes_on() -> None:
    async with obedient("Eve should, of course", "logprobs") as server:
        choice = await choose(remote(server.base_url, "m"), ASKED, ("Tom", "Tomas", "Eve"))
    assert (choice.option, choice.how) == ("Eve", How.SCORES)
    assert choice.scores["Tom"] == choice.scores["Tomas"] > 0.1


@pytest.mark.net
async def test_options_that_begin_alike_are_told_apart_by_their_whole() -> None:
    async with obedient("Tomas", "prompt_logprobs") as server:
        choice = await choose(remote(server.base_url, "m"), ASKED, ("Tom", "Tomas", "Eve"))
    assert (choice.option, choice.how) == ("Tomas", How.SCORES)


# ---- what it takes


async def test_both_answers_are_on_one_bill() -> None:
    paid: list[tuple[int, int]] = []
    await choose(Scripted(["no idea", "Eve"]), ASKED, OPTIONS, bill=lambda *told: paid.append(told))
    assert paid == sorted(paid)
    assert paid[-1][1] == 3


async def test_an_answer_that_grows_too_long_is_left() -> None:
    paid: list[tuple[int, int]] = []
    long = "well " * 10_000
    with pytest.raises(ModelStrayed):
        await choose(Scripted([long, long]), ASKED, OPTIONS, bill=lambda *told: paid.append(told))
    assert paid[-1][1] < 200


async def test_a_choice_of_one_costs_nothing() -> None:
    choice = await choose(Scripted([RuntimeError("asked")]), ASKED, ("Eve",))
    assert (choice.option, choice.how) == ("Eve", How.ONLY)


@pytest.mark.parametrize("options", [(), ("Eve", "eve"), ("Eve", "'Eve.'"), ("Bo", " ")])
async def test_options_have_to_be_told_apart(options: tuple[str, ...]) -> None:
    with pytest.raises(Invalid, match="options"):
        await choose(Scripted(["Eve"]), ASKED, options)


async def test_a_choice_that_is_cancelled_is_left_at_once() -> None:
    task = asyncio.create_task(choose(Scripted([Hang("Ev")]), ASKED, OPTIONS))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.net
async def test_a_server_that_is_down_is_an_error_and_not_a_finding() -> None:
    with nobody() as url, pytest.raises(ModelUnreachable):
        await choose(remote(url, "m"), ASKED, OPTIONS)
