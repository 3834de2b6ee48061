"""What takes long to load is loaded once, and shared by all who want the same of it."""

import atexit
import threading
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar


class Closing(Protocol):
    """Something that can be closed, once and for good."""

    @property
    def closed(self) -> bool:
        """Whether it was."""
        ...

    def close(self) -> None:
        """Stop what it does, and free the memory."""
        ...


Settings = TypeVar("Settings", bound=Hashable)
Thing = TypeVar("Thing", bound=Closing)


class Shared(Generic[Settings, Thing]):
    """One thing for all who want the same settings; closed when Python ends."""

    def __init__(self, make: Callable[[Settings], Thing]) -> None:
        """Nothing is made before somebody wants it."""
        self._make = make
        self._made: dict[Settings, Thing] = {}
        self._lock = threading.Lock()
        atexit.register(self.close)

    def of(self, settings: Settings) -> Thing:
        """The thing of these settings; a fresh one, where the last was closed."""
        with self._lock:
            if settings not in self._made or self._made[settings].closed:
                self._made[settings] = self._make(settings)
            return self._made[settings]

    def close(self) -> None:
        """Close all of them; whoever wants one again gets a fresh one."""
        with self._lock:
            made = list(self._made.values())
            self._made.clear()
        for thing in made:
            thing.close()
