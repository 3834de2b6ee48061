"""The transcript shows who is who, what is noted, and who did what to the whole room."""

import io

from rich.console import Console

from tertulia.cli.transcript import LiveTranscript
from tertulia.orchestrator import Event, Kind, Profile, Right
from tertulia.orchestrator.events import (
    Body,
    Described,
    Joined,
    Noted,
    NoteStruck,
    RoomEnded,
    RoomPaused,
    RoomResumed,
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
