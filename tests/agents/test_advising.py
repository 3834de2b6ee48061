"""A model that is asked who speaks next: what it may answer, and what becomes of the rest."""

import pytest

from tertulia.agents.advising import model_adviser
from tertulia.agents.scripted import Scripted
from tertulia.orchestrator.consultation import Consultation
from tertulia.orchestrator.events import Event, Said
from tertulia.orchestrator.floor import Seat
from tertulia.orchestrator.room import Kind, ParticipantId, RoomId

ANA, BO, EVE = (
    Seat(ParticipantId(who), who.title(), kind, joined=place)
    for place, (who, kind) in enumerate(
        [("ana", Kind.HUMAN), ("bo", Kind.AGENT), ("eve", Kind.AGENT)], 1
    )
)
TOLD = Consultation(
    candidates=(BO, EVE),
    members={seat.id: seat for seat in (ANA, BO, EVE)},
    view=(Event(RoomId("kitchen"), 5, 5, 0.0, ANA.id, Said("Eve, is it late?")),),
)


@pytest.mark.parametrize(
    ("answer", "followed"),
    [
        ("Eve", "eve"),
        ("I think EVE should answer.", "eve"),
        ("@bo", "bo"),
        ("Nobody.", None),
        ("Napoleon", "Napoleon"),
        ("Bo or Eve", "Bo or Eve"),
        ("Ana", "Ana"),
        ("", "(no answer)"),
        ("Steven", "Steven"),
    ],
)
async def test_only_one_candidate_or_nobody_is_followed(answer: str, followed: str | None) -> None:
    assert await model_adviser(Scripted([answer]))(TOLD) == followed


async def test_a_model_that_breaks_is_told_to_the_room() -> None:
    with pytest.raises(RuntimeError, match="no model"):
        await model_adviser(Scripted([RuntimeError("no model")]))(TOLD)
