"""``models list``, ``check`` and ``bench``: what they print, and that no key is in any of it."""

import json
import logging
import traceback
from pathlib import Path
from typing import Any

import pytest
from tests.agents.beside import beside
from tests.agents.fault_server import Reply, ended, event, listing, refusal, said
from tests.cli.commands import lines, tertulia, told

from tertulia.agents import Models
from tertulia.agents.models.places import API_KEY, BASE_URL, MODEL, MODELS

CANARY = "canary-3141592653589793"
GOOD = Reply([*said("Good ", "day."), *ended()])
TEAM = """
default: team
models:
  small: scripted
  qwen: {{base_url: {url}, model: qwen3, api_key_env: QWEN_KEY, price_in: 0.25, price_out: 1}}
pools:
  team: {{servers: [qwen], price_in: 0.5}}
agents: {{mia: small, leo: {{model: team, temperature: 1}}}}
"""
NOWHERE = "http://127.0.0.1:9/v1"


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (MODELS, MODEL, BASE_URL, API_KEY):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("QWEN_KEY", CANARY)
    monkeypatch.chdir(tmp_path)


def configured(url: str = NOWHERE) -> Path:
    path = Path("models.yaml")
    path.write_text(TEAM.format(url=url))
    return path


def test_what_is_configured_is_listed_with_prices_and_users() -> None:
    configured()
    assert tertulia("models", "list").stdout == (
        "from models.yaml\n"
        "name   kind      model and server             price in / out  agents\n"
        "small  scripted  in this process              -               mia\n"
        "qwen   remote    qwen3 at http://127.0.0.1:9/v1  0.25 / 1\n"
        "team*  pool      qwen                         0.5 / 1         leo\n"
    ).replace("in this process   ", "in this process      ").replace(
        "model and server   ", "model and server      "
    ).replace("qwen                         0.5", "qwen                            0.5")


def test_a_list_for_programs_has_a_line_for_each() -> None:
    configured()
    rows = lines(tertulia("models", "list", "--json"))
    assert [row["name"] for row in rows] == ["small", "qwen", "team"]
    assert rows[1]["api_key_env"] == "QWEN_KEY"
    assert rows[2] == {
        "name": "team",
        "kind": "pool",
        "where": "qwen",
        "default": True,
        "price_in": 0.5,
        "price_out": 1.0,
        "agents": ["leo"],
    }


def test_a_list_that_is_too_wide_for_a_table_is_told_in_lines() -> None:
    Path("models.yaml").write_text(
        TEAM.format(url="http://a-server-with-a-long-name.example.org:8000/v1")
    )
    shown = tertulia("models", "list").stdout.splitlines()
    assert max(map(len, shown)) <= 80
    assert shown[3:5] == [
        "qwen",
        "  remote · qwen3 at http://a-server-with-a-long-name.example.org:8000/v1 · 0.25",
    ]


def test_without_a_file_the_built_in_ones_are_listed() -> None:
    shown = tertulia("models", "list").stdout
    assert shown.startswith("nothing is configured; write models.yaml, or set TERTULIA_MODEL.")
    assert "embedded" in shown


def test_a_file_with_a_mistake_is_told_by_its_line() -> None:
    Path("models.yaml").write_text("models:\n  a: embeded\n")
    message = told(tertulia("models", "list"), 2)
    assert message.startswith("models.yaml cannot be used:\n  line 2: models.a.model: there is no")


@pytest.mark.net
def test_a_check_without_names_costs_nothing_and_with_a_name_asks() -> None:
    with beside(GOOD, models=listing("qwen3")) as server:
        configured(server.base_url)
        given = tertulia("models", "check")
        assert (given.exit_code, server.asked) == (0, [])
        given = tertulia("models", "check", "team")
        assert given.exit_code == 0
        assert len(server.asked) > 1
    shown = given.stdout.splitlines()
    assert shown[0] == f"team/qwen · qwen3 at {server.base_url}"
    assert "  ok    key        accepted, from QWEN_KEY" in shown
    assert max(map(len, shown)) <= 80


@pytest.mark.net
def test_a_check_that_finds_something_wrong_ends_with_1() -> None:
    configured()
    given = tertulia("models", "check", "qwen", "small")
    assert given.exit_code == 1
    assert "  FAIL  reachable  the connection failed" in given.stdout
    assert max(map(len, given.stdout.splitlines())) <= 80
    given = tertulia("models", "check", "qwen", "--json")
    found = json.loads(given.stdout)
    assert (given.exit_code, found["ok"]) == (1, False)
    assert found["findings"]["reachable"]["ok"] is False
    assert "did you mean 'qwen'" in told(tertulia("models", "check", "qwn"), 2)


@pytest.mark.net
def test_a_bench_says_what_it_took_and_what_it_cost() -> None:
    with beside(GOOD) as server:
        configured(server.base_url)
        figures = lines(tertulia("models", "bench", "team", "--at-once", "2", "--json"))[0]
        shown = tertulia("models", "bench", "qwen", "--at-once", "1").stdout.splitlines()
    assert [one["at_once"] for one in figures["rounds"]] == [1, 2]
    assert (figures["calls"], figures["tokens_read"], figures["tokens_written"]) == (11, 77, 33)
    assert figures["cost"] == pytest.approx((77 * 0.5 + 33 * 1) / 1e6)
    assert shown[0] == "at once  tokens a second  first token p50  p95"
    assert shown[-1] == "9 calls read 63 tokens and wrote 27: 4.275e-05 at the prices configured"


def test_a_bench_of_nobody_is_refused() -> None:
    configured()
    assert "did you mean 'small'" in told(tertulia("models", "bench", "smal"), 2)


@pytest.mark.net
def test_a_bench_of_a_server_that_is_away_can_be_tried_again() -> None:
    configured()
    given = tertulia("models", "bench", "qwen")
    assert given.exit_code == 3
    assert given.stderr.startswith("qwen: 23 calls, 64 tokens each at most …\nerror: the connect")


# ---- no key is in anything


ECHOES = {
    "a list that turns it away": {"models": refusal("401 Unauthorized", f"bad key {CANARY}")},
    "a list that fails": {"models": refusal("500 Oops", f"{CANARY} crashed us")},
    "a list of keys": {"models": listing(CANARY, owned_by=CANARY)},
    "a page": {"models": Reply([f"<p>{CANARY}"], kind="text/html")},
    "no list": {},
    "the right list": {"models": listing("qwen3", owned_by="vllm")},
}
ANSWERS = {
    "turned away": refusal("401 Unauthorized", f"Incorrect API key: {CANARY}"),
    "a bad request": refusal("400 Bad Request", f"{CANARY} is odd"),
    "a crash": refusal("500 Oops", f"key {CANARY}"),
    "an error in the stream": Reply([event({"error": {"message": CANARY}})]),
    "rubbish": Reply([f"data: {{{CANARY}\n\n"]),
    "a page": Reply([f"<html>{CANARY}"], kind="text/html"),
}
SCENARIO = """
title: Den
model: {model}
room: {{patience_s: 0.2}}
participants:
  - {{name: Bo}}
  - {{name: Ana, kind: human, cues: [{{say: "Bo?"}}]}}
"""


@pytest.mark.net
@pytest.mark.db
@pytest.mark.parametrize(
    ("model", "answer"),
    [*(("team", answer) for answer in ANSWERS), ("qwen", "turned away"), ("qwen", "a crash")],
)
def test_no_key_is_in_what_a_run_prints_stores_or_logs(
    model: str, answer: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TERTULIA_TRACE", "1")
    with beside(ANSWERS[answer]) as server:
        configured(server.base_url)
        Path("den.yaml").write_text(SCENARIO.format(model=model))
        for more in ([], ["--json"]):
            words = ("run", "den.yaml", "--live", "--db", "sqlite:///den.db", "--seed", "1")
            given = tertulia(*words, *more)
            assert given.exit_code == 0, given.output
            assert "failed" in given.stdout
            assert_unseen(given, caplog)
        assert server.keys[0] == f"Bearer {CANARY}"
    stored = b"".join(path.read_bytes() for path in Path.cwd().glob("den.db*"))
    assert b"ModelRefused" in stored or b"Model" in stored
    assert CANARY.encode() not in stored


@pytest.mark.net
@pytest.mark.parametrize("pages", ECHOES.values(), ids=ECHOES)
def test_no_key_is_in_what_the_commands_for_models_print(
    pages: dict[str, Reply], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TERTULIA_TRACE", "1")
    with beside(ANSWERS["a bad request"], **pages) as server:
        configured(server.base_url)
        for command in ("list --json", "check", "check team --json", "check qwen", "bench team"):
            assert_unseen(tertulia("models", *command.split()), caplog)
        assert f"Bearer {CANARY}" in server.keys


def assert_unseen(given: Any, caplog: pytest.LogCaptureFixture) -> None:
    trace = "".join(traceback.format_exception(given.exception)) if given.exception else ""
    for seen in (given.output, given.stderr, trace, caplog.text):
        assert CANARY not in seen


def test_no_key_is_in_any_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    configured()
    monkeypatch.setenv(API_KEY, CANARY)
    models = Models.found()
    pool: Any = models["team"]
    far: Any = models["qwen3@http://127.0.0.1:9/v1"]
    things = (models, models.document, models.known("qwen"), vars(models), pool, far)
    shown = " ".join(f"{thing!r} {thing}" for thing in things)
    shown += f"{vars(far)} {far.__pydantic_private__} {pool.__pydantic_private__} {far.to_json()}"
    assert CANARY not in shown
    assert "QWEN_KEY" in shown
