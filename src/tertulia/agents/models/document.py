"""The shape of a ``models.yaml``: what may stand where, and within which bounds. It makes nothing.

An entry is a name (``small: embedded``) or a mapping; a name is read as ``{model: NAME}``. With a
``base_url``, ``model`` is the model's name at that endpoint; without one, it is a name of ours.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=200)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Strict(BaseModel):
    """A part of the file: no field beside those that are named, nothing is turned into text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Tuning(Strict):
    """What may differ from agent to agent on one model."""

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Count | None = None
    extra_body: dict[str, Any] | None = None
    price_in: Price | None = None
    price_out: Price | None = None


class Model(Tuning):
    """A model: an endpoint, or another model of this file with other settings.

    ``repeat_penalty`` is the embedded model's, ``adapter`` and what follows are those of
    Transformers in this process, ``threads`` of both; ``…_seconds`` and ``max_retries`` are those
    of an endpoint (`Patience`). ``slots`` of an endpoint, and ``context_tokens``, tell the pool
    that it stands in how many calls its server works on at once, and how long one may be.
    """

    model: Name
    base_url: str | None = None
    api_key_env: str | None = None
    max_retries: Annotated[int, Field(ge=0, le=20)] | None = None
    connect_seconds: Seconds | None = None
    first_token_seconds: Seconds | None = None
    stall_seconds: Seconds | None = None
    repeat_penalty: Rate | None = None
    threads: Count | None = None
    slots: Count | None = None
    context_tokens: Count | None = None
    adapter: Name | None = None
    device: Name | None = None
    dtype: Name | None = None
    quantise: Literal["8bit", "4bit"] | None = None
    rows: Count | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Count | None = None


class Server(Model):
    """One server of a pool: a model, and what is known of the server beforehand."""

    requests_per_minute: Rate | None = None
    tokens_per_minute: Rate | None = None
    most: Annotated[float, Field(ge=1)] | None = None
    kept_tokens: Annotated[float, Field(ge=0)] | None = None


class Agent(Tuning):
    """What is other for one agent than its card says."""

    model: Name | None = None


class Allowance(Strict):
    """What somebody may use of a pool altogether."""

    tokens: Amount | None = None
    cost: Amount | None = None


class Budgets(Strict):
    """Who may use how much of a pool, by name; ``"*"`` is each that is not named."""

    tenants: dict[Name, Allowance] = Field(default_factory=dict)
    rooms: dict[Name, Allowance] = Field(default_factory=dict)
    participants: dict[Name, Allowance] = Field(default_factory=dict)
    strict: bool = False


def _named(given: Any) -> Any:
    return {"model": given} if isinstance(given, str) else given


def _by_name(given: Any) -> Any:
    """Servers that are only named: a list of names of models, each under its own."""
    if isinstance(given, list) and all(isinstance(name, str) for name in given):
        return {name: name for name in given}
    return given


AModel: TypeAlias = Annotated[Model, BeforeValidator(_named)]
AServer: TypeAlias = Annotated[Server, BeforeValidator(_named)]
AnAgent: TypeAlias = Annotated[Agent, BeforeValidator(_named)]


class Pool(Strict):
    """Several servers of one model behind one name; ``allowances`` are the budgets of tenants."""

    servers: Annotated[dict[Name, AServer], BeforeValidator(_by_name), Field(min_length=1)]
    allowances: dict[Name, Allowance] = Field(default_factory=dict)
    budgets: Budgets = Budgets()
    hedging: Annotated[float, Field(ge=0, le=1)] | None = None
    probe_every_s: Seconds | None = None
    patience_s: Seconds | None = None
    price_in: Price | None = None
    price_out: Price | None = None


def _or_nothing(given: Any) -> Any:
    return {} if given is None else given


_Section = BeforeValidator(_or_nothing)


class Document(Strict):
    """The whole file; a section may be empty."""

    default: Name | None = None
    models: Annotated[dict[Name, AModel], _Section] = Field(default_factory=dict)
    pools: Annotated[dict[Name, Pool], _Section] = Field(default_factory=dict)
    agents: Annotated[dict[Name, AnAgent], _Section] = Field(default_factory=dict)
