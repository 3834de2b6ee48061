"""Who an agent is, on one card: name, persona, model, tools, languages. It never speaks."""

from dataclasses import dataclass

from tertulia.agents.prices import checked_price
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.room import Kind, Participant, ParticipantId, handle

PERSONA_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class Card:
    """An agent as its author describes it.

    ``model`` is a name that the composer resolves; ``tools`` and ``permissions`` are names too.
    ``languages`` are those it speaks, the preferred one first; none means whatever is spoken to it.
    ``id`` is its handle in mentions, made from the name unless it is given. ``price_in`` and
    ``price_out`` are what a million tokens cost that the model reads and writes (``None``: what the
    model says itself, or nothing). Raises ``Invalid`` for whatever cannot be used.
    """

    name: str
    persona: str = ""
    model: str = "scripted"
    tools: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    permissions: frozenset[str] = frozenset()
    id: str = ""
    price_in: float | None = None
    price_out: float | None = None

    def __post_init__(self) -> None:
        """Check everything once, at the door."""
        _ = self.participant
        if not self.model.strip():
            raise Invalid(where=self._where, what="names no model; say scripted, or embedded")
        if len(self.persona) > PERSONA_LIMIT:
            what = f"a persona is at most {PERSONA_LIMIT:,} characters, not {len(self.persona):,}"
            raise Invalid(where=self._where, what=what)
        for name in ("price_in", "price_out"):
            if (price := getattr(self, name)) is not None:
                checked_price(self._where, name, price)
        for field in ("tools", "languages", "permissions"):
            self._check_names(field, getattr(self, field))

    @property
    def participant(self) -> Participant:
        """The agent as a member of rooms."""
        who = ParticipantId(self.id) if self.id else handle(self.name)
        return Participant(who, self.name, Kind.AGENT)

    @property
    def _where(self) -> str:
        return f"card of agent {self.name!r}"

    def _check_names(self, field: str, names: object) -> None:
        where = f"{self._where}, {field}"
        if not isinstance(names, tuple | frozenset):
            raise Invalid(where=where, what=f"must be a tuple of names, not {names!r}")
        if bad := [name for name in names if not isinstance(name, str) or not name.strip()]:
            raise Invalid(where=where, what=f"each is a name, and {bad[0]!r} is none")
        if twice := [name for name in names if list(names).count(name) > 1]:
            raise Invalid(where=where, what=f"{twice[0]!r} is named twice")
