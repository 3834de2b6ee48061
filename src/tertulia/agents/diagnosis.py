"""What the failure of an OpenAI-style endpoint means, and what to do about it.

Turns whatever the HTTP client, the OpenAI client or LangChain raised into one of our `faults`. It
never lets a key through: neither in the words, nor in the exception that is named as the cause.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx

from tertulia.agents.faults import (
    ModelFailed,
    ModelForbidden,
    ModelGarbled,
    ModelMissing,
    ModelOverflowed,
    ModelRateLimited,
    ModelRefused,
    ModelStalled,
    ModelUnreachable,
)

MOST_LETTERS = 200
MOST_PORT = 65_535

PASSING = frozenset({408, 425})
"""What servers say, besides all from 500 on, when the same request may do later."""

UNPAID = ("insufficient_quota", "billing_hard_limit")
"""In the body of a 429 that waiting does not help."""

LOADING = ("Loading model", "model is loading", "is currently loading")
"""llama.cpp, Ollama, and Hugging Face's hosted models, after they were started."""

OVERFLOWS = (
    "context_length_exceeded",  # OpenAI, and many hosted ones
    "maximum context length",  # vLLM, SGLang, OpenAI
    "exceed_context_size",  # llama.cpp
    "max_new_tokens` must be <=",  # TGI
    "longer than the maximum model length",  # vLLM
    "longer than the model's context length",  # SGLang
    "prompt is too long",  # Anthropic
    "exceeds the context window",  # Ollama, hosted ones
)
"""How servers say that a prompt does not fit; in small letters."""

UNKEYED = "name the key's variable: `api_key_env`; that of NAME@BASE_URL is TERTULIA_API_KEY"

F = TypeVar("F", bound=ModelFailed)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What an error may tell about an endpoint: no key, no password in the URL."""

    model: str
    where: str
    api_key_env: str | None

    def missing_key(self) -> ModelForbidden:
        """The environment lacks the key that the settings name."""
        return self._fault(
            ModelForbidden,
            f"the environment variable {self.api_key_env} is not set",
            f"set {self.api_key_env} to the endpoint's key, or leave `api_key_env` out",
        )

    def stalled(self, seconds: float, *, begun: bool) -> ModelStalled:
        """Nothing came for so many ``seconds``."""
        what = "the answer stopped in its middle" if begun else "no answer began"
        setting = "stall_seconds" if begun else "first_token_seconds"
        hint = f"see whether the server is overloaded, or raise `{setting}`"
        return self._fault(ModelStalled, f"{what}: nothing came for {seconds:g} s", hint)

    def unsafe_url(self) -> ModelRefused:
        """The base URL holds a password or a query, which would show up everywhere."""
        hint = "keep them out of it, and name the key's environment variable: `api_key_env`"
        return self._fault(ModelRefused, "the base URL holds secrets", hint)

    def no_url(self) -> ModelRefused:
        """The base URL cannot be called; it is not shown, since nobody knows what stands in it."""
        hint = "it begins with http:// or https:// and a host, as in http://127.0.0.1:8000/v1"
        return self._fault(ModelRefused, "the base URL is none that can be called", hint)

    def empty(self) -> ModelGarbled:
        """The server said 200 and then nothing that can be read as an answer."""
        return self._garbled("the body is no stream of chat completions")

    def unlisted(self) -> ModelGarbled:
        """The server said 200 to ``GET …/models``, and nothing that can be read as a list."""
        return self._garbled("it is no list of models")

    def broken_off(self) -> ModelUnreachable:
        """The stream ended in good order, but before the answer did."""
        hint = "try again; if it happens again, see that this is an OpenAI-style endpoint"
        return self._fault(ModelUnreachable, "the answer broke off before its end", hint)

    def explain(self, error: Exception, key: str) -> ModelFailed:
        """Say what an exception means; ``key`` is what must not appear in it."""
        import openai  # a second to import, and whoever has such an error has paid it

        match error:
            case openai.APIStatusError(status_code=status, response=response, body=body):
                said, wait_s = _said(_words(body, error.message), key), wait_of(response.headers)
                return self._by_status(status, said, wait_s, str(body))
            case openai.APITimeoutError() | httpx.TimeoutException():
                hint = "see whether the server is up, or raise `connect_seconds`"
                return self._fault(ModelUnreachable, "nobody answered in time", hint)
            case openai.APIConnectionError() | httpx.TransportError():
                cause = _said(str(error.__cause__ or error), key)
                hint = "start the server there, or correct the base URL"
                return self._fault(ModelUnreachable, f"the connection failed: {cause}", hint)
            case openai.APIResponseValidationError():
                return self._garbled(_said(error.message, key))
            case openai.APIError():
                said = _said(_words(error.body, error.message), key)
                if _overflows(str(error.body)):
                    return self._overflowed(f"(in its stream): {said}")
                what = f"the server gave up: {said}"
                return self._fault(ModelUnreachable, what, "try again; its log may say more")
            case _:
                return self._garbled(_said(f"{type(error).__name__}: {error}", key))

    def _by_status(
        self, status: int, said: str, retry_after: float | None, body: str
    ) -> ModelFailed:
        if status in {401, 403}:
            env = self.api_key_env
            hint = f"check the key in {env}" if env else UNKEYED
            return self._fault(ModelForbidden, f"the server turned us away ({status})", hint)
        if status == 404:
            hint = "check the model's name, and that the base URL ends as the server wants (…/v1)"
            return self._fault(ModelMissing, f"not found (404): {said}", hint)
        if status == 429 and not any(sign in body for sign in UNPAID):
            what = f"too many requests (429): {said}"
            hint = "try again later" if retry_after is None else f"try again in {retry_after:g} s"
            return self._fault(ModelRateLimited, what, hint, retry_after)
        if status >= 500 or status in PASSING:
            what = f"the server failed ({status}): {said}"
            hint = "try again; its log may say more"
            if any(sign in body for sign in LOADING):
                what, hint = f"the model is being loaded ({status})", "try again in a while"
            return self._fault(ModelUnreachable, what, hint, retry_after)
        if status in {402, 429}:
            hint = "nothing is left to pay with: see the account there"
            return self._fault(ModelForbidden, f"the request was refused ({status}): {said}", hint)
        if _overflows(body):
            return self._overflowed(f"({status}): {said}")
        hint = "change the request or the model's settings"
        return self._fault(ModelRefused, f"the request was refused ({status}): {said}", hint)

    def _overflowed(self, said: str) -> ModelOverflowed:
        what = f"the prompt is too long for the model's context {said}"
        hint = "give the agents fewer tokens to read (`TokenBudget`), or the model more"
        return self._fault(ModelOverflowed, what, hint)

    def _garbled(self, what: str) -> ModelGarbled:
        hint = "check that the base URL is that of an OpenAI-style endpoint, as in …/v1"
        return self._fault(ModelGarbled, f"the answer makes no sense: {what}", hint)

    def _fault(self, kind: type[F], what: str, hint: str, retry_after: float | None = None) -> F:
        return kind(what, model=self.model, where=self.where, hint=hint, retry_after=retry_after)


def public(base_url: str) -> str:
    """Show a URL without user, password and query."""
    url = httpx.URL(base_url)
    return str(url.copy_with(username=None, password=None, query=None))


def can_be_called(base_url: str) -> bool:
    """Whether a URL names a host, and a port that there can be."""
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        return False
    return url.scheme in {"http", "https"} and bool(url.host) and (url.port or 1) <= MOST_PORT


def is_secret(error: BaseException | None, key: str) -> bool:
    """Whether an exception, or one behind it, carries the key in its words."""
    while error is not None:
        if key and key in f"{error} {getattr(error, 'body', '')}":
            return True
        error = error.__cause__ or error.__context__
    return False


def _overflows(body: str) -> bool:
    return any(sign in body.lower() for sign in OVERFLOWS)


def _said(text: str, key: str) -> str:
    """Make a server's words fit to be shown: one line, not long, without the key."""
    flat = " ".join(text.replace(key, "***").split() if key else text.split())
    return flat if len(flat) <= MOST_LETTERS else flat[:MOST_LETTERS] + " …"


def _words(body: object, otherwise: str) -> str:
    """Find the words in the body of an error, as the servers there are put them."""
    if isinstance(body, dict):
        for name in ("message", "error", "detail"):
            if body.get(name):
                return _words(body[name], otherwise)
    return body if isinstance(body, str) and body else otherwise


def wait_of(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After in seconds (RFC 9110, 10.2.3), and OpenAI's ``retry-after-ms``.

    A date is measured by the server's own clock, which its Date header tells.
    """
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        with suppress(KeyError, ValueError):
            return max(0.0, unit * float(headers[name]))
    with suppress(KeyError, ValueError, TypeError):
        until, now = (parsedate_to_datetime(headers[name]) for name in ("retry-after", "date"))
        return max(0.0, (until - now).total_seconds())
    return None
