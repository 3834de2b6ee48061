"""Who speaks next: the policies, and how to say one as data."""

from tertulia.orchestrator.policies.addressed import Addressed
from tertulia.orchestrator.policies.conversational import Conversational
from tertulia.orchestrator.policies.fair import Fair
from tertulia.orchestrator.policies.raised_hands import RaisedHands
from tertulia.orchestrator.policies.round_robin import RoundRobin
from tertulia.orchestrator.policies.specification import build, known_as, names, specify

__all__ = [
    "Addressed",
    "Conversational",
    "Fair",
    "RaisedHands",
    "RoundRobin",
    "build",
    "known_as",
    "names",
    "specify",
]
