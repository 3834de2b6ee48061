"""What waits for approval, as a terminal shows it, and what a person types about it."""

import io
from typing import Any

import pytest
from rich.console import Console
from tests.orchestrator.rooms import a_house, in_no_time, settle

from tertulia.cli.consenting import answer, still_waiting
from tertulia.cli.transcript import LiveTranscript
from tertulia.orchestrator import ApprovalRule, Asking, Matter, Room, Turn
from tertulia.orchestrator.errors import NotNow, Unknown
from tertulia.orchestrator.room import ParticipantId

ANA = ParticipantId("ana")


class Clerk:
    """An agent that asks for what it is told to, and says what came of it."""

    def __init__(self, *askings: tuple[str, Matter]) -> None:
        self.askings = askings

    async def __call__(self, turn: Turn) -> str:
        turn.say("Let me ask.")
        told = []
        for tool, kind in self.askings:
            asking = Asking(f"{turn.id}/{tool}", kind, tool, '{"order": 7}', ApprovalRule(), 60)
            told.append((await turn.approval(asking)).ruling)
        return ", ".join(told)


async def shown(room: Room) -> list[str]:
    out = io.StringIO()
    transcript = LiveTranscript(Console(file=out, width=500, highlight=False), tokens=False)
    async for event in room.subscribe("ana", until=room.floor.head):
        transcript.show(event)
    return [line[10:] for line in out.getvalue().splitlines()]


@in_no_time
async def test_what_waits_is_shown_with_what_to_type_and_then_what_came_of_it() -> None:
    async with a_house() as house:
        asked = (("refund", Matter.APPROVE), ("pay", Matter.UNCERTAIN), ("book", Matter.APPROVE))
        room = await house.room("ana bo", {"bo": Clerk(*asked)})
        await room.post("ana", "@bo my money!")
        await settle()
        assert still_waiting(room.approvals("ana")) == " · waits for approval: kitchen/1/refund"
        assert await answer(room, ANA, "/approve", 'refund {"order": 8}') is None
        await settle()
        assert await answer(room, ANA, "/resolve", "pay happened it was 20") is None
        await settle()
        assert await answer(room, ANA, "/refuse", "kitchen/1/book no more") is None
        await room.lapse()
        lines = await shown(room)
        first = lines.index("Bo: Let me ask.")
        assert lines[first + 1 : -1] == [
            (
                '· Bo wants to do refund {"order": 7} · /approve kitchen/1/refund or /refuse '
                "kitchen/1/refund"
            ),
            "· Bo waits, and leaves the floor",
            '· Ana: approve kitchen/1/refund, with {"order": 8}',
            "· kitchen/1/refund: approved",
            "· floor → Bo · back from waiting",
            (
                '· Bo does not know whether pay {"order": 7} has happened · /resolve kitchen/1/pay '
                "happened | again | give_up"
            ),
            "· Bo waits, and leaves the floor",
            "· Ana: happened kitchen/1/pay: it was 20",
            "· kitchen/1/pay: happened",
            "· floor → Bo · back from waiting",
            (
                '· Bo wants to do book {"order": 7} · /approve kitchen/1/book or /refuse '
                "kitchen/1/book"
            ),
            "· Bo waits, and leaves the floor",
            "· Ana: refuse kitchen/1/book: no more",
            "· kitchen/1/book: refused",
            "· floor → Bo · back from waiting",
        ]
        assert lines[-1] == "Bo: approved, happened, refused"


@in_no_time
async def test_what_is_typed_wrong_is_told() -> None:
    async with a_house() as house:
        clerk = Clerk(("refund", Matter.APPROVE))
        room = await house.room("ana bo eve", {"bo": clerk, "eve": clerk}, capacity=2)
        assert await answer(room, ANA, "/approve", "") == "write /approve ID (nothing waits)"
        await room.post("ana", "@bo @eve my money!")
        await settle()
        both = "kitchen/1/refund, kitchen/2/refund"
        assert await answer(room, ANA, "/refuse", " ") == f"write /refuse ID ({both})"
        wrong: list[tuple[str, str, Any, str]] = [
            ("/approve", "refund", Unknown, f"there are {both}"),
            ("/approve", "nothing", Unknown, "kitchen/1/refund, kitchen/2/refund waits"),
            ("/resolve", "kitchen/1/refund again", NotNow, "approve or refuse it"),
        ]
        for command, rest, error, told in wrong:
            with pytest.raises(error, match=told):
                await answer(room, ANA, command, rest)
        await settle(61)
        await room.lapse()
        assert "· kitchen/1/refund was not approved in time" in await shown(room)
