"""On what terms a tool may be used: what a crash may do to it, who may, how long, how often.

A tool stays LangChain's own: its terms travel in its metadata, so that it can be used anywhere else
too. One without terms is on ``TERMS``, the strictest: never called twice of itself.
"""

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import wraps
from typing import Annotated, Any, TypeAlias, TypeVar, cast, overload

from langchain_core.tools import BaseTool, InjectedToolArg, StructuredTool
from pydantic import TypeAdapter, ValidationError

from tertulia.agents.alone import alone
from tertulia.orchestrator.approvals import ApprovalRule
from tertulia.orchestrator.effects import EffectPolicy
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.room import one_of
from tertulia.orchestrator.turns import Turn

METADATA = "tertulia"
"""The key of a tool's metadata under which its terms are kept."""


class KeyArgument(InjectedToolArg):
    """Marks the argument in which a tool is handed its idempotency key."""


class TurnArgument(InjectedToolArg):
    """Marks the argument in which a tool is handed the turn that calls it."""


OwnTurn: TypeAlias = Annotated[Turn, TurnArgument]
"""The type of the argument in which a tool is handed the turn that calls it; models see none."""

IdempotencyKey: TypeAlias = Annotated[str, KeyArgument]
"""The type of the argument in which an idempotent tool is handed the key; models do not see it."""

Function: TypeAlias = Callable[..., Any] | Callable[..., Awaitable[Any]]
AnyTool = TypeVar("AnyTool", bound=BaseTool)


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one tool.

    ``timeout_s`` is for one call. ``tries`` is how often it is called at most while it fails with
    what says that another try may help (``at_most_once``: always once). At most ``at_once`` calls
    of it run at the same time, and ``per_room`` of them in one room (``None``: as many as like).
    ``approval`` says who has to approve each call, which is waited for ``approval_s`` seconds.
    ``result_limit`` is how many characters of a result the model reads.

    Who may have it called is the principal's to answer for, or the agent's, where it acts of its
    own accord: one with one of ``roles``, or among ``allowed`` (handles), and none that is
    ``denied``; with neither roles nor ``allowed``, anybody who is not denied. ``agents`` are those
    that may call it; empty: any that it is given to.
    """

    effect: EffectPolicy = EffectPolicy.AT_MOST_ONCE
    timeout_s: float = 60.0
    tries: int = 3
    at_once: int | None = None
    per_room: int | None = None
    approval: ApprovalRule | None = None
    approval_s: float = 3_600.0
    roles: tuple[str, ...] = ()
    result_limit: int = 20_000
    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check everything once, at the door."""
        object.__setattr__(self, "effect", one_of(EffectPolicy, "effect", self.effect))
        for name in ("timeout_s", "tries", "approval_s", "result_limit"):
            if not getattr(self, name) > 0:
                raise Invalid(where=f"terms of a tool, {name}", what="must be greater than 0")
        for name in ("roles", "allowed", "denied", "agents"):
            given = getattr(self, name)
            if isinstance(given, str) or not all(isinstance(one, str) for one in given):
                what = f"must be a list of names, not {given!r:.80}"
                raise Invalid(where=f"terms of a tool, {name}", what=what)
            object.__setattr__(self, name, tuple(given))


TERMS = Terms()
"""The terms of a tool that says nothing."""

_TERMS = TypeAdapter(Terms)


@overload
def tool(function: Function, /) -> BaseTool: ...
@overload
def tool(*, name: str | None = None, **terms: Any) -> Callable[[Function], BaseTool]: ...
def tool(
    function: Function | None = None, /, *, name: str | None = None, **terms: Any
) -> BaseTool | Callable[[Function], BaseTool]:
    """Make a tool of a typed function with a docstring, async or not; ``terms`` are ``Terms``.

    Use it as ``@tool`` or ``@tool(effect="safe_retry")``. A function that is not async runs in a
    thread. Raises ``Invalid`` for a function without docstring or annotations, and for terms that
    cannot be.
    """
    if function is None:
        return lambda one: _made(one, name, terms)
    return _made(function, name, terms)


def _made(function: Function, name: str | None, terms: Mapping[str, Any]) -> BaseTool:
    called = name or getattr(function, "__name__", repr(function))
    where = f"tool {called!r}"
    unknown = ", ".join(sorted(set(terms) - {field.name for field in fields(Terms)}))
    if unknown:
        there = ", ".join(field.name for field in fields(Terms))
        raise Invalid(where=where, what=f"there are no terms {unknown}; there are {there}")
    waits = inspect.iscoroutinefunction(function)
    try:
        made = StructuredTool.from_function(
            None if waits else function, function if waits else None, name=name
        )
        if waits:  # for who calls it without an event loop, as a script does
            waiting = cast("Callable[..., Coroutine[Any, Any, Any]]", function)
            made = made.model_copy(update={"func": _without_loop(waiting)})
    except (TypeError, ValueError) as error:
        raise Invalid(where=where, what=str(error)) from error
    return on_terms(made, Terms(**terms)) if terms else made


def _without_loop(waiting: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
    @wraps(waiting)  # LangGraph's tool nodes read its annotations
    def call(*args: Any, **kwargs: Any) -> Any:
        return alone(waiting, *args, **kwargs)

    return call


def terms_from(where: str, given: Mapping[str, Any], base: Terms = TERMS) -> Terms:
    """Terms as a file says them, in plain data; what it does not say is as in ``base``.

    ``approval`` is a mapping of an ``ApprovalRule``. Raises ``Invalid``, which begins with
    ``where``.
    """
    _check_fields(where, given, Terms)
    if isinstance(rule := given.get("approval"), Mapping):
        _check_fields(f"{where}.approval", rule, ApprovalRule)
    try:
        return _TERMS.validate_python({**_plain(base), **given})
    except ValidationError as error:
        wrong = error.errors(include_input=False)[0]
        told = ".".join([where, *map(str, wrong["loc"])])
        raise Invalid(where=told, what=wrong["msg"]) from None
    except Invalid as error:
        raise Invalid(where=f"{where}, {error.where}", what=error.what) from None


def _plain(terms: Terms) -> dict[str, Any]:
    return {field.name: getattr(terms, field.name) for field in fields(Terms)}


def _check_fields(where: str, given: Mapping[str, Any], of: type[Any]) -> None:
    known = [field.name for field in fields(of)]
    for name in given:
        if name not in known:
            close = get_close_matches(str(name), known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
            raise Invalid(where=f"{where}.{name}", what=f"there is no such field; {hint}")


def on_terms(tool: AnyTool, terms: Terms) -> AnyTool:
    """The same tool on other terms; the one given is not changed."""
    told = {**(tool.metadata or {}), METADATA: terms}
    return tool.model_copy(update={"metadata": told})


def terms_of(tool: BaseTool) -> Terms:
    """The terms that a tool is on."""
    kept: Mapping[str, Any] = tool.metadata or {}
    found = kept.get(METADATA, TERMS)
    return found if isinstance(found, Terms) else TERMS
