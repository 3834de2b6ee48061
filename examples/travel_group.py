"""Three people with different wishes, and one planner who gets them to the sea.

Run it:  .venv/bin/python examples/travel_group.py

The planner's model (scripted here, so that it runs offline) makes a typed plan: trains and hotels
of two towns are looked up at the same time, and Ben is asked when he can leave. Meanwhile Chloe
says what she would like, so the plan is made anew, and what has been done stays done. What is
booked is booked at most once, and only when Ana, who asked for it, has approved: she refuses the
first hotel, and the plan is made anew once more. Time is virtual: it all takes a moment.
"""

import asyncio
import json
import sqlite3
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage

from tertulia import House, agent, human
from tertulia.agents import Card, Scripted, tool
from tertulia.agents.planning import Plan, Task, asking, ref, task, written
from tertulia.graphs import plan_act_answer, speaker_of
from tertulia.orchestrator import ApprovalRule, Event, Room, Said
from tertulia.orchestrator.events import ApprovalAsked, PlanEnded, PlanProposed, TasksMoved
from tertulia.simulation import VirtualClock, run

TRAINS = [
    ("T1", "Lisbon", "12:30", 41),
    ("T2", "Porto", "13:10", 33),
    ("T3", "Lisbon", "16:00", 29),
]
HOTELS = [("H1", "Lisbon", "Praia", 120), ("H2", "Lisbon", "Farol", 85), ("H3", "Porto", "Foz", 70)]


def fill(path: Path) -> sqlite3.Connection:
    """Make the travel agency's database."""
    agency = sqlite3.connect(path, check_same_thread=False)
    agency.execute("CREATE TABLE trains (id, town, leaves, price)")
    agency.execute("CREATE TABLE hotels (id, town, name, price)")
    agency.execute("CREATE TABLE bookings (what, people)")
    agency.executemany("INSERT INTO trains VALUES (?, ?, ?, ?)", TRAINS)
    agency.executemany("INSERT INTO hotels VALUES (?, ?, ?, ?)", HOTELS)
    agency.commit()
    return agency


def tools_of(agency: sqlite3.Connection) -> list[Any]:
    """What the planner can do: look things up as often as it likes, and book with approval."""
    agency.row_factory = sqlite3.Row

    def rows(query: str, town: str) -> list[Mapping[str, Any]]:
        return [dict(row) for row in agency.execute(query, (town,))]

    @tool(effect="safe_retry")
    async def trains(town: str) -> list[Mapping[str, Any]]:
        """Look up the trains to a town, the cheapest last."""
        await asyncio.sleep(2)
        return rows("SELECT * FROM trains WHERE town = ? ORDER BY leaves", town)

    @tool(effect="safe_retry")
    async def hotels(town: str) -> list[Mapping[str, Any]]:
        """Look up the hotels of a town, by the sea first."""
        await asyncio.sleep(3)
        return rows("SELECT * FROM hotels WHERE town = ?", town)

    @tool(effect="at_most_once", approval=ApprovalRule(requester=True))
    async def book(what: str, people: int) -> str:
        """Book a train or a hotel."""
        agency.execute("INSERT INTO bookings VALUES (?, ?)", (what, people))
        agency.commit()
        return f"{what} is booked for {people}"

    return [trains, hotels, book]


# ---- the plans that the model makes, one after the other


def looking(*towns: str) -> list[Task]:
    return [
        task(f"{what}_{town.lower()}", f"tool:{what}", {"town": town})
        for town in towns
        for what in ("trains", "hotels")
    ]


def booking(town: str, hotel: int) -> list[Task]:
    seats = {"what": ref(f"trains_{town}", 0, "id"), "people": 3}
    beds = {"what": ref(f"hotels_{town}", hotel, "id"), "people": 3}
    return [
        task("train", "tool:book", seats, after=["when"], why="seats for all"),
        task("hotel", "tool:book", beds, after=["train"], why="a roof for all"),
    ]


WHEN = asking("when", "person:ben", "From when can you leave on Friday?")
PLANS = [
    Plan("A weekend in Porto, cheaply", (*looking("Porto", "Lisbon"), WHEN, *booking("porto", 0))),
    Plan("A weekend in Lisbon", (*looking("Lisbon"), WHEN, *booking("lisbon", 0))),
    Plan("A weekend in Lisbon", (*looking("Lisbon"), WHEN, *booking("lisbon", 1))),
]


def made(plan: Plan, number: int) -> AIMessage:
    """A plan as a model gives it: by calling a function."""
    args = json.loads(written(plan))
    return AIMessage("", tool_calls=[{"name": "make_plan", "args": args, "id": f"plan-{number}"}])


MODEL = Scripted(
    [
        *(made(plan, number) for number, plan in enumerate(PLANS, 1)),
        "Done: the 12:30 train to Lisbon for three, and the hotel Farol. Have a good time!",
    ],
    first_token_seconds=1.0,
)


# ---- the people


async def people(room: Room) -> None:
    """Three people, each with a mind of their own."""
    await room.post(
        "ana", "Planner, get the three of us to the sea for a weekend, please. Cheaply!"
    )
    await asyncio.sleep(3)
    await room.post("chloe", "Not Porto again, please. I would love to see Lisbon.")
    await asyncio.sleep(2)
    await room.post("ben", "@planner Not before noon.")
    answers = ["yes", "no", "yes"]
    while answers:
        await asyncio.sleep(1)
        for asked in room.approvals("ana"):
            if answers.pop(0) == "yes":
                await room.approve("ana", asked.id)
            else:
                await room.refuse("ana", asked.id, "that one is too dear for us")


async def read(room: Room) -> None:
    """Print what everybody in the room sees, as it comes."""
    began = room.floor.at
    async for event in room.subscribe("ana"):
        if isinstance(event, Event) and (told := line(event)):
            print(f"{event.at - began:5.1f}  {told}")


def line(event: Event) -> str:
    """What one event says to a reader."""
    match event.body:
        case Said(text=text):
            return f"{event.by}: {text}"
        case PlanProposed(goal=goal, steps=steps, because=because):
            again = f" because {because}" if because else ""
            return f"   {event.by} plans{again}: {goal}, {len(steps)} tasks"
        case TasksMoved(moves=moves):
            return "     " + ", ".join(f"{move.task} {move.state}" for move in moves)
        case ApprovalAsked(tool=name, arguments=arguments):
            return f"   may {name} {arguments} be done?"
        case PlanEnded(state=state):
            return f"   the plan is {state}"
    return ""


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        agency = fill(Path(folder) / "agency.db")
        card = Card("Planner", "You plan trips for groups.")
        planner = speaker_of(plan_act_answer(MODEL, card, tools_of(agency)))
        async with House(clock=VirtualClock()) as house:
            members = human("Ana"), human("Ben"), human("Chloe"), agent("Planner", planner)
            room = await house.room("trip", *members, policy="addressed")
            await room.change_input("inform")  # turns hear what is said while they work
            reading = asyncio.create_task(read(room))
            await people(room)
            await room.lapse()
            await room.close()
            await reading
        print("booked:", [tuple(row) for row in agency.execute("SELECT * FROM bookings")])
        agency.close()


if __name__ == "__main__":
    run(main())
