"""Exchanges go on side by side, and each agent that answers knows the one it answers in."""

from tests.orchestrator.programs import ANA, BO, CY, EVE
from tests.orchestrator.rooms import Faltering, House, a_house, in_no_time, log_of, replays, settle

from tertulia.orchestrator import Said, Turn
from tertulia.orchestrator.errors import StoreBusy
from tertulia.orchestrator.events import Event, Found
from tertulia.orchestrator.threads import LONGEST, thread_of, threads


class Recorder:
    """An agent that answers after a while, and remembers what it was shown."""

    def __init__(self, seconds: float = 2.0) -> None:
        self.seconds = seconds
        self.turns: list[Turn] = []
        self.until: list[float] = []

    async def __call__(self, turn: Turn) -> str:
        self.turns.append(turn)
        await turn.clock.sleep(self.seconds)
        self.until.append(turn.clock.now())
        return f"Answer {len(self.turns)}."


async def utterances(house: House) -> list[Event]:
    return [event for event in await log_of(house.log) if isinstance(event.body, Said)]


@in_no_time
async def test_two_agents_answer_in_two_threads_at_the_same_time() -> None:
    async with a_house() as house:
        bo, eve = Recorder(), Recorder()
        room = await house.room("ana cy bo eve", {"bo": bo, "eve": eve}, capacity=2)
        await room.post("ana", "@bo, tea?")
        await room.post("cy", "@eve, maths?")
        await settle()
        assert {hold.participant for hold in room.floor.holds} == {BO, EVE}
        await room.lapse()
        await room.post("ana", "And milk?")  # each goes on with whom they talked to
        await room.post("cy", "And algebra?")
        await room.lapse()
        found = threads(await log_of(house.log))
        assert [[e.by for e in said] for said in found.values()] == [
            [ANA, BO, ANA, BO],
            [CY, EVE, CY, EVE],
        ]
        assert bo.until == eve.until
        assert [e.by for e in bo.turns[1].thread] == [ANA, BO, ANA]
        assert [e.by for e in eve.turns[1].thread] == [CY, EVE, CY]
        assert await replays(house.log)


@in_no_time
async def test_an_agent_answers_each_of_two_who_ask_in_their_own_thread() -> None:
    async with a_house() as house:
        bo = Recorder()
        room = await house.room("ana cy bo", {"bo": bo})
        await room.pause()
        await room.post("ana", "@bo, tea?")
        await room.post("cy", "@bo, maths?")
        await room.resume()
        await room.lapse()
        answers = [e for e in await utterances(house) if e.by == BO]
        assert [e.body.meant for e in answers if isinstance(e.body, Said)] == [(ANA,), (CY,)]
        assert len({thread_of(e) for e in answers}) == 2
        assert all(isinstance(e.body, Said) and e.body.found is Found.TURN for e in answers)


@in_no_time
async def test_a_thread_is_shown_whole_though_the_room_has_gone_on() -> None:
    async with a_house() as house:
        bo = Recorder(0)
        room = await house.room("ana cy bo", {"bo": bo})
        first = await room.post("ana", "@bo, remember the blue tin.")
        await room.lapse()
        for n in range(150):
            await room.post("cy", f"I count {n}.")
        await room.post("ana", "Which tin?", to=["bo"], reply_to=first.seq)
        await room.lapse()
        shown = bo.turns[-1]
        assert [e.text for e in shown.thread] == [
            "@bo, remember the blue tin.",
            "Answer 1.",
            "Which tin?",
        ]
        assert len(shown.view) == LONGEST + 2
        assert [e.seq for e in shown.view] == sorted(e.seq for e in shown.view)


@in_no_time
async def test_no_thread_shows_what_was_whispered_to_others() -> None:
    async with a_house() as house:
        bo, eve = Recorder(0), Recorder(0)
        room = await house.room("ana cy bo eve", {"bo": bo, "eve": eve})
        asked = await room.post("ana", "@bo, tea?")
        await room.lapse()
        await room.post("ana", "It is a surprise.", whisper=["bo"], reply_to=asked.seq)
        await room.lapse()
        await room.post("cy", "@bo @eve, which tea?", reply_to=asked.seq)
        await room.lapse()
        public = [turn for turn in (*bo.turns, *eve.turns) if turn.audience is None]
        assert len(public) == 3
        for turn in public:
            assert all(event.audience is None for event in turn.view)
        whispered = next(turn for turn in bo.turns if turn.audience is not None)
        assert [e.text for e in whispered.thread][-1] == "It is a surprise."


@in_no_time
async def test_what_a_room_makes_of_talk_is_the_same_though_its_store_falters() -> None:
    async def told(errors: int) -> list[tuple[str, object]]:
        log = Faltering()
        house = House(log=log)
        room = await house.room("ana cy bo", {"bo": Recorder(0)}, addressing="learned")
        for n, text in enumerate(["@bo, tea?", "And milk?", "thanks", "cy: hello", "Which one?"]):
            log.errors += [StoreBusy(where="memory")] * (errors if n % 2 else 0)
            for _ in range(errors + 1):
                try:
                    await room.post("ana", text, key=str(n))
                    break
                except StoreBusy:
                    continue
            await room.lapse()
        said = [e for e in await utterances(house) if isinstance(e.body, Said)]
        await house.scheduler.aclose()
        return [(e.by, e.body) for e in said]

    assert await told(0) == await told(2)


@in_no_time
async def test_a_room_that_is_opened_again_remembers_who_was_asked() -> None:
    house = House()
    room = await house.room("ana bo", {"bo": Recorder(0)}, addressing="learned")
    await room.post("ana", "@bo, which town?")
    await room.lapse()
    house.crash()
    other = House(house.memory)
    again = await other.room("ana bo", {"bo": Recorder(0)})
    event = await again.post("ana", "And which street?")
    assert isinstance(event.body, Said)
    assert (event.body.addressees, event.body.found) == ((BO,), Found.PAIR)
    await again.lapse()
    assert await replays(other.log)
    await other.scheduler.aclose()
