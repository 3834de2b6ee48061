"""Forms to talk about in tests, and three persons to fill them in."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field
from tests.agents.turns import said

from tertulia.agents.dialogue import (
    ANYBODY,
    Fill,
    Filling,
    Form,
    Heard,
    Move,
    Party,
    Slot,
    Understanding,
    only,
    step,
)
from tertulia.orchestrator.room import ParticipantId

ANA, CY, DOV = map(ParticipantId, ("ana", "cy", "dov"))
TODAY = date(2026, 11, 24)
"""A Tuesday."""
PARTIES = (Party(ANA, "Ana"), Party(CY, "Cy"), Party(DOV, "Dov", roles=("chair",)))


class Place(StrEnum):
    INSIDE = "inside"
    TERRACE = "terrace"


def closed(day: date, known: Mapping[str, Any]) -> str | None:
    return "we are closed on Mondays" if day.weekday() == 0 else None


def enough_room(place: Place, known: Mapping[str, Any]) -> str | None:
    full = place is Place.TERRACE and known["people"] > 6
    return "there is room for six" if full else None


DAY = Slot("day", date, "Which day?", check=closed)
PEOPLE = Slot("people", Annotated[int, Field(ge=1, le=12)], "For how many?")
PLACE = Slot("place", Place, "Inside or outside?", needs=("people",), check=enough_room)
TABLE = Form("table", (DAY, PEOPLE, PLACE), title="the table", opens=("a table",))
DISHES = Form("dishes", (Slot("dish", str, "What will you eat?", each=True),), confirm=None)
CODE = Form("code", (Slot("code", str, "The code?", by=only("cy")),), confirm=only("dov"))
PARTY = Form("party", (DAY, PEOPLE), confirm=ANYBODY, unanimous=True)
FORMS = {form.name: form for form in (TABLE, DISHES, CODE, PARTY)}


def begun(form: Form = TABLE, by: ParticipantId = ANA) -> Filling:
    return Filling(f"{form.name}-1", form.name, by)


def understood(by: ParticipantId, seq: int = 2, /, **what: Any) -> Understanding:
    plain = {key: value for key, value in what.items() if key in ("answer", "cancels", "intent")}
    plain |= {"direct": what["direct"]} if "direct" in what else {}
    fills = {k: v for k, v in what.items() if k not in (*plain, "direct")}
    return Understanding(seq, by, tuple(Fill(k, v) for k, v in fills.items()), **plain)


class Talk:
    """A form that is talked over, one understanding after another."""

    def __init__(self, form: Form = TABLE, parties: tuple[Party, ...] = PARTIES) -> None:
        self.form, self.parties, self.filling = form, parties, begun(form)
        self.seq, self.moves = 1, tuple[Move, ...]()

    def hear(self, by: ParticipantId, /, **what: Any) -> list[str]:
        """The kinds of move that follow."""
        self.seq += 1
        heard = understood(by, self.seq, **what)
        self.filling, self.moves = step(self.form, self.filling, heard, self.parties)
        return [move.says for move in self.moves]

    def without(self, who: ParticipantId) -> None:
        self.parties = tuple(party for party in self.parties if party.id != who)


def heard(text: str, *, form: Form | None = TABLE, asked: str | None = None, **more: Any) -> Heard:
    filling = None if form is None else replace(begun(form), asked=asked)
    slot = None if form is None else form.slot(asked)
    names = ("bo", "Bo", *(name for p in PARTIES for name in (p.id, p.name)))
    return Heard(
        said(2, "ana", text), text, TODAY, form=form, filling=filling, asked=slot, parties=PARTIES,
        names=names, **more,
    )  # fmt: skip
