"""The oracle of forgetting: five permutations of the digits' pixels, learned one after the other by a small network.

The techniques are the product's own: the same objects are woven around the same criterion by the same `Weave`; only
the network and the loop around it are this file's. Setting: scikit-learn's digits, 64-128-128-10, SGD 0.05, batches of
32. Scores are means over the five tasks' test rows after the last was learned; `learned` is the mean score of each
task right after its own training, `forgetting` the mean over the first four of best - final.

    python -m benchmarks PERMUTED_DIGITS [--seeds 3] [--only ewc]
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.record import RESULTS, given, write_result

TASKS, BATCH, RATE = 5, 32, 0.05
# What was measured elsewhere in this setting: mean score over the five tasks after the last.
# It is not told how old and new rows were mixed there: once an epoch each, or half of every batch as others do.
KNOWN = {"none": 0.49, "ewc": 0.69, "joint": 0.96}
KNOWN |= {f"replay {size}{mixed}": score for size, score in ((50, 0.76), (200, 0.87)) for mixed in ("", " half")}
WITHIN = 0.03
# Arm -> techniques with their rows, epochs and the largest gradient (0: not clipped).
ARMS: dict[str, tuple[dict[str, dict[str, Any]], int, float]] = {
    "none": ({}, 30, 0.0),
    "ewc": ({"ewc": {"strength": 0.3, "rows": 100000}}, 20, 1.0),
    "ewc empirical": ({"ewc": {"strength": 0.3, "rows": 100000, "fisher": "empirical"}}, 20, 1.0),
    "mas": ({"mas": {"strength": 0.3, "rows": 100000}}, 20, 1.0),
    "si": ({"si": {"strength": 0.1}}, 20, 1.0),
    "lwf": ({"lwf": {}}, 30, 0.0),
    "replay 50": ({"replay": {"size": 50, "choice": "reservoir"}}, 30, 0.0),
    "replay 50 herding": ({"replay": {"size": 50, "choice": "herding"}}, 30, 0.0),
    "replay 50 half": ({"replay": {"size": 50, "choice": "reservoir", "share": 0.5}}, 30, 0.0),
    "replay 200": ({"replay": {"size": 200, "choice": "reservoir"}}, 30, 0.0),
    "replay 200 half": ({"replay": {"size": 200, "choice": "reservoir", "share": 0.5}}, 30, 0.0),
    "joint": ({"replay": {"size": "all"}}, 30, 0.0),
}


class Network(nn.Module):
    """64-128-128-10 with what the techniques ask of a model."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU())
        self.head = nn.Linear(128, 10)

    def forward(self, pixels: Tensor, output_hidden_states: bool = False) -> Any:
        """`logits` and the features below them."""
        features = self.body(pixels)
        return SimpleNamespace(logits=self.head(features), hidden_states=[features])


@dataclass
class Chain:
    """What a technique may ask of the tasks before: see `tunebook.core.technique.TrainingSource`."""

    past: Any = None
    model: Any = None
    keeps: Mapping[str, dict[str, Tensor]] = field(default_factory=dict)
    outputs_before: int = 10

    def before(self) -> Any:
        """The network as it was."""
        return copy.deepcopy(self.model).requires_grad_(False).eval()

    def kept(self, key: str) -> dict[str, Tensor]:
        """What a technique has left."""
        return dict(self.keeps.get(key, {}))

    def batches(self, rows: Any, size: int = 1000) -> Iterator[dict[str, Tensor]]:
        """Rows in their order."""
        for start in range(0, len(rows), size):
            yield collate(rows, np.arange(start, min(start + size, len(rows))))


def collate(rows: Any, numbers: NDArray[np.int64]) -> dict[str, Tensor]:
    """A batch of rows."""
    return {name: torch.from_numpy(column[numbers]) for name, column in rows.fixed.items()}


def encoded(pixels: NDArray[np.float32], labels: NDArray[np.int64], age: int = 0) -> Any:
    """Pictures as rows without tokens; of an earlier task if it has an age."""
    from tunebook.core.encoded import Encoded

    count = len(labels)
    own = {"row": np.full(count, -1), "past.age": np.full(count, age)} if age else {"row": np.arange(count)}
    return Encoded({}, np.zeros(count + 1, dtype=np.int64), {"pixels": pixels, "labels": labels, **own})


def digits(seed: int) -> list[tuple[Any, ...]]:
    """Training and test pictures of each task, with their labels."""
    from sklearn.datasets import load_digits

    found = load_digits()
    pixels, labels = (found.data / 16).astype(np.float32), found.target.astype(np.int64)
    draw = np.random.default_rng(seed)
    mixed = draw.permutation(len(labels))
    train, test = mixed[360:], mixed[:360]
    orders = [np.arange(64), *(draw.permutation(64) for _ in range(TASKS - 1))]
    return [(pixels[train][:, at], labels[train], pixels[test][:, at], labels[test]) for at in orders]


def learn(network: Network, rows: Any, chain: Chain, arm: tuple[Any, ...], seed: int) -> Mapping[str, Any]:
    """Train on one task with the techniques of an arm; what they leave for the next."""
    from tunebook.core.nouns import Labels
    from tunebook.core.params import build
    from tunebook.core.registry import techniques
    from tunebook.core.technique import RunContext, View
    from tunebook.engine.weave import Weave
    from tunebook.nets.classify import Classify

    used, epochs, norm = arm
    known = techniques()
    chosen: list[Any] = [build(known[key], values) for key, values in used.items()]
    chosen = [item for item in chosen if chain.past is not None or "past" not in item.needs]
    criterion = Classify("softmax", None, 0.0)
    labels = Labels(problem="single_label", names=[str(n) for n in range(10)])
    run = RunContext(seed=seed, labels=labels, criterion=criterion, source=chain)
    weave = Weave(chosen, loss=criterion.loss, items=criterion.items, run=run)
    view = weave.data(View(rows))
    weave.model(network)
    loss = weave.woven()
    optimizer = torch.optim.SGD(network.parameters(), RATE)
    draw = np.random.default_rng([seed, 9])
    weave.tell("start")
    for epoch in range(epochs):
        order = draw.permutation(len(view.rows)) if view.order is None else view.order(epoch)
        for start in range(0, len(order), BATCH):
            optimizer.zero_grad()
            loss(network, collate(view.rows, order[start : start + BATCH]))[0].backward()
            if norm:
                nn.utils.clip_grad_norm_(network.parameters(), norm)
            weave.tell("before_step")
            optimizer.step()
            weave.tell("after_step")
    weave.tell("end")
    return run.keeps


def sequence(arm: tuple[Any, ...], seed: int) -> dict[str, float]:
    """Learn the five tasks in turn: mean final score, mean learned score, forgetting."""
    tasks = digits(seed)
    torch.manual_seed(seed)
    torch.set_flush_denormal(True)  # gradients of rows that are known by heart are slow to reckon with
    network, scores = Network(), np.zeros((TASKS, TASKS))
    keeps: Mapping[str, Any] = {}
    for number, (pixels, labels, *_) in enumerate(tasks):
        earlier = [encoded(tasks[n][0], tasks[n][1], number - n) for n in range(number)]
        chain = Chain(past_of(earlier), copy.deepcopy(network), keeps)
        keeps = learn(network, encoded(pixels, labels), chain, arm, seed)
        with torch.no_grad():
            for other, (_, _, test, truth) in enumerate(tasks):
                said = network(torch.from_numpy(test)).logits.argmax(1).numpy()
                scores[number, other] = (said == truth).mean()
    best = scores[:-1].max(0)[:-1]
    return {
        "final": float(scores[-1].mean()),
        "learned": float(np.diag(scores).mean()),
        "forgetting": float((best - scores[-1, :-1]).mean()),
    }


def past_of(parts: list[Any]) -> Any:
    """Rows of all earlier tasks; None before the second."""
    from tunebook.core.encoded import join

    if not parts:
        return None
    names = parts[0].fixed
    return join(parts).with_fixed(**{name: np.concatenate([part.fixed[name] for part in parts]) for name in names})


def main(claim: str, arguments: list[str]) -> Path:
    """Every arm with every seed that is not in the result yet, beside what was measured elsewhere."""
    options = given(arguments, seeds=3, only="")
    path = RESULTS / f"{claim}.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    found: dict[str, Any] = before["arms"] if before.get("seeds") == options.seeds else {}
    for name, arm in ARMS.items():
        if options.only not in name or name in found:
            continue
        runs = [sequence(arm, seed) for seed in range(options.seeds)]
        found[name] = {fact: float(np.mean([run[fact] for run in runs])) for fact in runs[0]}
        found[name]["final_sd"] = float(np.std([run["final"] for run in runs]))
        print(name, {fact: round(value, 3) for fact, value in found[name].items()}, flush=True)
    apart = {name: found[name]["final"] - known for name, known in KNOWN.items() if name in found}
    within = {name: abs(value) <= WITHIN for name, value in apart.items()}
    asked = {"seeds": options.seeds, "arms": {name: found[name] for name in ARMS if name in found}}
    return write_result(claim, {**asked, "known": KNOWN, "apart": apart, "within": within})


__all__ = ["ARMS", "Chain", "Network", "learn", "main", "sequence"]
