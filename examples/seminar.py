"""A seminar: a tutor with documents, three students, and a question that one of them whispers.

Run it:  .venv/bin/python examples/seminar.py

The tutor's graph sums up what lies further back, looks up the documents, remembers what students
say of themselves, and answers from what it found. One document is for the tutor and Sam alone, and
Sam whispers: neither comes up where Kim and Lin can hear it, in no answer, fact, summary or search.
A week later, in another room, the tutor still knows what Sam told it, for Sam.

It runs offline: the minutes are written by a script, documents are found by their words. For more,
hand a real model to ``summarizer``, put ``model_caller(model, CARD, budget=TokenBudget())`` in the
place of ``answer``, and say ``embedding="embedded"``.
"""

import asyncio
import re
from collections.abc import Sequence

from tertulia import Event, House, Room, agent, human
from tertulia.agents import Card, Library, Scripted, retriever, summarizer
from tertulia.graphs import END, START, InTurn, TurnGraph, TurnState, speaker_of
from tertulia.testing import assert_no_leak

CARD = Card("Tutor", "You explain photosynthesis to a class.")

BOOK = """# Light

Light reactions happen in the thylakoids: water is split, oxygen is set free.

# Dark

The Calvin cycle makes sugar out of carbon dioxide; it needs no light itself.

# Leaves

Leaves are green because chlorophyll takes red and blue light and leaves the green.
"""

FOR_SAM = """# Extra time

Extra time in the exam: twenty minutes more, in room 12, agreed for Sam.
"""

MINUTES = Scripted(
    [
        "Kim asked about light, Lin about the Calvin cycle.",
        "Kim asked about light and leaves, Lin about the Calvin cycle; drawings help Kim.",
    ]
)


async def remember(state: TurnState, runtime: InTurn) -> TurnState:
    """Keep what a student says of itself, in the tutor's own memory."""
    turn = runtime.context
    said = turn.answers
    if said is None:
        return {}
    for sentence in re.findall(r"I [^.?!]+[.!]", said.text):
        text = f"{turn.members[said.by].name} said: {sentence}"
        await turn.mind.remember(text, sources=[said.seq], about=said.by)
    return {}


async def answer(state: TurnState, runtime: InTurn) -> TurnState:
    """Answer from the passage, and with what is known of whoever asks."""
    turn = runtime.context
    asker = turn.answers.by if turn.answers else None
    facts = await turn.mind.recall(about=asker) if asker else ()
    known = [fact.text for fact in facts if turn.answers and turn.answers.seq not in fact.sources]
    told = [f"{source['text']} [{source['name']}]" for source in state.get("sources", [])]
    remembered = [f"(I remember: {known[0]})"] if known else []
    return {"draft": " ".join([*told, *remembered]) or "I will look that up."}


def tutor(library: Library) -> TurnGraph:
    """What goes on in one turn of the tutor."""
    graph = TurnGraph("tutor")
    graph.add_sequence(
        [
            ("sum up", summarizer(MINUTES, CARD, keep=4, every=3)),
            ("look up", retriever(library, k=1)),
            ("remember", remember),
            ("answer", answer),
        ]
    )
    return graph.add_edge(START, "sum up").add_edge("answer", END)


async def ask(room: Room, who: str, text: str, *whisper: str) -> None:
    """Say something, and let the tutor answer."""
    await room.post(who, text, whisper=whisper)
    await room.lapse()


async def main() -> None:
    async with House() as house:
        library = house.library("biology", embedding="hashed")
        library.keep("photosynthesis.md", BOOK)
        library.keep("exam.md", FOR_SAM, audience=["tutor", "sam"])
        speaker = speaker_of(tutor(library))
        students = [human("Kim"), human("Lin"), human("Sam")]
        seminar = await house.room("seminar", *students, agent("Tutor", speaker))

        await ask(seminar, "kim", "Tutor, what happens to water in the light? I learn by drawings.")
        await ask(seminar, "lin", "Tutor, does the Calvin cycle need light?")
        await ask(
            seminar, "sam", "Tutor, is my extra time in the exam agreed? I read slowly.", "tutor"
        )
        await ask(seminar, "kim", "Tutor, why are leaves green?")
        await ask(seminar, "lin", "Tutor, is anything known of extra time in the exam?")
        show("The seminar, as Sam sees it", await seminar.said("sam"))

        print("\nWhat is found of 'extra time'")
        for who in ("lin", "sam"):
            found = [event.seq for event in await seminar.search("extra time", who)]
            print(f"  {who}: {found}")
        print("\nSummaries")
        for summary in await house.memory.summaries(seminar.id, None):
            meant = "everybody" if summary.audience is None else ", ".join(summary.audience)
            print(f"  {summary.first}-{summary.last}, for {meant}: {summary.text}")

        later = await house.room("a-week-later", *students, agent("Tutor", speaker))
        await ask(later, "sam", "Tutor, where is the exam for my extra time?", "tutor")
        await ask(later, "kim", "Tutor, what do you know of Sam?")
        show("A week later, as Sam sees it", await later.said("sam"))
        await assert_no_leak(house)
        print("\nNobody could see what was not meant for them.")


def show(title: str, said: Sequence[Event]) -> None:
    """Print a transcript."""
    print(f"\n{title}")
    for event in said:
        aside = "" if event.audience is None else " (whispers)"
        print(f"  {event.seq:3} {event.by}{aside}: {event.text}")


if __name__ == "__main__":
    asyncio.run(main())
