"""A supervisor hands the floor to the specialist who can help, as a graph of three nodes.

Run it:  .venv/bin/python examples/supervisor.py

Guests write to a hotel. The supervisor's graph reads the question, chooses a specialist and
addresses it: a handoff is nothing but *current selects next*. The specialists are plain async
functions, to show that an agent needs neither a graph nor a model. Two guests write at the same
time; neither is refused, and each gets an answer.
"""

import asyncio

from tertulia import House, Turn, agent, human
from tertulia.graphs import END, START, InTurn, TurnGraph, TurnState, speaker_of

SPECIALISTS = {"bill": ("invoice", "price", "pay"), "kay": ("key", "door", "room")}


# ---- the supervisor: a graph whose first node chooses the way, and whose others speak


async def read(state: TurnState, runtime: InTurn) -> TurnState:
    """Find the specialist whose words are in the question that is owed an answer."""
    turn = runtime.context
    question = (turn.answers or turn.view[-1]).text.lower()
    fitting = [who for who, words in SPECIALISTS.items() if any(word in question for word in words)]
    return {"addressees": fitting[:1]}


def way(state: TurnState) -> str:
    """Hand over if somebody fits; else ask back."""
    return "somebody fits" if state.get("addressees") else "nobody fits"


async def hand_over(state: TurnState) -> TurnState:
    """Address the specialist, who thereby has the floor next."""
    return {"draft": f"{state['addressees'][0].title()}, would you take this one?"}


async def ask_back(state: TurnState) -> TurnState:
    """Say that more is needed."""
    return {"draft": "I am glad to help. Is it about your room, or about the bill?"}


TRIAGE = (
    TurnGraph("triage")
    .add_node("read", read)
    .add_node("hand over", hand_over)
    .add_node("ask back", ask_back)
    .add_edge(START, "read")
    .add_conditional_edges("read", way, {"somebody fits": "hand over", "nobody fits": "ask back"})
    .add_edge("hand over", END)
    .add_edge("ask back", END)
)


# ---- the specialists: plain functions


async def bill(turn: Turn) -> str:
    """Know about money."""
    return "Your invoice is 240 euros, and breakfast is included."


async def kay(turn: Turn) -> str:
    """Know about rooms."""
    return "A new key is waiting for you at the desk."


async def main() -> None:
    """Let two guests write, and print who said what to whom."""
    async with House() as house:
        room = await house.room(
            "front-desk",
            human("Ana"),
            human("Tom"),
            agent("Sue", speaker_of(TRIAGE)),
            agent("Bill", bill),
            agent("Kay", kay),
            policy="addressed",
        )
        await room.post("ana", "Sue, my key does not open the door.")
        await room.post("tom", "Sue, how much do I have to pay?")
        await room.lapse()
        await room.post("ana", "Sue, thank you! And one more thing…")
        await room.lapse()
        for event in await room.said():
            print(f"{event.by:>4}: {event.text}")


if __name__ == "__main__":
    asyncio.run(main())
