"""What the embedded model does on this machine: how soon it speaks and stops, and how fast it is.

Rooms of three agents talk; each turn is written after what was said, as in a room.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from tertulia.agents.callers import Caller, calling
from tertulia.agents.embedded import Embedded
from tertulia.agents.engine import close_engines
from tertulia.agents.transcript import Transcript
from tertulia.bench.cancelling import cancelling
from tertulia.bench.meter import processor_s

AGENTS = {
    "Mia": "Mia is an architect who cares for light.",
    "Leo": "Leo is a carpenter who knows wood.",
    "Zoe": "Zoe is a librarian who speaks for the children.",
}
ASKED = (
    "We want to build a reading corner. Where shall we begin?",
    "Which wood should we use for the shelves?",
    "What do the children like to sit on?",
    "How do we bring more light into the room?",
)
ROOMS = (1, 2, 4)


class Forgetful(Embedded):
    """Reads every prompt from its beginning: what it costs to keep nothing."""

    def _request(
        self, transcript: Transcript, count: int, attempt: int, stop: list[str]
    ) -> dict[str, Any]:
        return {**super()._request(transcript, count, attempt, stop), "cache_prompt": False}


@dataclass(slots=True)
class Told:
    """What the turns of some rooms took. Tokens and seconds."""

    first_s: list[float] = field(default_factory=list)
    read: int = 0
    known: int = 0
    written: int = 0
    silent: int = 0


def bench_embedded(turns: int, cancels: int, rooms: Sequence[int] = ROOMS) -> dict[str, Any]:
    """So many turns in one room, with and without memory; in several at once; and cancels."""
    talks = [_case(f"{count} rooms at once", Embedded, count, turns) for count in rooms]
    return {
        "bench": "embedded",
        "turns": turns,
        "talks": [_case("nothing kept", Forgetful, 1, turns), *talks],
        "cancelled": asyncio.run(cancelling(cancels)) if cancels else None,
    }


def _case(name: str, kind: type[Embedded], rooms: int, turns: int) -> dict[str, Any]:
    told = Told()
    wall, cpu = asyncio.run(_rooms(kind, rooms, turns, told))
    close_engines()
    return {
        "case": name,
        "first_words_s": round(median(told.first_s), 3) if told.first_s else None,
        "tokens_per_s": round(told.written / wall, 1),
        "cpu_s": round(cpu, 2),
        "tokens_read": told.read - told.known,
        "tokens_known": told.known,
        "tokens_written": told.written,
        "silent": told.silent,
    }


async def _rooms(kind: type[Embedded], rooms: int, turns: int, told: Told) -> tuple[float, float]:
    """Seconds by the wall clock and of the processor, loading left out."""
    model = kind(threads=1)
    await model.ainvoke([HumanMessage("Hello.", name="Ana")])
    wall, cpu = time.perf_counter(), processor_s()
    await asyncio.gather(*(_room(model, f"room-{n}", turns, told) for n in range(rooms)))
    return time.perf_counter() - wall, processor_s() - cpu


async def _room(model: Embedded, room: str, turns: int, told: Told) -> None:
    said: list[tuple[str, str]] = []
    for turn in range(turns):
        if turn % len(AGENTS) == 0:
            said.append(("Ana", ASKED[turn // len(AGENTS) % len(ASKED)]))
        me = list(AGENTS)[turn % len(AGENTS)]
        with calling(Caller(room, me)):
            text = await _turn(model, messages_for(me, AGENTS, said), told)
        if text:
            said.append((me, text))


def messages_for(
    me: str, agents: Mapping[str, str], said: Sequence[tuple[str, str]]
) -> list[BaseMessage]:
    """What an agent reads who has heard all that was ``said``."""
    lines = (
        AIMessage(text, name=me) if by == me else HumanMessage(text, name=by) for by, text in said
    )
    return [SystemMessage(agents[me], name=me), *lines]


async def _turn(model: Embedded, messages: list[BaseMessage], told: Told) -> str:
    since, words = time.perf_counter(), ""
    async with aclosing(model._astream(messages)) as chunks:  # type: ignore[type-var]
        async for chunk in chunks:
            if chunk.text and not words:
                told.first_s.append(time.perf_counter() - since)
            words += str(chunk.text)
            usage = chunk.message.usage_metadata if isinstance(chunk.message, AIMessage) else None
            if usage is not None:
                told.read += usage["input_tokens"]
                told.written += usage["output_tokens"]
                told.known += usage.get("input_token_details", {}).get("cache_read", 0)
    told.silent += not words
    return words
