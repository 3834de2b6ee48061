"""Labels that come from outside, bounded: what comes after the first so many is ``other``."""

OTHER = "other"
MOST = 100


class Bounded:
    """The first ``most`` values that it is asked for, as they are; all others are one."""

    __slots__ = ("_known", "_most")

    def __init__(self, most: int = MOST) -> None:
        """Nothing is known."""
        self._most = most
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        """The value to label with."""
        if value in self._known:
            return value
        if len(self._known) >= self._most:
            return OTHER
        self._known.add(value)
        return value
