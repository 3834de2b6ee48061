"""Several drafts and a choice, by whether a person would say it and whether it is good."""

from tertulia.agents.critique.critic import CriticState, Critique, critic, report
from tertulia.agents.critique.ranking import Candidate, ranked
from tertulia.agents.critique.scorers import GOOD, HUMAN, Scorer, learned, marked, plain

__all__ = [
    "GOOD",
    "HUMAN",
    "Candidate",
    "CriticState",
    "Critique",
    "Scorer",
    "critic",
    "learned",
    "marked",
    "plain",
    "ranked",
    "report",
]
