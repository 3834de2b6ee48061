"""What a model reads in a turn: who it is and where, then what was said. Pure; it calls no model.

First a `SystemMessage` that bears the agent's name, then `HumanMessage(name="Ana")` for everybody
else, person or agent, and `AIMessage(name="Bo")` for the agent itself. Names become text only where
a model needs them so, not here.

What changes from turn to turn stands at the end of the system message and is left out where the
transcript shows it anyway, so that a server can keep what it has read.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from tertulia.agents.cards import Card
from tertulia.agents.company import answer_language, listed, name_of, noted, profiles, speech
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.events import Event, Said
from tertulia.orchestrator.floor import Seat
from tertulia.orchestrator.room import ROOM, Kind, ParticipantId
from tertulia.orchestrator.threads import thread_of
from tertulia.orchestrator.turns import Turn

KINDS = {Kind.HUMAN: "a person", Kind.AGENT: "an agent", Kind.OBSERVER: "only watching"}
CUT = " …"
APART = "in another exchange"


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of the transcript is read: at most so many utterances, so many characters."""

    utterances: int = 40
    characters: int = 12_000

    def __post_init__(self) -> None:
        """Check the numbers once, at the door."""
        if min(self.utterances, self.characters) < 1:
            raise Invalid(where="budget of a prompt", what="must leave room for one utterance")


BUDGET = Budget()


def prompt(
    turn: Turn, card: Card | None = None, *, budget: Budget = BUDGET, notes: Sequence[str] = ()
) -> list[BaseMessage]:
    """Write the messages for one model call.

    Without a ``card`` the agent has only its name. The oldest utterances are left out first, the
    newest is always kept (shortened, if need be). ``notes`` are added to the system message.
    """
    lines, first = lines_of(turn)
    kept = within(lines, first, budget.utterances, budget.characters)
    system = introduction(turn, card, len(lines) - len(kept), notes)
    return [SystemMessage(system, name=turn.me.name), *spoken(kept.values(), turn)]


def lines_of(turn: Turn) -> tuple[list[tuple[ParticipantId, str]], list[bool]]:
    """Each utterance of the view as a line; and which of them are kept before any other."""
    apart = others_exchanges(turn)
    first = {event.seq for event in turn.thread} if apart else set()
    lines = [(event.by, _set_apart(event, turn, apart)) for event in turn.view]
    return lines, [event.seq in first for event in turn.view]


def rendered(event: Event, turn: Turn) -> str:
    """One utterance as ``turn``'s agent reads it, with what its text alone does not tell.

    That is who was addressed, unless it was said by the agent itself (which would learn to speak in
    brackets) or the text names them; that it was whispered; and that it was cut off.
    """
    said = event.body
    if not isinstance(said, Said):
        return ""
    text, members = said.text, turn.members
    if said.interrupted_by is not None:
        by = said.interrupted_by
        text += "— [cut off]" if by == ROOM else f"— [cut off by {name_of(by, members)}]"
    if event.audience is not None:
        return f"(whispered to {_names(_others(event.audience, event.by), members)}) {text}"
    unnamed = [who for who in said.addressees if not _named(who, said.text, members)]
    if unnamed and event.by != turn.me.id:
        return f"(to {_names(said.addressees, members)}) {text}"
    return text


def others_exchanges(turn: Turn) -> frozenset[int]:
    """The threads that are none of this turn's business: others talk there, with each other.

    Only where the turn answers somebody; whoever speaks unasked speaks to what was said last.
    """
    if not turn.thread:
        return frozenset()
    ours = {turn.me.id, *(event.by for event in turn.thread)}
    people: dict[int, set[ParticipantId]] = {}
    for event in turn.view:
        if isinstance(event.body, Said):
            there = people.setdefault(thread_of(event), set())
            there.update((event.by, *event.body.addressees, *event.body.meant))
    found = (thread for thread, there in people.items() if len(there) > 1)
    return frozenset(thread for thread in found if people[thread].isdisjoint(ours))


def _set_apart(event: Event, turn: Turn, apart: frozenset[int]) -> str:
    text = rendered(event, turn)
    return f"({APART}) {text}" if thread_of(event) in apart else text


def introduction(turn: Turn, card: Card | None, left_out: int, notes: Sequence[str]) -> str:
    """The system message: who the agent is, where, with whom, and what it has to keep in mind."""
    persona, languages = (card.persona.strip(), card.languages) if card else ("", ())
    spoken = languages or turn.me.profile.languages
    known = [_company(turn), profiles(turn), noted(turn), speech(turn, spoken)]
    parts = [persona, *known, *notes, _errand(turn, spoken)]
    if left_out:
        parts.append(f"[earlier messages left out: {left_out}]")
    return "\n\n".join(part for part in parts if part)


def _company(turn: Turn) -> str:
    """Who is in the room: the same in every turn, until somebody comes or goes."""
    others = [seat for seat in turn.members.values() if seat.id != turn.me.id]
    there = listed([f"{seat.name} ({KINDS[seat.kind]})" for seat in others]) or "nobody"
    return (
        f"You are {turn.me.name}. With you in the room: {there}. "
        "Say only your own words, without your name in front."
    )


def _errand(turn: Turn, languages: Sequence[str]) -> str:
    """To whom it speaks, where that is not simply whoever spoke last, to everybody."""
    parts = []
    if turn.answers is not None and turn.answers.by == turn.me.id:
        parts.append(
            "You were cut off, and nobody has said anything since: go on where you stopped."
        )
    elif turn.answers is not None and turn.answers is not turn.view[-1]:
        parts.append(f"You answer {_asker(turn, turn.answers.by, languages)}.")
    if turn.audience is not None:
        listeners = _names(_others(turn.audience, turn.me.id), turn.members)
        parts.append(f"You are whispering: only {listeners} will hear you.")
    return " ".join(parts)


def _asker(turn: Turn, who: ParticipantId, languages: Sequence[str]) -> str:
    seat = turn.members.get(who)
    several = len(languages) != 1 and seat is not None and bool(seat.profile.languages)
    name, language = name_of(who, turn.members), answer_language(turn, languages)
    return f"{name}, in {language}" if several else name


def within(
    lines: Sequence[tuple[ParticipantId, str]],
    first: Sequence[bool],
    most: int,
    room: int,
    measure: Callable[[str], int] = len,
) -> dict[int, tuple[ParticipantId, str]]:
    """The newest lines that fit, by their places; those that come first before any other.

    At most so many, and all together at most ``room`` long; the newest is shortened, if need be.
    """
    newest = sorted(range(len(lines)), key=lambda place: (not first[place], -place))
    kept: dict[int, tuple[ParticipantId, str]] = {}
    left = room
    for place in newest[:most]:
        who, text = lines[place]
        if measure(text) > left:
            if not kept:
                kept[place] = who, shortened(text, left, measure)
            break
        kept[place] = who, text
        left -= measure(text)
    return dict(sorted(kept.items()))


def shortened(text: str, room: int, measure: Callable[[str], int] = len) -> str:
    """The beginning of a text that fits, and a sign that it goes on."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle] + CUT) <= room else (low, middle - 1)
    return text[:low] + CUT


def spoken(lines: Iterable[tuple[ParticipantId, str]], turn: Turn) -> Iterator[BaseMessage]:
    """Lines as messages: the agent's own, and everybody else's."""
    for who, text in lines:
        if who == turn.me.id:
            yield AIMessage(text, name=turn.me.name)
        else:
            yield HumanMessage(text, name=name_of(who, turn.members))


def _names(some: Iterable[ParticipantId], members: Mapping[ParticipantId, Seat]) -> str:
    return listed([name_of(who, members) for who in some]) or "nobody"


def _named(who: ParticipantId, text: str, members: Mapping[ParticipantId, Seat]) -> bool:
    name = name_of(who, members)
    forms = "|".join(map(re.escape, {who, name, name.split()[0]}))
    return re.search(rf"(?<!\w)(?:{forms})(?!\w)", text, re.IGNORECASE) is not None


def _others(some: Iterable[ParticipantId], me: ParticipantId) -> list[ParticipantId]:
    return [who for who in some if who != me]
