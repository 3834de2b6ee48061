"""Who answers what, who is meant, who speaks next: learned scorers that wait for nobody."""

from tertulia.orchestrator.scoring.lines import Forecaster, Line, Reader, Reading, Utterance

__all__ = ["Forecaster", "Line", "Reader", "Reading", "Utterance"]
