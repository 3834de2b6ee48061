"""Who may do what in a room, and profiles, which say so among other things.

A request without an actor is the program's own that has the room open: it may do everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tertulia.orchestrator.admission.members import member
from tertulia.orchestrator.errors import NotAllowed
from tertulia.orchestrator.events import Described, Draft, Joined
from tertulia.orchestrator.floor import Floor, Seat, revised
from tertulia.orchestrator.profile import Profile, Right, doing, profile
from tertulia.orchestrator.room import ROOM, Kind, ParticipantId
from tertulia.orchestrator.transitions import check

NAMES = 5
"""How many of those who may do something are named to one who may not."""


def rights_of(floor: Floor, seat: Seat) -> tuple[Right, ...]:
    """What a member may do: what its profile says, or else what the room lets everybody do."""
    if seat.profile.permissions is not None:
        return seat.profile.permissions
    if seat.kind is Kind.OBSERVER:
        return ()
    return tuple(Right) if floor.settings.permissions is None else floor.settings.permissions


def check_right(floor: Floor, who: ParticipantId, right: Right) -> None:
    """Raise ``NotAllowed``, which says who may, for one that may not do this."""
    if right in rights_of(floor, member(floor, who)):
        return
    able = [seat.id for seat in floor.members.values() if right in rights_of(floor, seat)]
    named = ", ".join(able[:NAMES]) + (f" and {len(able) - NAMES} more" if able[NAMES:] else "")
    hint = f"{named} may" if able else "nobody in the room may, only the program that runs it"
    raise NotAllowed(who=who, what=doing(right), hint=hint)


def acting(floor: Floor, by: str | None, right: Right) -> ParticipantId:
    """In whose name something is done that takes a right: a member's, or the room's own."""
    if by is None:
        return ROOM
    who = member(floor, by).id
    check_right(floor, who, right)
    return who


@dataclass(frozen=True, slots=True)
class Description:
    """What is to change in a profile; ``None`` leaves it as it is."""

    languages: Sequence[str] | None = None
    about: str | None = None
    permissions: Sequence[str] | None = None
    roles: Sequence[str] | None = None

    def of(self, old: Profile) -> Profile:
        """The profile with these changes. Raises ``Invalid`` for what cannot be used."""
        return profile(
            old.languages if self.languages is None else self.languages,
            old.about if self.about is None else self.about,
            old.permissions if self.permissions is None else self.permissions,
            old.roles if self.roles is None else self.roles,
        )


def describe(
    floor: Floor, who: str, changes: Description, by: ParticipantId | None
) -> tuple[Draft, ...]:
    """Change a profile: one's own, or with the right to it another's; nothing if it is so already.

    What anybody may do, and any role, change only by who has the right to ``permit``, for oneself
    too.
    """
    seat = member(floor, who)
    check(floor, seat.id, Described)
    new = changes.of(seat.profile)
    if by is not None and by != seat.id:
        acting(floor, by, Right.DESCRIBE)
    old = seat.profile
    if (new.permissions, new.roles) != (old.permissions, old.roles):
        acting(floor, by, Right.PERMIT)
    if new == seat.profile:
        return ()
    author = None if by == seat.id else by or ROOM
    return (Draft(seat.id, Described(new, author)),)


def invite(floor: Floor, newcomer: tuple[Draft, ...], by: str | None) -> tuple[Draft, ...]:
    """The coming in of somebody whom a member brings in, if that one may.

    Who brings in somebody with a role gives it to them, which takes the right to ``permit``.
    """
    if by is None:
        return newcomer
    host = acting(floor, by, Right.INVITE)
    if any(isinstance(d.body, Joined) and d.body.profile.roles for d in newcomer):
        acting(floor, by, Right.PERMIT)
    return tuple(
        revised(draft, body=revised(draft.body, invited_by=host))
        if isinstance(draft.body, Joined)
        else draft
        for draft in newcomer
    )
