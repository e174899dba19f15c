"""TAGGER_RATES: which rate, how many epochs, which rate of the head suit a small tagger, and is a CRF worth proposing?

Each cell trains some rows of a real set and is scored by strict span F1 on the same held-out rows after the last step:
no checkpoint is chosen by them. All else is as Tunebook proposes (AdamW, a tenth of warm-up, linear fall, batches of
16 below 2,000 rows). Cells come most useful first; a later call goes on with those that are missing.

    OMP_NUM_THREADS=1 python -m benchmarks TAGGER_RATES [--minutes 12] [--only zh_resume_ner]
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.defaults import BATCH, Learns, trained
from benchmarks.real_tasks import CASES
from benchmarks.record import DATA, fill, write_result

LENGTH = 128
Cell = dict[str, Any]


class Arm(NamedTuple):
    """What differs between cells: the rate, the epochs, the factor of the head's rate, and whether there is a CRF."""

    rate: float
    epochs: int
    head: float = 1.0
    crf: bool = False

    @property
    def techniques(self) -> dict[str, dict[str, Any]]:
        """As a plan has them."""
        own: dict[str, dict[str, Any]] = {"head_rate": {"factor": self.head}} if self.head != 1 else {}
        return own | ({"crf": {}} if self.crf else {})


class Group(NamedTuple):
    """A set, its numbers of training and of held-out rows, the seeds, and what is tried on it."""

    name: str
    rows: int
    held: int
    seeds: tuple[int, ...]
    arms: tuple[Arm, ...]


_CRF = (Arm(3e-4, 6), Arm(3e-4, 6, crf=True))
GROUPS = (
    Group(
        "zh_resume_ner", 800, 463, (0,),
        (Arm(1e-4, 6), Arm(3e-4, 6), Arm(1e-3, 6), Arm(1e-4, 6, head=10), Arm(3e-4, 6, crf=True), Arm(3e-4, 15)),
    ),
    Group("zh_ecommerce_ner", 800, 400, (0,), _CRF),
    Group("zh_cluener", 800, 400, (0,), _CRF),
    Group(
        "en_crossner/ai", 100, 200, (0,),
        (Arm(1e-4, 20), Arm(3e-4, 20), Arm(3e-4, 20, crf=True), Arm(1e-4, 20, head=10)),
    ),
)  # fmt: skip


def wanted(only: str = "") -> Iterator[Cell]:
    """Every run, most useful first."""
    for group in GROUPS:
        if only in group.name:
            for seed in group.seeds:
                for arm in group.arms:
                    yield {"set": group.name, "rows": group.rows, "held": group.held, "seed": seed, **arm._asdict()}


@cache
def material(name: str, rows: int, held: int) -> tuple[Any, Any]:
    """Tokens of training and held-out rows, drawn with the seed 0 from the set's own parts, and the labels."""
    import numpy as np

    from tunebook.core.registry import task_of
    from tunebook.data.load import load
    from tunebook.data.options import DataOptions
    from tunebook.data.prepare import prepare
    from tunebook.engine.fit import Material
    from tunebook.engine.tokens import encode
    from tunebook.models.source import find_model, load_tokenizer

    case = CASES[name]
    files = {part: DATA / name / file for part, file in case.files.items()}
    with tempfile.TemporaryDirectory() as place:
        other = files.get("validation", files["test"])
        data = prepare([files["train"]], Path(place) / "data", test=other, options=DataOptions(**case.options))
        parts = [(load(data, "train"), rows), (load(data, "test"), held)]
    folder = find_model(str(DATA / case.model) if case.model else "builtin:minilm")
    tokenizer, task = load_tokenizer(folder), task_of("tagging")()
    drawn = []
    for part, count in parts:
        found = encode(part, task, tokenizer, LENGTH)
        drawn.append(found.take(np.random.default_rng(0).permutation(len(found))[:count]))
    return Material(folder, tokenizer, drawn[0], drawn[1]), data.labels


def run_cell(cell: Cell) -> dict[str, float]:
    """Scores on the held-out rows and the processor's seconds of one training."""
    from tunebook.core.registry import task_of

    tokens, labels = material(cell["set"], cell["rows"], cell["held"])
    techniques = Arm(*(cell[name] for name in Arm._fields)).techniques
    answers, spent = trained({**cell, "techniques": techniques}, tokens, Learns("tagging", labels, "span_f1", LENGTH))
    scores = task_of("tagging")().scores(answers, tokens.validation.fixed["labels"], labels)
    return {name: float(scores[name]) for name in ("span_f1", "span_precision", "span_recall", "span_macro_f1")} | spent


def summary(runs: list[Cell]) -> list[Cell]:
    """Per set: of each arm its mean over the seeds and their values, the best first."""
    groups: dict[tuple[str, int], dict[Arm, list[float]]] = {}
    for run in runs:
        arms = groups.setdefault((run["set"], run["rows"]), {})
        arms.setdefault(Arm(*(run[name] for name in Arm._fields)), []).append(run["span_f1"])
    return [
        {
            "set": name,
            "rows": rows,
            "arms": sorted(
                ({**arm._asdict(), "span_f1": statistics.fmean(found), "seeds": found} for arm, found in arms.items()),
                key=lambda item: -item["span_f1"],
            ),
        }
        for (name, rows), arms in groups.items()
    ]


def main(claim: str, arguments: list[str]) -> Path:
    """Run the cells that are missing until the budget is spent, and write the summary."""
    return fill(claim, arguments, wanted, lambda cell: cell | run_cell(cell), key=_key, write=_write)


def _write(claim: str, runs: list[Cell]) -> Path:
    return write_result(claim, {"batch": BATCH, "max_length": LENGTH, "groups": summary(runs), "runs": runs})


def _key(cell: Cell) -> tuple[Any, ...]:
    return tuple(cell[name] for name in ("set", "rows", "held", "seed", *Arm._fields))


__all__ = ["GROUPS", "Arm", "Group", "main", "material", "run_cell", "summary", "wanted"]
