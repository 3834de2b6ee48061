"""Documents in turns: read from files, found by words and meaning, told to whom they are for."""

from pathlib import Path

import pytest
from tests.orchestrator.rooms import in_no_time

from tertulia import House, Turn, agent, human
from tertulia.agents import Scripted, model_caller
from tertulia.agents.effects import carry_out
from tertulia.agents.library import E5, Library, WordHashing, embedding, retriever, search_documents
from tertulia.orchestrator.documents import EVERYBODY, Ears
from tertulia.orchestrator.errors import BadContent, Invalid, Unknown
from tertulia.orchestrator.room import ParticipantId
from tertulia.simulation import VirtualClock
from tertulia.storage import VolatileShelf
from tertulia.testing import Recording

TEA = "# Tea\n\nGreen tea is brewed at 80 degrees.\n\n# Coffee\n\nCoffee wakes you up."
ANSWERS = "# Answers\n\nThe answer to question seven is a heptagon."


@pytest.fixture
def library() -> Library:
    return Library(VolatileShelf(), WordHashing())


def texts(library: Library, query: str, ears: Ears | None = EVERYBODY, k: int = 1) -> list[str]:
    return [passage.text for passage in library.passages(query, k, ears)]


def test_files_and_folders_are_read_and_told_with_their_source(
    library: Library, tmp_path: Path
) -> None:
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "tea.md").write_text(TEA)
    (tmp_path / "book" / "picture.png").write_bytes(b"\xff")
    (tmp_path / "note.txt").write_text("Milk comes from cows.")
    assert library.load(tmp_path / "book", tmp_path / "note.txt") == 3
    [found] = library.passages("How is green tea brewed?", 1)
    assert found.text == "Green tea is brewed at 80 degrees."
    assert found.metadata["headings"] == ["Tea"]
    assert found.metadata["source"].endswith("tea.md")


def test_a_document_read_again_is_kept_once_and_what_is_gone_is_gone(library: Library) -> None:
    assert library.keep("tea.md", TEA) == library.keep("tea.md", TEA) == 2
    assert len(library.passages("tea coffee", 9)) == 2
    assert library.keep("tea.md", "# Tea\n\nGreen tea is brewed at 80 degrees.") == 1
    assert len(library.passages("tea coffee", 9)) == 1
    library.keep("tea.md", TEA, audience=["ana"])
    assert library.passages("tea", 9) == []


def test_a_file_that_is_no_text_is_refused_and_nothing_is_kept(
    library: Library, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("Tea.")
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Invalid, match="no UTF-8 text"):
        library.load(tmp_path)
    with pytest.raises(Invalid, match="no such file"):
        library.load(tmp_path / "a.txt", tmp_path / "c.txt")
    assert library.passages("tea") == []


def test_rare_words_are_found_though_the_meaning_is_far(library: Library) -> None:
    for number in range(40):
        library.keep(f"{number}.md", f"The tea of day {number} was warm and the room was quiet.")
    library.keep("code.md", "Error XJ-4711 means that the tank is empty.")
    found = texts(library, "what is XJ-4711, and was the tea in the room warm", k=4)
    assert any(text.startswith("Error XJ") for text in found)


def test_documents_have_an_audience(library: Library) -> None:
    library.keep("tea.md", TEA)
    library.keep("answers.md", ANSWERS, audience=["tutor", "ana"])
    tutor, ana = ParticipantId("tutor"), ParticipantId("ana")
    query = "answer to question seven"
    assert "heptagon" in texts(library, query, Ears(tutor, (ana, tutor)))[0]
    for ears in (EVERYBODY, Ears(tutor), Ears(tutor, (ana, ParticipantId("bo"), tutor))):
        assert all("heptagon" not in text for text in texts(library, query, ears, k=9))


def test_an_empty_query_and_an_unknown_embedding_are_refused(library: Library) -> None:
    with pytest.raises(BadContent, match="look for something"):
        library.passages(" ")
    with pytest.raises(Unknown, match="embedded and hashed"):
        embedding("bert")


@in_no_time
@pytest.mark.parametrize("url", ["memory:", pytest.param("sqlite", marks=pytest.mark.db)])
async def test_a_turn_finds_what_is_for_all_who_hear_it(url: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/talk.db" if url == "sqlite" else url
    async with House(url, clock=VirtualClock()) as house:
        library = house.library("class", embedding="hashed")
        library.keep("tea.md", TEA)
        library.keep("answers.md", ANSWERS, audience=["tutor", "ana"])
        tool = search_documents(library)

        async def tutor(turn: Turn) -> str:
            done = await carry_out(turn, tool, {"query": "answer to question seven"}, call="1")
            return done.text

        room = await house.room("class", human("Ana"), human("Bo"), agent("Tutor", tutor))
        await room.post("ana", "Tutor, what is the answer to question seven?", whisper=["tutor"])
        await room.lapse()
        assert "heptagon" in (await room.said("ana"))[-1].text
        await room.post("ana", "Tutor, what is the answer to question seven?")
        await room.lapse()
        last = (await room.said())[-1].text
        assert last.startswith("[tea.md")
        assert "heptagon" not in last


@in_no_time
async def test_the_node_puts_passages_with_their_sources_before_the_model() -> None:
    from tertulia.graphs import END, START, TurnGraph, speaker_of  # a second to import

    library = Library(VolatileShelf(), WordHashing())
    library.keep("tea.md", TEA)
    recording = Recording()
    model = recording.model(Scripted(["At 80 degrees."]))
    graph = TurnGraph("looks up, then answers")
    graph.add_sequence([("look up", retriever(library, k=1)), ("answer", model_caller(model))])
    graph.add_edge(START, "look up").add_edge("answer", END)
    async with House(clock=VirtualClock()) as house:
        bo = recording.speaker(speaker_of(graph))
        room = await house.room("kitchen", human("Ana"), agent("Bo", bo))
        await room.post("ana", "Bo, how hot for green tea?")
        await room.lapse()
    [sent] = recording.sent
    assert "[tea.md > Tea]\nGreen tea is brewed at 80 degrees." in sent.text
    assert "Coffee" not in sent.text


@pytest.mark.model
def test_the_model_finds_by_meaning_across_languages() -> None:
    library = Library(VolatileShelf(), E5())
    library.keep("en.md", "The cat sleeps on the sofa.")
    library.keep("de.md", "Der Zug nach Wien fährt um neun Uhr ab.")
    library.keep("es.md", "El médico recomienda beber mucha agua.")
    assert texts(library, "When does the train leave?") == [
        "Der Zug nach Wien fährt um neun Uhr ab."
    ]
