"""Who may have which tool called: by role, by name, by agent; and what a model is offered."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import BaseMessage
from langchain_core.tools import BaseTool
from tests.agents.turns import ANA, BO, CY, said, turn_in

from tertulia.agents import Scripted, Terms, carry_out, model_caller, on_terms, tool
from tertulia.agents.authority import why_not
from tertulia.agents.limits import in_doubt
from tertulia.agents.mcp import ServerLost, ServerSilent
from tertulia.agents.state import TurnState
from tertulia.orchestrator import Kind, Turn
from tertulia.orchestrator.effects import EffectState
from tertulia.orchestrator.errors import Invalid, Unreachable
from tertulia.orchestrator.floor import Seat
from tertulia.orchestrator.profile import Profile
from tertulia.orchestrator.room import ParticipantId

DOV, EVE = ParticipantId("dov"), ParticipantId("eve")
SUPERVISOR = Profile(roles=("supervisor",))
MEMBERS = {
    ANA: Seat(ANA, "Ana", Kind.HUMAN, 1),
    DOV: Seat(DOV, "Dov", Kind.HUMAN, 2, profile=SUPERVISOR),
    EVE: Seat(EVE, "Eve", Kind.HUMAN, 3, profile=SUPERVISOR),
    BO: Seat(BO, "Bo", Kind.AGENT, 4),
    CY: Seat(CY, "Cy", Kind.AGENT, 5, profile=Profile(roles=("night",))),
}


def asked(terms: Terms, principal: ParticipantId | None, agent: ParticipantId = BO) -> str | None:
    return why_not("refund", terms, agent, principal, MEMBERS)


@pytest.mark.parametrize(
    ("terms", "principal", "told"),
    [
        (Terms(), ANA, None),
        (Terms(), None, None),
        (Terms(roles=("supervisor",)), DOV, None),
        (
            Terms(roles=("supervisor",)),
            ANA,
            "ana may not have refund called: dov or eve may",
        ),
        (
            Terms(roles=("owner",)),
            ANA,
            "ana may not have refund called: nobody in the room may; it takes the role owner",
        ),
        (Terms(allowed=("ana",)), ANA, None),
        (Terms(allowed=("ana",)), DOV, "dov may not have refund called: ana may"),
        (Terms(allowed=("ana",), roles=("supervisor",)), DOV, None),
        (
            Terms(roles=("supervisor",), denied=("dov",)),
            DOV,
            "dov may not have refund called: eve may",
        ),
        (
            Terms(denied=("ana",)),
            ANA,
            "ana may not have refund called: dov or eve or bo or cy may",
        ),
        (Terms(agents=("cy",)), ANA, "bo may not call refund: cy may"),
        (Terms(agents=("bo", "cy")), ANA, None),
        (Terms(roles=("supervisor",)), None, "bo may not have refund called: dov or eve may"),
        (Terms(roles=("supervisor",)), ParticipantId("gone"), "gone may not have refund called"),
    ],
)
def test_a_tool_is_for_those_whom_its_terms_name_and_a_refusal_says_who(
    terms: Terms, principal: ParticipantId | None, told: str | None
) -> None:
    why = asked(terms, principal)
    assert why == told if told is None else why is not None and why.startswith(told)


def test_an_agent_that_acts_of_its_own_accord_answers_for_itself() -> None:
    night = Terms(roles=("night",))
    assert asked(night, None, CY) is None
    assert asked(night, None, BO) == "bo may not have refund called: cy may"
    assert asked(night, ANA, CY) == "ana may not have refund called: cy may"


names = st.lists(st.sampled_from(["ana", "dov", "eve", "bo", "cy", "gone"]), max_size=3)
roles = st.lists(st.sampled_from(["supervisor", "night", "owner"]), max_size=2)


@given(names, names, roles, st.sampled_from([ANA, DOV, EVE, None]), st.sampled_from([BO, CY]))
def test_whoever_is_denied_never_may_and_nobody_gains_by_a_denial(
    allowed: list[str],
    denied: list[str],
    roles: list[str],
    principal: ParticipantId | None,
    agent: ParticipantId,
) -> None:
    free = Terms(roles=tuple(roles), allowed=tuple(allowed))
    strict = Terms(roles=tuple(roles), allowed=tuple(allowed), denied=tuple(denied))
    if (principal or agent) in denied:
        assert asked(strict, principal, agent) is not None
    if asked(strict, principal, agent) is None:
        assert asked(free, principal, agent) is None


def test_names_have_to_be_a_list() -> None:
    with pytest.raises(Invalid, match="roles: must be a list of names, not 'supervisor'"):
        Terms(roles="supervisor")  # type: ignore[arg-type]


# ---- in a turn


@tool(roles=["supervisor"])
async def refund(order: str) -> str:
    """Give the money back."""
    return f"refunded {order}"


@tool(effect="safe_retry")
async def look_up(order: str) -> str:
    """Look an order up."""
    return f"{order}: a teapot"


def turn_of(person: ParticipantId) -> Turn:
    turn = turn_in(said(1, person, "Bo, my money."), answers=1)
    turn.members = MEMBERS
    return turn


class Noticing:
    """A model that remembers which tools it was offered."""

    def __init__(self, *answers: str) -> None:
        self.says, self.offers = Scripted(answers), list[list[str]]()

    def astream(self, messages: list[BaseMessage], /) -> AsyncIterator[Any]:
        return self.says.astream(messages)

    def bind_tools(self, tools: list[BaseTool]) -> "Bound":
        return Bound(self, [one.name for one in tools])


class Bound:
    def __init__(self, model: Noticing, names: list[str]) -> None:
        self.model, self.names = model, names

    def astream(self, messages: list[BaseMessage], /) -> AsyncIterator[Any]:
        self.model.offers.append(self.names)
        return self.model.astream(messages)


class Handed:
    def __init__(self, turn: Turn) -> None:
        self.context = turn


async def test_a_model_is_offered_only_what_may_be_used_in_the_turn() -> None:
    model = Noticing("Good.", "Good.")
    call = model_caller(model, tools=[refund, look_up])
    for person in (ANA, DOV):
        await call(TurnState(), Handed(turn_of(person)))
    assert model.offers == [["look_up"], ["refund", "look_up"]]


async def test_a_model_for_which_there_is_no_tool_is_asked_without_tools() -> None:
    model = Noticing("Good.")
    call = model_caller(model, tools=[refund])
    assert (await call(TurnState(), Handed(turn_of(ANA))))["draft"] == "Good."
    assert model.offers == []


async def test_what_was_not_offered_is_refused_all_the_same() -> None:
    carried = await carry_out(turn_of(ANA), refund, {"order": "7"}, call="c")
    assert carried.effect.state is EffectState.REFUSED
    assert carried.text == "error: ana may not have refund called: dov or eve may"
    assert (await carry_out(turn_of(DOV), refund, {"order": "7"}, call="c")).ok


# ---- what may have happened


@pytest.mark.parametrize(
    ("error", "doubt"),
    [
        (ServerLost("desk", "went away"), True),
        (ServerSilent("desk", "cannot be reached"), False),
        (Unreachable(what="try later"), False),
        (TimeoutError(), True),
        (ConnectionResetError(), True),
        (ConnectionRefusedError(), False),
        (httpx.ReadTimeout("late"), True),
        (httpx.RemoteProtocolError("cut"), True),
        (httpx.ConnectError("nobody"), False),
        (ValueError("no such order"), False),
    ],
)
async def test_a_call_whose_line_was_cut_is_uncertain_and_others_have_failed(
    error: Exception, doubt: bool
) -> None:
    async def pay() -> str:
        """Pay."""
        raise error

    carried = await carry_out(turn_of(ANA), tool(pay), {}, call="c")
    state = EffectState.UNCERTAIN if doubt else EffectState.FAILED
    assert (in_doubt(error), carried.effect.state) == (doubt, state)
    again = on_terms(tool(pay), Terms(effect="safe_retry", tries=1))  # type: ignore[arg-type]
    carried = await carry_out(turn_of(ANA), again, {}, call="c")
    assert carried.effect.state is EffectState.FAILED
