"""Who advises the rooms of scenarios whose policy is ``selector``: no model, but the seed."""

from random import Random

from tertulia.orchestrator import Adviser, Consultation
from tertulia.orchestrator.addressing import addressees


def rehearsed_adviser(seed: int) -> Adviser:
    """Name the candidate whom the last speaker called by name, else one whom the seed draws.

    What it draws depends on the room alone, so that a performance which is taken up again after a
    crash goes on as it would have gone.
    """

    async def advise(told: Consultation) -> str | None:
        candidates = sorted(seat.id for seat in told.candidates)
        last = told.view[-1] if told.view else None
        if last is not None:
            called = addressees(last.text, told.members, last.by)
            named = [who for who in called if who in candidates]
            if named:
                return named[0]
        place = 0 if last is None else last.seq
        return Random(f"{seed} {place}").choice(candidates) if candidates else None  # noqa: S311

    return advise
