"""Three people who want different things of one house, and an assistant that gets it settled.

Run it:  .venv/bin/python examples/smart_home.py

Hal looks after heating, light and music. Each is a form: what has to be known, whose word counts,
whose yes it takes. Ana and Ben differ about the temperature, so Hal asks until they agree, and
everybody has to say yes; Cleo's no is a veto. Light is set by whoever spoke last; music after ten
is refused. The devices are rows of an SQLite database, and are set by tools: heating and light are
`idempotent` (they are handed a key, and set a thing once for each), the speaker plays what it is
told `at_most_once`. No model is needed: rules understand what is said. Time is virtual.
"""

import asyncio
import sqlite3
from collections.abc import Mapping
from datetime import time
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from tertulia import House, Room, Turn, agent, human
from tertulia.agents import IdempotencyKey, tool
from tertulia.agents.dialogue import (
    ANYBODY,
    ByWords,
    Desk,
    Form,
    Intent,
    Rules,
    Settle,
    Slot,
    with_intents,
)
from tertulia.graphs import desk_talk, speaker_of
from tertulia.simulation import VirtualClock, run

# ---- the devices: rows of a database, and tools that set them

devices = sqlite3.connect(":memory:", isolation_level=None)
devices.executescript(
    """
    CREATE TABLE device (name TEXT PRIMARY KEY, setting TEXT NOT NULL);
    CREATE TABLE done (key TEXT PRIMARY KEY);
    INSERT INTO device VALUES ('heating', '19 degrees'), ('light', 'bright'), ('speaker', 'silent');
    """
)


def set_once(name: str, setting: str, key: str) -> None:
    """Set a device, once for each key."""
    with devices:
        if devices.execute("INSERT OR IGNORE INTO done VALUES (?)", (key,)).rowcount:
            devices.execute("UPDATE device SET setting = ? WHERE name = ?", (setting, name))


@tool(effect="idempotent")
async def set_heating(degrees: float, key: IdempotencyKey) -> str:
    """Set the temperature of the house, in degrees Celsius."""
    set_once("heating", f"{degrees:g} degrees", key)
    return f"The heating is set to {degrees:g} degrees."


@tool(effect="idempotent")
async def set_light(level: str, key: IdempotencyKey) -> str:
    """Set the light in the living room."""
    set_once("light", level, key)
    return f"The light is {level}."


@tool(effect="at_most_once")
async def play(music: str, until: str) -> str:
    """Play music until a time of day."""
    devices.execute("UPDATE device SET setting = ? WHERE name = 'speaker'", (music,))
    return f"You will hear {music} until {until[:5]}."


async def state_of_the_house(turn: Turn) -> str:
    """Tell how the devices are set."""
    rows = devices.execute("SELECT name, setting FROM device ORDER BY name").fetchall()
    return "This is how it is: " + ", ".join(f"{name} {setting}" for name, setting in rows) + "."


# ---- what has to be settled, and by whose word


class Level(StrEnum):
    OFF = "off"
    DIM = "dim"
    BRIGHT = "bright"


def quiet_at_night(until: time, known: Mapping[str, Any]) -> str | None:
    """Nobody plays music after ten."""
    return "the house is quiet after ten" if until > time(22) else None


heating = Form(
    "heating",
    (Slot("degrees", Annotated[float, Field(ge=16, le=23)], "How warm shall it be?"),),
    confirm=ANYBODY,
    unanimous=True,
    opens=("heating", "warmer", "colder", "temperature"),
)
light = Form(
    "light",
    (Slot("level", Level, "Off, dim or bright?", settle=Settle.LATEST),),
    confirm=None,
    opens=("light", "lights"),
)
music = Form(
    "music",
    (
        Slot("music", str, "What would you like to hear?"),
        Slot("until", time, "Until when?", check=quiet_at_night),
    ),
    title="the music",
    opens=("music",),
)

FORMS = [heating, light, music]
how = Intent("state", "how the devices are set", words=("how is (it|the house) set",))
desk = Desk(
    FORMS,
    with_intents(Rules(FORMS), ByWords([how])),
    then={"heating": set_heating, "light": set_light, "music": play},
    answers={"state": state_of_the_house},
)

# ---- an evening

EVENING = [
    ("ana", "Hal, please turn up the heating."),
    ("ana", "Hal, 22 degrees."),
    ("cleo", "Hal, no, that is wasteful."),
    ("ben", "Hal, 19 would do."),
    ("cleo", "Hal, how is the house set?"),
    ("ana", "Hal, 40 then!"),
    ("ana", "Hal, fine, let us say 20."),
    ("ben", "Hal, 20."),
    ("ana", "Hal, yes."),
    ("cleo", "Hal, some music, please."),
    ("cleo", "Hal, the cello suites."),
    ("ben", "Hal, yes, agreed."),
    ("cleo", "Hal, sure."),
    ("cleo", "Hal, until 11 pm."),
    ("cleo", "Hal, until 9:30 pm."),
    ("cleo", "Hal, yes."),
    ("ben", "Hal, make the lights dim."),
    ("ana", "Hal, how is the house set?"),
]


async def spend(room: Room) -> None:
    """Say everything, and wait for what Hal says to it."""
    for who, words in EVENING:
        await room.post(who, words)
        await room.lapse()
        await asyncio.sleep(20)
    for said in await room.said():
        print(f"{room.floor.members[said.by].name:>4}: {said.text}")


async def main() -> None:
    async with House(clock=VirtualClock()) as house:
        people = [human("Ana"), human("Ben"), human("Cleo")]
        hal = agent("Hal", speaker_of(desk_talk(desk)))
        await spend(await house.room("living-room", *people, hal, policy="addressed"))


if __name__ == "__main__":
    run(main())
