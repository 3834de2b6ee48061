"""One tree of errors, split by who must act. Fields, not prose: each class words its own fields.

::

    TertuliaError
    ├── Refused              the caller asked for something that cannot be: change the request
    │   ├── NotNow           the floor's table has no entry for this event in this standing
    │   ├── NotAllowed       somebody else may do this
    │   ├── Unknown          no such room, participant, turn, policy, …
    │   ├── Exists           the name is taken
    │   ├── BadContent       empty, too long, or not text
    │   ├── KeyReused        the same key came with other content
    │   ├── Invalid          a setting, file or graph that cannot be used
    │   └── RoomClosed       the room has ended; nothing more is said in it
    ├── Unreachable          nothing is wrong with the request: try again
    │   ├── Elsewhere        another process holds the room's lease
    │   ├── Fenced           a newer owner wrote to the room; this process has lost it
    │   ├── StoreBusy        the database is locked by somebody else
    │   ├── Unsettled        it was on its way when the line was cut: it may have happened
    │   └── ShuttingDown     this process is leaving; the next one answers
    └── Broken               ours or the machine's fault: a person must look
        ├── StoreUnusable    read-only, full, damaged, or from a newer version
        ├── LogDamaged       the events of a room do not fit together
        └── Misbehaved       a policy, agent or graph broke its contract
"""

from functools import partial
from typing import Any, ClassVar


class TertuliaError(Exception):
    """The root. Keyword arguments become attributes and fill the class's sentence."""

    says: ClassVar[str] = "{what}"

    def __init__(self, **fields: Any) -> None:
        """Word the class's sentence with ``fields`` and keep them as attributes."""
        self.fields = fields
        super().__init__(self.says.format(**fields))

    def __reduce__(self) -> Any:
        """Travel between processes by the fields, not by the sentence."""
        return partial(type(self), **self.fields), ()

    def __getattr__(self, name: str) -> Any:
        """Read a field by its name."""
        try:
            return self.__dict__["fields"][name]
        except KeyError:
            raise AttributeError(name) from None


class Refused(TertuliaError):
    """The caller must change what it asks for."""


class Unreachable(TertuliaError):
    """The request was fine; try it again, with the same key."""


class Broken(TertuliaError):
    """The machine or our code is at fault; a person must look."""


class NotNow(Refused):
    """The floor's table has no entry for this event in this standing."""

    says = "{who} is {standing}, so {event} cannot happen now{hint}"


class NotAllowed(Refused):
    """Somebody else may do this, not the one who asked."""

    says = "{who!r} may not {what}: {hint}"


class Unknown(Refused):
    """A name that nobody bears."""

    says = "there is no {kind} {name!r}{hint}"


class Exists(Refused):
    """A name that is taken."""

    says = "there is already a {kind} {name!r}; choose another name, or open that one"


class BadContent(Refused):
    """Empty, too long, or not text."""

    says = "{what}: {hint}"


class KeyReused(Refused):
    """A key came back with other content."""

    says = (
        "{who} used the key {key!r} before, for event {seq}, with other content; "
        "a key names one message for ever: send new content under a new key"
    )


class Invalid(Refused):
    """A setting, file or graph that cannot be used."""

    says = "{where}: {what}"


class RoomClosed(Refused):
    """The room has ended."""

    says = "room {room!r} is closed; open a new room to go on"


class Elsewhere(Unreachable):
    """Another living process holds the room's lease."""

    says = (
        "room {room!r} is held by process {owner} until {until:.0f} (Unix seconds); "
        "talk to that process, or wait until its lease ends"
    )


class Fenced(Unreachable):
    """A newer owner took the room; nothing was written."""

    says = (
        "room {room!r} was taken over by another process (our epoch {epoch} is no longer the "
        "newest) and nothing was written; open the room again and try with the same key"
    )


class Unsettled(Unreachable):
    """The request was on its way when the line was cut; whether it has happened nobody knows."""


class StoreBusy(Unreachable):
    """The database stayed locked for longer than we wait."""

    says = "the database {where} is locked by another process; try again with the same key"


class ShuttingDown(Unreachable):
    """This process is leaving."""

    says = "this process is shutting down; try again with the same key"


class StoreUnusable(Broken):
    """The database cannot be written or read."""

    says = "the database {where} cannot be used: {what}; {hint}"


class LogDamaged(Broken):
    """The events of a room do not fit together."""

    says = "the log of room {room!r} is damaged at event {seq}: {what}"


class Misbehaved(Broken):
    """A policy, agent or graph broke its contract."""

    says = "{who} broke its contract: {what}"
