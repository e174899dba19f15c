"""Labels that may be wrong: rows whose label a model that has not seen them holds for unlikely (confident learning)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import MachineError
from tunebook.core.links import sigmoid, softmax
from tunebook.core.nouns import Split
from tunebook.data.cells import as_text
from tunebook.diagnosis.alike import alike
from tunebook.diagnosis.frozen import frozen
from tunebook.diagnosis.probe import crossed
from tunebook.diagnosis.records import Suspect, Suspects
from tunebook.diagnosis.seen import Seen, drawn
from tunebook.diagnosis.shares import share_of
from tunebook.stats.bootstrap import Units

if TYPE_CHECKING:
    from tunebook.core.answers import Rows
    from tunebook.diagnosis.looked import Looked

Array = NDArray[Any]
TRAIN = 3000  # training rows that are looked at, the same as those of the causes
_LEAST = 30  # rows
_MOST = 500  # suspects that are told


def own_suspects(looked: Looked) -> Suspects:
    """Of the split that is looked at, by the run's own answers: it was not trained on them.

    Raises:
        MachineError: `errors.cleanlab`, the library is not installed.
    """
    chances = np.asarray(softmax(np.asarray(looked.answers, dtype=np.float64)))
    return suspects(looked, (looked.split, looked.rows), "run", chances)


def own_suspects_of_several(looked: Looked) -> Suspects:
    """The same of rows with any number of classes, of which each is looked at by itself: has it, or has it not."""
    true: Array = np.asarray(looked.rows.targets, dtype=np.float64) > 0
    chances, doubt = np.asarray(sigmoid(looked.answers)), np.zeros_like(true)
    for place in range(true.shape[1]):
        yes = chances[:, place]
        doubt[doubted(true[:, place].astype(np.int64), np.stack([1 - yes, yes], axis=1)), place] = True
    own = np.where(doubt, np.where(true, chances, 1 - chances), 1.0).min(axis=1)
    marked: Array = np.asarray(doubt.any(axis=1))
    order = np.argsort(own, kind="stable")
    places = order[marked[order]]
    share = share_of(marked.astype(float), looked.units)
    assert share is not None

    def cell(row: Array) -> str:
        return as_text([name for name, has in zip(looked.labels.names, row, strict=True) if has]) or ""

    found = [
        Suspect(
            row=str(looked.rows.ids[place]),
            split=looked.split,
            text=looked.rows.texts[place],
            pair=looked.rows.pairs[place] if looked.rows.pairs is not None else "",
            label=cell(true[place]),
            suggestion=cell(true[place] ^ doubt[place]),
            sure=float(1 - own[place]),
            own=float(own[place]),
        )
        for place in places[:_MOST].tolist()
    ]
    return Suspects(split=looked.split, how="run", rows=len(true), share=share, found=found)


def training_suspects(looked: Looked) -> Suspects:
    """Of training rows, at most `TRAIN` of them, by a linear probe on what the frozen base model makes of them: no
    label has touched that, and each row is answered by folds without it.

    Raises:
        MachineError: `errors.cleanlab`. ModelError: the base model is no longer to be had.
    """
    every = looked.load("train")
    rows = every.at(drawn(len(every), TRAIN).tolist())
    assert rows.targets is not None
    vectors = frozen(looked.run, rows, looked.progress)
    found = crossed(vectors, np.asarray(rows.targets, dtype=np.int64), len(looked.labels.names))
    return suspects(looked, ("train", rows), "folds", found.chances)


def suspects(looked: Looked, where: tuple[Split, Rows], how: Literal["run", "folds"], chances: Array) -> Suspects:
    """Suspected rows of a split with one class each, the most suspicious first.

    Args:
        how: where `chances` come from; they are probabilities of classes, shape (N, C), by what has not seen the row.

    Raises:
        MachineError: `errors.cleanlab`, the library is not installed.
    """
    split, rows = where
    assert rows.targets is not None
    targets = np.asarray(rows.targets, dtype=np.int64)
    places = doubted(targets, chances)
    marked = np.zeros(len(targets))
    marked[places] = 1.0
    share = share_of(marked, looked.units if rows is looked.rows else Units.of(len(rows), None))
    assert share is not None
    found = [_suspect(looked, rows, split, place, chances[place]) for place in places[:_MOST].tolist()]
    return Suspects(split=split, how=how, rows=len(targets), share=share, found=found)


def estimated(found: Sequence[Suspects], seen: Seen) -> list[Suspects]:
    """The same with what the causes hold for the share of wrong labels: a weak model suspects hard rows too."""
    if not found or not seen.has_classes or not seen.errors:
        return list(found)
    labels = seen.once(alike).labels
    rates = {"run": labels.judged.rate, "folds": labels.learnt.rate}
    return [part.model_copy(update={"wrong": rates[part.how]}) for part in found]


def one_class(looked: Looked, rows: int) -> bool:
    """Whether rows have one class each, which answers score, and there are enough of them."""
    kind = looked.labels.kind
    return kind.classes == "one" and kind.link == "softmax" and _scored(looked) and rows >= _LEAST


def several_classes(looked: Looked, rows: int) -> bool:
    """Whether rows have any number of classes, which answers score, and there are enough of them."""
    return looked.labels.kind.classes == "several" and _scored(looked) and rows >= _LEAST


def _scored(looked: Looked) -> bool:
    return bool(looked.answers.shape[1] == len(looked.labels.names))


def doubted(targets: Array, chances: Array) -> NDArray[np.int64]:
    """Numbers of rows whose label is likely to be wrong, the least likely label first.

    Source: Northcutt, Jiang and Chuang, Confident learning: estimating uncertainty in dataset labels, 2021
    (arXiv:1911.00068), as cleanlab has it: of each pair of a given and a likelier class as many rows as their estimated
    joint distribution says.
    """
    if find_spec("cleanlab") is None:
        raise MachineError("errors.cleanlab", key="cleanlab", value='pip install "tunebook[diagnose]"')
    from cleanlab.filter import find_label_issues

    present = np.unique(targets)  # cleanlab takes classes without rows for a fault
    if len(present) < 2:
        return np.zeros(0, dtype=np.int64)
    kept = chances[:, present]
    kept = kept / np.maximum(kept.sum(1, keepdims=True), 1e-12)
    found = find_label_issues(
        np.searchsorted(present, targets), kept, return_indices_ranked_by="self_confidence", n_jobs=1
    )
    places = np.asarray(found, dtype=np.int64)
    return np.asarray(places[present[kept[places].argmax(1)] != targets[places]])


def _suspect(looked: Looked, rows: Rows, split: Split, place: int, chances: Array) -> Suspect:
    assert rows.targets is not None
    own, best = int(rows.targets[place]), int(chances.argmax())
    names = looked.labels.names
    return Suspect(
        row=str(rows.ids[place]),
        split=split,
        text=rows.texts[place],
        pair=rows.pairs[place] if rows.pairs is not None else "",
        label=names[own],
        suggestion=names[best],
        sure=float(chances[best]),
        own=float(chances[own]),
    )


__all__ = [
    "TRAIN", "doubted", "estimated", "one_class", "own_suspects", "own_suspects_of_several", "several_classes",
    "suspects", "training_suspects",
]  # fmt: skip
