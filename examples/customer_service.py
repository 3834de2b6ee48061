"""A shop's desk: it looks things up, and gives money back when a supervisor says so.

Run it:  .venv/bin/python examples/customer_service.py

Ana writes to the desk of a tea shop. The agent finds its answers in the shop's documents, looks
orders up in the shop's database (SQLite), and may refund them there; but each refund waits for a
supervisor, and a customer's own yes is not enough. Meanwhile the floor is free: Ana asks the next
question and gets her answer while the refund still waits. The refund is idempotent: whatever
crashes, the money goes back once. A scripted model stands in for one that calls tools, so this runs
offline, and always the same.
"""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from langchain_core.messages import AIMessage
from langchain_core.tools import BaseTool

from tertulia import House, agent, human
from tertulia.agents import IdempotencyKey, Scripted, search_documents, tool
from tertulia.graphs import speaker_of, tool_user
from tertulia.orchestrator import ApprovalRule, Room
from tertulia.orchestrator.errors import NotAllowed

DOCUMENTS = {
    "returns.md": "# Returns\n\nUnopened tea can be sent back for 30 days. Broken pots: at once.",
    "parcels.md": "# Parcels\n\nA parcel takes two days. Teapots travel in a box of their own.",
}

ORDERS = [(1042, "ana", "a teapot, arrived broken", 3900), (1043, "cem", "green tea", 650)]


# ---- the shop: a database, and the tools that read and change it


def open_shop(path: Path) -> None:
    """Make the shop's database."""
    with closing(sqlite3.connect(path)) as shop, shop:
        shop.execute("CREATE TABLE orders (number INTEGER PRIMARY KEY, customer, what, cents)")
        shop.execute("CREATE TABLE refunds (key TEXT PRIMARY KEY, number INTEGER, cents INTEGER)")
        shop.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", ORDERS)


def tools_of(path: Path) -> list[BaseTool]:
    """The tools of the shop at ``path``."""

    @tool(effect="safe_retry")
    def look_up(order: int) -> str:
        """Look an order up by its number."""
        with closing(sqlite3.connect(path)) as shop:
            asked = "SELECT customer, what, cents FROM orders WHERE number = ?"
            found = shop.execute(asked, (order,)).fetchone()
        if found is None:
            raise ValueError(f"there is no order {order}")
        customer, what, cents = found
        return f"order {order} of {customer}: {what}, {cents / 100:.2f} euros"

    @tool(effect="idempotent", approval=ApprovalRule(roles=("supervisor",)))
    def refund(order: int, cents: int, key: IdempotencyKey) -> str:
        """Give money back for an order."""
        with closing(sqlite3.connect(path)) as shop, shop:
            shop.execute("INSERT OR IGNORE INTO refunds VALUES (?, ?, ?)", (key, order, cents))
        return f"{cents / 100:.2f} euros go back for order {order}"

    return [look_up, refund]


# ---- the desk: a model that calls tools, here one that follows a script


def calling(name: str, number: int, said: str = "", **arguments: object) -> AIMessage:
    """What a model says that calls a tool."""
    return AIMessage(said, tool_calls=[{"name": name, "args": arguments, "id": f"call-{number}"}])


SCRIPT: list[str | AIMessage] = [
    # Ana's first question
    calling("search_documents", 1, query="broken teapot"),
    "I am sorry! What arrives broken, you can send back at once. What is your order's number?",
    # the refund: the second call waits for a supervisor
    calling("look_up", 2, order=1042),
    calling("refund", 3, "A supervisor has to allow that; one moment.", order=1042, cents=3900),
    # asked meanwhile
    calling("search_documents", 4, query="how long does a parcel take"),
    "Two days, in a box of its own.",
    # the refund goes on
    "It is done: your money is on its way back.",
]


async def serve(folder: Path) -> None:
    """One afternoon at the desk."""
    open_shop(folder / "shop.db")
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text)
    async with House(f"sqlite:///{folder / 'room.db'}") as house:
        library = house.library("shop", embedding="hashed")
        for name in DOCUMENTS:
            await library.aload(folder / name)
        tools = [search_documents(library, k=1), *tools_of(folder / "shop.db")]
        desk = agent("Desk", speaker_of(tool_user(Scripted(SCRIPT), tools)))
        ana, sue = human("Ana"), human("Sue", roles=["supervisor"])
        room = await house.room("desk", ana, sue, desk, policy="addressed")
        await talk(room)
        await show(room, folder / "shop.db")


async def talk(room: Room) -> None:
    """What the two people do."""
    await room.post("ana", "Desk, my teapot arrived broken.")
    await room.lapse()
    await room.post("ana", "Desk, it is order 1042. I want my money back.")
    await room.lapse()  # what waits for a person keeps nobody from talking
    [asked] = room.approvals(reads_as="sue")
    try:
        await room.approve("ana", asked.id)
    except NotAllowed as error:
        print(f"(Ana tries to approve it herself: {error})\n")
    await room.post("ana", "Desk, and how long would a new one take?")
    await room.lapse()
    await room.post("sue", "I see it. Give her the money.")
    await room.approve("sue", asked.id)
    await room.lapse()


async def show(room: Room, shop: Path) -> None:
    """Print what was said, what was done, and what stands in the shop's database."""
    for said in await room.said():
        print(f"{room.floor.members[said.by].name}: {said.text}")
    print()
    for effect in await room.effects():
        print(f"{effect.tool}({effect.arguments}) for {effect.principal}: {effect.state}")
    with closing(sqlite3.connect(shop)) as kept:
        for key, order, cents in kept.execute("SELECT * FROM refunds"):
            print(f"\nrefunded: order {order}, {cents / 100:.2f} euros, under the key {key}")


async def main() -> None:
    """Serve in a folder that is thrown away."""
    with TemporaryDirectory() as folder:
        await serve(Path(folder))


if __name__ == "__main__":
    asyncio.run(main())
