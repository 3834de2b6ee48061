"""What is configured, found out and measured of models, for people and as JSON."""

import asyncio
import textwrap
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from rich.text import Text

from tertulia.agents.connections import close_connections
from tertulia.agents.models import Models
from tertulia.agents.models.checking import Checked, check
from tertulia.agents.models.measuring import Speed, Stopwatch, calls_of
from tertulia.agents.models.recipes import (
    DEFAULT,
    EMBEDDED,
    POOL,
    SCRIPTED,
    TRANSFORMERS,
    Recipe,
    users,
)
from tertulia.cli.output import columns, line, page

T = TypeVar("T")

NARROW = 60
HEADS = ("name", "kind", "model and server", "price in / out", "agents")
MARKS = {True: ("ok", "green"), False: ("FAIL", "bold red"), None: ("-", "dim")}
NOTHING = "nothing is configured; write models.yaml, or set TERTULIA_MODEL. Built in are these:"


def print_models(file: Path | None, *, json: bool) -> None:
    """Print each model and pool; the default one has a star."""
    models = Models.found(file)
    rows = [_row(models, name) for name in _names(models)]
    if json:
        for row in rows:
            print(line(row))
        return
    out = page()
    out.print(Text(f"from {models.where}" if models.where else NOTHING, "dim"), soft_wrap=True)
    _table(rows, out.width)


def print_checks(file: Path | None, names: list[str], *, json: bool) -> bool:
    """Check these, or without a name all of them for nothing; whether all is well."""
    models = Models.found(file)
    for name in names:
        models.known(name)
    return _run(_check_all(models, names or _names(models), asking=bool(names), json=json))


def print_speed(file: Path | None, name: str, *, tokens: int, at_once: int, json: bool) -> None:
    """Measure one, and print its figures."""
    models = Models.found(file)
    model = models.model(name)
    if not json:
        told = f"{name}: {calls_of(at_once)} calls, {tokens} tokens each at most …"
        page(stderr=True).print(Text(told, "dim"))
    speed = _run(Stopwatch(model, tokens, salt=_salt()).measure(at_once))
    if json:
        print(line(_figures(models, name, speed)))
    else:
        _print_speed(models, name, speed)


def _salt() -> int:
    """Another number each time, so that no server has read these prompts before."""
    import random

    return random.SystemRandom().randrange(1, 2**20)


def _names(models: Models) -> list[str]:
    """What is configured; without a file, what is there anyway."""
    there = list(models)
    return there or [SCRIPTED, EMBEDDED]


def _row(models: Models, name: str) -> dict[str, Any]:
    recipe, book = models.known(name), models.document
    row = {
        "name": name,
        "kind": recipe.kind,
        "where": _where(models, recipe),
        "default": DEFAULT in models and models.known(DEFAULT) == recipe,
        **_prices(models, recipe),
        "agents": list(users(book, name)),
    }
    if recipe.api_key_env:
        row["api_key_env"] = recipe.api_key_env
    return row


def _where(models: Models, recipe: Recipe) -> str:
    if recipe.kind == POOL:
        return ", ".join(models.servers(recipe.name))
    if recipe.kind == TRANSFORMERS:
        return f"{recipe.name}, {recipe.where}"
    return f"{recipe.name} at {recipe.where}" if recipe.base_url else recipe.where


def _prices(models: Models, recipe: Recipe) -> dict[str, float | None]:
    """What a million tokens cost; a pool's are its own, or the highest of its servers'."""
    found = {}
    for price in ("price_in", "price_out"):
        of_servers = []
        if recipe.kind == POOL:
            own = getattr(models.document.pools[recipe.name], price)
            each = [one.settings.get(price) for _, one in models.servers(recipe.name).values()]
            of_servers = [own] if own is not None else [one for one in each if one is not None]
        found[price] = recipe.settings.get(price, max(of_servers, default=None))
    return found


def _table(rows: list[dict[str, Any]], width: int) -> None:
    cells = [
        (
            row["name"] + ("*" if row["default"] else ""),
            row["kind"],
            row["where"],
            _price(row),
            ", ".join(row["agents"]),
        )
        for row in rows
    ]
    needed = sum(max(map(len, column)) + 2 for column in zip(HEADS, *cells, strict=True))
    if needed - 2 <= width:
        columns(HEADS, cells)
    else:
        for name, *more in cells:
            _entry(name, [one for one in more if one and one != "-"], width)


def _entry(name: str, more: list[str], width: int) -> None:
    """What a table has no room for, in lines of its own."""
    out = page()
    out.print(Text(name, "bold"), soft_wrap=True)
    out.print(
        Text(
            textwrap.fill(
                " · ".join(more),
                max(width, NARROW),
                initial_indent="  ",
                subsequent_indent="  ",
                break_long_words=False,
                break_on_hyphens=False,
            )
        ),
        soft_wrap=True,
    )


def _price(row: Mapping[str, Any]) -> str:
    prices = (row["price_in"], row["price_out"])
    if prices == (None, None):
        return "-"
    return " / ".join("-" if price is None else f"{price:g}" for price in prices)


async def _check_all(models: Models, names: list[str], *, asking: bool, json: bool) -> bool:
    well = True
    for name in names:
        async for checked in check(models, name, asking=asking):
            well = well and checked.ok
            if json:
                print(line(_checked(checked)), flush=True)
            else:
                _print_checked(checked)
    return well


def _checked(checked: Checked) -> dict[str, Any]:
    return {
        "name": checked.name,
        "ok": checked.ok,
        "kind": checked.recipe.kind,
        "model": checked.recipe.name,
        "where": checked.recipe.where,
        "findings": {one.what: {"ok": one.good, "told": one.told} for one in checked.findings},
    }


def _print_checked(checked: Checked) -> None:
    out, recipe = page(), checked.recipe
    at = f"{recipe.name} at {recipe.where}" if recipe.base_url else recipe.kind
    out.print(Text(checked.name, "bold").append(f" · {at}", "default"), soft_wrap=True)
    widest = max(len(one.what) for one in checked.findings)
    for one in checked.findings:
        mark, colour = MARKS[one.good]
        head = f"  {mark:<4}  {one.what:<{widest}}  "
        told = textwrap.wrap(
            one.told,
            max(out.width, NARROW) - len(head),
            break_long_words=False,
            break_on_hyphens=False,
        )
        text = f"\n{' ' * len(head)}".join(told)
        out.print(Text(head, colour).append(text, "default"), soft_wrap=True)


def _figures(models: Models, name: str, speed: Speed) -> dict[str, Any]:
    recipe = models.known(name)
    return {
        "name": name,
        "kind": recipe.kind,
        "where": _where(models, recipe),
        "rounds": [
            {
                "at_once": one.at_once,
                "tokens_per_s": round(one.tokens_per_s, 2),
                "first_token_s_p50": round(one.first_s_p50, 4),
                "first_token_s_p95": round(one.first_s_p95, 4),
            }
            for one in speed.rounds
        ],
        "prompt_tokens_per_s": round(speed.read_per_s, 1),
        "calls": speed.calls,
        "tokens_read": speed.read,
        "tokens_written": speed.written,
        "tokens_told": speed.counted,
        "cost": _cost(models, recipe, speed),
    }


def _cost(models: Models, recipe: Recipe, speed: Speed) -> float | None:
    prices = _prices(models, recipe)
    if prices["price_in"] is None and prices["price_out"] is None:
        return None
    paid = (prices["price_in"] or 0) * speed.read + (prices["price_out"] or 0) * speed.written
    return paid / 1_000_000


def _print_speed(models: Models, name: str, speed: Speed) -> None:
    rows = [
        (
            str(one.at_once),
            f"{one.tokens_per_s:,.1f}",
            f"{one.first_s_p50 * 1_000:,.0f} ms",
            f"{one.first_s_p95 * 1_000:,.0f} ms",
        )
        for one in speed.rounds
    ]
    columns(("at once", "tokens a second", "first token p50", "p95"), rows)
    print(f"prompt tokens a second: {speed.read_per_s:,.0f}")
    counted = "" if speed.counted else " (not told: words and pieces were counted)"
    spent = f"{speed.calls} calls read {speed.read:,} tokens and wrote {speed.written:,}{counted}"
    cost = _cost(models, models.known(name), speed)
    print(spent if cost is None else f"{spent}: {cost:.4g} at the prices configured")


def _run(asked: Coroutine[Any, Any, T]) -> T:
    async def and_hang_up() -> T:
        try:
            return await asked
        finally:
            await close_connections()

    return asyncio.run(and_hang_up())
