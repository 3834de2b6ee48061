"""People of scenarios who approve and refuse what agents want to do."""

from typing import Any

from tests.cli.test_consenting import Clerk

from tertulia.orchestrator import Event, Matter, Said, Scheduler
from tertulia.orchestrator.replay import Disagreement, replay
from tertulia.simulation import VirtualClock, parse, perform, run
from tertulia.storage import MemoryLog

SCENE = """
title: Counter
policy: addressed
participants:
  - name: Bo
  - name: Ana
    kind: human
    cues:
      - {say: "@Bo my money!"}
  - name: Dov
    kind: human
    cues:
      - {approve: refund, when: approval, wait: 5}
      - {refuse: book, when: approval, wait: 2}
"""


def played(scene: str, *askings: tuple[str, Matter]) -> list[Event]:
    async def main() -> list[Event]:
        log = MemoryLog()
        scheduler = Scheduler(log, VirtualClock())
        cast: dict[str, Any] = {"bo": Clerk(*askings)}
        room = await perform(parse(scene), 0, log, scheduler, cast, lambda happening: None)
        events = list(await log.read(room, 0, 10_000))
        assert not any(isinstance(one, Disagreement) for one in replay(room, events))
        await scheduler.aclose()
        return events

    return run(main())


def last_words(events: list[Event]) -> str:
    return [event.text for event in events if isinstance(event.body, Said)][-1]


def test_a_person_approves_one_call_and_refuses_another() -> None:
    events = played(SCENE, ("refund", Matter.APPROVE), ("book", Matter.APPROVE))
    assert last_words(events) == "approved, refused"


def test_a_scenario_in_which_nobody_approves_goes_on_until_that_has_expired() -> None:
    scene = SCENE[: SCENE.index("  - name: Dov")]
    events = played(scene, ("refund", Matter.APPROVE))
    assert last_words(events) == "expired"
