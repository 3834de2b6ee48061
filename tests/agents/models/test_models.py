"""Names become chat models; a pool is one object, and an agent may have settings of its own."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from tests.agents.fault_server import FOR_EVER, Reply, ended, said, serving
from tests.agents.pool.waiting import until

from tertulia.agents import Card, Models, chat_model
from tertulia.agents.connections import close_connections
from tertulia.agents.embedded import Embedded
from tertulia.agents.local import Local
from tertulia.agents.models.document import Model
from tertulia.agents.models.places import API_KEY, BASE_URL, MODEL, MODELS
from tertulia.agents.models.reading import BadModels
from tertulia.agents.models.recipes import EMBEDDED, FITS, PATIENCE, REMOTE, TRANSFORMERS
from tertulia.agents.pool import Caller, Endpoint, Pooled
from tertulia.agents.remote import Patience, Remote
from tertulia.agents.scripted import Scripted
from tertulia.compose import adviser, speaker
from tertulia.orchestrator.errors import Invalid, Unknown

TEAM = """
default: team
models:
  talk: scripted
  qwen: {{base_url: {left}, model: qwen3, temperature: 0.4, max_tokens: 200, price_in: 0.25}}
  cold: {{model: qwen, temperature: 0, stall_seconds: 3}}
  cool: {{model: team, temperature: 0.2}}
pools:
  team:
    servers: {{left: qwen, right: {{base_url: {right}, model: qwen3, most: 1, price_in: 0.5}}}}
    allowances: {{school: {{tokens: 100}}}}
    budgets: {{rooms: {{"*": {{cost: 2.5}}}}}}
    hedging: 0.05
    probe_every_s: 30
    patience_s: 4
agents:
  mia: {{model: talk}}
  bo: {{temperature: 0.9, max_tokens: 7}}
"""
NOWHERE = "http://127.0.0.1:9/v1"
ASKED = [HumanMessage("Where to?", name="Ana")]


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which nothing is configured, neither beside it nor around it."""
    for name in (MODELS, MODEL, BASE_URL, API_KEY):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
async def hung_up() -> AsyncIterator[None]:
    yield
    await close_connections()


def team(left: str = NOWHERE, right: str = NOWHERE) -> Models:
    return Models.parse(TEAM.format(left=left, right=right))


def settings_of(model: Any) -> Any:
    return (type(model), model.model, model.temperature, model.max_tokens, model.patience)


def test_names_lead_to_models_with_the_nearer_settings() -> None:
    models = team()
    assert settings_of(models["qwen"]) == (Remote, "qwen3", 0.4, 200, Patience())
    assert settings_of(models["cold"]) == (Remote, "qwen3", 0, 200, Patience(stall_seconds=3))
    assert isinstance(models["talk"], Scripted)
    assert list(models) == ["talk", "qwen", "cold", "cool", "team"]
    assert "scripted" in models
    assert "qwen3" not in models
    assert repr(models) == "Models(talk, qwen, cold, cool, team in models.yaml)"


def test_the_names_that_need_no_file_are_there_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(API_KEY, "x")
    far: Any = Models()["qwen3@http://127.0.0.1:8000/v1"]
    assert (far.model, far.base_url, far.api_key_env) == ("qwen3", "http://127.0.0.1:8000/v1", None)
    for models in (Models.found(), Models.parse("")):
        keyed: Any = models["qwen3@http://127.0.0.1:8000/v1"]
        assert keyed.api_key_env == API_KEY


def test_a_pool_is_one_object_under_every_name() -> None:
    models = team()
    pool = models["team"]
    assert isinstance(pool, Pooled)
    assert models["default"] is pool
    assert models.speaking_for(Card("Ana", model="team")) is pool
    assert models.without_agents()["team"] is pool
    own: Any = models.speaking_for(Card("Bo", model="team"))
    cool: Any = models["cool"]
    for tuned, temperature in ((own, 0.9), (cool, 0.2)):
        assert {one.model.temperature for one in tuned.endpoints.values()} == {temperature}
        assert tuned._calls is pool._calls
        assert tuned.accounts is pool.accounts
        assert (tuned.endpoints["right"].most, tuned.price_in) == (1, 0.5)
    assert models.speaking_for(Card("Bo", model="team")) is own


def test_a_pool_has_what_the_file_says_of_it() -> None:
    pool: Any = team()["team"]
    assert pool.endpoints["right"].most == 1
    assert (pool.price_in, pool.price_out) == (0.5, None)
    assert pool.accounts.of(Caller(tenant="school"), "tenant").tokens == 100
    assert pool.budgets.rooms["*"].cost == 2.5
    assert (pool.hedging, pool.probe_every_s, pool.patience_s) == (0.05, 30, 4)
    assert not pool.budgets.strict
    strict: Any = Models.parse("pools: {p: {servers: [scripted], budgets: {strict: true}}}")["p"]
    assert strict.budgets.strict
    assert pool.endpoints["left"].model.temperature == 0.4


def test_a_pool_believes_what_the_file_says_of_an_endpoint() -> None:
    models = Models.parse(
        f"models: {{big: {{base_url: {NOWHERE}, model: qwen3, slots: 6, context_tokens: 9000}}}}\n"
        "pools: {p: {servers: {left: big, right: {model: big, slots: 2, most: 8}, own: embedded}}}"
    )
    pool: Any = models["p"]
    left, right, own = pool.endpoints.values()
    assert (left.slots, left.context_tokens) == (6, 9000)
    assert (right.slots, right.context_tokens, right.most) == (2, 9000, 8)
    assert own.slots is None  # the model itself knows
    assert models["big"] is not None  # by itself it has nobody to tell


def test_an_agent_has_its_own_model_and_settings() -> None:
    models = team()
    assert isinstance(models.speaking_for(Card("Mia", model="qwen")), Scripted)
    own: Any = models.speaking_for(Card("Bo", model="qwen"))
    assert (own.temperature, own.max_tokens, own.price_in) == (0.9, 7, 0.25)
    assert isinstance(models.speaking_for(Card("Bo")), Scripted)
    plain: Any = models.without_agents().speaking_for(Card("Bo", model="qwen"))
    assert plain.temperature == 0.4


@pytest.mark.net
@pytest.mark.usefixtures("hung_up")
async def test_two_agents_with_settings_of_their_own_wait_in_one_queue() -> None:
    async with serving(Reply([*said("So "), FOR_EVER])) as server:
        text = TEAM.format(left=server.base_url, right=server.base_url)
        models = Models.parse(text.replace("{left: qwen, right", "{right"))
        pool: Any = models["team"]
        bo, ana = (models.speaking_for(Card(name, model="team")) for name in ("Bo", "Ana"))
        first = asyncio.create_task(bo.ainvoke(ASKED))
        await until(lambda: bool(server.asked))
        second = asyncio.create_task(ana.ainvoke(ASKED))
        await until(lambda: len(pool.calls.queue) == 1)
        assert [len(server.running) for server in pool.calls.servers] == [1]
        assert (server.asked[0]["temperature"], server.asked[0]["max_tokens"]) == (
            0.9,
            7,
        )
        for task in (first, second):
            task.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        assert not pool.calls.servers[0].running


@pytest.mark.net
@pytest.mark.usefixtures("hung_up")
async def test_a_tuned_model_offers_tools_as_the_pool_does() -> None:
    async with serving(Reply([*said("So."), *ended()])) as server:
        models = team(server.base_url, server.base_url)
        tool = {"name": "look", "description": "Looks.", "parameters": {"type": "object"}}
        await models["cool"].bind_tools([tool], tool_choice="look").ainvoke(ASKED)
    asked = server.asked[0]
    assert (asked["temperature"], asked["tools"][0]["function"]["name"]) == (0.2, "look")
    assert asked["tool_choice"] == {"type": "function", "function": {"name": "look"}}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("tem", "did you mean 'team'?"),
        ("embeded", "did you mean 'embedded'?"),
        ("zzz", "there are talk, qwen, cold, cool, team, scripted, embedded, and NAME@BASE_URL"),
        ("qwen@", "did you mean 'qwen'?"),
    ],
)
def test_a_name_that_nobody_bears_is_told_with_those_that_are_close(name: str, hint: str) -> None:
    models = team()
    for ask in (
        lambda: models[name],
        lambda: models.speaking_for(Card("Ana", model=name)),
        lambda: speaker(Card("Ana", model=name), models=models),
        lambda: adviser(name, models=models),
        lambda: chat_model(name, models=models),
    ):
        with pytest.raises(Unknown) as caught:
            ask()
        assert f"there is no model {name!r}; {hint}" in str(caught.value)


def test_without_a_default_its_name_says_where_it_is_written() -> None:
    with pytest.raises(Unknown, match=r"default: NAME in models\.yaml, or TERTULIA_MODEL"):
        Models()["default"]


def test_the_settings_that_fit_a_kind_are_settings_of_that_kind() -> None:
    patience = {field.name for field in fields(Patience)}
    assert FITS[EMBEDDED] <= set(Embedded.model_fields)
    known = {field.name for field in fields(Endpoint)}
    assert FITS[REMOTE] <= {*Remote.model_fields, *patience, *known}
    assert patience == set(PATIENCE)
    assert FITS[TRANSFORMERS] <= set(Local.model_fields)
    fitting = frozenset[str]().union(*FITS.values())
    assert set(Model.model_fields) == {"model", "base_url", "api_key_env", *fitting}


# ---- where they are found


def test_four_places_are_looked_into_in_their_order(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(Models.found()) == []
    (nowhere / "own" / "tertulia").mkdir(parents=True)
    (nowhere / "own" / "tertulia" / "models.yaml").write_text("models: {own: embedded}")
    assert list(Models.found()) == ["own"]
    (nowhere / "models.yaml").write_text("models: {here: embedded}")
    assert list(Models.found()) == ["here"]
    (nowhere / "named.yaml").write_text("models: {named: embedded}")
    monkeypatch.setenv(MODELS, "named.yaml")
    assert list(Models.found()) == ["named"]
    (nowhere / "given.yaml").write_text("models: {given: embedded}")
    assert list(Models.found("given.yaml")) == ["given"]


def test_a_file_that_is_named_and_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Invalid, match=r"lost.yaml: there is no such file; --models names it"):
        Models.found("lost.yaml")
    monkeypatch.setenv(MODELS, "lost.yaml")
    with pytest.raises(Invalid, match="TERTULIA_MODELS names it"):
        chat_model("scripted")


def test_a_file_of_another_program_is_told_from_one_that_was_named(nowhere: Path) -> None:
    (nowhere / "models.yaml").write_text("- id: gpt2\n")
    with pytest.raises(BadModels, match=r"line 1: is a mapping.*\n  nobody named it, it lies here"):
        chat_model("scripted")
    with pytest.raises(BadModels) as caught:
        Models.found("models.yaml")
    assert "nobody" not in str(caught.value)


def test_what_is_found_is_the_same_until_it_is_changed(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = nowhere / "models.yaml"
    file.write_text(TEAM.format(left=NOWHERE, right=NOWHERE))
    pool = chat_model("team")
    assert chat_model("team") is pool
    assert Models.found("models.yaml")["team"] is pool
    assert speaker(Card("Ana", model="team")).model is pool  # type: ignore[attr-defined]
    os.utime(file, ns=(1, 1))
    changed = chat_model("team")
    assert changed is not pool
    monkeypatch.setenv(MODEL, "qwen")
    assert chat_model("team") is not changed


def test_the_environment_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODEL, "qwen3")
    monkeypatch.setenv(BASE_URL, "http://127.0.0.1:8000/v1")
    model: Any = chat_model("default")
    assert settings_of(model)[:2] == (Remote, "qwen3")
    assert (model.base_url, model.api_key_env) == ("http://127.0.0.1:8000/v1", None)
    monkeypatch.setenv(API_KEY, "x")
    model = chat_model("default")
    assert model.api_key_env == API_KEY
    assert repr(Models.found()) == "Models(default in the environment)"


def test_the_environment_says_which_name_is_the_default(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nowhere / "models.yaml").write_text(TEAM.format(left=NOWHERE, right=NOWHERE))
    monkeypatch.setenv(MODEL, "talk")
    assert isinstance(chat_model("default"), Scripted)


@pytest.mark.parametrize(
    ("variables", "what"),
    [
        ({BASE_URL: NOWHERE}, "TERTULIA_BASE_URL is set and TERTULIA_MODEL is not"),
        ({MODEL: "embeded"}, "TERTULIA_MODEL: there is no model 'embeded'; did you mean 'embedded"),
        ({MODEL: "zzz"}, "TERTULIA_MODEL: there is no model 'zzz'; there are scripted, embedded"),
        ({MODEL: "zzz"}, "or set TERTULIA_BASE_URL to where it is"),
        ({MODEL: "q", BASE_URL: "127.0.0.1"}, "TERTULIA_BASE_URL: begins with http://"),
        ({MODEL: "q", BASE_URL: "http://ana:hush@h/v1"}, "TERTULIA_BASE_URL: the URL holds a user"),
    ],
)
def test_what_the_environment_says_wrong_is_told_by_its_name(
    variables: dict[str, str], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BadModels) as caught:
        chat_model("scripted")
    assert str(caught.value).startswith("the environment cannot be used:\n  TERTULIA_")
    assert what in str(caught.value)
    assert "hush" not in str(caught.value)
