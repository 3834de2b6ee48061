"""Three people with three languages share a room, each with a router and rights of its own.

Run it:  .venv/bin/python examples/three_languages.py

What to look for: each is answered in its own language, whoever else speaks meanwhile; who answers
is decided by the router of the person who speaks (words, a function, or a graph), and nobody waits
for the router of another; Deniz may pause the room, and Ana may not.
"""

from tertulia import House, Room, RoomSettings, Turn, agent, human, policies
from tertulia.agents import Keywords, TurnState, answer_language
from tertulia.graphs import END, START, TurnGraph
from tertulia.orchestrator import Event, Right, Routing
from tertulia.orchestrator.errors import NotAllowed
from tertulia.orchestrator.events import Advised, Noted, RoomPaused, RoomResumed, Said, TurnGranted
from tertulia.simulation import VirtualClock, run

PHRASES = {
    "cook": {
        "English": "Lentils, in twenty minutes",
        "Spanish": "Lentejas, en veinte minutos",
        "Turkish": "Yirmi dakikaya mercimek",
    },
    "guide": {
        "English": "The museum is open until six",
        "Spanish": "El museo abre hasta las seis",
        "Turkish": "Müze saat 18.00'e kadar gezilir",
    },
}


class Phrasebook:
    """An agent that knows one thing, and can say it in three languages."""

    def __init__(self, role: str, seconds: float) -> None:
        self.phrases, self.seconds = PHRASES[role], seconds

    async def __call__(self, turn: Turn) -> str:
        await turn.clock.sleep(self.seconds)
        kept = [note.text for note in turn.notes if turn.answers and note.about == turn.answers.by]
        aside = f" ({', '.join(kept)}!)" if kept else ""
        return f"{self.phrases[answer_language(turn) or 'English']}{aside}."


async def whoever_is_named_or_nobody(told: Routing) -> str | None:
    """Ben's router, a function: slow, and silent unless he asks something."""
    await told.clock.sleep(4)
    if "?" not in told.said.text:
        return None
    return "guide" if "museum" in told.said.text.lower() else "everyone"


async def always_the_cook(state: TurnState) -> TurnState:
    """The only node of Deniz's router: a graph may think for longer."""
    return {"addressees": ["cook"]}


DENIZ = (
    TurnGraph("router of Deniz")
    .add_node("choose", always_the_cook)
    .add_edge(START, "choose")
    .add_edge("choose", END)
)


async def talk(room: Room) -> None:
    """What the three say, at once."""
    await room.note("deniz", "no onions", by="deniz")
    await room.post("ben", "Is the museum still open?")
    await room.post("ana", "¿Hay receta para hoy?")
    await room.post("deniz", "Bugün ne yiyoruz?")
    await room.post("ben", "Nice weather today.")
    await room.lapse()
    try:
        await room.pause(by="ana")
    except NotAllowed as error:
        print(f"refused:     {error}")
    await room.pause(by="deniz")
    await room.resume(by="deniz")


def line(event: Event) -> str | None:
    """An event as a line of the transcript."""
    match event.body:
        case Said(text=text):
            return f"{event.by}: {text}"
        case TurnGranted(rule=rule):
            return f"    floor to {event.by}, {rule}"
        case Advised(choice=choice):
            return f"    {event.by}'s router: {choice or 'nobody'}"
        case Noted(about=about, text=text):
            return f"    {event.by} notes about {about}: {text}"
        case RoomPaused() | RoomResumed():
            return f"    {event.type} by {event.by}"
    return None


async def main() -> None:
    async with House(clock=VirtualClock()) as house:
        began = house.scheduler.clock.now()
        room = await house.room(
            "kitchen",
            human(
                "Ana",
                languages=["Spanish", "English"],
                router=Keywords({"receta": "cook", "museo": "guide"}, otherwise="nobody"),
            ),
            human("Ben", languages=["English"], router=whoever_is_named_or_nobody),
            human(
                "Deniz",
                languages=["Turkish"],
                about="Keeps the house.",
                permissions=["pause", "note"],
                router=DENIZ,
            ),
            agent("Cook", Phrasebook("cook", 3)),
            agent("Guide", Phrasebook("guide", 2)),
            policy=policies.Routed(inner=policies.Addressed()),
            settings=RoomSettings(permissions=(Right.WHISPER,)),
        )
        await talk(room)
        await room.close()
        async for event in room.subscribe():
            if isinstance(event, Event) and (told := line(event)) is not None:
                print(f"{event.at - began:5.1f} s  {told}")


run(main())
