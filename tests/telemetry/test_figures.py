"""Figures: what is counted while rooms run is what their logs tell afterwards."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client.parser import text_string_to_metric_families
from tests.orchestrator.rooms import Faltering, in_no_time, settle
from tests.telemetry.onlookers import Onlookers

from tertulia.agents import Card, ModelSpeaker, Scripted, tool
from tertulia.agents.faults import ModelUnreachable
from tertulia.agents.pool import (
    Began,
    Call,
    Caller,
    Came,
    Ended,
    Hedged,
    Placed,
    Pooled,
    calling,
    pooled,
)
from tertulia.agents.pool.watching import Watchers
from tertulia.compose import House, Member, agent, human
from tertulia.graphs import speaker_of, tool_user
from tertulia.orchestrator import ApprovalRule, Delta, Event, Kind, RoomSettings, Speaker, Turn
from tertulia.orchestrator.errors import StoreBusy
from tertulia.orchestrator.events import (
    BargedIn,
    Outcome,
    TurnEnded,
    TurnGranted,
    TurnParked,
    TurnReturned,
)
from tertulia.orchestrator.room import TurnId
from tertulia.simulation import Habits, Scenario, VirtualClock, perform, run
from tertulia.simulation.scenario import Role
from tertulia.storage import MemoryLog
from tertulia.storage.memory import Memory
from tertulia.telemetry import Telemetry
from tertulia.telemetry.labels import OTHER, Bounded

HABITS = Habits(pause_s=15, silence=0.1, patience_s=10, interrupts=0.4, leaves=0.05, away_s=60)


def crowd() -> Scenario:
    """Three people who cut in and go away, two agents who talk and one who fails."""
    people = [Role(name=name, kind=Kind.HUMAN, habits=HABITS) for name in ("Ana", "Cy", "Dov")]
    agents = [Role(name=name) for name in ("Bo", "Eve", "Flo")]
    return Scenario(title="crowd", participants=(*people, *agents), limit_s=600)


async def faltering(turn: Turn) -> str:
    """An agent that waits off the floor, fails, or hangs, as the turn's number says."""
    match int(turn.id.rpartition("/")[2]) % 3:
        case 0:
            raise ValueError("no")
        case 1:
            async with turn.parked(60):
                await turn.clock.sleep(7)
            return "I have been away."
    await asyncio.Event().wait()
    return ""


async def lived(seen: Onlookers, seed: int) -> list[Event]:
    """Ten minutes of that room; everything that happened."""
    slow = Scripted.improvising(seed, tokens_per_second=4.0, first_token_seconds=0.5)
    cast: dict[str, Speaker] = {
        name: ModelSpeaker(Card(name, price_in=3, price_out=9), slow) for name in ("bo", "eve")
    }
    cast["flo"] = faltering
    happened: list[Event] = []

    def watch(happening: Event | Delta) -> None:
        if isinstance(happening, Event):
            happened.append(happening)

    async with seen.house() as house:
        await perform(crowd(), seed, house.log, house.scheduler, cast, watch)
    return happened


def folded(events: Iterable[Event]) -> tuple[Counter[str], float, float, int, float]:
    """Turns by outcome, their seconds on the floor and off it, their tokens and cost."""
    outcomes, floor_s, parked_s, tokens, cost = Counter[str](), 0.0, 0.0, 0, 0.0
    stretches: dict[TurnId, list[tuple[bool, float]]] = {}
    for event in events:
        match event.body:
            case TurnGranted(turn=turn) | TurnReturned(turn=turn):
                stretches.setdefault(turn, []).append((True, event.at))
            case TurnParked(turn=turn):
                stretches[turn].append((False, event.at))
            case TurnEnded(turn=turn) as ended:
                edges = [*stretches.pop(turn), (False, event.at)]
                for (on, since), (_, until) in pairwise(edges):
                    floor_s += (until - since) * on
                    parked_s += (until - since) * (not on)
                outcomes[ended.outcome] += 1
                tokens, cost = tokens + ended.tokens, cost + ended.cost
    return outcomes, floor_s, parked_s, tokens, cost


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_counted_is_what_folding_the_log_gives(seen: Onlookers, seed: int) -> None:
    events = run(lived(seen, seed))
    outcomes, floor_s, parked_s, tokens, cost = folded(events)
    assert {Outcome.COMMITTED, Outcome.INTERRUPTED, Outcome.FAILED} <= set(outcomes)
    for outcome in Outcome:
        assert seen.figure("tertulia_turns_total", outcome=outcome) == outcomes[outcome]
    sums = [seen.figure("tertulia_turn_seconds_sum", outcome=outcome) for outcome in Outcome]
    assert sum(sums) == pytest.approx(floor_s, abs=1e-3)
    assert seen.figure("tertulia_turn_parked_seconds_sum") == pytest.approx(parked_s, abs=1e-3)
    assert parked_s > 0
    assert seen.figure("tertulia_turn_tokens_total") == tokens > 0
    assert seen.figure("tertulia_turn_cost_total") == pytest.approx(cost)
    kinds = Counter(event.type for event in events)
    assert {k: seen.figure("tertulia_events_total", type=k) for k in kinds} == dict(kinds)
    cuts = sum(isinstance(event.body, BargedIn) for event in events)
    assert seen.figure("tertulia_barge_ins_total") == cuts
    assert seen.figure("tertulia_commit_events_sum") == len(events)


def test_spans_of_turns_are_those_of_the_log(seen: Onlookers) -> None:
    events = run(lived(seen, 4))
    by_agents = Counter(
        event.body.outcome.value
        for event in events
        if isinstance(event.body, TurnEnded) and event.by in ("bo", "eve", "flo")
    )
    spans = [span for span in seen.spans if span.name.startswith("invoke_agent")]
    assert Counter((s.attributes or {})["tertulia.turn.outcome"] for s in spans) == by_agents


@in_no_time
async def test_the_floor_wait_lasts_from_a_post_to_the_first_word_of_its_answer(
    seen: Onlookers,
) -> None:
    async def bo(turn: Turn) -> None:
        await turn.clock.sleep(3)
        turn.say(" ")
        await turn.clock.sleep(1)
        turn.say("Well.")
        await turn.clock.sleep(60)

    async with seen.house() as house:
        room = await house.room("kitchen", human("Ana"), agent("Bo", bo))
        await room.post("ana", "@bo?")
        await settle(5)
        assert seen.figure("tertulia_floor_wait_seconds_count") == 1  # while it still speaks
        await room.lapse()
    assert seen.figure("tertulia_floor_wait_seconds_sum") == pytest.approx(4)
    assert seen.figure("tertulia_floor_wait_seconds_count") == 1


@in_no_time
async def test_an_agent_that_speaks_of_its_own_accord_ends_the_wait_for_it(
    seen: Onlookers,
) -> None:
    async def bo(turn: Turn) -> str:
        await turn.clock.sleep(2)
        return "I might say something."

    async def eve(turn: Turn) -> str:
        await turn.clock.sleep(2)
        return "And so might I."

    async with seen.house() as house:
        members = (human("Ana"), agent("Bo", bo), agent("Eve", eve))
        few = RoomSettings(turn_limit=3)
        room = await house.room("kitchen", *members, policy="round_robin", settings=few)
        await room.post("ana", "What a day.")
        await room.backchannel("ana")
        await room.lapse()
    assert seen.figure("tertulia_turns_total", outcome="committed") == 3
    assert seen.figure("tertulia_floor_wait_seconds_count") == 1  # the others follow each other
    assert seen.figure("tertulia_floor_wait_seconds_sum") == pytest.approx(2)


@in_no_time
async def test_what_waits_for_persons_is_seen_while_it_waits_and_how_long_it_did(
    seen: Onlookers,
) -> None:
    @tool(effect="at_most_once", approval=ApprovalRule())
    async def refund(order: int) -> str:
        """Give money back."""
        return "done"

    call = {"name": "refund", "args": {"order": 7}, "id": "call-1"}
    model = Scripted([AIMessage("", tool_calls=[call]), "Done."])
    async with seen.house() as house:
        bo = agent("Bo", speaker_of(tool_user(model, [refund])))
        room = await house.room("kitchen", human("Ana"), bo)
        await room.post("ana", "@bo my money!")
        await settle(600)
        assert seen.figure("tertulia_approvals_waiting", kind="approve") == 1
        assert seen.figure("tertulia_turns_open", state="parked") == 1
        assert seen.figure("tertulia_rooms_open") == 1
        await room.approve("ana", "kitchen/1/call-1")
        await room.lapse()
    assert seen.figure("tertulia_approvals_waiting", kind="approve") == 0
    assert seen.figure("tertulia_turns_open", state="parked") == 0
    assert seen.figure("tertulia_rooms_open") == 0
    settled = {"kind": "approve", "ruling": "approved"}
    assert seen.figure("tertulia_approval_wait_seconds_sum", **settled) == pytest.approx(600)
    done = {"policy": "at_most_once", "state": "succeeded"}
    assert seen.figure("tertulia_effects_total", **done) == 1
    assert seen.figure("tertulia_node_seconds_count", node="tools") == 1


@in_no_time
async def test_an_approval_that_waits_is_seen_by_the_rooms_next_owner(seen: Onlookers) -> None:
    @tool(effect="at_most_once", approval=ApprovalRule())
    async def refund(order: int) -> str:
        """Give money back."""
        return "done"

    call = {"name": "refund", "args": {"order": 7}, "id": "call-1"}
    memory = Memory()

    def bo() -> Member:
        model = Scripted([AIMessage("", tool_calls=[call])])
        return agent("Bo", speaker_of(tool_user(model, [refund])))

    crashing = House(MemoryLog(memory), clock=VirtualClock())
    room = await crashing.room("kitchen", human("Ana"), bo())
    await room.post("ana", "@bo my money!")
    await settle(100)
    for kept in memory.rooms.values():
        kept.owner = None  # it is dead
    async with seen.house(MemoryLog(memory)) as again:
        room = await again.room("kitchen", bo())
        await settle(100)
        assert seen.figure("tertulia_approvals_waiting", kind="approve") == 1
        await room.refuse("ana", "kitchen/1/call-1")
        await room.lapse()
    refused = {"kind": "approve", "ruling": "refused"}
    assert seen.figure("tertulia_approval_wait_seconds_sum", **refused) == pytest.approx(200)


@in_no_time
async def test_appends_that_fail_are_counted_by_their_error(seen: Onlookers) -> None:
    async def bo(turn: Turn) -> str:
        return "Hm."

    log = Faltering()
    async with seen.house(log) as house:
        room = await house.room("kitchen", human("Ana"), agent("Bo", bo))
        log.errors.append(StoreBusy(where="here", seconds=1.0))
        with pytest.raises(StoreBusy):
            await room.post("ana", "@bo?")
        await room.post("ana", "@bo?")
        await room.lapse()
    assert seen.figure("tertulia_commit_failures_total", error="StoreBusy") == 1
    assert seen.figure("tertulia_turns_total", outcome="committed") == 1
    assert [line["event"] for line in seen.lines if line["level"] == "error"] == ["CommitFailed"]


@in_no_time
async def test_telemetry_that_breaks_does_no_harm(
    seen: Onlookers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def bo(turn: Turn) -> str:
        return "Hm."

    def breaks(*told: object) -> None:
        raise RuntimeError("no")

    for broken in ("figures.Figures.event", "turns.TurnSpans.begin"):
        monkeypatch.setattr(f"tertulia.telemetry.{broken}", breaks)
    async with seen.house() as house:
        room = await house.room("kitchen", human("Ana"), agent("Bo", bo))
        await room.post("ana", "@bo?")
        await room.lapse()
        assert [event.text for event in await room.said()] == ["@bo?", "Hm."]
    assert "telemetry failed in committed" in caplog.text


# ---- pools


NOBODY = Caller()


async def asked(pool: Pooled, who: Caller = NOBODY) -> None:
    with calling(who):
        async for _ in pool.astream([HumanMessage("Bo?")]):
            pass


@in_no_time
async def test_calls_that_wait_and_run_in_a_pool_are_seen(seen: Onlookers) -> None:
    slow = Scripted(["Hm."] * 9, first_token_seconds=10)
    pool = pooled("small", {"east": slow})
    tasks = [asyncio.create_task(asked(pool, Caller("kitchen", tenant="acme"))) for _ in range(6)]
    await asyncio.sleep(5)
    assert seen.figure("tertulia_pool_in_flight", pool="small", server="east") == 4
    assert seen.figure("tertulia_pool_queue_length", pool="small") == 2
    await asyncio.gather(*tasks)
    assert seen.figure("tertulia_pool_in_flight", pool="small", server="east") == 0
    assert seen.figure("tertulia_pool_queue_length", pool="small") == 0
    waits = {"pool": "small", "tenant": "acme"}
    assert seen.figure("tertulia_pool_wait_seconds_count", **waits) == 6
    assert seen.figure("tertulia_pool_wait_seconds_sum", **waits) == pytest.approx(20, abs=0.5)
    assert seen.figure("tertulia_pool_tokens_total", type="output", **waits) == 6


@in_no_time
async def test_a_call_that_is_called_off_waits_and_runs_no_longer(seen: Onlookers) -> None:
    pool = pooled("small", {"east": Scripted(["Hm."] * 9, first_token_seconds=10)})
    tasks = [asyncio.create_task(asked(pool)) for _ in range(6)]
    await asyncio.sleep(5)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert seen.figure("tertulia_pool_in_flight", pool="small", server="east") == 0
    assert seen.figure("tertulia_pool_queue_length", pool="small") == 0


@in_no_time
async def test_a_server_that_is_left_alone_shows_until_it_is_back(seen: Onlookers) -> None:
    wrong = ModelUnreachable("nobody answers", model="m", where="there", hint="wait")
    pool = pooled("small", {"east": Scripted([wrong] * 4 + ["Hm."] * 9)})
    east, asking = {"pool": "small", "server": "east"}, asyncio.create_task(asked(pool))
    queued, alone = list[float](), list[float]()
    while not asking.done():
        await asyncio.sleep(0.1)
        queued.append(seen.figure("tertulia_pool_queue_length", pool="small"))
        alone.append(seen.figure("tertulia_pool_breaker_open", **east))
    await asking
    assert set(queued) == set(alone) == {0, 1}  # it waits meanwhile to be sent again
    assert queued[-1] == alone[-1] == 0
    assert seen.figure("tertulia_pool_retries_total", error="ModelUnreachable", **east) >= 1
    assert seen.figure("tertulia_pool_probes_total", outcome="well", **east) >= 1
    told = [line["event"] for line in seen.lines]
    assert {"CallRetried", "ServerLeftAlone", "ServerBack"} <= set(told)


def test_of_two_servers_at_work_on_a_call_one_is_called_off(seen: Onlookers) -> None:
    call, watchers = Call("small", 1, NOBODY, "", 9), Watchers()

    def running() -> list[float]:
        return [
            seen.figure("tertulia_pool_in_flight", pool="small", server=server)
            for server in ("east", "west")
        ]

    watchers.tell(Came(call))
    watchers.tell(Placed(call, "east", 0.0))
    watchers.tell(Hedged(call, "east", "west"))
    assert running() == [1, 1]
    watchers.tell(Began(call, "west", 0.2))
    assert running() == [0, 1]
    watchers.tell(Ended(call, "west", 0.5, 9, 1, 0.0))
    assert running() == [0, 0]
    assert seen.figure("tertulia_pool_hedges_total", pool="small", server="west") == 1


@in_no_time
async def test_the_first_few_tenants_have_a_label_and_the_others_share_one(
    seen: Onlookers,
) -> None:
    pool = pooled("small", {"east": Scripted(["Hm."] * 9)})
    for tenant in ("acme", "bell", "core", "dyno", "acme", ""):
        await asked(pool, Caller("kitchen", tenant=tenant))
    counts = {
        tenant: seen.figure("tertulia_pool_wait_seconds_count", pool="small", tenant=tenant)
        for tenant in ("acme", "bell", OTHER, "none", "kitchen", "core")
    }
    assert counts == {"acme": 2, "bell": 1, OTHER: 2, "none": 1, "kitchen": 0, "core": 0}


def test_a_bounded_label_knows_the_first_ones_for_ever() -> None:
    label = Bounded(2)
    assert [label(value) for value in "abcab"] == ["a", "b", OTHER, "a", "b"]


# ---- the page, and OpenTelemetry's own figures


@in_no_time
async def test_the_page_is_what_prometheus_reads(seen: Onlookers) -> None:
    async with seen.house() as house:
        bo = agent("Bo", ModelSpeaker(Card("Bo"), Scripted(["Hm."])))
        room = await house.room("kitchen", human("Ana"), bo)
        await room.post("ana", "@bo?")
        await room.lapse()
    families = list(text_string_to_metric_families(seen.telemetry.page().decode()))
    assert len(families) == len({family.name for family in families}) > 25
    labels = {label for family in families for s in family.samples for label in s.labels}
    assert not labels & {"room", "participant", "agent", "turn"}
    for family in families:
        assert family.name.startswith(("tertulia_", "gen_ai_client_"))
        assert family.documentation


@in_no_time
async def test_opentelemetrys_own_meter_gets_the_figures_of_calls() -> None:
    reader = InMemoryMetricReader()
    meters = MeterProvider([reader], shutdown_on_exit=False)
    with Telemetry(traces="none", meters=meters) as telemetry:
        async with House(clock=VirtualClock(), telemetry=telemetry) as house:
            bo = agent("Bo", ModelSpeaker(Card("Bo"), Scripted(["Hm."], first_token_seconds=2)))
            room = await house.room("kitchen", human("Ana"), bo)
            await room.post("ana", "@bo?")
            await room.lapse()
    data = reader.get_metrics_data()
    assert data is not None
    metrics = {m.name: m for m in data.resource_metrics[0].scope_metrics[0].metrics}
    [point] = metrics["gen_ai.client.operation.duration"].data.data_points
    assert dict(point.attributes or {}) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "scripted",
        "gen_ai.request.model": "scripted",
    }
    assert point.sum == pytest.approx(2)  # type: ignore[union-attr]
    kinds = [
        (p.attributes or {})["gen_ai.token.type"]
        for p in metrics["gen_ai.client.token.usage"].data.data_points
    ]
    assert sorted(kinds, key=str) == ["input", "output"]
    meters.shutdown()


def test_every_figure_has_its_line_on_the_page(seen: Onlookers) -> None:
    told = (Path(__file__).parents[2] / "docs" / "telemetry.md").read_text(encoding="utf-8")
    families = text_string_to_metric_families(seen.telemetry.page().decode())
    known = [family for family in families if not family.name.endswith("_created")]
    names = [family.name + "_total" * (family.type == "counter") for family in known]
    assert len(names) > 25
    assert [name for name in names if f"`{name}`" not in told] == []
