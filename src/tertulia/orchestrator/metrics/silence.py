"""Whether agents spoke and kept silent at the right moments.

At every utterance of somebody else an agent either answers it or is silent, as in the task of
"Speak or Stay Silent" (Bhagtani et al. 2026, arXiv 2603.11409), which asks it at every pause. There
people have labelled what was right; here it is read off the log, by two rules:

* An utterance that was *for somebody* asks its addressees to speak and everybody else to be silent.
* One that was for nobody in particular asks for one answer: whoever answers it first was right to
  speak, whoever answers it too was not, and whoever left it to them was right to be silent. If
  nobody answers it, nothing is judged: that it needed an answer, nothing says.

An answer is an utterance that replies to it by a link; without a link, one is an answer to the last
utterance of somebody else before its turn was granted (or before it, if it needed no turn). Whoever
still has the floor at the end of the log is not judged by what it may be answering. Backchannels,
and what the room did not take up, ask nothing.

*Precision* of silence is the share of silences that were right, *recall* the share of moments for
silence at which there was silence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tertulia.orchestrator.events import Event, Joined, Left, Said, TurnEnded, TurnGranted, Uptake
from tertulia.orchestrator.room import Audience, Kind, ParticipantId, TurnId


@dataclass(slots=True)
class Silence:
    """How often an agent was silent, and spoke, rightly and wrongly."""

    silent_right: int = 0
    silent_wrong: int = 0
    spoke_right: int = 0
    spoke_wrong: int = 0

    @property
    def precision(self) -> float | None:
        """Of its silences, the share that was right."""
        return _share(self.silent_right, self.silent_wrong)

    @property
    def recall(self) -> float | None:
        """Of the moments that were for silence, the share in which it was silent."""
        return _share(self.silent_right, self.spoke_wrong)

    @property
    def moments(self) -> int:
        """How many moments were judged."""
        return self.silent_right + self.silent_wrong + self.spoke_right + self.spoke_wrong

    def __add__(self, other: "Silence") -> "Silence":
        """Both together."""
        return Silence(
            self.silent_right + other.silent_right,
            self.silent_wrong + other.silent_wrong,
            self.spoke_right + other.spoke_right,
            self.spoke_wrong + other.spoke_wrong,
        )


def _share(right: int, wrong: int) -> float | None:
    return right / (right + wrong) if right + wrong else None


@dataclass(slots=True)
class _Moment:
    """An utterance, the agents who heard it, and who answered it, in order."""

    by: ParticipantId
    to: tuple[ParticipantId, ...]
    audience: Audience
    heard: tuple[ParticipantId, ...]
    answers: list[ParticipantId] = field(default_factory=list)
    undecided: set[ParticipantId] = field(default_factory=set)


@dataclass(slots=True)
class Silences:
    """Collects the moments at which agents might have spoken."""

    _agents: dict[ParticipantId, None] = field(default_factory=dict)
    _moments: dict[int, _Moment] = field(default_factory=dict)
    _answering: dict[TurnId, tuple[ParticipantId, int | None]] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Take note of an event."""
        match event.body:
            case Joined(kind=Kind.AGENT):
                self._agents[event.by] = None
            case Left():
                self._agents.pop(event.by, None)
            case TurnGranted(turn=turn, answers=answers):
                self._answering[turn] = (event.by, answers or self._last(event))
            case TurnEnded(turn=turn):
                self._answering.pop(turn, None)
            case Said(uptake=Uptake.TAKEN):
                self._said(event, event.body)

    def judged(self) -> Mapping[ParticipantId, Silence]:
        """How each agent did."""
        for who, answers in self._answering.values():
            if answers in self._moments:
                self._moments[answers].undecided.add(who)
        found: dict[ParticipantId, Silence] = {}
        for moment in self._moments.values():
            for who in moment.heard:
                if who not in moment.undecided:
                    _judge(moment, who, found.setdefault(who, Silence()))
        return found

    def _said(self, event: Event, said: Said) -> None:
        turn = None if said.turn is None else self._answering.get(said.turn)
        answers = said.reply_to or (self._last(event) if turn is None else turn[1])
        moment = self._moments.get(answers or 0)
        if moment is not None and moment.by != event.by:
            moment.answers.append(event.by)
        heard = tuple(
            who
            for who in self._agents
            if who != event.by and (event.audience is None or who in event.audience)
        )
        self._moments[event.seq] = _Moment(event.by, said.addressees, event.audience, heard)

    def _last(self, event: Event) -> int | None:
        """The last utterance of somebody else, for those who hear this one."""
        return next(
            (
                seq
                for seq, moment in reversed(self._moments.items())
                if moment.by != event.by and moment.audience == event.audience
            ),
            None,
        )


def _judge(moment: _Moment, who: ParticipantId, silence: Silence) -> None:
    spoke = who in moment.answers
    if moment.to:
        wanted = who in moment.to
    elif moment.answers:
        wanted = who == moment.answers[0]
    else:
        return
    if spoke:
        silence.spoke_right += wanted
        silence.spoke_wrong += not wanted
    else:
        silence.silent_right += not wanted
        silence.silent_wrong += wanted
