"""What phases and votes change on the floor. ``consequences`` lists them."""

from tertulia.orchestrator.asking import Changes, asked_now
from tertulia.orchestrator.ballots import Verdict, VoteCast, VoteCounted
from tertulia.orchestrator.events import (
    Event,
    TurnGranted,
)
from tertulia.orchestrator.floor import Floor, Hold, Question, revised
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.stage import PhaseBegan, PhaseExpired, Stage

# ---- phases


def phase_began(floor: Floor, event: Event, body: PhaseBegan) -> Changes:
    """A phase begins with nothing counted and nothing asked."""
    began = Stage(body.number, body.name, event.seq, floor.stage.seq, body.until)
    return {"stage": began, "question": None, "answered": ()}


def phase_expired(floor: Floor, event: Event, body: PhaseExpired) -> Changes:
    """The time of the phase is up, if it still is that phase."""
    mine = floor.stage.number == body.number
    return {"stage": revised(floor.stage, expired=True)} if mine else {}


def another_policy(floor: Floor, event: Event) -> Changes:
    """A new policy begins at its beginning; a vote that it did not ask for is no longer held."""
    changes: Changes = {"stage": Stage(seq=event.seq, before=floor.stage.seq)}
    if floor.question is not None and floor.question.ballot is not None:
        changes["question"] = None
    return changes


def stage_granted(floor: Floor, event: Event, body: TurnGranted) -> Stage:
    """A turn counts for its phase, unless it answers a whisper."""
    stage = floor.stage
    if event.audience is not None and body.answers is not None:
        return stage
    return revised(stage, turns={**stage.turns, event.by: stage.turns.get(event.by, 0) + 1})


def stage_ended(floor: Floor, ended: Hold, *, undone: bool) -> Stage:
    """Who had a turn and said nothing has passed; a turn that was undone has not been."""
    stage, who = floor.stage, ended.participant
    if ended.audience is not None and ended.answers is not None:
        return stage
    if undone:
        left = stage.turns.get(who, 0) - 1
        return revised(stage, turns={**stage.turns, who: max(0, left)})
    if ended.said is not None or who in stage.passed:
        return stage
    return revised(stage, passed=(*stage.passed, who))


# ---- votes


def vote_cast(floor: Floor, event: Event, body: VoteCast) -> Changes:
    """One vote a head, the last one; when all have voted, the vote is over."""
    asked = asked_now(floor, body.question)
    if asked is None or event.by not in asked.candidates:
        return {}
    votes = (*(vote for vote in asked.votes if vote[0] != event.by), (event.by, body.option))
    return {"question": _complete(revised(asked, votes=votes))}


def voter_gone(floor: Floor, gone: ParticipantId) -> Changes:
    """Who leaves is waited for no longer; a vote that was cast stands."""
    asked = floor.question
    if asked is None or asked.ballot is None or asked.over or gone not in asked.candidates:
        return {}
    left = tuple(who for who in asked.candidates if who != gone)
    return {"question": _complete(revised(asked, candidates=left))}


def vote_counted(floor: Floor, event: Event, body: VoteCounted) -> Changes:
    """The question is answered, and what came of it is known to policies."""
    verdict = Verdict(event.seq, body.title, body.result, body.counts, body.abstained, body.silent)
    return {"question": None, "verdict": verdict}


def _complete(asked: Question) -> Question:
    voted = {who for who, _ in asked.votes}
    return revised(asked, over=True) if voted >= set(asked.candidates) else asked
