"""A panel that is asked in private, hears what came of it, and is asked again.

Dalkey & Helmer 1963, "An experimental application of the Delphi method to the use of experts",
Management Science 9(3), 458-467.
"""

from dataclasses import dataclass

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies.phases import Phase, Planned
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.policies.vote import Balloted
from tertulia.orchestrator.ports import Choice
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.visibility import audience_of


@known_as("panel")
@dataclass(frozen=True, slots=True)
class Panel:
    """Each of ``who`` (handles) has so many ``turns`` that only ``to`` hears; then silence.

    Nobody of the panel hears the others. While ``to`` is away, or if nobody is named, nobody is
    asked. Fair: of n on the panel, everybody is granted within ``2n - 1`` grants, until all have
    had their turns.
    """

    to: str = ""
    who: tuple[str, ...] = ()
    turns: int = 1

    def choose(self, floor: Floor, now: float) -> Choice | None:
        """Ask the one who has been asked least."""
        to = ParticipantId(self.to)
        if to not in floor.members:
            return None
        had = floor.stage.turns
        asked = [who for who in map(ParticipantId, self.who) if who != to and floor.eligible(who)]
        following = min(asked, key=lambda who: had.get(who, 0), default=None)
        if following is None or had.get(following, 0) >= self.turns:
            return None
        return Choice(following, "in private", audience=audience_of(following, (to,)))


@known_as("summary")
@dataclass(frozen=True, slots=True)
class Summary:
    """``by`` (a handle) has one turn before everybody, and may draw upon the phase before.

    That is: upon what it was told in private turns since that phase began, as those who told it
    know. Whispers stay whispered. One grant, then silence.
    """

    by: str = ""

    def choose(self, floor: Floor, now: float) -> Choice | None:
        """Grant the one who sums up, once."""
        by = ParticipantId(self.by)
        if not floor.eligible(by) or floor.stage.turns.get(by, 0):
            return None
        return Choice(by, "sums up", discloses=floor.stage.before)


@known_as("delphi")
@dataclass(frozen=True, slots=True)
class Delphi(Planned):
    """The ``panel`` answers the ``facilitator`` in private, who sums up before everybody; again.

    So it goes ``rounds`` times at most. With ``options`` the panel votes in secret after each
    summary (``within_s`` seconds), and is done when one option has that share ``agreement`` of the
    votes. It is also done when in a later round nobody of the panel says anything: no answer stands
    for the one before. Fair: of n on the panel, each is asked within ``2n`` grants, as long as it
    lasts.
    """

    facilitator: str = ""
    panel: tuple[str, ...] = ()
    rounds: int = 3
    options: tuple[str, ...] = ()
    title: str = "the panel's vote"
    agreement: float = 0.75
    within_s: float = 60.0

    def __post_init__(self) -> None:
        """Check the numbers once."""
        if self.rounds < 1:
            raise Invalid(where="policy 'delphi'", what="rounds must be at least 1")
        self.plan()

    def plan(self) -> tuple[Phase, ...]:
        """Answers, summary and vote, over and over."""
        laid_out: list[Phase] = []
        parts = 3 if self.options else 2
        for number in range(1, self.rounds + 1):
            left = parts * (self.rounds - number)
            asked = Panel(self.facilitator, self.panel)
            laid_out += [
                Phase(
                    f"answers {number}",
                    asked,
                    self.panel,
                    passed=number > 1,
                    lapses=True,
                    skips=left + parts - 1,
                ),
                Phase(f"summary {number}", Summary(self.facilitator), lapses=True),
            ]
            if self.options:
                vote = Phase(
                    f"vote {number}",
                    self._ballot(),
                    lapses=True,
                    agreement=self.agreement,
                    skips=left,
                )
                laid_out.append(vote)
        return tuple(laid_out)

    def _ballot(self) -> Balloted:
        return Balloted(self.title, self.options, self.panel, (), self.within_s, "secret")
