"""Who answers what, who is meant, who speaks next: learned scorers that wait for nobody."""

from tertulia.orchestrator.scoring.likeness import Likeness, likeness
from tertulia.orchestrator.scoring.lines import Forecaster, Line, Reader, Reading, Utterance
from tertulia.orchestrator.scoring.replies import LearnedReader, Opinion
from tertulia.orchestrator.scoring.speakers import LearnedForecaster

__all__ = [
    "Forecaster",
    "LearnedForecaster",
    "LearnedReader",
    "Likeness",
    "Line",
    "Opinion",
    "Reader",
    "Reading",
    "Utterance",
    "likeness",
]
