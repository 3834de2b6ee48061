"""Chat models of Hugging Face's Transformers in this process: batched, streamed, with adapters."""

from tertulia.agents.local.model import Local, local, named
from tertulia.agents.local.sampling import Sampling
from tertulia.agents.local.settings import Settings
from tertulia.agents.local.sharing import close_workers, worker_for

__all__ = ["Local", "Sampling", "Settings", "close_workers", "local", "named", "worker_for"]
