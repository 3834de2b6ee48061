"""A model that names who speaks next, for rooms whose policy is ``selector``."""

import re

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from tertulia.agents.callers import Caller, Rank, calling
from tertulia.agents.listening import ChatModel, hear
from tertulia.orchestrator.consultation import Adviser, Consultation
from tertulia.orchestrator.floor import Seat
from tertulia.orchestrator.inquiries import Addresser

LINES = 12
"""How many of the last utterances the model is shown."""

NOBODY = "nobody"

BESIDE = Caller(rank=Rank.BID)


def model_adviser(model: ChatModel) -> Adviser:
    """Ask ``model`` who of the candidates should speak next.

    An answer that names exactly one candidate, or nobody, is followed; any other is handed on as it
    is, which the room then tells everybody and does without. Raises what the model raises.
    """

    async def advise(told: Consultation) -> str | None:
        with calling(BESIDE):
            heard = await hear(model, _question(told))
        named = [seat.id for seat in told.candidates if _is_named(seat, heard.text)]
        if len(named) == 1:
            return named[0]
        if not named and NOBODY in heard.text.lower():
            return None
        return heard.text.strip() or "(no answer)"

    return advise


def model_addresser(model: ChatModel) -> Addresser:
    """Ask ``model`` which of the agents the last utterance is for; often none of them.

    Whom its answer names is meant; an answer that names nobody is for nobody. Raises what the model
    raises.
    """

    async def find(told: Consultation) -> list[str]:
        with calling(BESIDE):
            heard = await hear(model, _whom_for(told))
        return [seat.id for seat in told.candidates if _is_named(seat, heard.text)]

    return find


def _whom_for(told: Consultation) -> list[BaseMessage]:
    order = (
        "You listen to a conversation of people and assistants. For whom is its last line? Answer "
        f"with one name of these and nothing else: {_seats(told)}; or with the word {NOBODY}, if "
        "it is for somebody else, or for nobody in particular."
    )
    return [SystemMessage(order, name="Listener"), _lines(told)]


def _question(told: Consultation) -> list[BaseMessage]:
    order = (
        "You chair a conversation. Read it, and say who should speak next. Answer with one name "
        f"of these and nothing else: {_seats(told)}; or with the word {NOBODY}, if it should rest."
    )
    return [SystemMessage(order, name="Chair"), _lines(told)]


def _seats(told: Consultation) -> str:
    return ", ".join(seat.name for seat in told.candidates)


def _lines(told: Consultation) -> BaseMessage:
    names = {who: seat.name for who, seat in told.members.items()}
    lines = [f"{names.get(event.by, event.by)}: {event.text}" for event in told.view[-LINES:]]
    return HumanMessage("\n".join(lines), name="Transcript")


def _is_named(seat: Seat, answer: str) -> bool:
    forms = "|".join(map(re.escape, {seat.id, seat.name}))
    return re.search(rf"(?<!\w)(?:{forms})(?!\w)", answer, re.IGNORECASE) is not None
