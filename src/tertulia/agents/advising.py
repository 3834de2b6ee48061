"""A model that names who speaks next, for rooms whose policy is ``selector``."""

import re

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from tertulia.agents.listening import ChatModel, hear
from tertulia.orchestrator.consultation import Adviser, Consultation
from tertulia.orchestrator.floor import Seat

LINES = 12
"""How many of the last utterances the model is shown."""

NOBODY = "nobody"


def model_adviser(model: ChatModel) -> Adviser:
    """Ask ``model`` who of the candidates should speak next.

    An answer that names exactly one candidate, or nobody, is followed; any other is handed on as it
    is, which the room then tells everybody and does without. Raises what the model raises.
    """

    async def advise(told: Consultation) -> str | None:
        heard = await hear(model, _question(told))
        named = [seat.id for seat in told.candidates if _is_named(seat, heard.text)]
        if len(named) == 1:
            return named[0]
        if not named and NOBODY in heard.text.lower():
            return None
        return heard.text.strip() or "(no answer)"

    return advise


def _question(told: Consultation) -> list[BaseMessage]:
    names = {who: seat.name for who, seat in told.members.items()}
    lines = [f"{names.get(event.by, event.by)}: {event.text}" for event in told.view[-LINES:]]
    candidates = ", ".join(seat.name for seat in told.candidates)
    order = (
        "You chair a conversation. Read it, and say who should speak next. Answer with one name "
        f"of these and nothing else: {candidates}; or with the word {NOBODY}, if it should rest."
    )
    return [SystemMessage(order, name="Chair"), HumanMessage("\n".join(lines), name="Transcript")]


def _is_named(seat: Seat, answer: str) -> bool:
    forms = "|".join(map(re.escape, {seat.id, seat.name}))
    return re.search(rf"(?<!\w)(?:{forms})(?!\w)", answer, re.IGNORECASE) is not None
