"""One server of a pool, as its user describes it."""

from dataclasses import dataclass

from tertulia.agents.pool.capacity import BEGINNING, Capacity
from tertulia.agents.pool.lateness import FirstTokens
from tertulia.agents.pool.probing import Told
from tertulia.agents.pool.rates import Rates
from tertulia.agents.pool.servers import Server
from tertulia.agents.prices import Prices, prices_of
from tertulia.agents.streaming import StreamedModel


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server of a pool: its model, and what is known of it beforehand.

    ``requests_per_minute`` and ``tokens_per_minute`` are what it lets us send, ``most`` is how many
    calls it bears at once at most, ``kept_tokens`` how much of prompts it keeps. ``slots`` is how
    many it works on at once, where that is known (``None``: as the model says, or its server when
    it is asked how it is, or else learned), ``context_tokens`` how long a prompt with its answer
    may be (``None``: as its server says).
    What its tokens cost is its model's ``price_in`` and ``price_out``.
    """

    model: StreamedModel
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    most: float = 1_024
    kept_tokens: float = 400_000
    slots: int | None = None
    context_tokens: int | None = None

    def priced(self, otherwise: Prices) -> Prices:
        """What its tokens cost; ``otherwise`` where its model does not say."""
        own = (getattr(self.model, name, None) for name in ("price_in", "price_out"))
        return prices_of(self.model) if any(price is not None for price in own) else otherwise

    def server(self, name: str, *, hedged: bool) -> Server:
        """The server as it is known before any call."""
        rates = Rates.of(self.requests_per_minute, self.tokens_per_minute)
        capacity = Capacity(limit=min(BEGINNING, self.most), most=self.most)
        server = Server(name, capacity, rates=rates, kept_tokens=self.kept_tokens)
        server.context_tokens = self.context_tokens
        server.first_tokens = FirstTokens() if hedged else None
        slots = self.model.slots_known if self.slots is None else self.slots
        if slots is not None:
            server.told(int(min(slots, self.most)))
        return server

    def heard(self, server: Server, told: Told) -> None:
        """Take what its server says of itself for what is not given here."""
        if self.slots is None:
            server.told(int(min(told.slots, self.most)))
        if self.context_tokens is None:
            server.context_tokens = told.context_tokens
