"""For the tests of those who use Tertulia: that nobody gets what was not meant for them."""

from tertulia.testing.canaries import Canary, plant
from tertulia.testing.leaks import Leaked, assert_no_leak
from tertulia.testing.recording import Recording
from tertulia.testing.sightings import Sighting

__all__ = ["Canary", "Leaked", "Recording", "Sighting", "assert_no_leak", "plant"]
