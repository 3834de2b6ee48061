"""``effects``: what turns did to the world, for people and for programs; ``prune`` forgets some."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from time import time

from rich.text import Text

from tertulia.cli.archive import Archive
from tertulia.cli.output import line, page
from tertulia.cli.transcript import shown
from tertulia.orchestrator.effects import Effect, EffectState
from tertulia.storage import prune

STYLES = {
    EffectState.SUCCEEDED: "green",
    EffectState.FAILED: "red",
    EffectState.REFUSED: "red",
    EffectState.UNCERTAIN: "bold yellow",
    EffectState.GIVEN_UP: "yellow",
}

DAY_S = 86_400.0

WIDTH = 200
"""How many characters of arguments and results people are shown; ``--json`` has all of it."""


def print_effects(db: str, room: str, *, reader: str | None, json: bool) -> None:
    """Print the tool calls of a room, all or those that ``reader`` may see."""
    with Archive.at(db) as archive:
        next(islice(archive.events(room), 1), None)  # a room that is not there is told of
        sight = None if reader is None else archive.sight(room, archive.reader(room, reader))
        out, none = page(), True
        for effect in archive.effects(room):
            if sight is not None and not sight.sees(effect.audience, effect.seq):
                continue
            none = False
            if json:
                print(line(asdict(effect)))
                continue
            for told in _told(effect):
                out.print(told, soft_wrap=True)
        if none and not json:
            whom = "" if reader is None else f" that {reader} may see"
            out.print(Text(f"no tool has been called in {room}{whom}", "dim"), soft_wrap=True)


def prune_effects(db: str, room: str | None, *, days: float, json: bool) -> None:
    """Forget settled effects of turns that are over, of one room or of all."""
    with Archive.at(db) as archive:
        if room is not None:
            next(islice(archive.events(room), 1), None)  # a room that is not there is told of
    gone = prune(db, time() - days * DAY_S, room)
    if json:
        print(line(gone.as_json()))
    else:
        print(f"forgotten: {gone.effects} effects, {gone.results} whole results")


def _told(effect: Effect) -> Iterator[Text]:
    whom = "" if effect.principal is None else f" for {effect.principal}"
    told = Text(f"{effect.id}  ", "dim")
    told.append(f"{effect.participant}{whom}: ", "bold")
    told.append(f"{effect.tool} {_short(effect.arguments)}  ", "default")
    told.append(f"{effect.state}", STYLES.get(effect.state, "default"))
    if effect.attempt > 1:
        told.append(f", begun {effect.attempt} times", "dim")
    if effect.decided_by is not None:
        told.append(f", as {effect.decided_by} said", "dim")
    yield told
    if effect.result:
        yield Text(f"    {_short(effect.result)}", "dim")


def _short(text: str) -> str:
    one_line = shown(" ".join(text.split()))
    return one_line if len(one_line) <= WIDTH else f"{one_line[:WIDTH]} …"
