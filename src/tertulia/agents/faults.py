"""What a model can do wrong, as errors that say what happened, where, and what to do next.

::

    ModelFailed
    ├── ModelUnreachable     nobody answers there, or the server itself failed: try again
    │   ├── ModelRateLimited     too many requests; ``retry_after`` seconds, where the server said
    │   └── ModelStalled         it began, or never began, and then sent nothing
    ├── ModelRefused         the key, or the request, was turned down: change it
    │   ├── ModelForbidden       the server does not let us in: no key, a wrong one, nothing paid
    │   ├── ModelMissing         no such model there, or its packages are not installed
    │   ├── ModelOverflowed      the prompt is too long for the model's context
    │   └── BudgetSpent          a participant, room or tenant has used up what it may use
    └── ModelGarbled         the answer is not what such an endpoint says
        └── ModelStrayed         it is not what it had to be, and was not when it was told so

Whoever retries looks at the project's tree, not at this one: each class is also a
`Refused`, an `Unreachable` or a `Broken`. No error here ever carries a key.
"""

from functools import partial
from typing import Any

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


class ModelForbidden(ModelRefused):
    """The server does not let us in: a key is missing or wrong, or nothing is left to pay with."""


class ModelMissing(ModelRefused):
    """There is no such model there, or the packages that hold it are not installed."""


UNUSABLE = (ModelForbidden, ModelMissing)
"""What a server says that cannot be used, whatever it is sent."""


class ModelOverflowed(ModelRefused):
    """The prompt, with the answer that may be written, is too long for the model's context."""


class BudgetSpent(ModelRefused):
    """A participant, a room or a tenant has used up what it may use, or would with this call.

    ``who`` (``"room 'attic'"``), ``budget`` (``"tokens"`` or ``"cost"``), ``used``, which counts
    what calls in flight may come to where the budget is strict, ``wanted`` and ``allowed``.
    """

    def __init__(
        self, *, who: str, budget: str, used: float, allowed: float, wanted: float, model: str
    ) -> None:
        """Say whose budget it is, of what, and how much of it is used."""
        what = f"{who} has used up its {budget}: {used:,g} of {allowed:,g}"
        if used < allowed:
            what = f"{who} has {used:,g} of {allowed:,g} {budget} in use; this may take {wanted:,g}"
        super().__init__(what, model=model, where="in the pool", hint="raise the budget, or wait")
        self.fields |= {"who": who, "budget": budget, "used": used}
        self.fields |= {"allowed": allowed, "wanted": wanted}

    def __reduce__(self) -> Any:
        names = ("who", "budget", "used", "allowed", "wanted", "model")
        return partial(type(self), **{name: self.fields[name] for name in names}), ()


class ModelGarbled(ModelFailed, Broken):
    """The answer is not what an endpoint of this kind says."""


class ModelStrayed(ModelGarbled):
    """The answer is none of what it had to be, nor was the next; ``said`` is the last one."""

    def __init__(
        self,
        what: str,
        *,
        model: str,
        where: str,
        hint: str,
        said: str = "",
        retry_after: float | None = None,
    ) -> None:
        """Keep what was ``said`` at last, beside what such errors tell."""
        super().__init__(what, model=model, where=where, hint=hint, retry_after=retry_after)
        self.fields["said"] = said
