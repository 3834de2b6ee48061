"""A model that is asked who speaks next: what it may answer, and what becomes of the rest."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from langchain_core.messages import AIMessage, BaseMessage

from tertulia.agents.advising import model_addresser, model_adviser, model_router
from tertulia.agents.cards import Card
from tertulia.agents.scripted import Scripted
from tertulia.agents.voting import model_vote
from tertulia.orchestrator.ballots import Ballot
from tertulia.orchestrator.consultation import Consultation
from tertulia.orchestrator.events import Event, Said
from tertulia.orchestrator.floor import Seat
from tertulia.orchestrator.room import Kind, ParticipantId, RoomId
from tertulia.orchestrator.routing import Routing
from tertulia.simulation import VirtualClock

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
        ("EVE.", "eve"),
        ("I think Eve should answer.", "I think Eve should answer."),
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


async def test_two_of_one_name_are_asked_for_by_their_handles() -> None:
    told = replace(TOLD, candidates=(BO, replace(EVE, name="Bo")))
    assert await model_adviser(Scripted(["eve"]))(told) == "eve"
    assert await model_adviser(Scripted(["bo"]))(told) == "bo"


async def test_a_model_that_breaks_is_told_to_the_room() -> None:
    with pytest.raises(RuntimeError, match="no model"):
        await model_adviser(Scripted([RuntimeError("no model")]))(TOLD)


@pytest.mark.parametrize(
    ("answer", "routed"),
    [
        ("Bo", "bo"),
        ("everyone", "everyone"),
        ("Nobody.", None),
        ("Bo, I think", "Bo, I think"),
        ("", "(no answer)"),
    ],
)
async def test_a_model_routes_to_a_candidate_to_everyone_or_to_nobody(
    answer: str, routed: str | None
) -> None:
    said = TOLD.view[-1]
    told = Routing(
        TOLD.candidates, TOLD.members, TOLD.view, said=said, until=9, clock=VirtualClock()
    )
    assert await model_router(Scripted([answer]), "Bo cooks.")(told) == routed


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ("Eve", ["eve"]),
        ("All of them.", ["bo", "eve"]),
        ("nobody", []),
        ("Ana", []),
        ("", []),
        ("It is for Eve", []),
    ],
)
async def test_an_utterance_is_for_the_agents_that_the_model_names(
    answer: str, named: list[str]
) -> None:
    assert await model_addresser(Scripted([answer]))(TOLD) == named


@pytest.mark.parametrize(
    ("answer", "voted"),
    [("Yes.", "yes"), ("NO", "no"), ("I vote no", "I vote no"), ("", None)],
)
async def test_a_model_votes_for_the_one_option_that_it_names(
    answer: str, voted: str | None
) -> None:
    told = replace(TOLD, me=BO, ballot=Ballot("tea?", ("yes", "no")))
    assert await model_vote(Answering(answer), Card("Bo", "Likes tea."), told) == voted
    assert await model_vote(Scripted([answer]), Card("Bo", "Likes tea."), told) is None


class Answering:
    """A model that is not scripted, and gives one answer."""

    def __init__(self, answer: str) -> None:
        self.answer = answer

    async def astream(self, input: list[BaseMessage], /) -> AsyncIterator[AIMessage]:  # noqa: A002
        yield AIMessage(self.answer)
