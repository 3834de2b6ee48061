"""Train the forecasters: who speaks next.

``python training/speakers.py --data ../shared/data`` writes ``weights/meeting.json`` and
``weights/discussion.json``; with ``--hold-out`` every sixth group of meetings is left out of the
training and asked afterwards, and nothing is written.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from packing import packed, ship
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from torch import nn
from torch.nn.functional import cross_entropy, relu

from tertulia.evaluation.corpora import Meeting, ami, icsi
from tertulia.orchestrator.scoring.floor_memory import OF_FLOOR, OF_PERSON, FloorMemory
from tertulia.orchestrator.scoring.speakers import phrases

LICENCES = {
    "meeting": (
        "Trained on the AMI corpus' manual annotations 1.6.2 (Carletta et al. 2005), CC BY 4.0, "
        "groups.inf.ed.ac.uk/ami; changed: fitted weights only."
    ),
    "discussion": (
        "Trained on the ICSI MRDA corpus (Shriberg et al. 2004; Janin et al. 2003), CC BY 4.0, "
        "groups.inf.ed.ac.uk/ami/icsi; changed: fitted weights only."
    ),
}
HIDDEN, SECOND_HIDDEN = 24, 8
EPOCHS, BATCH, RATE, DECAY, DROPOUT = 30, 256, 4e-3, 1e-3, 0.1
LEAST_COUNT, STRENGTH = 8, 0.02
FOLDS, APART = 6, 6
NOWHERE = -1e9


@dataclass(frozen=True)
class Asked:
    """One question: the memory's features, filled once the leaning is known, and the answer."""

    meeting: int
    phrases: list[str]
    plain: tuple[list[float], list[list[float]]]
    leaned: tuple[list[float], list[list[float]]]
    right: int
    back: bool

    def features(self, lean: float) -> tuple[Any, Any]:
        """Features are straight in the leaning, so two of its values give all."""
        return tuple(
            np.array(plain) + lean * (np.array(leaned) - np.array(plain))
            for plain, leaned in zip(self.plain, self.leaned, strict=True)
        )  # type: ignore[return-value]  # of two


def asked(meetings: Sequence[Meeting]) -> list[Asked]:
    """A question at every change of floor from the third turn on, as the evaluation asks."""
    found = []
    for number, meeting in enumerate(meetings):
        people = {said.speaker for said in meeting.speech if not said.in_passing}
        memory = FloorMemory(tuple(people))
        for said in meeting.speech:
            if not said.in_passing and said.speaker != memory.holder and memory.count >= 2:
                others = memory.others()
                found.append(
                    Asked(
                        number,
                        phrases(memory),
                        (memory.of_floor(0.0), memory.of_people(others, 0.0)),
                        (memory.of_floor(1.0), memory.of_people(others, 1.0)),
                        others.index(said.speaker),
                        said.speaker == memory.before,
                    )
                )
            memory.hear(said)
    return found


def leanings(questions: Sequence[Asked]) -> Mapping[str, float]:
    """What each phrase adds to the odds that the floor goes back to where it came from."""
    counted = Counter(phrase for question in questions for phrase in question.phrases)
    place = {p: at for at, p in enumerate(sorted(p for p in counted if counted[p] >= LEAST_COUNT))}
    if not place:
        return {}
    rows = [[place[phrase] for phrase in q.phrases if phrase in place] for q in questions]
    starts = np.cumsum([0, *map(len, rows)])
    bag = csr_matrix(
        (np.ones(starts[-1]), np.concatenate([np.array(row, int) for row in rows]), starts),
        shape=(len(rows), len(place)),
    )
    fitted = LogisticRegression(C=STRENGTH, max_iter=300).fit(bag, [q.back for q in questions])
    return dict(zip(place, map(float, fitted.coef_[0]), strict=True))


def leaned(questions: Sequence[Asked], words: Mapping[str, float]) -> list[float]:
    """The leaning of each question."""
    return [sum(words.get(phrase, 0.0) for phrase in q.phrases) for q in questions]


def leaned_apart(questions: Sequence[Asked]) -> list[float]:
    """The same, each question's from words fitted on other meetings than its own."""
    found = [0.0] * len(questions)
    for fold in range(FOLDS):
        inside = [at for at, q in enumerate(questions) if q.meeting % FOLDS == fold]
        words = leanings([q for q in questions if q.meeting % FOLDS != fold])
        for at, lean in zip(inside, leaned([questions[i] for i in inside], words), strict=True):
            found[at] = lean
    return found


class Net(nn.Module):
    """The network that ``scoring.network`` runs."""

    def __init__(self) -> None:
        super().__init__()
        self.question = nn.Linear(len(OF_FLOOR), HIDDEN)
        self.answer = nn.Linear(len(OF_PERSON), HIDDEN, bias=False)
        self.drop = nn.Dropout(DROPOUT)
        self.second = nn.Linear(HIDDEN, SECOND_HIDDEN)
        self.out = nn.Linear(SECOND_HIDDEN, 1, bias=False)
        self.quick = nn.Linear(len(OF_PERSON), 1, bias=False)

    def forward(self, floor: torch.Tensor, people: torch.Tensor) -> torch.Tensor:
        """A score for each answer to each question."""
        first = relu(self.question(floor)[:, None] + self.answer(people))
        scores: torch.Tensor = self.out(relu(self.second(self.drop(first))))[..., 0]
        return scores


def arrays(questions: Sequence[Asked], leans: Sequence[float]) -> tuple[torch.Tensor, ...]:
    """Padded features, what is real of them, and the answers."""
    made = [q.features(lean) for q, lean in zip(questions, leans, strict=True)]
    width = max(len(people) for _, people in made)
    people = np.zeros((len(made), width, len(OF_PERSON)), np.float32)
    there = np.zeros((len(made), width), bool)
    for at, (_, rows) in enumerate(made):
        people[at, : len(rows)], there[at, : len(rows)] = rows, True
    floors = np.array([floor for floor, _ in made], np.float32)
    right = torch.tensor([q.right for q in questions])
    return torch.from_numpy(floors), torch.from_numpy(people), torch.from_numpy(there), right


def fit(data: tuple[torch.Tensor, ...], seed: int = 0) -> Net:
    """A network that gives those who spoke next the largest share."""
    torch.manual_seed(seed)
    floors, people, there, right = data
    net = Net()
    steps = EPOCHS * (len(right) // BATCH + 1)
    adam = torch.optim.AdamW(net.parameters(), RATE, weight_decay=DECAY)
    pace = torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=steps)
    for _ in range(EPOCHS):
        net.train()
        for rows in torch.randperm(len(right)).split(BATCH):
            loss = sum(
                cross_entropy(scores.masked_fill(~there[rows], NOWHERE), right[rows])
                for scores in (net(floors[rows], people[rows]), net.quick(people[rows])[..., 0])
            )
            adam.zero_grad()
            loss.backward()  # type: ignore[union-attr]  # a sum of tensors
            adam.step()
            pace.step()
    return net.eval()


@torch.no_grad()
def report(name: str, net: Net, data: tuple[torch.Tensor, ...]) -> None:
    """Print how often the network is right on meetings that it has not seen."""
    floors, people, there, right = data
    scores = net(floors, people).masked_fill(~there, NOWHERE)
    share = (scores.argmax(1) == right).float().mean()
    quick = net.quick(people)[..., 0].masked_fill(~there, NOWHERE).argmax(1) == right
    loss = cross_entropy(scores, right)
    print(
        f"{name}: n {len(right)}, right {share:.4f} (straight {quick.float().mean():.4f}), "
        f"surprise {loss:.4f}",
        flush=True,
    )


def main() -> None:
    """Read, train, report or ship."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--hold-out", action="store_true")
    given = parser.parse_args()
    for name, corpus, together in (("meeting", ami, 4), ("discussion", icsi, 1)):
        meetings = corpus(given.data, "train")
        apart = [
            meeting
            for at, meeting in enumerate(meetings)
            if given.hold_out and at // together % APART == APART - 1
        ]
        questions = asked([meeting for meeting in meetings if meeting not in apart])
        words = leanings(questions)
        net = fit(arrays(questions, leaned_apart(questions)))
        if apart:
            unseen = asked(apart)
            report(name, net, arrays(unseen, leaned(unseen, words)))
        else:
            ship(name, stored(name, net, words))


def stored(name: str, net: Net, words: Mapping[str, float]) -> dict[str, Any]:
    """A weights file."""
    of = {key: value.detach().numpy() for key, value in net.state_dict().items()}
    kept: dict[str, Any] = {}
    if words:
        kept = {"words": " ".join(words), "leanings": packed(list(words.values()))}
    return {
        "licence": LICENCES[name],
        "features": {"question": OF_FLOOR, "answer": OF_PERSON},
        "question": packed(of["question.weight"]),
        "answer": packed(of["answer.weight"]),
        "bias": packed(of["question.bias"]),
        "second": packed(of["second.weight"]),
        "second_bias": packed(of["second.bias"]),
        "out": packed(of["out.weight"]),
        "quick": packed(of["quick.weight"]),
        **kept,
    }


if __name__ == "__main__":
    main()
