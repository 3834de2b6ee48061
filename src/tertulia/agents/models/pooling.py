"""A pool from what a ``models.yaml`` says of it."""

from collections.abc import Mapping
from dataclasses import replace

from tertulia.agents.models import document
from tertulia.agents.models.document import Pool, Server
from tertulia.agents.models.recipes import Recipe, known_of
from tertulia.agents.pool import Allowance, Budgets, Endpoint, Pooled, pooled
from tertulia.agents.streaming import StreamedModel

HOW = ("hedging", "probe_every_s", "patience_s")
"""How a pool goes about its calls, where the file says so."""


def pool_of(
    name: str, pool: Pool, servers: Mapping[str, tuple[Server, Recipe, StreamedModel]]
) -> Pooled:
    """Make the pool of these servers: what the file says of each, what it leads to, its model."""
    endpoints = {
        server: Endpoint(model, **known_of(entry, leads))
        for server, (entry, leads, model) in servers.items()
    }
    budgets = Budgets(
        _allowed({**pool.budgets.tenants, **pool.allowances}),
        _allowed(pool.budgets.rooms),
        _allowed(pool.budgets.participants),
        strict=pool.budgets.strict,
    )
    settings = {of: value for of in HOW if (value := getattr(pool, of)) is not None}
    return pooled(
        name,
        endpoints,
        budgets=budgets,
        **settings,
        price_in=pool.price_in,
        price_out=pool.price_out,
    )


def tuned(
    shared: StreamedModel, models: Mapping[str, StreamedModel], prices: Mapping[str, float]
) -> StreamedModel:
    """The same pool with other settings of its servers' models: one queue, one set of books."""
    if not isinstance(shared, Pooled):
        raise TypeError(f"{shared!r:.80} is no pool")
    endpoints = {
        server: replace(endpoint, model=models[server])
        for server, endpoint in shared.endpoints.items()
    }
    # A copy of pydantic's has the private attributes of the first one: what waits, runs, is used.
    return shared.model_copy(update={"endpoints": endpoints, **prices})


def _allowed(given: "Mapping[str, document.Allowance]") -> dict[str, Allowance]:
    return {who: Allowance(**most.model_dump(exclude_none=True)) for who, most in given.items()}
