"""``effects``: what the turns of a room did to the world, for people and for programs."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice

from rich.text import Text

from tertulia.cli.archive import Archive
from tertulia.cli.output import line, page
from tertulia.cli.transcript import shown
from tertulia.orchestrator.effects import Effect, EffectState

STYLES = {
    EffectState.SUCCEEDED: "green",
    EffectState.FAILED: "red",
    EffectState.REFUSED: "red",
    EffectState.UNCERTAIN: "bold yellow",
    EffectState.GIVEN_UP: "yellow",
}

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
