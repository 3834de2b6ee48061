"""The same engine with another clock: scenarios, simulated people, virtual time."""

from tertulia.simulation.clock import VirtualClock, VirtualLoop, run

__all__ = ["VirtualClock", "VirtualLoop", "run"]
