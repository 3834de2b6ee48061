"""Count how rare each word is in the channel, and fit what each word leans to.

``python training/lexicon.py --data ../shared/data`` writes ``weights/lexicon.json``.
"""

from __future__ import annotations

import argparse
from collections import Counter
from math import log
from pathlib import Path

import numpy as np
from packing import packed, ship
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from tertulia.evaluation.corpora import Chat, irc
from tertulia.orchestrator.scoring.words import spoken

LICENCE = (
    "Derived from the IRC disentanglement data of Kummerfeld et al. (ACL 2019), CC BY 4.0, "
    "jkk.name/irc-disentanglement; changed: counts and fitted weights only."
)
LEAST_LINES = 12
SOFTENING = 0.3


def main() -> None:
    """Read the training rooms, count, fit, ship."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    chats = irc(parser.parse_args().data, "train")
    counted, lines = Counter[str](), 0
    for chat in chats:
        for words in (said for said in bags(chat) if said is not None):
            counted.update(words)
            lines += 1
    words = sorted(word for word, count in counted.items() if count >= LEAST_LINES)
    place = {word: at for at, word in enumerate(words)}
    rows, targets = [], []
    for chat in chats:
        said = bags(chat)
        for number, leans in leanings(chat).items():
            found = said[number]
            if found is not None:
                rows.append([place[word] for word in found if word in place])
                targets.append(leans)
    starts = np.cumsum([0, *map(len, rows)])
    shape = (len(rows), len(words))
    flat = np.concatenate([np.array(row, dtype=int) for row in rows])
    bag = csr_matrix((np.ones(len(flat)), flat, starts), shape=shape)
    columns = [[log(lines / counted[word]) for word in words]]
    for lean in np.array(targets).T:
        fit = LogisticRegression(C=0.05, max_iter=300).fit(bag, lean)
        columns.append(list(SOFTENING * fit.coef_[0]))
        print(f"share {lean.mean():.3f}, accuracy {fit.score(bag, lean):.3f}")
    ship(
        "lexicon",
        {
            "licence": LICENCE,
            "unknown": round(log(lines / LEAST_LINES) + 1.5, 2),
            "words": " ".join(words),
            "columns": [packed(column) for column in columns],
        },
    )


def bags(chat: Chat) -> list[set[str] | None]:
    """The words of each line, a mark for the first, none of the names in front; None: a notice."""
    names = {line.speaker.lower() for line in chat.lines}
    found: list[set[str] | None] = []
    for line in chat.lines:
        words = spoken(line.text)
        if words and words[0] in names:
            words = words[1:]
        found.append(None if line.notice else {*words, "^" + words[0] if words else "^"})
    return found


def leanings(chat: Chat) -> dict[int, list[bool]]:
    """Of each annotated line: begins, goes on, answers another, is answered, is gone on with."""
    answered, followed = set[int](), set[int]()
    for number, found in chat.answers.items():
        for other in found - {number}:
            same = chat.lines[other].speaker == chat.lines[number].speaker
            (followed if same else answered).add(other)
    leans = {}
    for number, found in chat.answers.items():
        others = {chat.lines[other].speaker for other in found - {number}}
        me = chat.lines[number].speaker
        leans[number] = [
            number in found,
            me in others,
            bool(others - {me}),
            number in answered,
            number in followed,
        ]
    return leans


if __name__ == "__main__":
    main()
