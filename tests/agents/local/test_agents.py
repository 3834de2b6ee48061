"""Agents on one base model in one room, by name, each with an adapter of his own."""

import threading
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any
from unittest.mock import patch

import pytest
from tests.agents.local.conftest import Made
from tests.agents.local.tiny import ADAPTED
from tests.agents.pool.waiting import said_by, until

from tertulia import House, agent, human, speaker
from tertulia.agents import Card, Models, ModelSpeaker, chat_model
from tertulia.agents.faults import ModelMissing
from tertulia.agents.local import Local, local
from tertulia.orchestrator import Delta, RoomSettings
from tertulia.orchestrator.room import InputPolicy


def test_a_name_tells_the_model_and_the_adapter(made: Made) -> None:
    plain = chat_model(f"transformers:{made.model}", seed=3)
    adapted = chat_model(f"transformers:{made.model}#{made.adapters['ana']}")
    assert isinstance(plain, Local)
    assert isinstance(adapted, Local)
    assert (plain.path, plain.adapter, plain.seed) == (made.model, "", 3)
    assert (adapted.path, adapted.adapter) == (made.model, made.adapters["ana"])
    assert plain.settings == adapted.settings


def test_a_file_of_models_sets_it_up_for_each_persona(made: Made) -> None:
    book = Models.parse(
        f"""
models:
  base: {{model: "transformers:{made.model}", rows: 3, temperature: 0}}
  ana: {{model: base, adapter: {made.adapters["ana"]}, top_k: 9}}
"""
    )
    base, ana = book["base"], book["ana"]
    assert isinstance(base, Local)
    assert isinstance(ana, Local)
    assert (base.adapter, ana.adapter, ana.top_k) == ("", made.adapters["ana"], 9)
    assert (ana.rows, ana.temperature) == (3, 0)
    assert base.worker is ana.worker


@pytest.mark.parametrize("package", ["torch", "transformers", "accelerate"])
def test_a_missing_package_is_told_with_how_to_install_it(package: str) -> None:
    def found(name: str) -> Any:
        return None if name == package else find_spec("json")

    with (
        patch("tertulia.agents.local.settings.find_spec", found),
        pytest.raises(ModelMissing, match=rf"{package} is not installed.*tertulia\[transformers\]"),
    ):
        Local(path="somewhere/else")


def test_who_would_quantise_without_the_package_is_told_so() -> None:
    def found(name: str) -> Any:
        return None if name == "bitsandbytes" else find_spec("json")

    with (
        patch("tertulia.agents.local.settings.find_spec", found),
        pytest.raises(ModelMissing, match=r"bitsandbytes.*tertulia\[quantised\]"),
    ):
        Local(path="somewhere/else", quantise="4bit")


async def test_two_agents_with_adapters_speak_in_one_room(made: Made) -> None:
    cards = [
        Card(name.title(), model=f"transformers:{made.model}#{folder}")
        for name, folder in made.adapters.items()
    ]
    async with House() as house:
        members = [agent(card.name, speaker(card)) for card in cards]
        room = await house.room("kitchen", human("Mia"), *members)
        await room.post("mia", "Who are you, @Ana and @Bo?")
        await room.lapse()
        told = {str(one.by): one.text for one in await room.said()}
    assert {name: told[name] for name in ADAPTED} == ADAPTED


async def test_barge_in_frees_the_row_and_what_was_heard_stands(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tertulia.agents.local.machine import Transformer

    talker = local(made.model, temperature=3.0, max_tokens=400)
    write, passes, barged = Transformer.write, list[tuple[int, ...]](), threading.Event()

    def held(self: Transformer, tokens: Mapping[int, int]) -> Any:
        passes.append(self.seats)
        if len(passes) > 20:
            barged.wait(60)
        return write(self, tokens)

    monkeypatch.setattr(Transformer, "write", held)
    async with House() as house:
        voice = agent("Bo", ModelSpeaker(Card("Bo"), talker))
        settings = RoomSettings(input=InputPolicy.INTERRUPT)
        room = await house.room("kitchen", human("Ana"), voice, settings=settings)
        heard = room.subscribe("ana", room.floor.head)
        await room.post("ana", "Tell me a very long story, @Bo.")
        while not isinstance(await anext(heard), Delta):
            pass
        await until(lambda: len(passes) > 20)
        machine: Any = talker.worker._machine
        (row,) = machine.seats
        await room.post("ana", "Never mind.")
        assert (await said_by("bo", heard)).interrupted_by == "ana"
        # That he has left, and what he is asked next.
        await until(lambda: talker.worker._inbox.qsize() == 2)
        barged.set()
        await until(lambda: row not in machine.seats)
        assert sum(row in seats for seats in passes) == 21
