"""Notes about participants: whose they are, who may know them, and where agents are shown them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.programs import ANA, BO, CAST, CY, DOV, PureRoom
from tests.orchestrator.rooms import a_house, in_no_time, log_of, replays, says

from tertulia.orchestrator import Note, Turn, admission
from tertulia.orchestrator.admission.notes import NOTES
from tertulia.orchestrator.errors import BadContent, NotAllowed, Unknown
from tertulia.orchestrator.events import Noted
from tertulia.orchestrator.policies import Addressed
from tertulia.orchestrator.room import Audience, ParticipantId, Stay
from tertulia.orchestrator.visibility import Sight, covers, in_mind


def noted(room: PureRoom, by: ParticipantId, about: str, text: str, *whisper: str) -> int:
    drafts = room.ask(lambda floor, now: admission.note(floor, by, about, text, whisper))
    return drafts[0].seq


def struck(room: PureRoom, by: ParticipantId, seq: int) -> None:
    room.ask(lambda floor, now: admission.strike(floor, by, seq))


def a_room(*who: str) -> PureRoom:
    room = PureRoom(Addressed())
    room.seat(*(who or ("ana", "cy", "dov", "bo")))
    return room


def test_a_note_is_kept_with_who_wrote_it_and_for_whom() -> None:
    room = a_room()
    seq = noted(room, BO, "ana", "is allergic to nuts", "cy")
    assert room.floor.notes == {ANA: (Note(seq, ANA, BO, "is allergic to nuts", (BO, CY)),)}


def test_a_note_outlives_a_visit() -> None:
    room = a_room()
    noted(room, BO, "ana", "likes tea")
    room.ask(lambda floor, now: admission.leave(floor, ANA, "", ""))
    assert [note.text for note in room.floor.notes[ANA]] == ["likes tea"]


def test_the_author_and_whom_it_is_about_may_strike_it_and_nobody_else() -> None:
    room = a_room()
    for striker in (BO, ANA):
        seq = noted(room, BO, "ana", "likes tea")
        with pytest.raises(NotAllowed, match=rf"strike note {seq}: bo and ana may"):
            struck(room, CY, seq)
        struck(room, striker, seq)
        assert room.floor.notes == {}


def test_who_may_not_see_a_note_is_not_even_told_that_it_is_there() -> None:
    room = a_room()
    seq = noted(room, BO, "ana", "is slow", "cy")
    for stranger in (ANA, DOV):
        with pytest.raises(Unknown, match=f"there is no note {seq} that '{stranger}' could see"):
            struck(room, stranger, seq)
    with pytest.raises(Unknown):
        struck(room, ANA, 999)


def test_a_strike_is_seen_by_whoever_saw_the_note() -> None:
    room = a_room()
    struck(room, BO, noted(room, BO, "ana", "is slow", "cy"))
    assert room.events[-1].audience == (BO, CY)


def test_so_many_notes_are_kept_by_one_about_another_and_no_more() -> None:
    room = a_room()
    seqs = [noted(room, BO, "ana", f"number {n}") for n in range(NOTES)]
    with pytest.raises(BadContent, match=f"note {seqs[0]} is the oldest"):
        noted(room, BO, "ana", "one more")
    noted(room, CY, "ana", "mine")
    noted(room, BO, "cy", "another's")
    struck(room, BO, seqs[0])
    noted(room, BO, "ana", "one more")


@pytest.mark.parametrize("text", ["", "  ", "x" * 301, "\ud800"])
def test_what_no_note_can_hold_is_refused(text: str) -> None:
    with pytest.raises(BadContent):
        noted(a_room(), BO, "ana", text)


def test_a_note_about_a_stranger_or_for_one_is_refused() -> None:
    room = a_room()
    with pytest.raises(Unknown):
        noted(room, BO, "flo", "likes tea")
    with pytest.raises(Unknown):
        noted(room, BO, "ana", "likes tea", "flo")


audiences = st.none() | st.sets(st.sampled_from([ANA, BO, CY, DOV]), min_size=1).map(
    lambda some: tuple(sorted(some))
)


@given(st.lists(audiences, max_size=8), audiences)
def test_a_note_comes_to_mind_only_where_all_who_hear_the_turn_know_it(
    of_notes: list[Audience], audience: Audience
) -> None:
    notes = [Note(n, ANA, BO, "so", whom) for n, whom in enumerate(of_notes, 1)]
    kept = in_mind(reversed(notes), Sight(BO, (Stay(1),)), audience)
    for note in notes:
        knows = note.audience is None or BO in note.audience
        assert (note in kept) == (knows and covers(note.audience, audience))
    assert list(kept) == sorted(kept, key=lambda note: note.seq)


@in_no_time
async def test_a_turn_is_shown_what_its_audience_may_know_and_no_more() -> None:
    shown: list[list[str]] = []

    async def look(turn: Turn) -> str:
        shown.append([note.text for note in turn.notes])
        return "I see."

    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": look})
        await room.note("cy", "likes tea", by="ana")
        await room.note("cy", "snores", by="ana", whisper=["bo"])
        await room.note("ana", "is the cook", by="cy", whisper=["ana"])
        await room.post("ana", "Bo, what do you know?")
        await room.post("ana", "Between us, Bo?", whisper=["bo"])
        await room.lapse()
        assert shown == [["likes tea"], ["likes tea", "snores"]]
        assert await replays(house.log)


@in_no_time
async def test_everybody_reads_the_notes_that_are_for_them() -> None:
    async with a_house() as house:
        room = await house.room("ana cy dov bo", {"bo": says()})
        event = await room.note("cy", "snores", by="ana", whisper=["bo"])
        await room.note("cy", "likes tea", by="dov")
        heard = {who: [n.text for n in room.notes("cy", who)] for who in ("ana", "cy", "bo")}
        assert heard == {"ana": ["snores", "likes tea"], "cy": ["likes tea"], "bo": heard["ana"]}
        assert [note.text for note in room.notes("cy")] == ["snores", "likes tea"]
        assert room.notes("nobody-here") == ()
        await room.strike(event.seq, by="ana")
        assert [note.text for note in room.notes("cy")] == ["likes tea"]
        seen = [e for e in await log_of(house.log) if isinstance(e.body, Noted)]
        assert [e.audience for e in seen] == [(ANA, BO), None]


@in_no_time
async def test_who_came_without_history_knows_of_no_earlier_note() -> None:
    async with a_house() as house:
        room = await house.room("ana cy")
        await room.note("ana", "likes tea", by="cy")
        await room.join(CAST[DOV], history=False)
        await room.note("ana", "likes jam", by="cy")
        assert [note.text for note in room.notes("ana", "dov")] == ["likes jam"]
        assert [note.text for note in room.notes("ana", "cy")] == ["likes tea", "likes jam"]
        assert room.notes("ana", "stranger") == ()
