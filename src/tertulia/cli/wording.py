"""Openings, votes, profiles and control characters in words, as a terminal shows them."""

import re
from collections.abc import Callable, Iterator

from tertulia.orchestrator.ballots import Ballot, VoteCast, VoteCounted
from tertulia.orchestrator.bounds import BudgetSpent
from tertulia.orchestrator.events import RoomOpened
from tertulia.orchestrator.profile import Profile
from tertulia.orchestrator.room import ParticipantId, RoomId

_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def opening(body: RoomOpened, room: RoomId) -> str:
    """What a room was opened as, and where it comes from."""
    policy = body.settings.policy["name"]
    origin = f" · forked from {body.forked_from} at {body.forked_at}" if body.forked_from else ""
    return f"{body.title or room} · room {room} · policy {policy}{origin}"


def put_to_the_vote(ballot: Ballot, voters: str) -> str:
    """What is asked, and whom."""
    return f"vote · {ballot.title}: {', '.join(ballot.options)} · {voters} vote"


def cast(vote: VoteCast, voter: str) -> str:
    """What somebody voted."""
    voted = "abstains" if vote.option is None else f"votes for {vote.option}"
    return f"{voter} {voted}: {vote.problem}" if vote.problem else f"{voter} {voted}"


def counted(told: VoteCounted, name: Callable[[ParticipantId], str]) -> Iterator[str]:
    """What came of it; and who voted what, unless that is secret."""
    counts = ", ".join(f"{option} {votes}" for option, votes in told.counts.items())
    others = {"abstained": told.abstained, "did not vote": told.silent}
    more = "".join(f", {number} {did}" for did, number in others.items() if number)
    yield f"{told.title} · {told.result or 'no result'} · {counts}{more}"
    if told.votes:
        votes = (f"{name(who)}: {option or '-'}" for who, option in told.votes.items())
        yield f"who voted what · {', '.join(votes)}"


def used_up(body: BudgetSpent, name: Callable[[ParticipantId], str]) -> str:
    """Whose limit is used up."""
    whose = "the agents have" if body.participant is None else f"{name(body.participant)} has"
    limit = body.limit.removeprefix("room_")
    return f"{whose} used up the limit of {limit}, {body.amount:g}"


def known(profile: Profile) -> str:
    """What is known of somebody, to be written after a name."""
    told = [f"speaks {', '.join(profile.languages)}"] if profile.languages else []
    told += [f"is {', '.join(profile.roles)}"] if profile.roles else []
    told += [profile.about] if profile.about else []
    if profile.permissions is not None:
        told.append(f"may {', '.join(profile.permissions) or 'post only'}")
    return f": {'; '.join(told)}" if told else ""


def shown(text: str) -> str:
    """The text with each control character but tab and newline as a picture of it."""
    return _STEERING.sub(lambda found: _picture(found[0]), text)


def _picture(letter: str) -> str:
    code = ord(letter)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"
