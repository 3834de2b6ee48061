"""Transformers in this process: a tiny real model, batched, streamed, stopped, with adapters."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from tests.agents.local.conftest import Made
from tests.agents.local.tiny import ADAPTED, SENTENCE
from tests.agents.pool.waiting import until

from tertulia.agents.choosing import How, choose
from tertulia.agents.faults import ModelMissing, ModelOverflowed, ModelRefused
from tertulia.agents.local import Local, Settings, local
from tertulia.agents.local.worker import Worker

QUESTIONS = (
    "Hello",
    "Where do you live?",
    "Ana, Bo: a rather longer one, to be read in full.",
    "x",
)


def told(text: str) -> list[BaseMessage]:
    return [SystemMessage("Be brief.", name="Bo"), HumanMessage(text, name="Ana")]


def steady(made: Made, adapter: str = "", **settings: Any) -> Local:
    return local(made.model, adapter, temperature=0.0, **settings)


async def said(model: Local, text: str, **settings: Any) -> str:
    return str((await model.ainvoke(told(text), **settings)).content)


async def idle(model: Local) -> None:
    await until(lambda: not model.worker.busy)


async def test_a_sentence_with_letters_of_many_bytes_comes_whole_and_in_pieces(made: Made) -> None:
    chunks = [chunk async for chunk in steady(made).astream(told("Hello"))]
    pieces = [str(chunk.content) for chunk in chunks]
    assert "".join(pieces) == SENTENCE
    assert len(pieces) > 20
    assert "🙂" in pieces
    last = chunks[-1]
    assert last.response_metadata["finish_reason"] == "stop"
    assert last.usage_metadata is not None
    assert last.usage_metadata["output_tokens"] >= len(SENTENCE)


async def test_agents_with_adapters_share_a_batch_and_each_says_his_own(made: Made) -> None:
    agents = {name: steady(made, folder) for name, folder in made.adapters.items()}
    base = steady(made)
    asked = [(model, text) for model in (base, *agents.values()) for text in QUESTIONS[:2]]
    assert {id(model.worker) for model, _ in asked} == {id(base.worker)}
    answers = await asyncio.gather(*(said(model, text) for model, text in asked))
    expected = [SENTENCE, *(ADAPTED[name] for name in agents)]
    assert answers == [sentence for sentence in expected for _ in range(2)]


async def test_in_company_everybody_says_what_he_says_alone(made: Made) -> None:
    draws = [
        local(made.model, adapter, temperature=2.0, top_p=1.0, seed=seed, max_tokens=12)
        for seed, adapter in enumerate(["", "", *made.adapters.values(), ""])
    ]
    asked = [(model, text) for model in draws for text in QUESTIONS]
    alone = [await said(model, text) for model, text in asked]
    together = await asyncio.gather(*(said(model, text) for model, text in asked))
    assert together == alone
    assert len(set(alone)) > len(QUESTIONS), "at this temperature they say different things"


async def test_the_same_seed_says_the_same_and_another_something_else(made: Made) -> None:
    warm = [
        await said(local(made.model, temperature=3.0, top_p=1.0, seed=n, max_tokens=12), "Hello")
        for n in (1, 1, 2)
    ]
    assert warm[0] == warm[1] != warm[2]


async def test_a_stop_ends_it_across_tokens_and_is_not_said(made: Made) -> None:
    assert await said(steady(made), "Hello", stop=["Köln"]) == "Schöne Grüße aus "


async def test_it_does_not_go_on_as_somebody_else(made: Made) -> None:
    question = steady(made)._question(told("Hello"), ["."])
    assert list(question.stops) == [".", "\nAna:"]


async def test_what_it_has_read_it_does_not_read_again(made: Made) -> None:
    model = steady(made)
    first = await model.ainvoke(told("Hello"))
    again = await model.ainvoke([*told("Hello"), AIMessage(SENTENCE, name="Bo"), *told("So?")[1:]])
    assert again.content == SENTENCE
    assert again.usage_metadata is not None
    assert first.usage_metadata is not None
    read = again.usage_metadata["input_token_details"]["cache_read"]
    assert read >= first.usage_metadata["total_tokens"]


async def test_a_long_prompt_is_read_in_chunks_and_answered_the_same(made: Made) -> None:
    from tertulia.agents.local.machine import Transformer

    question = steady(made)._question(told("words and words " * 12), [])
    answers = []
    for chunk in (7, 512):
        worker = Worker(Settings(made.model, chunk_tokens=chunk, kept_tokens=0), Transformer)
        answers.append([piece async for piece in worker.answer(question)])
        worker.close()
    assert answers[0] == answers[1]
    assert answers[0][-1].read > 50


async def test_two_hundred_cancelled_answers_leave_nothing(made: Made) -> None:
    model = local(made.model, temperature=3.0, max_tokens=300)

    async def leave(n: int) -> None:
        async with aclosing(model.astream(told(f"number {n}"))) as chunks:  # type: ignore[type-var]
            async for _ in chunks:
                break

    await asyncio.gather(*(leave(n) for n in range(200)))
    await idle(model)
    machine: Any = model.worker._machine
    assert (machine.seats, machine._reading, model.worker._batch.rows) == ((), {}, ())
    assert await said(steady(made), "Hello") == SENTENCE


async def test_nothing_of_one_row_is_in_another(made: Made) -> None:
    """One row's keys are spoilt: it goes astray, and nobody else does."""
    import torch

    from tertulia.agents.local.machine import Transformer

    machine = Transformer(steady(made).settings)
    prompts = {
        n: machine.prompt(steady(made)._question(told(text), []))
        for n, text in enumerate(QUESTIONS)
    }
    clean = [_continued(machine, prompts, spoilt=None) for _ in range(2)]
    assert clean[0] == clean[1]
    for spoilt in prompts:
        found = _continued(machine, prompts, spoilt=spoilt)
        assert {n for n in prompts if found[n] != clean[0][n]} == {spoilt}
    assert torch.is_inference_mode_enabled() is False


def _continued(
    machine: Any, prompts: dict[int, list[int]], spoilt: int | None
) -> dict[int, list[float]]:
    """The logits of each row after three tokens; one row's keys are noise."""
    import torch

    from tertulia.agents.local.sampling import Want

    machine.kept.clear()
    tokens = {}
    for serial, prompt in prompts.items():
        machine.begin(serial, prompt, "")
        logits = machine.read(serial, len(prompt))
        machine.join(serial)
        tokens[serial] = machine.likeliest(logits, [Want(1)])[0][0][0]
    if spoilt is not None:
        row = machine.seats.index(spoilt)
        with torch.inference_mode():
            for layer in machine._layers:
                layer.keys[row] = 9.0
                layer.values[row] = -9.0
    for _ in range(2):
        machine.write(tokens)
    logits = machine.write(tokens)
    found = {serial: logits[row].tolist() for row, serial in enumerate(machine.seats)}
    for serial in prompts:
        machine.leave(serial)
    return found


async def test_rows_that_leave_do_not_move_the_others(made: Made) -> None:
    model = steady(made)
    lengths = [3, 30, 7, 1, 50, 12, 2, 9, 40, 5]
    answers = await asyncio.gather(
        *(
            said(model, f"{text}?", max_tokens=n)
            for n, text in zip(lengths, "abcdefghij", strict=True)
        )
    )
    whole = await said(model, "Hello")
    assert all(whole.startswith(answer) for answer in answers)
    assert sorted(map(len, answers)) != [len(whole)] * len(answers)


async def test_a_prompt_that_is_too_long_is_refused(made: Made) -> None:
    with pytest.raises(ModelOverflowed, match=r"leaves no room of 512.*shorten"):
        await said(steady(made), "long " * 300)


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"device": "cuda:7"}, "not on this machine"),
        ({"device": "abacus"}, "is no device"),
        ({"dtype": "float7"}, "is no dtype"),
    ],
)
async def test_what_the_machine_has_not_is_refused(
    made: Made, settings: dict[str, Any], what: str
) -> None:
    with pytest.raises(ModelRefused, match=what):
        await said(steady(made, **settings), "Hello")


async def test_what_is_not_there_is_missed_at_once(made: Made) -> None:
    with pytest.raises(ModelMissing, match=r"no config\.json"):
        local("./nowhere")
    with pytest.raises(ModelMissing, match=r"no adapter_config\.json"):
        local(made.model, "./nowhere")
    with pytest.raises(ModelMissing, match="was not downloaded before"):
        await said(local("somebody/something-never-downloaded"), "Hello")


async def test_answers_are_scored_as_the_library_scores_them(made: Made) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    answers = [SENTENCE, SENTENCE[:5], "Bo", "B"]
    model = steady(made)
    found = await model.likelihood(told("Hello"), "Who?", answers)
    plain = AutoModelForCausalLM.from_pretrained(made.model)
    tokenizer = AutoTokenizer.from_pretrained(made.model)
    machine: Any = model.worker._machine
    prompt = machine.prompt(model._question([*told("Hello"), HumanMessage("Who?")], []))
    for answer in answers:
        tokens = [*tokenizer(answer)["input_ids"], tokenizer.eos_token_id]
        with torch.inference_mode():
            logits = plain(torch.tensor([[*prompt, *tokens]])).logits[0].log_softmax(-1)
        score = [float(logits[len(prompt) - 1 + at, token]) for at, token in enumerate(tokens)]
        assert found[answer] == pytest.approx(sum(score) / len(score), abs=1e-3)
    assert max(found, key=lambda answer: found[answer]) == SENTENCE


async def test_a_persona_chooses_what_its_adapter_makes_likely(made: Made) -> None:
    for name, folder in made.adapters.items():
        choice = await choose(steady(made, folder), told("Hello"), list(ADAPTED.values()))
        assert (choice.option, choice.how) == (ADAPTED[name], How.SCORES)


@pytest.mark.parametrize("quantise", ["8bit", "4bit"])
async def test_a_quantised_model_says_the_same_with_and_without_an_adapter(
    made: Made, quantise: str
) -> None:
    pytest.importorskip("bitsandbytes", reason="the extra `quantised` is not installed")
    adapted = steady(made, made.adapters["bo"], quantise=quantise)
    assert await said(steady(made, quantise=quantise), "Hello") == SENTENCE
    assert await said(adapted, "Hello") == ADAPTED["bo"]
    machine: Any = adapted.worker._machine
    kinds = {type(module).__name__ for module in machine.loaded.model.modules()}
    assert {"8bit": "Linear8bitLt", "4bit": "Linear4bit"}[quantise] in kinds
