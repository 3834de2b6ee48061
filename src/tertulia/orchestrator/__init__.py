"""Who speaks, and when. The ground of the house: it imports nothing of ours."""

from tertulia.orchestrator.admission import member
from tertulia.orchestrator.approvals import ApprovalRule, Asking, Matter, Ruling, Verdict
from tertulia.orchestrator.arbiter import Step, decide, step
from tertulia.orchestrator.clock import WallClock
from tertulia.orchestrator.consultation import Adviser, Consultation
from tertulia.orchestrator.errors import Broken, Refused, TertuliaError, Unreachable
from tertulia.orchestrator.events import Event, Outcome, Said
from tertulia.orchestrator.facts import Fact, Scope
from tertulia.orchestrator.feed import Delta
from tertulia.orchestrator.floor import Floor, Note
from tertulia.orchestrator.live_room import Room
from tertulia.orchestrator.ports import (
    Advance,
    Bid,
    Choice,
    Clock,
    Consult,
    Ledger,
    Log,
    Policy,
    Reply,
)
from tertulia.orchestrator.profile import Profile, Right
from tertulia.orchestrator.replay import replay
from tertulia.orchestrator.room import Kind, Participant, RoomSettings, handle
from tertulia.orchestrator.routing import Router, Routing
from tertulia.orchestrator.scheduler import Scheduler
from tertulia.orchestrator.turns import Speaker, Turn

__all__ = [
    "Advance",
    "Adviser",
    "ApprovalRule",
    "Asking",
    "Bid",
    "Broken",
    "Choice",
    "Clock",
    "Consult",
    "Consultation",
    "Delta",
    "Event",
    "Fact",
    "Floor",
    "Kind",
    "Ledger",
    "Log",
    "Matter",
    "Note",
    "Outcome",
    "Participant",
    "Policy",
    "Profile",
    "Refused",
    "Reply",
    "Right",
    "Room",
    "RoomSettings",
    "Router",
    "Routing",
    "Ruling",
    "Said",
    "Scheduler",
    "Scope",
    "Speaker",
    "Step",
    "TertuliaError",
    "Turn",
    "Unreachable",
    "Verdict",
    "WallClock",
    "decide",
    "handle",
    "member",
    "replay",
    "step",
]
