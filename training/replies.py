"""Train the readers: who answers what, and who is meant.

``python training/replies.py --data ../shared/data`` writes ``weights/channel.json`` and
``weights/dialogue.json``; with ``--hold-out`` every sixth room is left out of the training and
asked afterwards, and nothing is written. The first fit remembers the true links of earlier lines;
the second remembers what the first decided, as it will be at run time.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from packing import packed, ship
from questions import Decide, Questions, asked, dialogues
from torch import nn
from torch.nn.functional import relu

from tertulia.evaluation.corpora import Chat, irc
from tertulia.orchestrator.scoring.clues import OF_LINE, OF_PAIR

LICENCE = (
    "Trained on the IRC disentanglement data of Kummerfeld et al. (ACL 2019), CC BY 4.0, "
    "jkk.name/irc-disentanglement; changed: fitted weights only."
)
HIDDEN, SECOND_HIDDEN = 48, 16
EPOCHS, BATCH, RATE, DECAY, DROPOUT = 15, 512, 4e-3, 1e-4, 0.1
PERSON_WEIGHT = 0.3
APART = 6
NOWHERE = -1e9


class Net(nn.Module):
    """The network that ``scoring.network`` runs, and beside it the quick, straight scores."""

    def __init__(self) -> None:
        super().__init__()
        self.question = nn.Linear(len(OF_LINE), HIDDEN)
        self.answer = nn.Linear(len(OF_PAIR), HIDDEN, bias=False)
        self.drop = nn.Dropout(DROPOUT)
        self.second = nn.Linear(HIDDEN, SECOND_HIDDEN)
        self.out = nn.Linear(SECOND_HIDDEN, 1, bias=False)
        self.quick = nn.Linear(len(OF_PAIR), 1, bias=False)

    def forward(self, lines: torch.Tensor, options: torch.Tensor) -> torch.Tensor:
        """A score for each answer to each question."""
        first = relu(self.question(lines)[..., None, :] + self.answer(options))
        scores: torch.Tensor = self.out(relu(self.second(self.drop(first))))[..., 0]
        return scores


def fit(questions: Questions, seed: int = 0) -> Net:
    """A network that gives the right options the largest share, and the right people too."""
    torch.manual_seed(seed)
    net = Net()
    reached = np.flatnonzero((questions.right & questions.there).any(1))
    steps = EPOCHS * (len(reached) // BATCH + 1)
    adam = torch.optim.AdamW(net.parameters(), RATE, weight_decay=DECAY)
    pace = torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=steps)
    for _ in range(EPOCHS):
        net.train()
        for batch in torch.randperm(len(reached)).split(BATCH):
            loss = _loss(net, questions, reached[batch.numpy()])
            adam.zero_grad()
            loss.backward()
            adam.step()
            pace.step()
    return net.eval()


def _loss(net: Net, questions: Questions, rows: Any) -> torch.Tensor:
    width = int(questions.there[rows].sum(1).max())
    there, right, other, meant = (
        torch.from_numpy(mask[rows, :width])
        for mask in (questions.there, questions.right, questions.other, questions.meant)
    )
    options = torch.from_numpy(questions.options[rows, :width]).float()
    scores = net(torch.from_numpy(questions.lines[rows]), options)
    loss = _surprise(scores, there, right).mean()
    loss = loss + _surprise(net.quick(options)[..., 0], there, right).mean()
    some = (right & other).any(1)
    return loss + PERSON_WEIGHT * _surprise(scores[some], other[some], meant[some]).mean()


def _surprise(scores: torch.Tensor, among: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    whole = scores.masked_fill(~among, NOWHERE).logsumexp(1)
    return whole - scores.masked_fill(~(right & among), NOWHERE).logsumexp(1)


def deciding(net: Net) -> Decide:
    """The network as a function of one question, without torch."""
    of = {name: value.detach().numpy() for name, value in net.state_dict().items()}

    def decide(line: list[float], rows: list[list[float]]) -> int:
        asked_of = of["question.weight"] @ np.asarray(line) + of["question.bias"]
        first = np.maximum(asked_of + np.asarray(rows) @ of["answer.weight"].T, 0)
        second = np.maximum(first @ of["second.weight"].T + of["second.bias"], 0)
        return int((second @ of["out.weight"][0]).argmax())

    return decide


@torch.no_grad()
def report(name: str, net: Net, questions: Questions) -> None:
    """Print how often the network is right on questions that it has not seen."""
    scores = torch.cat(
        [
            net(
                torch.from_numpy(questions.lines[rows]),
                torch.from_numpy(questions.options[rows]).float(),
            ).masked_fill(torch.from_numpy(~questions.there[rows]), NOWHERE)
            for rows in np.array_split(np.arange(len(questions.lines)), 50)
        ]
    )
    shares = scores.softmax(1).numpy()
    all_rows = np.arange(len(shares))
    taken = np.zeros_like(questions.there)
    taken[all_rows, shares.argmax(1)] = True
    said = {}
    for second in (2.0, 0.45, 0.4, 0.35, 0.3):
        both = taken | (shares > second)
        said[second] = 200 * (both & questions.right).sum() / (both.sum() + questions.links.sum())
    people = np.zeros((len(shares), int(questions.person.max()) + 1))
    np.add.at(people, (all_rows[:, None], questions.person), shares * questions.other)
    choice = people.argmax(1)
    hit = (questions.meant & questions.other & (questions.person == choice[:, None])).any(1)
    some = (questions.meant & questions.other).any(1)
    quick = net.quick(torch.from_numpy(questions.options).float())[..., 0]
    order = quick.masked_fill(torch.from_numpy(~questions.there), NOWHERE).argsort(
        1, descending=True
    )
    best = questions.right.any(1)
    reach = [
        float(np.take_along_axis(questions.right, order[:, :keep].numpy(), 1).any(1)[best].mean())
        for keep in (4, 6, 8, 10)
    ]
    print(
        f"{name}: n {len(shares)}, within reach {best.mean():.4f}, "
        f"F by second { ({k: round(float(v), 2) for k, v in said.items()}) }, "
        f"person {hit[some].mean():.4f}, quick {np.round(reach, 4)}",
        flush=True,
    )


def stored(net: Net) -> dict[str, Any]:
    """A weights file."""
    of = {name: value.detach().numpy() for name, value in net.state_dict().items()}
    return {
        "licence": LICENCE,
        "features": {"question": OF_LINE, "answer": OF_PAIR},
        "question": packed(of["question.weight"]),
        "answer": packed(of["answer.weight"]),
        "bias": packed(of["question.bias"]),
        "second": packed(of["second.weight"]),
        "second_bias": packed(of["second.bias"]),
        "out": packed(of["out.weight"]),
        "quick": packed(of["quick.weight"]),
    }


def train(name: str, rooms: Sequence[Chat], apart: Sequence[Chat]) -> Net:
    """Two fits, the second on what the first decided."""
    first = fit(asked(rooms, None))
    decide = deciding(first)
    net = fit(asked(rooms, decide))
    if apart:
        report(f"{name}, the truth remembered", first, asked(apart, None))
        report(f"{name}, its own links remembered", net, asked(apart, deciding(net)))
    return net


def main() -> None:
    """Read, train, report or ship."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--hold-out", action="store_true")
    parser.add_argument("--only", choices=["channel", "dialogue"])
    given = parser.parse_args()
    chats = irc(given.data, "train")
    apart = chats[APART - 1 :: APART] if given.hold_out else []
    rooms = [chat for chat in chats if chat not in apart]
    for name, kind in (("channel", list[Chat]), ("dialogue", dialogues)):
        if given.only in (None, name):
            net = train(name, kind(rooms), kind(apart))
            if not given.hold_out:
                ship(name, stored(net))


if __name__ == "__main__":
    main()
