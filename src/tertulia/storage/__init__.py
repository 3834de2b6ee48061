"""What is remembered: the log of every room, in SQL or in memory."""

from tertulia.storage.codec import to_json
from tertulia.storage.log import SqlLog
from tertulia.storage.memory import Memory, MemoryLog
from tertulia.storage.verify import Report, Violation, verify

__all__ = ["Memory", "MemoryLog", "Report", "SqlLog", "Violation", "to_json", "verify"]
