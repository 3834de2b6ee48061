"""A models.yaml is checked whole: each mistake with its line, and no secret in any sentence."""

from pathlib import Path

import pytest

from tertulia.agents.models.reading import BadModels, load, parse
from tertulia.agents.models.secrecy import masked

GOOD = """
default: team
models:
  small: embedded
  qwen: {base_url: http://127.0.0.1:8000/v1, model: qwen3, api_key_env: QWEN_KEY, temperature: 0.4}
  cold: {model: qwen, temperature: 0}
pools:
  team:
    servers:
      left: qwen
      right: {base_url: http://127.0.0.1:8001/v1, model: qwen3, requests_per_minute: 600, most: 32}
    allowances: {school: {tokens: 100000}}
  both: {servers: [small, cold]}
agents:
  mia: {model: small, temperature: 0.9}
  bo: team
"""


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(BadModels) as caught:
        parse(text)
    found: tuple[str, ...] = caught.value.problems
    return found


def test_a_good_file_says_what_it_says() -> None:
    book = parse(GOOD)
    assert list(book.models) == ["small", "qwen", "cold"]
    assert book.models["small"].model == "embedded"
    assert list(book.pools["both"].servers) == ["small", "cold"]
    assert book.pools["team"].servers["right"].most == 32
    assert book.agents["bo"].model == "team"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "models:\npools:\n"])
def test_a_file_may_say_nothing(text: str) -> None:
    assert not parse(text).models


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("pools:\n  p:\n    servers: [embedded]\n    budgets: {room: {}}", 4, "mean 'rooms'?"),
        ("pools:\n  p:\n    servers: [embedded]\n    hedging: 2", 4, "less than or equal to 1"),
        ("[]", 1, "is a mapping with models, pools, agents and default"),
        ("defaul: x", 1, "did you mean 'default'?"),
        ("models: {a: b", 1, "not YAML"),
        ("models:\n  a: {model: ${X}}", 2, "put what has ${NAME} in it in quotes"),
        ("models:\n  a: embeded", 2, "models.a.model: there is no model 'embeded'; did you mean"),
        ("models:\n  a: a", 2, "there is no model 'a': it leads back to itself"),
        ("models:\n  a: 3", 2, "must be a name, or a mapping"),
        ("models: [a]", 1, "must be a mapping, by name"),
        ("models:\n  a: {temperature: 1}", 2, "models.a.model: is missing"),
        ("models:\n  a: {model: x, api_base: http://h/v1}", 2, "did you mean 'base_url'?"),
        ("models:\n  a: {model: x, rpm: 3}", 2, "no such field here; there are"),
        ("models:\n  a:\n    model: embedded\n    temperature: hot", 4, "should be a valid number"),
        ("models:\n  a:\n    model: embedded\n    temperature: 3", 4, "less than or equal to 2"),
        ("models:\n  a: {model: x, base_url: 127.0.0.1/v1}", 2, "begins with http://"),
        ("models:\n  a: {model: x, base_url: 'http://h:99999/v1'}", 2, "a port above 65535"),
        ("models:\n  a: {model: x, base_url: 'http://h/v1?a=b'}", 2, "no ? and no #"),
        ("models:\n  a: {model: x, base_url: http://h/v1/chat/completions}", 2, "ends before"),
        ("models:\n  a: {model: embedded, api_key_env: A_KEY}", 2, "give the base_url too"),
        ("models:\n  a: {model: scripted, temperature: 1}", 2, "a scripted model has no temper"),
        ("models:\n  a: {model: embedded, stall_seconds: 1}", 2, "an embedded model has no stall"),
        ("models:\n  embedded: scripted", 2, "has a meaning of its own"),
        ("models:\n  a@b: scripted", 2, "a name has letters, digits"),
        ("models:\n  a: {model: x, base_url: '${NO_SUCH}/v1'}", 2, "NO_SUCH is not set; export NO"),
        ("models:\n  a: {model: x, base_url: 'http://${A_TOKEN}/v1'}", 2, "looks like a secret"),
        ("default: ${X}", 1, "${NAME} stands only in base_url and model"),
        ("pools:\n  p: {servers: [embedded, smal]}", 2, "there is no model 'smal'"),
        ("pools:\n  p: {servers: {}}", 2, "pools.p.servers: is empty"),
        ("pools:\n  p: {servers: {a: {model: embedded, tpm: 3}}}", 2, "mean 'tokens_per_minute'?"),
        ("pools:\n  p: {servers: [embedded]}\n  q: {servers: [p]}", 3, "cannot stand in a pool"),
        ("models: {p: embedded}\npools:\n  p: {servers: [embedded]}", 3, "name of a model too"),
        ("agents:\n  Mia Ma: embedded", 2, "by their handle: write mia-ma"),
        ("agents:\n  mia: embeded", 2, "did you mean 'embedded'?"),
        ("default: embeded", 1, "did you mean 'embedded'?"),
        ("default: default", 1, "say which one it is"),
        ("models:\n  a: embedded\n  a: scripted", 3, "'a' stands here a second time"),
    ],
)
def test_each_mistake_has_its_line_and_says_what_to_do(text: str, line: int, what: str) -> None:
    found = problems(text)
    assert len(found) == 1, found
    assert found[0].startswith(f"line {line}: ")
    assert what in found[0]


def test_all_mistakes_are_told_at_once_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text("models:\n  a: b\n  c: {model: scripted, max_tokens: 3}\ndefault: d\n")
    with pytest.raises(BadModels) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path} cannot be used:\n  line 2: models.a.model: ")
    assert [problem[:7] for problem in caught.value.problems] == ["line 2:", "line 3:", "line 4:"]


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadModels, match="cannot be read"):
        load(tmp_path)
    (tmp_path / "models.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadModels, match="not text in UTF-8"):
        load(tmp_path / "models.yaml")


def test_a_variable_stands_for_what_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWEN_HOST", "127.0.0.1:9")
    book = parse("models:\n  a: {model: x, base_url: 'http://${QWEN_HOST}/v1'}")
    assert book.models["a"].base_url == "http://127.0.0.1:9/v1"


SECRETS = [
    ("api_key: hunter2", "hunter2"),
    ("apiKey: hunter2", "hunter2"),
    ("token: hunter2", "hunter2"),
    ("headers: {Authorization: Bearer hunter2hunter2}", "hunter2"),
    ("headers: {X-Api-Key: hunter2}", "hunter2"),
    ("extra_body: {deep: [{password: hunter2}]}", "hunter2"),
    ("extra_body: {note: Bearer hunter2hunter2}", "hunter2"),
    ("api_key_env: hunter2", "hunter2"),
    ("api_key_env: sk-hunter2-0123456789abc", "hunter2"),
    ("api_key_env: HUNTER20123456789ABCDEFGHIJKL", "HUNTER2"),
    ("temperature: sk-hunter2-0123456789abc", "hunter2"),
    ("sk-hunter2-0123456789abc: yes", "hunter2"),
    ("a: {sk-hunter2-0123456789abc: {x: y}}", "hunter2"),
    ("api_key: *hunter2hunter2", "hunter2"),
    ("api_key: !!int hunter2hunter2", "hunter2"),
    ("api_key: !hunter2hunter2 x", "hunter2"),
]


@pytest.mark.parametrize(("written", "secret"), SECRETS)
def test_a_secret_is_refused_and_not_shown(written: str, secret: str) -> None:
    text = f"models:\n  a:\n    base_url: http://h/v1\n    model: x\n    {written}\n"
    with pytest.raises(BadModels) as caught:
        parse(text)
    assert "line 5" in str(caught.value)
    assert any(
        told in str(caught.value)
        for told in ("looks like a secret", "never the key itself", "line 5: not YAML")
    )
    assert secret not in f"{caught.value} {caught.value!r} {caught.value.fields}"


@pytest.mark.parametrize(
    "url", ["http://ana:hush@h/v1", "http://hush@h/v1", "http://h/v1?api_key=hush"]
)
def test_a_url_with_a_password_is_refused_and_not_shown(url: str) -> None:
    found = problems(f"models:\n  a: {{base_url: '{url}', model: x}}")
    assert "api_key_env" in found[0]
    assert "hush" not in found[0]


def test_a_key_by_its_variable_is_told_how_that_is_written() -> None:
    for field in ("api_key", "api_key_env"):
        found = problems(
            f"models:\n  a: {{base_url: http://h/v1, model: x, {field}: '${{A_KEY}}'}}"
        )
        assert found[0].endswith(("write api_key_env: A_KEY", "write A_KEY"))


@pytest.mark.parametrize(
    "name",
    [
        "meta-llama/Llama-3.1-70B-Instruct-FP8-dynamic",
        "qwen2.5:72b-instruct-q4_K_M",
        "tokens_per_minute",
        "sk-learn",
        "http://127.0.0.1:8000/v1",
    ],
)
def test_a_name_is_no_secret(name: str) -> None:
    assert masked(name) == name
