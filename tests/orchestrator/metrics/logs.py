"""Logs written by hand, event by event: metrics do not ask whether a floor would allow them."""

from tertulia.orchestrator.events import (
    Body,
    Event,
    FloorRequested,
    Joined,
    Outcome,
    Said,
    TurnEnded,
    TurnGranted,
    Uptake,
)
from tertulia.orchestrator.room import Audience, Kind, ParticipantId, RoomId, TurnId

ANA, TOM, BO, EVE = (ParticipantId(who) for who in ("ana", "tom", "bo", "eve"))
KINDS = {ANA: Kind.HUMAN, TOM: Kind.HUMAN, BO: Kind.AGENT, EVE: Kind.AGENT}


class Written:
    """A log of two people and two agents who come in at second 0; then what is written."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.turns = 0
        for who, kind in KINDS.items():
            self.add(0, who, Joined(who.title(), kind))

    def add(self, at: float, by: ParticipantId, body: Body, audience: Audience = None) -> int:
        """Write an event; its seq."""
        seq = len(self.events) + 1
        self.events.append(Event(RoomId("kitchen"), seq, seq, at, by, body, audience))
        return seq

    def hand(self, at: float, by: ParticipantId) -> None:
        self.add(at, by, FloorRequested())

    def say(
        self,
        at: float,
        by: ParticipantId,
        text: str = "Well.",
        *,
        to: tuple[ParticipantId, ...] = (),
        reply_to: int | None = None,
        audience: Audience = None,
        uptake: Uptake = Uptake.TAKEN,
    ) -> int:
        """Say something without a turn."""
        return self.add(at, by, Said(text, to, None, reply_to, uptake=uptake), audience)

    def grant(
        self,
        at: float,
        by: ParticipantId,
        answers: int | None = None,
        audience: Audience = None,
    ) -> TurnId:
        """Grant a turn; its id."""
        self.turns += 1
        turn = TurnId(f"kitchen/{self.turns}")
        self.add(at, by, TurnGranted(turn, 1e9, "by hand", answers), audience)
        return turn

    def end(
        self,
        at: float,
        by: ParticipantId,
        turn: TurnId,
        text: str = "Yes.",
        *,
        to: tuple[ParticipantId, ...] = (),
        reply_to: int | None = None,
        cut_by: ParticipantId | None = None,
        audience: Audience = None,
        tokens: int = 0,
    ) -> int:
        """End a turn with what it says (nothing: in silence); the utterance's seq."""
        seq = len(self.events) + 1
        if text:
            said = Said(text, to, turn, reply_to, interrupted_by=cut_by)
            self.add(at, by, said, audience)
        outcome = Outcome.INTERRUPTED if cut_by is not None else Outcome.COMMITTED
        ended = TurnEnded(turn, outcome, interrupted_by=cut_by, tokens=tokens, cost=tokens / 100)
        self.add(at, by, ended, audience)
        return seq

    def turn(self, since: float, until: float, by: ParticipantId, text: str = "Yes.") -> int:
        """A whole turn."""
        return self.end(until, by, self.grant(since, by), text)
