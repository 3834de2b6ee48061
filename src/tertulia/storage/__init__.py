"""What is remembered: the log of every room, in SQL or in memory."""

from tertulia.storage.codec import to_json
from tertulia.storage.ledger import SqlLedger
from tertulia.storage.log import SqlLog
from tertulia.storage.memory import Memory, MemoryLog
from tertulia.storage.memory_ledger import MemoryLedger
from tertulia.storage.pruning import Pruned, prune
from tertulia.storage.recollections import SqlMemory, VolatileMemory
from tertulia.storage.shelves import SqlShelf, VolatileShelf
from tertulia.storage.verify import Report, Violation, verify

__all__ = [
    "Memory",
    "MemoryLedger",
    "MemoryLog",
    "Pruned",
    "Report",
    "SqlLedger",
    "SqlLog",
    "SqlMemory",
    "SqlShelf",
    "Violation",
    "VolatileMemory",
    "VolatileShelf",
    "prune",
    "to_json",
    "verify",
]
