"""What a room has heard until now, for finding out whom the next utterance is meant for.

One for each live room, beside its transcript and made anew from it when the room is opened or a
commit fails. It decides nothing: what it is asked becomes part of an utterance in the log, so that
nobody who reads the log needs it. It waits for nobody and never hears the clock.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from tertulia.orchestrator.addressing import Likely, Spoken
from tertulia.orchestrator.addressing.pairs import EXCHANGE
from tertulia.orchestrator.events import Event, Said, Uptake
from tertulia.orchestrator.floor import Floor, Seat
from tertulia.orchestrator.room import Audience, ParticipantId
from tertulia.orchestrator.scoring import LearnedReader, Line, Opinion
from tertulia.orchestrator.threads import Threads
from tertulia.orchestrator.visibility import covers

AUDIENCES = 64
"""How many circles of whisperers are remembered, the latest ones."""


class Hearing:
    """A room's short memory; an ``Ear`` for the cascade."""

    def __init__(self, said: Iterable[Event] = ()) -> None:
        """Begin with the last utterances of the log."""
        self.head = 0
        self._begin()
        self.hear(said)

    def _begin(self) -> None:
        self._before = OrderedDict[Audience, deque[Spoken]]()
        self._threads = Threads()
        self._heard = deque[Event](maxlen=_READER_SPAN)
        self._reader: LearnedReader | None = None
        self._seats: Mapping[ParticipantId, Seat] = {}
        self._opinion: tuple[ParticipantId, str, Opinion] | None = None
        self._seqs: dict[int, int] = {}
        self._lines: dict[int, int] = {}

    def rewind(self, head: int, said: Callable[[], Iterable[Event]]) -> None:
        """Forget what has been heard beyond ``head``: it was never committed."""
        if self.head > head:
            self.head = head
            self._begin()
            self.hear(said())

    def recall(self, event: Event) -> None:
        """Know the thread of an older utterance, which somebody replies to."""
        self._threads.add(event)

    def hear(self, events: Iterable[Event]) -> None:
        """Remember what was said among the events of a step, in their order."""
        for event in events:
            self.head = max(self.head, event.seq)
            said = event.body
            if type(said) is Said and said.uptake is not Uptake.RETRACTED:
                self._file(event, said)

    def _file(self, event: Event, said: Said) -> None:
        thread = self._threads.add(event)
        if said.uptake is Uptake.BACKCHANNEL:
            return
        to = said.addressees + said.meant
        spoken = Spoken(event.seq, event.by, to, "?" in said.text, event.at, thread)
        self._before.setdefault(event.audience, deque(maxlen=EXCHANGE)).append(spoken)
        self._before.move_to_end(event.audience)
        if len(self._before) > AUDIENCES:
            self._before.popitem(last=False)
        if event.audience is None:
            self._heard.append(event)
            if self._reader is not None:
                self._keep(self._reader, event, said)

    # ---- as an ear

    def before(self, audience: Audience) -> Sequence[Spoken]:
        """The last utterances before exactly this audience, oldest first."""
        return tuple(self._before.get(audience, ()))

    def thread(self, seq: int, audience: Audience) -> int | None:
        """The thread of an utterance, if all of ``audience`` may see it."""
        known = self._threads.of(seq)
        return known.thread if known is not None and covers(known.audience, audience) else None

    def reading(self, floor: Floor, by: ParticipantId, text: str, now: float) -> Likely:
        """What the learned reader makes of a public utterance."""
        reader = self._awake(floor)
        opinion = reader.weigh(Line(by, text, now))
        self._opinion = by, text, opinion
        read, answered = opinion.reading, opinion.answered
        who = None if read.addressee is None else ParticipantId(read.addressee)
        answers = None if answered is None else self._seqs.get(answered.number)
        return Likely(who, read.likely, answers)

    # ---- the learned reader's memory

    def _awake(self, floor: Floor) -> LearnedReader:
        """The reader, which hears what has been said once it is asked for the first time."""
        if self._reader is None:
            self._reader = LearnedReader()
            self._introduce(self._reader, floor)
            for event in self._heard:
                if type(event.body) is Said:
                    self._keep(self._reader, event, event.body)
        self._introduce(self._reader, floor)
        return self._reader

    def _introduce(self, reader: LearnedReader, floor: Floor) -> None:
        if self._seats is not floor.members:
            for who in floor.members.keys() - self._seats.keys():
                reader.introduce(who, floor.members[who].name)
            self._seats = floor.members

    def _keep(self, reader: LearnedReader, event: Event, said: Said) -> None:
        by, text, opinion = self._opinion or (event.by, said.text, None)
        self._opinion = None
        if opinion is None or (by, text) != (event.by, said.text):
            opinion = reader.mark(Line(event.by, said.text, event.at))
        number = opinion.number
        answers = said.reply_to if said.reply_to is not None else said.link
        reader.keep(opinion, None if answers is None else self._lines.get(answers))
        self._seqs[number], self._lines[event.seq] = event.seq, number
        if len(self._seqs) > 2 * _READER_SPAN:
            self._forget()

    def _forget(self) -> None:
        kept = list(self._seqs.items())[-_READER_SPAN:]
        self._seqs = dict(kept)
        self._lines = {seq: number for number, seq in kept}


_READER_SPAN = 128
"""How many public utterances the reader could still link to, and a few more."""
