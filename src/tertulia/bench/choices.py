"""Who should reply? Twenty short talks, whose answer a person sees at once, put to a model.

``held`` is ``choose``; ``asked`` is the same question, whose answer counts if it is a name and
nothing else; ``grammar`` binds the embedded model to the names, and takes the one that it says.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from tertulia.agents.choosing import choose
from tertulia.agents.choosing.answers import one_of, option_in
from tertulia.agents.choosing.asking import Account, ask
from tertulia.agents.choosing.constraints import grammar_of
from tertulia.agents.connections import close_connections
from tertulia.agents.embedded import Embedded
from tertulia.agents.listening import ChatModel
from tertulia.agents.models import chat_model
from tertulia.bench.meter import processor_s

QUESTION = "Who should reply?"


class Talk(NamedTuple):
    """What was said, who may reply, and who should."""

    names: str
    right: str
    lines: tuple[str, ...]


TALKS = (
    # one is called
    Talk("Bo Eve", "Eve", ("Good morning, everybody.", "Eve, did you bring the tickets?")),
    Talk("Bo Eve", "Bo", ("The soup is nearly done.", "Bo, could you taste it?")),
    Talk(
        "Tom Mia Zoe", "Tom", ("We need a lamp.", "Mia: I like wood.", "Tom, what would it cost?")
    ),
    Talk("Tom Mia Zoe", "Mia", ("Tom: The battery is dear.", "And how should it look, Mia?")),
    Talk("Tom Mia Zoe", "Zoe", ("Mia: I would make it round.", "Zoe, what do you think?")),
    Talk("Kim Lou", "Lou", ("Thank you both.", "Lou, please read the next line.")),
    Talk("Kim Lou Max Ida", "Ida", ("Max: I will be late.", "Ida, can you drive him?")),
    Talk("Kim Lou Max Ida", "Max", ("Ida: I cannot on Friday.", "Max, would Saturday suit you?")),
    Talk("Paul Rosa", "Rosa", ("It is broken again.", "Rosa, have you seen this error before?")),
    Talk("Paul Rosa", "Paul", ("Rosa: I restarted it.", "Paul, is it working on your side?")),
    # one is called, another is only spoken about
    Talk("Bo Eve", "Bo", ("Eve told me about the tickets.", "Bo, is what Eve says true?")),
    Talk("Bo Eve", "Eve", ("Eve, I agree with Bo. Do you?",)),
    Talk("Tom Mia Zoe", "Tom", ("Mia: I like it round.", "Tom, can we build what Mia wants?")),
    Talk("Tom Mia Zoe", "Zoe", ("Tom: Forty euros.", "Zoe, is the price that Tom gave too high?")),
    Talk("Kim Lou", "Lou", ("Kim: Lou has the key.", "Lou, did Kim give you the key?")),
    # nobody is called: it follows from what was said before
    Talk("Tom Mia", "Tom", ("Tom is our engineer, and Mia paints.", "Which motor will do?")),
    Talk("Tom Mia", "Mia", ("Tom is our engineer, and Mia paints.", "Which colour for the wall?")),
    Talk("Kim Lou", "Kim", ("Kim: I have looked at the bill.", "What does it say?")),
    Talk("Paul Rosa", "Rosa", ("Rosa: I fixed the printer.", "How did you do that?")),
    Talk("Paul Rosa", "Paul", ("Paul: I know a good place for lunch.", "Where is it?")),
)


def bench_choices(name: str) -> dict[str, Any]:
    """How often a model, by name, is right in each way, of twenty; and what a choice costs."""
    return asyncio.run(_measured(name))


async def _measured(name: str) -> dict[str, Any]:
    model = chat_model(name)
    hows: Counter[str] = Counter()

    async def held(talk: Talk) -> str:
        names = talk.names.split()
        choice = await choose(model, _said(talk), names, question=QUESTION, otherwise="")
        hows[choice.how] += 1
        return choice.option

    try:
        await held(TALKS[0])  # what is loaded or found out once is not counted
        hows.clear()
        figures = await _figures("held", held)
        figures["how"] = dict(hows)
        figures |= await _figures("asked", lambda talk: _asked(model, talk))
        if isinstance(model, Embedded):
            figures |= await _figures("grammar", lambda talk: _by_grammar(model, talk))
    finally:
        await close_connections()
    return {"bench": "choices", "model": name, "talks": len(TALKS), **figures}


async def _figures(way: str, answer: Callable[[Talk], Awaitable[str]]) -> dict[str, Any]:
    wall, cpu = time.perf_counter(), processor_s()
    answers = [await answer(talk) for talk in TALKS]
    wall, cpu = time.perf_counter() - wall, processor_s() - cpu
    return {
        f"{way}_right": sum(a == talk.right for a, talk in zip(answers, TALKS, strict=True)),
        f"{way}_named": sum(bool(a) for a in answers),
        f"{way}_cpu_ms": round(1_000 * cpu / len(TALKS), 1),
        f"{way}_wall_ms": round(1_000 * wall / len(TALKS), 1),
    }


async def _asked(model: ChatModel, talk: Talk) -> str:
    names = talk.names.split()
    order = HumanMessage(f"{QUESTION} {one_of(names)}")
    told = await ask(model, [*_said(talk), order], Account())
    return option_in(told.text, names) or ""


async def _by_grammar(model: Embedded, talk: Talk) -> str:
    script = "".join(f"{message.name}: {message.text}\n" for message in _said(talk)[1:])
    request = {
        "prompt": f"{script}{QUESTION}\nAnswer:",
        "grammar": grammar_of([f" {name}" for name in talk.names.split()]),
        "temperature": 0.0,
        "max_tokens": 16,
        "stream": True,
    }
    pieces = [
        choice["text"]
        async for chunk in model.engine.complete("choice", request)
        for choice in chunk["choices"]
    ]
    return "".join(pieces).strip()


def _said(talk: Talk) -> list[BaseMessage]:
    """Lines without a name in front are Ana's, who asks."""
    said: list[BaseMessage] = [SystemMessage("You chair a conversation.", name="Chair")]
    for line in talk.lines:
        name, colon, text = line.partition(": ")
        said.append(HumanMessage(text if colon else line, name=name if colon else "Ana"))
    return said
