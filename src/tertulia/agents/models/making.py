"""A chat model from its recipe. Each import costs up to a second, and a process needs few."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tertulia.agents.models.recipes import (
    EMBEDDED,
    PATIENCE,
    POOL,
    SCRIPTED,
    Recipe,
)

if TYPE_CHECKING:
    from tertulia.agents.streaming import StreamedModel

PACE = {"tokens_per_second": 6.0, "first_token_seconds": 0.8}
"""The pace of speech, at which a scripted model says its small talk."""

OF_A_CALL = ("temperature", "max_tokens", "extra_body")


def made(wanted: Recipe, seed: int, pool: "Callable[[str], StreamedModel]") -> "StreamedModel":
    """Make the model; ``pool`` gives the one pool of a name.

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
    if wanted.kind == POOL:
        return _tuned(pool(wanted.name), settings)
    from tertulia.agents.remote import Patience, remote

    patience = {name: settings.pop(name) for name in PATIENCE if name in settings}
    if patience:
        settings["patience"] = Patience(**patience)
    return remote(wanted.base_url, wanted.name, wanted.api_key_env, **settings)


def _tuned(shared: "StreamedModel", settings: dict[str, Any]) -> "StreamedModel":
    if not settings:
        return shared
    from tertulia.agents.models.tuned import Tuned

    return Tuned(
        model=shared,
        settings={name: settings[name] for name in OF_A_CALL if name in settings},
        price_in=settings.get("price_in", getattr(shared, "price_in", None)),
        price_out=settings.get("price_out", getattr(shared, "price_out", None)),
    )
