"""Random programs for rooms without a shell: what people and agents might ask for, in any order."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias

from hypothesis import strategies as st
from tests.orchestrator.waits import RULES, WAITING, waiting

from tertulia.orchestrator import admission
from tertulia.orchestrator.arbiter import step
from tertulia.orchestrator.errors import Refused
from tertulia.orchestrator.events import (
    Draft,
    Event,
    Outcome,
    PolicyChanged,
    RoomEnded,
    RoomOpened,
    RoomPaused,
    RoomResumed,
)
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.inbox import Prepare
from tertulia.orchestrator.policies import (
    Addressed,
    Balloted,
    Bids,
    Brainstorm,
    Chaired,
    Conversational,
    Cooldown,
    Debate,
    Delphi,
    Fair,
    FirstThatDecides,
    FreeTalk,
    Gated,
    Handoff,
    InRounds,
    Limited,
    Panel,
    Phase,
    Phases,
    Quiet,
    RaisedHands,
    RoundRobin,
    Routed,
    Scheduled,
    Selector,
    Summary,
    Vote,
    Weighted,
    build,
    policy_after,
    specify,
)
from tertulia.orchestrator.ports import Policy, Reply
from tertulia.orchestrator.profile import Right
from tertulia.orchestrator.room import (
    ROOM,
    Kind,
    Participant,
    ParticipantId,
    RoomId,
    RoomSettings,
)

CAST = {
    ParticipantId(name.lower()): Participant(ParticipantId(name.lower()), name, kind)
    for name, kind in {
        "Ana": Kind.HUMAN,
        "Cy": Kind.HUMAN,
        "Dov": Kind.HUMAN,
        "Bo": Kind.AGENT,
        "Eve": Kind.AGENT,
        "Flo": Kind.AGENT,
        "Zoe": Kind.OBSERVER,
    }.items()
}
"""Everybody who may come in: three persons, three agents, one who only watches."""

ANA, CY, DOV, BO, EVE, FLO, ZOE = CAST

Ask: TypeAlias = tuple[Any, ...]
"""One thing asked of a room: a verb and its arguments."""


@dataclass
class PureRoom:
    """A room with nothing around it: requests go in, events come out, and time is what we say."""

    policy: Policy
    settings: RoomSettings = field(default_factory=RoomSettings)
    floor: Floor = field(default_factory=lambda: Floor(RoomId("kitchen")))
    events: list[Event] = field(default_factory=list)
    now: float = 1_000.0

    def __post_init__(self) -> None:
        whole = replace(self.settings, policy=_said_as_data(self.policy))
        self.ask(lambda floor, now: (Draft(ROOM, RoomOpened(whole)),))

    def ask(self, prepare: Prepare) -> tuple[Event, ...]:
        """Let one request be decided; its events."""
        drafts = prepare(self.floor, self.now)
        if any(isinstance(draft.body, PolicyChanged) for draft in drafts):
            self.policy = policy_after(drafts, self.policy)
        outcome = step(self.floor, drafts, self.now, self.policy)
        self.floor = outcome.floor
        self.events += outcome.events
        return outcome.events

    def seat(self, *names: str) -> None:
        """Let members of the cast in."""
        for name in names:
            newcomer = CAST[ParticipantId(name)]
            self.ask(partial(_joining, newcomer))

    def say(self, who: str, text: str = "Well.", **more: Any) -> tuple[Event, ...]:
        """Let somebody say something."""
        wanted = admission.Post(ParticipantId(who), text, **more)
        return self.ask(lambda f, now: admission.post(f, wanted, now))

    def raise_hand(self, who: str, priority: int = 0) -> tuple[Event, ...]:
        """Let somebody ask for the floor."""
        return self.ask(lambda f, now: admission.request(f, ParticipantId(who), priority))

    def finish(self, text: str = "", **more: Any) -> tuple[Event, ...]:
        """Let the oldest turn end with what it says."""
        hold = self.floor.holds[0]
        return self.ask(lambda f, now: admission.finish(f, hold, Reply(text, **more)))

    @property
    def holder(self) -> str | None:
        """Who has held the floor longest."""
        return self.floor.holds[0].participant if self.floor.holds else None

    def do(self, ask: Ask) -> tuple[Event, ...]:
        """Ask for one step of a program; what is refused leaves no events."""
        try:
            return self.ask(lambda floor, now: _worded(floor, now, ask))
        except Refused:
            return ()
        finally:
            self.now += 0.5


def _joining(newcomer: Participant, floor: Floor, now: float) -> tuple[Draft, ...]:
    return admission.join(floor, newcomer)


def _said_as_data(policy: Policy) -> dict[str, Any]:
    try:
        return specify(policy)
    except Refused:  # a test's own policy, which no log has to name
        return {"name": "conversational"}


def _worded(floor: Floor, now: float, ask: Ask) -> tuple[Draft, ...]:
    match ask:
        case ("join", who):
            return admission.join(floor, CAST[who])
        case ("enter", who):
            return admission.join(floor, CAST[who], history=False)
        case ("leave", who):
            return admission.leave(floor, who, "", "as I was say")
        case ("post", who, text, whisper, back):
            reply_to = floor.head - back if back is not None and floor.head > back else None
            wanted = admission.Post(who, text, whisper=tuple(whisper), reply_to=reply_to)
            return admission.post(floor, wanted)
        case ("hand", who, priority):
            return admission.request(floor, who, priority)
        case ("lower", who):
            return admission.withdraw(floor, who)
    if ask[0] in ("finish", "cut", "crash"):
        return _of_a_turn(floor, now, ask)
    if ask[0] in WAITING:
        return waiting(floor, now, ask)
    return _of_the_room(floor, ask)


def _of_the_room(floor: Floor, ask: Ask) -> tuple[Draft, ...]:
    match ask:
        case ("pause",):
            return (Draft(ROOM, RoomPaused()),)
        case ("resume",):
            return (Draft(ROOM, RoomResumed()),)
        case ("close",):
            return (Draft(ROOM, RoomEnded("late")),)
        case ("change", name):
            return (Draft(ROOM, PolicyChanged(specify(build(name)))),)
        case ("nominate", chair, who):
            return admission.nominate(floor, chair, who)
        case ("deny", chair, who):
            return admission.deny(floor, chair, who, "not now")
    return _of_a_question(floor, ask)


def _of_a_question(floor: Floor, ask: Ask) -> tuple[Draft, ...]:
    match ask:
        case ("advise", who):
            return admission.advise(floor, floor.questions, who)
        case ("bid", who, score):
            return admission.bid(floor, floor.questions, who, score, "I wonder.")
        case ("vote", who, option):
            return admission.vote(floor, who, option)
        case ("unadvised",):
            return admission.end_consultation(floor, floor.questions)
        case ("time is up",):
            return admission.expire(floor, floor.stage.number)
    return _of_persons(floor, ask)


def _of_persons(floor: Floor, ask: Ask) -> tuple[Draft, ...]:
    match ask:
        case ("equip", who, router):
            return admission.equip(floor, who, router=router)
        case ("route", name):
            return _routed(floor, name)
        case ("ask again",):
            return _asked_again(floor)
        case ("note", by, about, whisper):
            return admission.note(floor, by, about, "so", whisper)
        case ("permit", who, rights):
            return admission.describe(floor, who, admission.Description((), "", rights), None)
    return ()


def _open_routes(floor: Floor) -> list[int]:
    return [route.question for route in floor.routes if route.question is not None]


def _routed(floor: Floor, name: object) -> tuple[Draft, ...]:
    """The last router that was asked answers."""
    asked = _open_routes(floor)
    return admission.routed(floor, asked[-1], name) if asked else ()


def _asked_again(floor: Floor) -> tuple[Draft, ...]:
    """The room has a new owner, who asks the routers again."""
    again = [admission.end_consultation(floor, n, again=True) for n in _open_routes(floor)]
    return tuple(draft for drafts in again for draft in drafts)


def _of_a_turn(floor: Floor, now: float, ask: Ask) -> tuple[Draft, ...]:
    turns = (*floor.holds, *floor.parked)
    if not turns:
        return ()
    hold = turns[ask[1] % len(turns)]
    match ask:
        case ("finish", _, reply):
            return admission.finish(floor, hold, reply)
        case ("cut", _, outcome):
            return admission.cut(floor, hold, outcome, ROOM, "as I was say", "it broke")
        case ("crash", _) if hold in floor.parked:
            return admission.take_back(floor)
        case ("crash", _):
            return admission.take_up(floor, hold, now)
    raise AssertionError(ask)


texts = st.sampled_from(
    ["Good morning.", "@bo what do you think?", "Eve, Flo: hm.", "Cy and Dov: well?", "@ana @bo!"]
)
members = st.sampled_from(sorted(CAST))
several = st.lists(members, max_size=2).map(tuple)
replies = st.builds(
    Reply,
    text=st.one_of(st.just(""), texts),
    addressees=st.one_of(several, st.just((ParticipantId("nobody-here"),))),
    more=st.booleans(),
)
asks: st.SearchStrategy[Ask] = st.one_of(
    st.tuples(st.just("join"), members),
    st.tuples(st.just("enter"), members),
    st.tuples(st.just("leave"), members),
    st.tuples(st.just("post"), members, texts, st.just(()), st.none() | st.integers(0, 9)),
    st.tuples(st.just("post"), members, texts, several, st.none()),
    st.tuples(st.just("hand"), members, st.integers(-2, 2)),
    st.tuples(st.just("lower"), members),
    st.tuples(st.just("finish"), st.integers(0, 5), replies),
    st.tuples(st.just("finish"), st.integers(0, 5), replies),
    st.tuples(
        st.just("cut"),
        st.integers(0, 5),
        st.sampled_from([Outcome.INTERRUPTED, Outcome.FAILED, Outcome.EXPIRED]),
    ),
    st.tuples(st.just("crash"), st.integers(0, 5)),
    st.sampled_from([("pause",), ("resume",), ("resume",)]),
    st.tuples(st.just("nominate"), members, members),
    st.tuples(st.just("deny"), members, members),
    st.tuples(st.just("equip"), members, st.sampled_from([True, True, False])),
    st.tuples(st.just("note"), members, members, several),
    st.tuples(st.just("permit"), members, st.none() | st.lists(st.sampled_from(Right))),
)
answers = st.one_of(
    st.tuples(st.just("advise"), st.none() | members | st.just("nobody-here")),
    st.tuples(st.just("bid"), members, st.floats(0, 1)),
    st.just(("unadvised",)),
    st.tuples(
        st.just("route"),
        st.none() | members | st.sampled_from(["everyone", "nobody", "nobody-here"]),
    ),
    st.just(("ask again",)),
    st.tuples(st.just("vote"), members, st.sampled_from([None, "yes", "no", "perhaps"])),
    st.just(("time is up",)),
)
"""What advisers, bidders and voters say, where the policy asks them; and that time passes."""
waits = st.one_of(
    st.tuples(st.just("park"), st.integers(0, 5), st.sampled_from(["", "Wait."])),
    st.tuples(st.just("park"), st.integers(0, 5), st.just("")),
    st.tuples(st.just("back"), st.integers(0, 5)),
    st.tuples(st.just("back"), st.integers(0, 5)),
    st.tuples(st.just("approval"), st.integers(0, 5), st.sampled_from(RULES)),
    st.tuples(st.just("approve"), members, st.integers(0, 5), st.sampled_from([None, '{"a": 1}'])),
    st.tuples(st.just("refuse"), members, st.integers(0, 5)),
    st.tuples(st.just("question"), st.integers(0, 5), members),
    st.just(("too late",)),
)
"""What turns do off the floor, and what persons decide meanwhile."""
changes = st.tuples(
    st.just("change"), st.sampled_from(["addressed", "fair", "chaired", "round_robin"])
)


def programs(
    shortest: int = 15, longest: int = 45, *, changing: bool = False
) -> st.SearchStrategy[Sequence[Ask]]:
    """Lists of requests; now and then the room is closed before the end.

    With ``changing`` the policy is another one from time to time.
    """
    usual = (asks, asks, answers, waits)
    asked = st.one_of(*usual, changes) if changing else st.one_of(*usual)
    whole = st.lists(asked, min_size=shortest, max_size=longest)
    closed = st.tuples(whole, whole).map(lambda two: [*two[0], ("close",), *two[1]])
    return st.one_of(whole, whole, whole, closed)


plain_policies: st.SearchStrategy[Policy] = st.one_of(
    st.builds(RoundRobin, people=st.booleans()),
    st.just(Addressed()),
    st.builds(RaisedHands, ageing=st.integers(1, 5)),
    st.builds(Conversational, volunteers=st.integers(0, 3), agent_run=st.integers(0, 8)),
)
other_policies: st.SearchStrategy[Policy] = st.one_of(
    st.builds(Chaired, chair=st.sampled_from([ANA, BO, ZOE])),
    st.builds(Handoff, start=st.sampled_from(["", BO]), agent_run=st.integers(0, 8)),
    st.builds(Selector, agent_run=st.integers(0, 8)),
    st.builds(Bids, threshold=st.sampled_from([0.0, 0.5]), agent_run=st.integers(0, 8)),
    st.builds(FreeTalk, agent_run=st.integers(0, 8)),
    st.builds(Weighted, weights=st.dictionaries(st.sampled_from([BO, EVE]), st.integers(1, 4))),
    st.builds(
        Scheduled, order=st.lists(st.sampled_from([ANA, BO, EVE, CY]), max_size=9).map(tuple)
    ),
)
limits = {"turns": st.integers(0, 3), "seconds": st.sampled_from([0.0, 2.0])}
combined_policies: st.SearchStrategy[Policy] = st.one_of(
    st.builds(Fair, inner=plain_policies, patience=st.integers(0, 5)),
    st.builds(Limited, inner=plain_policies | other_policies, **limits),
    st.builds(Cooldown, inner=plain_policies | other_policies, exchanges=st.integers(1, 4)),
    st.builds(Quiet, inner=plain_policies | other_policies),
    st.builds(Gated, inner=plain_policies | other_policies, gate=st.sampled_from([0.0, 0.4, 1.0])),
    st.builds(FirstThatDecides, each=st.tuples(plain_policies, other_policies)),
    st.builds(Routed, inner=plain_policies | other_policies),
    st.builds(Fair, inner=st.builds(Routed, inner=plain_policies), patience=st.integers(0, 5)),
)
few, some = st.integers(1, 3), st.lists(st.sampled_from([ANA, BO, EVE, FLO]), max_size=3).map(tuple)
secrecy = st.sampled_from(["open", "sealed", "secret"])
parts: st.SearchStrategy[Policy] = st.one_of(
    st.builds(InRounds, rounds=few, people=st.booleans()),
    st.builds(Panel, to=st.sampled_from([BO, ANA, ZOE]), who=some, turns=few),
    st.builds(Summary, by=st.sampled_from([BO, ANA])),
    st.builds(Balloted, but=some, secrecy=secrecy),
)
"""What phases are made of."""
planned: st.SearchStrategy[Policy] = st.one_of(
    st.builds(
        Phase,
        inner=plain_policies | other_policies | parts,
        who=st.just(()) | some,
        turns=st.integers(0, 3),
        rounds=st.integers(0, 2),
        seconds=st.sampled_from([0.0, 1.0]),
        passed=st.booleans(),
        lapses=st.booleans(),
        skips=st.integers(0, 2),
    ),
    st.builds(Debate, sides=some, rebuttals=st.integers(0, 2)),
    st.builds(Brainstorm, rounds=few, people=st.booleans()),
    st.builds(Vote, who=some, secrecy=secrecy, majority=st.sampled_from(["plurality", "absolute"])),
    st.builds(
        Delphi,
        facilitator=st.sampled_from([BO, ANA]),
        panel=some,
        rounds=few,
        options=st.sampled_from([(), ("yes", "no")]),
    ),
)
phased_policies: st.SearchStrategy[Policy] = st.one_of(
    planned,
    st.builds(Phases, each=st.lists(planned, max_size=3).map(tuple), after=plain_policies),
    st.builds(Fair, inner=planned, patience=st.integers(0, 3)),
    st.builds(Quiet, inner=planned),
    st.builds(Cooldown, inner=planned, exchanges=few),
    st.builds(Limited, inner=planned, **limits),
    st.builds(FirstThatDecides, each=st.tuples(other_policies, planned)),
)
policies: st.SearchStrategy[Policy] = (
    plain_policies | other_policies | parts | combined_policies | phased_policies
)
room_settings = st.builds(
    RoomSettings,
    capacity=st.none() | st.integers(1, 4),
    turn_limit=st.none() | st.integers(0, 10),
    text_limit=st.integers(5, 200),
)
