"""Lines of what happened: ids and figures, and nothing that anybody said or is called."""

import errno
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage
from prometheus_client import generate_latest
from tests.orchestrator.rooms import in_no_time, settle
from tests.telemetry.onlookers import Onlookers

from tertulia.agents import Card, ModelSpeaker, Scripted, tool
from tertulia.compose import House, agent, human, observer
from tertulia.graphs import speaker_of, tool_user
from tertulia.orchestrator import ApprovalRule, Reply, Turn
from tertulia.orchestrator.events import BODIES
from tertulia.simulation import VirtualClock
from tertulia.telemetry import Telemetry
from tertulia.telemetry.journal import TOLD


@in_no_time
async def test_a_line_has_ids_and_figures_in_one_order(seen: Onlookers) -> None:
    async def bo(turn: Turn) -> Reply:
        await turn.clock.sleep(2)
        return Reply("By the door.", tokens=12, cost=0.5)

    async with seen.house() as house:
        room = await house.room("kitchen", human("Ana"), agent("Bo", bo))
        await room.post("ana", "@bo?")
        await room.lapse()
    ended = next(line for line in seen.lines if line["event"] == "TurnEnded")
    turn = seen.span("invoke_agent bo").context
    assert list(ended.items()) == [
        ("time", "2026-01-01T00:00:02.000000Z"),
        ("level", "info"),
        ("event", "TurnEnded"),
        ("room", "kitchen"),
        ("seq", 7),
        ("cause", 6),
        ("turn", "kitchen/1"),
        ("outcome", "committed"),
        ("tokens", 12),
        ("cost", 0.5),
        ("agent", "bo"),
        ("floor_s", 2.0),
        ("parked_s", 0.0),
        ("trace_id", f"{turn.trace_id:032x}"),
        ("span_id", f"{turn.span_id:016x}"),
    ]


@in_no_time
async def test_what_went_wrong_is_a_warning_by_its_kind(seen: Onlookers) -> None:
    async def bo(turn: Turn) -> None:
        raise ValueError("a secret")

    async with seen.house() as house:
        room = await house.room("kitchen", human("Ana"), agent("Bo", bo))
        await room.post("ana", "@bo?")
        await room.lapse()
    [warned] = [line for line in seen.lines if line["level"] == "warning"]
    assert (warned["event"], warned["outcome"], warned["error"]) == (
        "TurnEnded",
        "failed",
        "ValueError",
    )


@in_no_time
async def test_every_event_of_the_log_has_its_line(seen: Onlookers) -> None:
    async with seen.house() as house:
        bo = agent("Bo", ModelSpeaker(Card("Bo"), Scripted(["Hm."])))
        room = await house.room("kitchen", human("Ana"), bo)
        await room.post("ana", "@bo?")
        await room.lapse()
        events = await house.log.read(room.id, 0, 100)
    told = [(line["seq"], line["event"]) for line in seen.lines if "seq" in line]
    assert told == [(event.seq, event.type) for event in events]
    assert [line["event"] for line in seen.lines if "seq" not in line] == [
        "FirstWord",
        "ModelCalled",
    ]


def test_what_may_be_told_are_fields_that_there_are() -> None:
    assert set(TOLD) <= set(BODIES.values())
    for body, fields in TOLD.items():
        assert set(fields) <= set(body.__slots__), body  # type: ignore[attr-defined]


# ---- canaries

WHAT = (
    *("person", "watcher", "title", "about", "role", "display", "profile"),
    *("text", "whisper", "reply", "aside", "note", "fact", "kept", "hidden", "key", "breakout"),
    *("argument", "result", "error", "refusal", "reason"),
)

SECRETS = {name: f"canary{number:02d}{name}" for number, name in enumerate(WHAT)}
"""A word of its own for everything that somebody says, is called, hands over or keeps."""


def everything(seen: Onlookers) -> Iterator[str]:
    """All that has come out of telemetry, as text."""
    yield generate_latest(seen.registry).decode()
    yield seen.written.getvalue()
    for span in seen.spans:
        yield span.to_json()


@in_no_time
async def test_no_canary_is_in_any_span_figure_or_line(seen: Onlookers) -> None:
    s = SECRETS

    @tool(effect="at_most_once", approval=ApprovalRule())
    async def refund(order: str) -> str:
        """Give money back."""
        return s["result"]

    @tool(effect="safe_retry")
    async def fails(order: str) -> str:
        """Go wrong."""
        raise ValueError(s["error"])

    class Speaks:
        """Does everything that a turn can, in its turn."""

        def __init__(self) -> None:
            args = {"order": s["argument"]}
            asks = [{"name": n, "args": args, "id": f"call-{n}"} for n in ("refund", "fails")]
            model = Scripted([AIMessage("", tool_calls=asks), s["reply"], s["aside"]])
            self.inner = speaker_of(tool_user(model, [refund, fails]))

        async def __call__(self, turn: Turn) -> Reply | str | None:
            await turn.keep({"kept": s["kept"]})
            return await self.inner(turn)

    async def breaks(turn: Turn) -> None:
        raise RuntimeError(s["error"])

    async with seen.house() as house:
        room = await house.room(
            "kitchen",
            human(s["person"], about=s["about"], roles=[s["role"]], id=s["person"]),
            agent(s["display"], Speaks(), id="bo", about=s["profile"]),
            agent("Flo", breaks),
            observer(s["watcher"]),
            title=s["title"],
        )
        who = s["person"]
        await room.note("bo", s["note"], by=who)
        said = await room.post(who, f"@bo {s['text']}", key=s["key"])
        await room.remember(s["fact"], by=who, sources=[said.seq])
        await settle(60)
        [asked] = room.approvals()
        await room.approve(who, asked.id, arguments=json.dumps({"order": s["hidden"]}))
        await room.lapse()
        await room.post(who, s["whisper"], whisper=["bo"])
        await room.lapse()
        await room.post(who, f"@flo {s['text']}")
        await room.lapse()
        await room.breakout(who, "corner", ["bo"], title=s["breakout"])
        heard = [event.text for event in await room.said()]
        await room.leave(who, s["refusal"])
        await room.close(s["reason"])
    assert any(s["aside"] in text for text in heard)  # it has all happened
    told = "\n".join(everything(seen)).lower()
    assert "execute_tool refund" in told
    assert [name for name, secret in s.items() if secret.lower() in told] == []


class Full:
    """A file on a disk that is full for its first ``lines`` lines."""

    def __init__(self, lines: int) -> None:
        self.left, self.written = lines, list[str]()

    def write(self, text: str) -> None:
        self.left -= 1
        if self.left >= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.written.append(text)

    def flush(self) -> None:
        pass


async def silent(turn: Turn) -> None:
    """Says nothing."""


async def two_turns(lines: object) -> None:
    """A room whose telemetry writes its lines there."""
    with Telemetry(traces="none", lines=lines) as telemetry:
        async with House(clock=VirtualClock(), telemetry=telemetry) as house:
            room = await house.room("kitchen", human("Ana"), agent("Bo", silent))
            for text in ("@bo one", "@bo two"):
                await room.post("ana", text)
                await room.lapse()


LOST = "lines of JSON are lost: No space left on device; the rooms go on without them"


@in_no_time
async def test_a_full_disk_is_told_once_and_lines_go_on_when_there_is_room(
    caplog: pytest.LogCaptureFixture,
) -> None:
    full = Full(lines=5)
    await two_turns(full)
    assert [record.getMessage() for record in caplog.records] == [LOST]
    assert full.written


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="the file that is always full is Linux's"
)
@in_no_time
async def test_a_file_that_cannot_be_closed_in_full_does_no_harm(
    caplog: pytest.LogCaptureFixture,
) -> None:
    await two_turns("/dev/full")
    assert [record.getMessage() for record in caplog.records] == [LOST]
