"""Answers that are held to what they have to be: one of some options, or JSON of a schema."""

from tertulia.agents.choosing.capabilities import Capabilities, Finding, Kind
from tertulia.agents.choosing.choice import Choice, choose
from tertulia.agents.choosing.filling import Form, fill
from tertulia.agents.choosing.findings import capabilities, forget
from tertulia.agents.choosing.likelihood import Scoring
from tertulia.agents.choosing.ways import How

__all__ = [
    "Capabilities",
    "Choice",
    "Finding",
    "Form",
    "How",
    "Kind",
    "Scoring",
    "capabilities",
    "choose",
    "fill",
    "forget",
]
