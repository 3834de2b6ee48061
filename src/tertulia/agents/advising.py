"""A model that names who speaks next, whom an utterance is for, or who answers a person."""

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from tertulia.agents.callers import Caller, Rank, calling
from tertulia.agents.choosing import choose
from tertulia.agents.faults import ModelStrayed
from tertulia.agents.listening import ChatModel
from tertulia.orchestrator.consultation import Adviser, Consultation
from tertulia.orchestrator.inquiries import Addresser
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.routes import EVERYONE
from tertulia.orchestrator.routing import Router, Routing

LINES = 12
"""How many of the last utterances the model is shown."""

NOBODY, EVERYBODY = "nobody", "all of them"

BESIDE = Caller(rank=Rank.BID)


def model_adviser(model: ChatModel) -> Adviser:
    """Ask ``model`` who of the candidates should speak next: one of their names, or nobody.

    An answer that is neither, twice, is handed on as it is, which the room then tells everybody and
    does without. Raises what the model raises.
    """

    async def advise(told: Consultation) -> str | None:
        order = f"You chair a conversation. {NOBODY.capitalize()} speaks next, if it should rest."
        named = _named(told)
        messages = [SystemMessage(order, name="Chair"), *lines_of(told, LINES)]
        options = (*named, NOBODY)
        try:
            with calling(BESIDE):
                choice = await choose(model, messages, options, question="Who should reply?")
        except ModelStrayed as error:
            return str(error.said) or "(no answer)"
        return named.get(choice.option)

    return advise


def model_addresser(model: ChatModel) -> Addresser:
    """Ask ``model`` which of the agents the last utterance is for: one, all, or none of them.

    An answer that is none of these is for nobody. Raises what the model raises.
    """

    async def find(told: Consultation) -> list[str]:
        order = (
            "You listen to a conversation of people and assistants, and say for whom its last "
            f"line is: for {NOBODY}, if it is for somebody else, or for nobody in particular."
        )
        named = _named(told)
        messages = [SystemMessage(order, name="Listener"), *lines_of(told, LINES)]
        options = (*named, *([EVERYBODY] if len(named) > 1 else []), NOBODY)
        asking = "For whom is the last line?"
        with calling(BESIDE):
            choice = await choose(model, messages, options, question=asking, otherwise=NOBODY)
        return list(named.values()) if choice.option == EVERYBODY else _one(named, choice.option)

    return find


def model_router(model: ChatModel, about: str = "") -> Router:
    """Ask ``model`` who answers what its person has said to nobody in particular.

    One of the candidates, everyone (the policy decides) or nobody; ``about`` says what they are
    there for, if need be. An answer that is neither, twice, is handed on as it is, which the room
    tells. Raises what the model raises.
    """

    async def route(told: Routing) -> str | None:
        order = f"You say who answers a person: a name, {EVERYONE}, or {NOBODY}. {about}".strip()
        named = _named(told) | {EVERYONE: EVERYONE}
        messages = [SystemMessage(order, name="Router"), *lines_of(told, LINES)]
        try:
            with calling(BESIDE):
                choice = await choose(
                    model, messages, (*named, NOBODY), question="Who should reply?"
                )
        except ModelStrayed as error:
            return str(error.said) or "(no answer)"
        return named.get(choice.option)

    return route


def lines_of(told: Consultation, most: int) -> list[BaseMessage]:
    """The last utterances, each by whom it is."""
    names = {who: seat.name for who, seat in told.members.items()}
    last = [event for event in told.view[-most:] if event.text]
    return [HumanMessage(event.text, name=names.get(event.by, event.by)) for event in last]


def _named(told: Consultation) -> dict[str, ParticipantId]:
    """The candidates by name, or by handle where a name could be another's."""
    names = [seat.name.casefold() for seat in told.candidates]
    taken = {name for name in names if names.count(name) > 1} | {NOBODY, EVERYBODY, EVERYONE}
    return {
        seat.id if seat.name.casefold() in taken else seat.name: seat.id for seat in told.candidates
    }


def _one(named: dict[str, ParticipantId], option: str) -> list[str]:
    return [named[option]] if option in named else []
