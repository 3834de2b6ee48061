"""Spoken rooms: agents who begin to speak when people would, often before the other has ended.

People project where a turn will end and aim at it (Sacks, Schegloff & Jefferson 1974), so four
floor transfers in ten overlap, and others say "mm-hm" meanwhile. Here each agent knows, as it
speaks, when it will have ended, and whoever is next raises a hand at the moment that the profile
and the seed give; the room's policy, ``raised_hands`` say, with a capacity above 1, decides.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from tertulia.orchestrator import Reply, Room, Speaker, Turn
from tertulia.orchestrator.addressing import addressees
from tertulia.orchestrator.errors import Refused, Unreachable
from tertulia.orchestrator.room import ParticipantId
from tertulia.simulation.profile import LEAST_S, Profile, draw

MM_HM = ("Mm-hm.", "Yeah.", "Right.", "Okay.", "Hm.")
BREATH_WORDS = 3
"""How many words are heard at once."""
BLAH_S = 1.0
"""How often one who says nothing in particular is heard."""
EYE_BLINK_S = 0.01
"""A speaker who goes on is granted the floor after having given it back."""
SILENT_ROUNDS = 8
"""After so many turns in which nobody said anything the room is left to itself."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What somebody is about to say: how long, if that is known, and whether only in passing."""

    lasts_s: float | None = None
    passing: bool = False


class Spoken:
    """Who speaks next in one spoken room, and when, drawn from a profile and a seed.

    Give the room the ``speakers`` of this, then call ``begin``.
    """

    def __init__(
        self, profile: Profile, drawn: Random, minds: Mapping[str, Speaker | None]
    ) -> None:
        """``minds`` by handle say the words; with ``None`` they are blah, as long as it takes."""
        self._profile, self._drawn = profile, drawn
        self._minds = {ParticipantId(who): mind for who, mind in minds.items()}
        self._plans: dict[ParticipantId, _Plan] = {}
        self._room: Room | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._next: asyncio.Task[None] | None = None
        self._ends = 0.0
        self._now_and_before: tuple[ParticipantId | None, ParticipantId | None] = (None, None)
        self._silent = 0
        self._over = asyncio.Event()

    @property
    def speakers(self) -> dict[str, Speaker]:
        """The programs that speak for the agents."""
        return dict.fromkeys(self._minds, self._speak)

    def begin(self, room: Room) -> None:
        """Let somebody open the conversation."""
        self._room = room
        self._follow(None, 0.0)

    def end(self) -> None:
        """Let nobody begin any more."""
        for task in self._tasks:
            task.cancel()

    async def over(self) -> None:
        """Wait until nobody has anything to say any more."""
        await self._over.wait()

    # ---- a turn

    async def _speak(self, turn: Turn) -> Reply | None:
        me, plan = turn.me.id, self._plans.pop(turn.me.id, _Plan())
        text, lasts_s = await self._words(turn, plan)
        if not text:
            self._silent += 1
            self._nobody_spoke(turn)
            return Reply()
        self._silent = 0
        ends = turn.clock.now() + lasts_s
        if not plan.passing:
            named = addressees(text, turn.members, me)
            asked = next((who for who in named if who in self._minds), None)
            self._takes_the_floor(me, lasts_s, ends, asked)
        words = text.split(" ")
        for place in range(0, len(words), BREATH_WORDS):
            piece = words[place : place + BREATH_WORDS]
            turn.say((" " if place else "") + " ".join(piece))
            await turn.clock.sleep(lasts_s * len(piece) / len(words))
        return None

    async def _words(self, turn: Turn, plan: _Plan) -> tuple[str, float]:
        mind = self._minds[turn.me.id]
        if plan.passing:
            return self._drawn.choice(MM_HM), plan.lasts_s or LEAST_S
        if mind is None:
            lasts_s = plan.lasts_s or self._profile.turn(self._drawn)
            return " ".join(["blah"] * max(1, round(lasts_s / BLAH_S))), lasts_s
        heard: list[str] = []
        thought = Turn(turn.hold, turn.members, turn.view, turn.clock, heard.append)
        thought.deeds, thought.waits, thought.mind = turn.deeds, turn.waits, turn.mind
        reply = await mind(thought)
        said = reply.text if isinstance(reply, Reply) else reply or ""
        text = "".join(heard) or said
        return text, max(LEAST_S, len(text.split()) * self._profile.word_s)

    def _takes_the_floor(
        self, who: ParticipantId, lasts_s: float, ends: float, asked: ParticipantId | None
    ) -> None:
        now, _ = self._now_and_before
        if ends < self._ends:  # within somebody else's turn, and that one's end is still to come
            self._follow(now, self._ends - ends + lasts_s)
            return
        if who != now:
            self._now_and_before = who, now
        self._ends = ends
        for at, length in self._profile.passing(self._drawn, lasts_s):
            listener = self._other_than(who)
            if listener is not None:
                self._at(at, listener, _Plan(length, passing=True))
        self._follow(who, lasts_s, asked)

    def _nobody_spoke(self, turn: Turn) -> None:
        """Whoever had the next word had nothing to say: let somebody else have it."""
        if self._silent >= SILENT_ROUNDS:
            self._over.set()
        elif turn.clock.now() >= self._ends:
            self._follow(None, 0.0)

    # ---- who is next, and when

    def _follow(
        self, who: ParticipantId | None, lasts_s: float, asked: ParticipantId | None = None
    ) -> None:
        """Let somebody begin after, or shortly before, the end of a turn that begins now.

        Current selects next: whoever is ``asked`` is the next one.
        """
        if self._next is not None:
            self._next.cancel()  # the floor went to somebody else meanwhile
        profile, drawn = self._profile, self._drawn
        successor: ParticipantId | None
        if who is not None and asked is None and drawn.random() < profile.goes_on:
            successor, offset = who, max(0.0, draw(profile.pause_s, drawn)) + EYE_BLINK_S
        else:
            successor = asked or self._successor(who)
            offset = profile.offset(drawn, lasts_s)
        length = profile.turn(drawn, longer_than=max(0.0, -offset))
        self._next = self._at(lasts_s + offset, successor, _Plan(length))

    def _successor(self, who: ParticipantId | None) -> ParticipantId | None:
        _, before = self._now_and_before
        if before is not None and before != who and self._drawn.random() < self._profile.returns:
            return before
        return self._other_than(who)

    def _other_than(self, who: ParticipantId | None) -> ParticipantId | None:
        others = [one for one in self._minds if one != who]
        return self._drawn.choice(others) if others else None

    def _at(self, seconds: float, who: ParticipantId | None, plan: _Plan) -> asyncio.Task[None]:
        task = asyncio.create_task(self._raise_hand(seconds, who, plan))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _raise_hand(self, seconds: float, who: ParticipantId | None, plan: _Plan) -> None:
        room = self._room
        if room is None or who is None:
            return
        await asyncio.sleep(max(0.0, seconds))
        if room.floor.hold_of(who) is not None:  # it is saying something in passing
            others = [one for one in self._minds if room.floor.hold_of(one) is None]
            if not others:
                return
            who = self._drawn.choice(others)
        self._plans[who] = plan
        with suppress(Refused, Unreachable):
            await room.request_floor(who)
