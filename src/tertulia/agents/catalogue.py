"""Chat models by name: ``scripted``, ``embedded``, ``NAME@BASE_URL``. Made here, never called."""

import os

from langchain_core.language_models import BaseChatModel

from tertulia.orchestrator.errors import Unknown

KEY = "TERTULIA_API_KEY"
"""The environment variable that holds the key for endpoints, if they want one."""


def chat_model(name: str, *, seed: int = 0) -> BaseChatModel:
    """The model of that name.

    ``scripted`` improvises small talk from ``seed``, at the pace of speech; ``embedded`` is the
    small real model in this process. An endpoint that wants a key gets the one in the environment
    variable ``TERTULIA_API_KEY``. Raises ``Unknown`` for other names, and ``ModelMissing`` where
    the packages of a model are not installed.
    """
    # Each import costs up to a second, and a process needs one of them.
    if name == "scripted":
        from tertulia.agents.scripted import Scripted

        return Scripted.improvising(seed, tokens_per_second=6.0, first_token_seconds=0.8)
    if name == "embedded":
        from tertulia.agents.embedded import Embedded

        return Embedded(seed=seed)
    model, at, base_url = name.partition("@")
    if at and model and base_url:
        from tertulia.agents.remote import remote

        return remote(base_url, model, KEY if KEY in os.environ else None)
    hint = "; there are scripted, embedded, and NAME@BASE_URL (qwen3@http://127.0.0.1:8000/v1)"
    raise Unknown(kind="model", name=name, hint=hint)
