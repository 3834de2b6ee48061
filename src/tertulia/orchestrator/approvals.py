"""Who may approve what an agent wants to do, as values."""

from dataclasses import dataclass

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.room import ParticipantId


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """Whose approval a call needs: ``quorum`` of those whom the rest of the rule names.

    With ``requester``, whoever asked for it may (or on whose behalf it is); ``participants`` by
    their handles; members with one of ``roles`` in their profile. A rule that names nobody means
    any person in the room. Only persons approve, and never an agent. Raises ``Invalid``.
    """

    requester: bool = False
    participants: tuple[ParticipantId, ...] = ()
    roles: tuple[str, ...] = ()
    quorum: int = 1

    def __post_init__(self) -> None:
        """Check the number once, at the door."""
        if self.quorum < 1:
            raise Invalid(where="approval rule, quorum", what="must be at least 1")
