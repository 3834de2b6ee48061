"""Finding what was said in a long room, and recalling facts, beside plain FTS5 in the same run."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from tertulia.bench.meter import database
from tertulia.orchestrator.events import Event, Said
from tertulia.orchestrator.facts import Fact, FactId, Scope, Wanted
from tertulia.orchestrator.ports import Batch
from tertulia.orchestrator.query import Query
from tertulia.orchestrator.room import Audience, ParticipantId, RoomId, Stay
from tertulia.orchestrator.visibility import Reach, Sight, reading
from tertulia.storage import SqlLog, SqlMemory

ROOM = RoomId("bench")
WORDS, PER_UTTERANCE = 5_000, 14
WHISPERED = 0.1
"""Which share of all that is said only two of ten hear."""
FACTS = 2_000
QUERIES, LIMIT = 40, 20
BATCH = 1_000
TOPIC = "shelf"
"""A word that stands in every tenth utterance."""


def bench_memory(utterances: int) -> dict[str, Any]:
    """Milliseconds of the processor that a search takes, and the seconds that the first one takes.

    ``rare`` words stand in a few utterances, ``common`` ones in every tenth; ``limited`` is a
    common search by one who may see only what was whispered to it. The floor is FTS5 by the driver
    alone, asked for the same words, newest first, by nobody in particular.
    """
    chance = Random(1)  # noqa: S311 - made-up talk
    said = [_made_up(chance, number) for number in range(utterances)]
    rare = [f"word{chance.randrange(WORDS // 2, WORDS)}" for _ in range(QUERIES)]
    with database() as path:
        floor = _floor(path, [text for _, text in said], rare)
    with database() as path:
        ours = asyncio.run(_ours(path, said, rare))
    ratios = {
        f"{name}_ratio": round(ours[f"{name}_ms"] / floor[f"floor_{name}_ms"], 2)
        for name in ("rare", "common")
    }
    return {"bench": "memory", "utterances": utterances, **floor, **ours, **ratios}


def _made_up(chance: Random, number: int) -> tuple[Audience, str]:
    ranks = (int(WORDS * chance.random() ** 3) for _ in range(PER_UTTERANCE))
    text = " ".join(f"word{rank}" for rank in ranks)
    text = f"{text} {TOPIC}" if number % 10 == 0 else text
    pair = sorted((f"p{chance.randrange(10)}", "q"))
    whispered = chance.random() < WHISPERED
    return tuple(map(ParticipantId, pair)) if whispered else None, text


def _floor(path: Path, texts: Sequence[str], rare: Sequence[str]) -> dict[str, float]:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE VIRTUAL TABLE said USING fts5(text, tokenize='unicode61')")
    began = time.process_time()
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO said (text) VALUES (?)", ((text,) for text in texts))
    connection.execute("COMMIT")
    built = time.process_time() - began

    def asked(word: str) -> float:
        start = time.process_time()
        question = "SELECT text FROM said WHERE said MATCH ? ORDER BY rowid DESC LIMIT ?"
        connection.execute(question, (f'"{word}"', LIMIT)).fetchall()
        return time.process_time() - start

    found = {
        "floor_index_s": round(built, 2),
        "floor_rare_ms": _median_ms([asked(word) for word in rare]),
        "floor_common_ms": _median_ms([asked(TOPIC) for _ in rare]),
    }
    connection.close()
    return found


async def _ours(
    path: Path, said: Sequence[tuple[Audience, str]], rare: Sequence[str]
) -> dict[str, float]:
    log = SqlLog(f"sqlite:///{path}")
    memory = SqlMemory(log)
    await _spoken(log, said)
    everybody = _reader("p1")

    async def ask(word: str, reach: Reach | None) -> None:
        await memory.search(ROOM, Query.of(word), reach, LIMIT)

    first = await _timed(partial(ask, TOPIC, everybody))
    limited = Reach(Sight(ParticipantId("p1"), (Stay(1, len(said) // 100),)), everybody.hearers)
    figures = {
        "first_search_s": round(first, 2),
        "rare_ms": _median_ms([await _timed(partial(ask, w, everybody)) for w in rare]),
        "common_ms": _median_ms([await _timed(partial(ask, TOPIC, everybody)) for _ in rare]),
        "limited_ms": _median_ms([await _timed(partial(ask, TOPIC, limited)) for _ in rare]),
    }
    await asyncio.gather(*(memory.remember(_fact(n, text)) for n, (_, text) in _facts(said)))

    async def recall(words: str) -> None:
        await memory.facts(ROOM, everybody, Wanted(Query.any_of(words), limit=LIMIT))

    texts = [text for _, text in said[: len(rare)]]
    recalls = [await _timed(partial(recall, t)) for t in texts]
    figures["recall_ms"] = _median_ms(recalls)
    await log.close()
    memory.close()
    return figures


async def _spoken(log: SqlLog, said: Sequence[tuple[Audience, str]]) -> None:
    tenure = await log.acquire(ROOM)
    for place in range(0, len(said), BATCH):
        events = tuple(
            Event(ROOM, place + n, place + n, 0.0, ParticipantId("q"), Said(text), audience)
            for n, (audience, text) in enumerate(said[place : place + BATCH], 1)
        )
        await log.append(Batch(ROOM, tenure.epoch, events))


def _facts(
    said: Sequence[tuple[Audience, str]],
) -> Sequence[tuple[int, tuple[Audience, str]]]:
    return list(enumerate(said[:FACTS]))


def _fact(number: int, text: str) -> Fact:
    by = ParticipantId("q")
    return Fact(FactId(str(number)), text, Scope.ROOM, ROOM, (1,), 1, 1, by, float(number))


def _reader(name: str) -> Reach:
    return reading(Sight(ParticipantId(name), (Stay(1),)))


async def _timed(ask: Callable[[], Awaitable[None]]) -> float:
    """Seconds of the processor, of all threads: nothing else runs in this process."""
    began = time.process_time()
    await ask()
    return time.process_time() - began


def _median_ms(times: Sequence[float]) -> float:
    return round(1000 * sorted(times)[len(times) // 2], 3)
