"""Whatever stands in a models.yaml: it is read, or refused with its lines, and no key is shown."""

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tertulia.agents.models.document import Agent, Allowance, Document, Model, Pool, Server
from tertulia.agents.models.models import Models
from tertulia.agents.models.reading import BadModels

KEY = "sk-hunter2-0123456789abcdef"
PARTS = (Document, Model, Server, Pool, Agent, Allowance)
FIELDS = sorted({field for part in PARTS for field in part.model_fields})
NAMES = ["a", "b", "embedded", "scripted", "default", "a@http://h/v1", "transformers:x", "é", ""]

names = st.sampled_from(NAMES)
texts = names | st.sampled_from(
    [KEY, f"Bearer {KEY}", "http://h/v1", f"http://a:{KEY}@h/v1", "${X}"]
)
scalars = texts | st.none() | st.booleans() | st.integers(-2, 3) | st.floats(-1, 3)
keys = st.sampled_from([*FIELDS, KEY, "api_key", "headers", "Authorization"]) | names
things = st.recursive(
    scalars, lambda part: st.lists(part, max_size=2) | st.dictionaries(keys, part, max_size=3)
)
parts = st.dictionaries(st.sampled_from(FIELDS) | keys, things, max_size=4)
files = st.fixed_dictionaries(
    {},
    optional={
        "default": texts,
        "models": st.dictionaries(names, parts | texts, max_size=3),
        "pools": st.dictionaries(names, parts, max_size=2),
        "agents": st.dictionaries(names, parts | names, max_size=2),
        "more": things,
    },
)


def read(text: str) -> str:
    """What is told of a text: its error, or what it comes to."""
    try:
        models = Models.parse(text)
    except BadModels as error:
        untold = [problem for problem in error.problems if not problem.startswith("line ")]
        return f"{error} {error!r} {error.fields}" if not untold else f"no line: {untold} hunter2"
    return " ".join(f"{name} {models.known(name)}" for name in models)


@given(files)
@settings(max_examples=150, deadline=None)
def test_any_file_is_read_or_refused_and_shows_no_key(file: dict[str, Any]) -> None:
    assert "hunter2" not in read(yaml.safe_dump(file, allow_unicode=True))


@given(st.text(st.sampled_from("ab:{}[]-&*!|>'\"#%@` \n\t?,0~"), max_size=40))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    assert "no line" not in read(text)
