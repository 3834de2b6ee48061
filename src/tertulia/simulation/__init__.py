"""The same engine with another clock: scenarios, simulated people, virtual time."""

from tertulia.simulation.clock import VirtualClock, VirtualLoop, run
from tertulia.simulation.habits import Habits
from tertulia.simulation.hearing import Ear, Hearing
from tertulia.simulation.lines import Rehearsed
from tertulia.simulation.pace import NoAnswer, Outside
from tertulia.simulation.regular import Regular
from tertulia.simulation.scenario import BadScenario, Scenario, load, parse
from tertulia.simulation.stage import perform, room_name

__all__ = [
    "BadScenario",
    "Ear",
    "Habits",
    "Hearing",
    "NoAnswer",
    "Outside",
    "Regular",
    "Rehearsed",
    "Scenario",
    "VirtualClock",
    "VirtualLoop",
    "load",
    "parse",
    "perform",
    "room_name",
    "run",
]
