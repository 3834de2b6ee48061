"""One worker for all who want the same model with the same settings; closed when Python ends."""

from tertulia.agents.local.settings import Settings
from tertulia.agents.local.worker import Machine, Worker
from tertulia.agents.sharing import Shared


def worker_for(settings: Settings) -> Worker:
    """Share one worker among all who want the same settings."""
    return _workers.of(settings)


def close_workers() -> None:
    """Close every shared worker, and free its model; the next call loads it again."""
    _workers.close()


def _transformer(settings: Settings) -> Machine:
    from tertulia.agents.local.machine import Transformer  # seconds to import: not before its turn

    return Transformer(settings)


def _worker(settings: Settings) -> Worker:
    return Worker(settings, _transformer)


_workers = Shared(_worker)
