"""Settings in, a wired house out: the only file that knows everybody."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from tertulia.orchestrator import (
    Clock,
    Kind,
    Log,
    Participant,
    Room,
    RoomSettings,
    Scheduler,
    Speaker,
    WallClock,
    handle,
)
from tertulia.orchestrator.ports import Policy
from tertulia.storage import MemoryLog, SqlLog

MEMORY = "memory:"


class Member:
    """A participant, and the program that speaks for it if it is an agent."""

    __slots__ = ("participant", "speaker")

    def __init__(self, participant: Participant, speaker: Speaker | None = None) -> None:
        """Made by ``human``, ``agent`` and ``observer``."""
        self.participant, self.speaker = participant, speaker


def human(name: str) -> Member:
    """A person."""
    return Member(Participant(handle(name), name, Kind.HUMAN))


def agent(name: str, speaker: Speaker) -> Member:
    """An agent; ``speaker`` is any async function from a ``Turn`` to what it says."""
    return Member(Participant(handle(name), name, Kind.AGENT), speaker)


def observer(name: str) -> Member:
    """One who only watches."""
    return Member(Participant(handle(name), name, Kind.OBSERVER))


def open_log(url: str) -> Log:
    """The log at a database URL; ``memory:`` is one that is forgotten."""
    return MemoryLog() if url == MEMORY else SqlLog(url)


class House:
    """Rooms over one database, in this process. Use it as ``async with House("sqlite:///x.db")``."""

    def __init__(self, url: str = MEMORY, *, clock: Clock | None = None) -> None:
        """Open the database; raises what ``storage`` raises when it cannot be used."""
        self.log = open_log(url)
        self.scheduler = Scheduler(self.log, clock or WallClock())

    async def room(
        self,
        name: str,
        *members: Member,
        policy: Policy | Mapping[str, object] | str | None = None,
        settings: RoomSettings | None = None,
        title: str = "",
    ) -> Room:
        """A room of that name with these members in it: new, or as it was left."""
        wanted = settings or RoomSettings()
        return await self.scheduler.open(
            name,
            wanted,
            title=title,
            participants=[member.participant for member in members],
            speakers={m.participant.id: m.speaker for m in members if m.speaker is not None},
        )

    async def __aenter__(self) -> Self:
        """Come in."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave cleanly: turns end or are handed back, and everything acknowledged is kept."""
        await self.scheduler.aclose()
