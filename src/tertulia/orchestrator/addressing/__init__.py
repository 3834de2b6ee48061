"""To whom something is said, and which exchange it belongs to."""

from tertulia.orchestrator.addressing.cascade import HINTS, OBLIGES, Ear, Likely, Saying, understood
from tertulia.orchestrator.addressing.marks import addressees
from tertulia.orchestrator.addressing.pairs import Spoken

__all__ = ["HINTS", "OBLIGES", "Ear", "Likely", "Saying", "Spoken", "addressees", "understood"]
