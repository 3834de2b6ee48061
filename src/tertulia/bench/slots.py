"""How well a pool uses the slots of real servers while calls wait."""

import asyncio

from tertulia.agents.pool import Caller, Endpoint, Pooled, calling, pooled
from tertulia.bench.calls import ASKED


async def slots_used(slots: tuple[int, ...] = (2, 1), calls: int = 18) -> float:
    """Which share of the slots of embedded servers of unequal size is used while calls wait."""
    from tertulia.agents.embedded import Embedded
    from tertulia.agents.engine import close_engines

    models = [Embedded(threads=1, slots=n, context_tokens=512, max_tokens=40) for n in slots]
    for model in models:  # loaded, so that loading is not measured
        await model.ainvoke(ASKED)
    pool = pooled(
        "real",
        {
            f"engine-{n}": Endpoint(model, most=count)
            for n, (model, count) in enumerate(zip(models, slots, strict=True))
        },
    )
    tasks = [asyncio.create_task(_talk(pool, f"room-{n}")) for n in range(calls)]
    used, looks = 0.0, 0
    await asyncio.sleep(0.1)
    while len(pool.calls.queue):
        used += sum(model.engine.busy for model in models) / sum(slots)
        looks += 1
        await asyncio.sleep(0.02)
    await asyncio.gather(*tasks)
    close_engines()
    return used / max(1, looks)


async def _talk(pool: Pooled, room: str) -> None:
    with calling(Caller(room, "bo")):
        await pool.ainvoke(ASKED)
