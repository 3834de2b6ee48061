"""Which of an engine's slots a prompt gets: one that has read its beginning, if it is free.

The agents of a room read the same script, so that they may share a slot; those who see another one
(whispers) get slots of their own, and so do other rooms. Nothing here knows what a slot is.
"""

from collections import OrderedDict
from dataclasses import dataclass

MOSTLY = 0.5
"""How much of what a slot remembers must be of use to a prompt that is somebody else's."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a slot has read last, and for whom."""

    speaker: str = ""
    prompt: str = ""

    def shared(self, prompt: str) -> int:
        """How many letters of ``prompt`` need not be read again."""
        both = enumerate(zip(self.prompt, prompt, strict=False))
        differs = (place for place, (one, other) in both if one != other)
        return next(differs, min(len(self.prompt), len(prompt)))


class Slots:
    """So many slots. One that is taken is free again when it is given back."""

    def __init__(self, count: int) -> None:
        """All of them are free, and remember nothing."""
        self._resting = OrderedDict.fromkeys(range(count), Memory())

    def take(self, speaker: str, prompt: str) -> int:
        """Give the free slot that remembers most of a prompt, if that is most of what it remembers.

        Else the one that the speaker had last, else the one that has rested longest. Raises
        ``LookupError`` when none is free: ask for no more than there are.
        """
        if not self._resting:
            raise LookupError("all slots are taken")
        shared = {slot: had.shared(prompt) for slot, had in self._resting.items()}
        best = max(shared, key=lambda slot: shared[slot])
        if shared[best] <= MOSTLY * len(self._resting[best].prompt):
            own = (slot for slot, had in self._resting.items() if had.speaker == speaker)
            best = next(own, next(iter(self._resting)))
        del self._resting[best]
        return best

    def give_back(self, slot: int, speaker: str, prompt: str) -> None:
        """It rests, and remembers what it has read."""
        self._resting[slot] = Memory(speaker, prompt)
