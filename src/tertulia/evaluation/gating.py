"""Whether an agent in a person's place would have spoken when that person did, and else not.

At every annotated line each of the others who are there (who spoke within the last ``THERE`` lines)
is asked: do you answer this? In truth they do if a later line of theirs is annotated as its answer.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import TypeAlias

from tertulia.evaluation.corpora import Chat
from tertulia.evaluation.hearings import ROOM_ID, Understood
from tertulia.evaluation.measures import Tally
from tertulia.orchestrator.addressing.gate import opening
from tertulia.orchestrator.events import Found
from tertulia.orchestrator.floor import Floor, Utterance
from tertulia.orchestrator.policies import Gated
from tertulia.orchestrator.room import ParticipantId

THERE = 100
"""Who has said nothing in so many lines is taken to have gone."""

Gate: TypeAlias = Callable[[Floor, Understood, ParticipantId], bool]
"""Whether somebody is to speak after an utterance."""


def gated(floor: Floor, heard: Understood, who: ParticipantId) -> bool:
    """By the gate that rooms have, at its usual threshold."""
    return opening(floor, who) >= Gated().gate


def when_named(floor: Floor, heard: Understood, who: ParticipantId) -> bool:
    """Only whom a mark names."""
    return heard.said.found is Found.EXPLICIT and who in heard.said.addressees


def always(floor: Floor, heard: Understood, who: ParticipantId) -> bool:
    """After everything that anybody says."""
    return True


def decisions(chat: Chat, whole: Iterable[Understood], gate: Gate = gated) -> Tally:
    """Spoke rightly, spoke wrongly, was silent wrongly, was silent rightly."""
    answering = _answering(chat)
    begun = min(chat.answers, default=0)
    counts = [0, 0, 0, 0]
    last: dict[ParticipantId, int] = {}
    before: dict[ParticipantId, Utterance] = {}
    for heard in whole:
        by, number, said = heard.event.by, heard.number, heard.said
        there = {who for who, when in last.items() if number - when <= THERE and who != by}
        asks = "?" in said.text
        spoken = Utterance(by, number + 1, said.addressees + said.meant, said.everyone, asks)
        if number >= begun:
            seats = {who: heard.members[who] for who in (*sorted(there), by)}
            earlier = next((u for who, u in reversed(before.items()) if who != by), None)
            floor = Floor(ROOM_ID, members=seats, latest=spoken, before=earlier)
            for who in there:
                speaks, should = gate(floor, heard, who), who in answering[number]
                counts[2 * (not speaks) + (not should)] += 1
        last[by] = number
        before.pop(by, None)
        before[by] = spoken
        if len(before) > 2 * THERE:
            before = dict(islice(before.items(), THERE, None))
    return tuple(counts)


def _answering(chat: Chat) -> Mapping[int, set[str]]:
    """Who answers each line, in truth."""
    found = defaultdict[int, set[str]](set)
    for number, answered in chat.answers.items():
        if not chat.lines[number].notice:
            for line in answered - {number}:
                found[line].add(chat.lines[number].speaker)
    return found
