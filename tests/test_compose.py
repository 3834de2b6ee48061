"""The house wired: graphs that keep their turns beside the database."""

from pathlib import Path

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import empty_checkpoint

from tertulia import House, agent, human
from tertulia.graphs import END, START, InTurn, TurnGraph, TurnState, speaker_of

pytestmark = pytest.mark.db


async def test_a_graph_goes_on_after_the_step_that_a_crash_cut_short(tmp_path: Path) -> None:
    url, ran = f"sqlite:///{tmp_path / 'talk.db'}", list[str]()

    async def think(state: TurnState, runtime: InTurn) -> TurnState:
        ran.append(f"think {runtime.context.attempt}")
        return {"plan": ["speak"]}

    async def speak(state: TurnState, runtime: InTurn) -> TurnState:
        ran.append(f"speak {runtime.context.attempt}")
        if runtime.context.attempt == 1:
            await runtime.context.clock.sleep(3600)
        return {"draft": " ".join(state["plan"])}

    graph = TurnGraph("thinker").add_sequence([("think", think), ("speak", speak)])
    graph.add_edge(START, "think").add_edge("speak", END)

    async def visit() -> list[str]:
        async with House(url) as house:
            kept = await house.checkpoints()
            bo = agent("Bo", speaker_of(graph, kept))
            room = await house.room("kitchen", human("Ana"), bo)
            if not await room.said():
                await room.post("ana", "Bo?")
                while "speak 1" not in ran:
                    await house.scheduler.clock.sleep(0.01)
                await house.scheduler.aclose(grace_s=0)  # handed back in the middle of its turn
                assert await kept.unfinished() == {"kitchen/1"}
                return []
            await room.lapse()
            said = [event.text for event in await room.said()]
            assert await house.log.unfinished() == set()
        return said

    await visit()
    assert await visit() == ["Bo?", "speak"]
    assert ran == ["think 1", "speak 1", "speak 2"]


async def test_checkpoints_of_turns_that_no_room_holds_are_swept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'talk.db'}"
    async with House(url) as house:
        kept = await house.checkpoints()
        thread: RunnableConfig = {"configurable": {"thread_id": "gone/1", "checkpoint_ns": ""}}
        await kept.saver.aput(thread, empty_checkpoint(), {}, {})
        assert await kept.unfinished() == {"gone/1"}
    async with House(url) as house:
        assert await (await house.checkpoints()).unfinished() == set()
