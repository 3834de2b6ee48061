"""The text of an answer as its tokens come: whole characters only, and nothing beyond a stop.

A stop may begin in one token and end in another, so what may become one is held back until it is
decided. Nothing here knows a model.
"""

from collections.abc import Sequence


class Stops:
    """Lets text through until one of the stops appears in it; the stop itself is not text."""

    def __init__(self, stops: Sequence[str]) -> None:
        """Watch for ``stops``; empty ones are none."""
        self._stops = tuple(dict.fromkeys(stop for stop in stops if stop))
        self._held = ""
        self.found = False

    def take(self, text: str) -> str:
        """Return what is surely text by now."""
        if self.found:
            return ""
        self._held += text
        first = min((at for at in map(self._held.find, self._stops) if at >= 0), default=-1)
        if first >= 0:
            self.found = True
            told, self._held = self._held[:first], ""
            return told
        kept = max((_overlap(self._held, stop) for stop in self._stops), default=0)
        cut = len(self._held) - kept
        told, self._held = self._held[:cut], self._held[cut:]
        return told

    def rest(self) -> str:
        """Return what was held back, when no more text will come."""
        told, self._held = self._held, ""
        return told


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of the text may be the beginning of the stop."""
    longest = min(len(text), len(stop) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(stop[:n])), 0)
