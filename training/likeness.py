"""Fit the discriminator: what people did answer, against what they did not.

``python training/likeness.py --data ../shared/data`` writes ``weights/likeness.json`` and prints
areas under the curve (AUC) on the development parts, beside those of the cues alone.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from packing import packed, ship

from tertulia.evaluation.corpora import Chat, icsi, irc, molweni
from tertulia.orchestrator.scoring import Line
from tertulia.orchestrator.scoring.likeness import BUCKETS, CUES, Likeness, features
from tertulia.orchestrator.scoring.words import spoken

LICENCE = (
    "Derived from the IRC disentanglement data of Kummerfeld et al. (ACL 2019), CC BY 4.0, "
    "jkk.name/irc-disentanglement; changed: fitted weights only."
)
KINDS = ("elsewhere", "same room", "shuffled", "made up")
EPOCHS, STEP, DECAY, BATCH = 8, 0.4, 1e-5, 128

Pair = tuple[list[str], str]


def main() -> None:
    """Read, fit, look at the development parts, ship."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    data, chance = parser.parse_args().data, Random(20)  # noqa: S311 - it draws examples
    train = irc(data, "train")
    chain = Chain([line.text for chat in train for line in chat.lines if not line.notice])
    rows, right = examples([pairs_of(chat) for chat in train], chain, chance)
    print(f"{len(right)} examples, {sum(right)} of them real")
    model = fit(rows, np.array(right, float), np.random.default_rng(20))
    ship("likeness", model)
    scorer = Likeness(model)
    for name, rooms in held_out(data).items():
        look(name, rooms, scorer, chain, Random(21))  # noqa: S311


def pairs_of(chat: Chat) -> list[Pair]:
    """Each answer to another's line, with that line and the thread before it."""
    found: list[Pair] = []
    for number in sorted(chat.answers):
        earlier = [n for n in chat.answers[number] if n < number]
        line = chat.lines[number]
        if not earlier or line.notice or not spoken(line.text):
            continue
        answered = max(earlier)
        if chat.lines[answered].speaker != line.speaker and not chat.lines[answered].notice:
            found.append(
                ([*_before(chat.lines, answered), nameless(chat, answered)], nameless(chat, number))
            )
    return found


def nameless(chat: Chat, number: int) -> str:
    """A line without whom it names in front, which tells of the room and not of what is said."""
    head, colon, rest = chat.lines[number].text.partition(":")
    named = colon and " " not in head.strip() and rest.strip()
    return rest.strip() if named else chat.lines[number].text


def _before(lines: Sequence[Line], number: int) -> list[str]:
    return [line.text for line in lines[max(0, number - 4) : number] if not line.notice]


class Chain:
    """Makes utterances up, each word from the two before it, as it learned from real ones."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Learn them."""
        self.next: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for text in texts:
            words = ["^", "^", *text.split(), "$"]
            for a, b, c in zip(words, words[1:], words[2:], strict=False):
                self.next[a, b].append(c)

    def make(self, chance: Random) -> str:
        """An utterance of at most thirty words."""
        made = ["^", "^"]
        while len(made) < 32 and (word := chance.choice(self.next[made[-2], made[-1]])) != "$":
            made.append(word)
        return " ".join(made[2:])


def wrong(
    kind: str,
    pair: Pair,
    room: Sequence[Pair],
    rooms: Sequence[Sequence[Pair]],
    chain: Chain,
    chance: Random,
) -> str:
    """Something that nobody answered there."""
    if kind == "elsewhere":
        return chance.choice(chance.choice(rooms))[1]
    if kind == "same room":
        return chance.choice(room)[1]
    if kind == "shuffled":
        words = pair[1].split()
        chance.shuffle(words)
        return " ".join(words)
    return chain.make(chance)


def examples(
    rooms: Sequence[Sequence[Pair]], chain: Chain, chance: Random
) -> tuple[list[tuple[list[int], list[float]]], list[bool]]:
    """Every real answer, and two wrong ones of kinds drawn by chance."""
    full = [room for room in rooms if room]
    rows, right = [], []
    for room in full:
        for before, answer in room:
            said = [(answer, True)]
            for kind in chance.sample(KINDS, 2):
                other = wrong(kind, (before, answer), room, full, chain, chance)
                if spoken(other) and spoken(other) != spoken(answer):
                    said.append((other, False))
            for text, real in said:
                rows.append(features(before, text))
                right.append(real)
    return rows, right


def fit(rows: Sequence[tuple[list[int], list[float]]], right: Any, chance: Any) -> dict[str, Any]:
    """Logistic regression by AdaGrad; real ones count twice, so that both kinds weigh the same."""
    words, cues, bias = np.zeros(BUCKETS), np.zeros(len(CUES)), 0.0
    seen_words, seen_cues = np.full(BUCKETS, 1e-2), np.full(len(CUES), 1e-2)
    dense = np.array([cue for _, cue in rows])
    places = [np.array(place, np.int64) for place, _ in rows]
    weight = np.where(right > 0, 2.0, 1.0)
    for epoch in range(EPOCHS):
        loss = 0.0
        order = chance.permutation(len(rows))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            sizes = np.array([len(places[n]) for n in batch])
            flat = np.concatenate([places[n] for n in batch])
            owner = np.repeat(np.arange(len(batch)), sizes)
            scale = 1 / np.sqrt(np.maximum(sizes, 1))
            score = np.bincount(owner, words[flat], len(batch)) * scale + dense[batch] @ cues + bias
            likely = 1 / (1 + np.exp(-np.clip(score, -30, 30)))
            wrongly = (likely - right[batch]) * weight[batch]
            loss += float(-np.log(np.where(right[batch] > 0, likely, 1 - likely) + 1e-9).sum())
            slope = (
                np.bincount(flat, (wrongly * scale)[owner], BUCKETS) / len(batch) + DECAY * words
            )
            seen_words += slope * slope
            words -= STEP * slope / np.sqrt(seen_words)
            tilt = dense[batch].T @ wrongly / len(batch)
            seen_cues += tilt * tilt
            cues -= STEP * tilt / np.sqrt(seen_cues)
            bias -= 0.02 * wrongly.mean()
        print(f"epoch {epoch}: loss {loss / len(order):.4f}")
    told = {"licence": LICENCE, "words": packed(words), "cues": packed(cues)}
    return {**told, "bias": round(float(bias), 6)}


def held_out(data: Path) -> dict[str, list[list[Pair]]]:
    """Rooms that nothing was learned from; ICSI's are speech, where who speaks next answers."""
    spoken_rooms = []
    for meeting in icsi(data, "dev"):
        speech = [one for one in meeting.speech if not one.in_passing and spoken(one.text)]
        spoken_rooms.append(
            [
                ([one.text for one in speech[max(0, n - 5) : n]], said.text)
                for n, said in enumerate(speech)
                if n and speech[n - 1].speaker != said.speaker
            ]
        )
    return {
        "IRC dev": [pairs_of(chat) for chat in irc(data, "dev")],
        "Molweni dev": [pairs_of(chat) for chat in molweni(data, "dev")],
        "ICSI val": spoken_rooms,
    }


def look(
    name: str, rooms: list[list[Pair]], scorer: Likeness, chain: Chain, chance: Random
) -> None:
    """Print the AUC of the scorer for each kind of wrong answer, beside that of simple cues."""
    full = [room for room in rooms if room]
    floors = {"shared words": 0, "share said before": 2, "length": 4}
    for kind in KINDS:
        real, other, cues = [], [], {floor: ([], []) for floor in floors}
        for room in full:
            for pair in room[:200]:
                text = wrong(kind, pair, room, full, chain, chance)
                if not spoken(text) or spoken(text) == spoken(pair[1]):
                    continue
                real.append(scorer(pair[0], pair[1]))
                other.append(scorer(pair[0], text))
                for floor, (good, bad) in cues.items():
                    good.append(features(*pair)[1][floors[floor]])
                    bad.append(features(pair[0], text)[1][floors[floor]])
        simple = {floor: auc(*both) for floor, both in cues.items()}
        best = max(simple, key=lambda floor: abs(simple[floor] - 0.5))
        paired = sum((a > b) + (a == b) / 2 for a, b in zip(real, other, strict=True)) / len(real)
        print(
            f"{name:12} {kind:10} AUC {auc(real, other):.3f}, of pairs {paired:.3f}; "
            f"best simple cue {simple[best]:.3f} ({best}); {len(real)} of each"
        )


def auc(real: Sequence[float], other: Sequence[float]) -> float:
    """How often a real one is above another (Mann and Whitney 1947), ties counting a half."""
    low = np.sort(np.array(other))
    below = np.searchsorted(low, real, "left") + np.searchsorted(low, real, "right")
    return float(below.sum() / (2 * len(real) * len(other)))


if __name__ == "__main__":
    main()
