"""Who speaks next: the policies, and how to say one as data."""

from tertulia.orchestrator.policies.addressed import Addressed
from tertulia.orchestrator.policies.bids import Bids
from tertulia.orchestrator.policies.chaired import Chaired
from tertulia.orchestrator.policies.conversational import Conversational
from tertulia.orchestrator.policies.debate import Debate
from tertulia.orchestrator.policies.delphi import Delphi, Panel, Summary
from tertulia.orchestrator.policies.fair import Fair
from tertulia.orchestrator.policies.first_that_decides import FirstThatDecides
from tertulia.orchestrator.policies.free_talk import FreeTalk
from tertulia.orchestrator.policies.gated import Gated
from tertulia.orchestrator.policies.handoff import Handoff
from tertulia.orchestrator.policies.in_rounds import Brainstorm, InRounds
from tertulia.orchestrator.policies.phases import Phase, Phases, Planned
from tertulia.orchestrator.policies.raised_hands import RaisedHands
from tertulia.orchestrator.policies.restraints import Cooldown, Limited, Quiet
from tertulia.orchestrator.policies.round_robin import RoundRobin
from tertulia.orchestrator.policies.routed import Routed
from tertulia.orchestrator.policies.scheduled import Scheduled
from tertulia.orchestrator.policies.selector import Selector
from tertulia.orchestrator.policies.specification import build, known_as, names, specify
from tertulia.orchestrator.policies.succession import policy_after
from tertulia.orchestrator.policies.vote import Balloted, Vote
from tertulia.orchestrator.policies.weighted import Weighted

__all__ = [
    "Addressed",
    "Balloted",
    "Bids",
    "Brainstorm",
    "Chaired",
    "Conversational",
    "Cooldown",
    "Debate",
    "Delphi",
    "Fair",
    "FirstThatDecides",
    "FreeTalk",
    "Gated",
    "Handoff",
    "InRounds",
    "Limited",
    "Panel",
    "Phase",
    "Phases",
    "Planned",
    "Quiet",
    "RaisedHands",
    "RoundRobin",
    "Routed",
    "Scheduled",
    "Selector",
    "Summary",
    "Vote",
    "Weighted",
    "build",
    "known_as",
    "names",
    "policy_after",
    "specify",
]
