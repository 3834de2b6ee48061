"""The transcript shows who is who, what is noted, and who did what to the whole room."""

import io

from rich.console import Console

from tertulia.cli.transcript import LiveTranscript
from tertulia.orchestrator import Event, Kind, Profile, Right
from tertulia.orchestrator.events import (
    Advised,
    Body,
    Consulted,
    Described,
    Joined,
    Noted,
    NoteStruck,
    RoomEnded,
    RoomPaused,
    RoomResumed,
    RouterAttached,
    RouterDetached,
)
from tertulia.orchestrator.room import ROOM, Audience, ParticipantId, RoomId


def test_who_is_who_and_what_is_noted_is_seen() -> None:
    out = io.StringIO()
    transcript = LiveTranscript(Console(file=out, width=500, highlight=False))
    ana, bo, flo = map(ParticipantId, ("ana", "bo", "flo"))
    known = Profile(("Spanish", "English"), "A nurse.", ())
    bodies: list[tuple[ParticipantId, Body, Audience]] = [
        (ana, Joined("Ana", Kind.HUMAN, known), None),
        (bo, Joined("Bo", Kind.AGENT, invited_by=ana), None),
        (ana, Described(Profile(permissions=(Right.CLOSE,)), bo), None),
        (bo, Described(Profile()), None),
        (bo, Noted(ana, "likes tea"), None),
        (bo, Noted(ana, "snores"), (bo, flo)),
        (ana, NoteStruck(5), None),
        (ana, RoomPaused(), None),
        (ROOM, RoomResumed(), None),
        (ana, RoomEnded("late"), None),
    ]
    for seq, (by, body, audience) in enumerate(bodies, 1):
        transcript.show(Event(RoomId("kitchen"), seq, seq, 0.0, by, body, audience))
    assert [line.partition("· ")[2] for line in out.getvalue().splitlines()] == [
        "Ana (a person) comes in: speaks Spanish, English; A nurse.; may post only",
        "Bo (an agent) comes in, brought by Ana",
        "Bo: Ana: may close",
        "Bo: nothing is known",
        "Bo notes about Ana: likes tea",
        "Bo notes for flo about Ana: snores",
        "Ana strikes note 5",
        "the room is paused by Ana",
        "the room goes on",
        "the room is closed by Ana: late",
    ]


def test_what_a_router_says_is_seen() -> None:
    out = io.StringIO()
    transcript = LiveTranscript(Console(file=out, width=500, highlight=False))
    ana, bo = map(ParticipantId, ("ana", "bo"))
    bodies: list[Body] = [
        Joined("Ana", Kind.HUMAN),
        RouterAttached(),
        Consulted(1, "route", (bo,), 9.0, 2),
        Advised(1, bo),
        Advised(2, None),
        Advised(3, None, "named 'zed', which is none of: bo"),
        RouterDetached(),
    ]
    for seq, body in enumerate(bodies, 1):
        transcript.show(Event(RoomId("kitchen"), seq, seq, 0.0, ana, body))
    assert [line.partition("· ")[2] for line in out.getvalue().splitlines()[1:]] == [
        "Ana has a router",
        "Ana's router: bo",
        "Ana's router: nobody",
        "Ana's router: named 'zed', which is none of: bo",
        "Ana has no router any more",
    ]
