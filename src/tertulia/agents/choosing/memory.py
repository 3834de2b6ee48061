"""What was found out of servers, and how long it is believed. Pure: no clock, no server.

Behind an address there may be another server than yesterday: started again with another model, or
another engine. So what was found is believed for a while, and no longer than until the server was
away, gave another name to its model, or belied it.
"""

from tertulia.agents.choosing.capabilities import Finding, Kind

LASTS_S = 1_800.0
"""How long a finding is believed: a dozen short calls in half an hour find it all out again."""

Place = tuple[str, str]
"""A base URL, and the name by which a model is asked for there."""

Test = tuple[Kind, str]


class Memory:
    """The findings of each place. Times are in seconds, of one clock."""

    def __init__(self) -> None:
        """Know nothing."""
        self._found: dict[Place, dict[Test, tuple[Finding, float]]] = {}
        self._answered: dict[Place, str] = {}

    def known(self, place: Place, test: Test, now: float) -> Finding | None:
        """What a test has shown, unless that is too long ago, or of another clock's future."""
        finding, since = self._found.get(place, {}).get(test, (None, now))
        return finding if 0 <= now - since < LASTS_S else None

    def learn(self, place: Place, finding: Finding, now: float) -> None:
        """Believe this from now on, whatever was believed before."""
        self._found.setdefault(place, {})[finding.kind, finding.by] = finding, now

    def answered(self, place: Place, model: str) -> None:
        """An answer came from a model that the server calls so; from another one all is new.

        (A fingerprint would tell more, but hosted models have several at the same time.)
        """
        if model and self._answered.setdefault(place, model) != model:
            self.forget(place)
            self._answered[place] = model

    def forget(self, place: Place) -> None:
        """Believe nothing any more."""
        self._found.pop(place, None)
        self._answered.pop(place, None)
