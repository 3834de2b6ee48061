# The names to import from tertulia.telemetry: at run time each is imported when it is first used.

from .ids import TurnIds
from .telemetry import Telemetry
from .tree import TreeExporter

__all__ = ["Telemetry", "TreeExporter", "TurnIds"]
