"""One worker for all who want the same model with the same settings; closed when Python ends."""

import atexit
import threading

from tertulia.agents.local.settings import Settings
from tertulia.agents.local.worker import Machine, Worker


def worker_for(settings: Settings) -> Worker:
    """Share one worker among all who want the same settings."""
    with _sharing:
        if settings not in _workers:
            _workers[settings] = Worker(settings, _transformer)
        return _workers[settings]


def close_workers() -> None:
    """Close every shared worker, and free its model; the next call loads it again."""
    with _sharing:
        workers = list(_workers.values())
        _workers.clear()
    for worker in workers:
        worker.close()


_sharing = threading.Lock()
_workers: dict[Settings, Worker] = {}
atexit.register(close_workers)


def _transformer(settings: Settings) -> Machine:
    from tertulia.agents.local.machine import Transformer  # seconds to import: not before its turn

    return Transformer(settings)
