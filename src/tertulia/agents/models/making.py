"""A chat model from its recipe. Each import costs up to a second, and a process needs few."""

from typing import TYPE_CHECKING

from tertulia.agents.models.recipes import (
    EMBEDDED,
    OF_ENDPOINTS,
    PATIENCE,
    SCRIPTED,
    TRANSFORMERS,
    Recipe,
)

if TYPE_CHECKING:
    from tertulia.agents.streaming import StreamedModel

PACE = {"tokens_per_second": 6.0, "first_token_seconds": 0.8}
"""The pace of speech, at which a scripted model says its small talk."""


def made(wanted: Recipe, seed: int) -> "StreamedModel":
    """Make the model, unless it is a pool.

    Raises ``ModelMissing`` where its packages are not installed, ``ModelRefused`` for a URL with a
    password in it.
    """
    settings = dict(wanted.settings)
    if wanted.kind == SCRIPTED:
        from tertulia.agents.scripted import Scripted

        return Scripted.improvising(seed, **PACE)
    if wanted.kind == EMBEDDED:
        from tertulia.agents.embedded import Embedded

        return Embedded(seed=seed, **settings)
    if wanted.kind == TRANSFORMERS:
        from tertulia.agents.local import named

        return named(wanted.name, seed=seed, **settings)
    from tertulia.agents.remote import Patience, remote

    for name in OF_ENDPOINTS:  # for the pool that it stands in
        settings.pop(name, None)
    patience = {name: settings.pop(name) for name in PATIENCE if name in settings}
    if patience:
        settings["patience"] = Patience(**patience)
    return remote(wanted.base_url, wanted.name, wanted.api_key_env, **settings)
