"""The same engine with another clock: scenarios, simulated people, virtual time."""

from tertulia.simulation.advisers import rehearsed_adviser
from tertulia.simulation.clock import VirtualClock, VirtualLoop, run
from tertulia.simulation.faults import Faults
from tertulia.simulation.habits import Habits
from tertulia.simulation.hearing import Ear, Hearing
from tertulia.simulation.lines import Rehearsed
from tertulia.simulation.machine import Crash, Crashed, Machine
from tertulia.simulation.pace import NoAnswer, Outside, outside
from tertulia.simulation.partition import Partition, Partitioned
from tertulia.simulation.profile import Profile
from tertulia.simulation.regular import Regular
from tertulia.simulation.scenario import BadScenario, Scenario, load, parse
from tertulia.simulation.spoken import Spoken
from tertulia.simulation.stage import Once, perform, room_name
from tertulia.simulation.unsteady import Fault, Unsteady

__all__ = [
    "BadScenario",
    "Crash",
    "Crashed",
    "Ear",
    "Fault",
    "Faults",
    "Habits",
    "Hearing",
    "Machine",
    "NoAnswer",
    "Once",
    "Outside",
    "Partition",
    "Partitioned",
    "Profile",
    "Regular",
    "Rehearsed",
    "Scenario",
    "Spoken",
    "Unsteady",
    "VirtualClock",
    "VirtualLoop",
    "load",
    "outside",
    "parse",
    "perform",
    "rehearsed_adviser",
    "room_name",
    "run",
]
