"""What a model can do wrong, as errors that say what happened, where, and what to do next.

::

    ModelFailed
    ├── ModelUnreachable     nobody answers there, or the server itself failed: try again
    │   ├── ModelRateLimited     too many requests; ``retry_after`` seconds, where the server said
    │   └── ModelStalled         it began, or never began, and then sent nothing
    ├── ModelRefused         the key, or the request, was turned down: change it
    │   └── ModelMissing         no such model there, or its packages are not installed
    └── ModelGarbled         the answer is not what such an endpoint says

Whoever retries looks at the project's tree, not at this one: each class is also a
`Refused`, an `Unreachable` or a `Broken`. No error here ever carries a key.
"""

from tertulia.orchestrator.errors import Broken, Refused, TertuliaError, Unreachable


class ModelFailed(TertuliaError):
    """A model did not say what it was asked for."""

    says = "{what} (model {model!r}, {where}): {hint}"

    def __init__(
        self, what: str, *, model: str, where: str, hint: str, retry_after: float | None = None
    ) -> None:
        """Say ``what`` went wrong with ``model`` at ``where`` (never a key), and what to do."""
        super().__init__(what=what, model=model, where=where, hint=hint, retry_after=retry_after)


class ModelUnreachable(ModelFailed, Unreachable):
    """Nobody answers there, or the server itself failed; the request may be tried again."""


class ModelRateLimited(ModelUnreachable):
    """The server has had enough for now; ``retry_after`` is in seconds, None where unsaid."""


class ModelStalled(ModelUnreachable):
    """The server took the request and then sent nothing for too long."""


class ModelRefused(ModelFailed, Refused):
    """The key or the request was turned down; sending it again changes nothing."""


class ModelMissing(ModelRefused):
    """There is no such model there, or the packages that hold it are not installed."""


class ModelGarbled(ModelFailed, Broken):
    """The answer is not what an endpoint of this kind says."""
