"""Many model servers behind one name: which call goes where, and when."""

from tertulia.agents.callers import Caller, Rank, caller, calling
from tertulia.agents.pool.admission import Placement, admit, admit_alone
from tertulia.agents.pool.breaker import Breaker
from tertulia.agents.pool.budgets import Allowance, Budgets, RetryBudget
from tertulia.agents.pool.capacity import Capacity
from tertulia.agents.pool.endpoints import Endpoint
from tertulia.agents.pool.jobs import Job
from tertulia.agents.pool.model import Pooled, pooled
from tertulia.agents.pool.queue import Queue
from tertulia.agents.pool.rates import Bucket, Rates
from tertulia.agents.pool.servers import Server
from tertulia.agents.pool.watching import (
    Began,
    Call,
    Came,
    Closed,
    Ended,
    Hedged,
    Opened,
    Placed,
    Probed,
    Retried,
    Sighting,
    Watcher,
)

__all__ = [
    "Allowance",
    "Began",
    "Breaker",
    "Bucket",
    "Budgets",
    "Call",
    "Caller",
    "Came",
    "Capacity",
    "Closed",
    "Ended",
    "Endpoint",
    "Hedged",
    "Job",
    "Opened",
    "Placed",
    "Placement",
    "Pooled",
    "Probed",
    "Queue",
    "Rank",
    "Rates",
    "Retried",
    "RetryBudget",
    "Server",
    "Sighting",
    "Watcher",
    "admit",
    "admit_alone",
    "caller",
    "calling",
    "pooled",
]
