"""What the causes look at: rows of a split and training rows, who is wrong on them, and what a probe makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval, Split
from tunebook.core.progress import Progress
from tunebook.diagnosis.bare import Bare, bare, linear
from tunebook.diagnosis.frozen import frozen
from tunebook.diagnosis.looked import has_classes
from tunebook.diagnosis.other_bases import Base, best_base
from tunebook.diagnosis.probe import Crossed, crossed, softmax
from tunebook.diagnosis.shares import scaled, within
from tunebook.diagnosis.siblings import siblings

if TYPE_CHECKING:
    from tunebook.core.answers import Rows
    from tunebook.diagnosis.looked import Looked
    from tunebook.diagnosis.records import Errors, Halves
    from tunebook.stats.two_sample import Compared

Array = NDArray[Any]
T = TypeVar("T")
_MOST = 3_000  # rows of a split that are looked at, drawn with the seed 0
_ASKED = 600  # training rows that the run is asked


def drawn(rows: int, most: int) -> NDArray[np.int64]:
    """Places of so many rows, in their order."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).permutation(rows)[:most])


@dataclass(frozen=True)
class Seen:
    """A run's errors, and what is worked out once for all causes.

    Attributes:
        looked: the split and the answers; found: what else is known of the errors.
    """

    looked: Looked
    found: Errors
    progress: Progress | None = None

    @property
    def split(self) -> Split:
        """Whose errors they are."""
        return self.looked.split

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """The rows of the split that are looked at, shape (N,)."""
        return drawn(len(self.looked.rows), _MOST)

    @cached_property
    def rows(self) -> Rows:
        """They."""
        return self.looked.rows.at(self.places.tolist())

    @cached_property
    def mass(self) -> NDArray[np.float64]:
        """How wrong the run is on each, 0 to 1, shape (N,)."""
        found: NDArray[np.float64] = self.looked.mass[self.places]
        return found

    @cached_property
    def errors(self) -> float:
        """All of it."""
        return float(self.mass.sum())

    @cached_property
    def every(self) -> Rows:
        """All training rows."""
        return self.looked.load("train")

    @cached_property
    def train(self) -> Rows:
        """Those that are looked at, M of them."""
        return self.every.at(drawn(len(self.every), _MOST).tolist())

    @cached_property
    def asked(self) -> NDArray[np.int64]:
        """Places among `train` of the rows that the run is asked."""
        return drawn(len(self.train), _ASKED)

    @cached_property
    def train_mass(self) -> NDArray[np.float64]:
        """How wrong the run is on the training rows that it is asked."""
        return self.masses(self.train.at(self.asked.tolist()), "train")

    def masses(self, rows: Rows, place: str) -> NDArray[np.float64]:
        """How wrong the run is on other labelled rows; it is asked once, and the answers lie under `place`."""
        from tunebook.diagnosis.looked import masses
        from tunebook.verbs.steps.answers import answers

        looked = self.looked
        said = answers(looked.run, rows, f"diagnosis/{place}", progress=self.progress)
        assert rows.targets is not None
        return masses(looked.task, said, rows.targets, looked.labels, looked.measure)

    @cached_property
    def texts(self) -> list[str]:
        """The text of each row, of pairs both."""
        return _texts(self.rows)

    @cached_property
    def train_texts(self) -> list[str]:
        """The text of each training row."""
        return _texts(self.train)

    @cached_property
    def tokens(self) -> dict[str, Any]:
        """How the run's tokenizer reads the training texts, as `tunebook.data.tokens.token_report` says."""
        from tunebook.verbs.steps.model_facts import read_tokens

        return read_tokens(self.looked.data, self.looked.run.model, allow_unknown=True)

    @property
    def unread(self) -> bool:
        """Whether that is so bad that making a book warns of it."""
        from tunebook.data.tokens import check_tokens

        return bool(check_tokens(self.tokens, allow_unknown=True))

    def half(self, key: str) -> Halves | None:
        """Rows that are cut or hold unknown tokens beside the others; None where there are none, or no others."""
        found = next((one for one in self.found.reading if one.key == key), None)
        return found if found is not None and found.difference is not None else None

    def share_of_half(self, half: Halves) -> Interval:
        """Of the errors those that its rows make beyond the others' rate."""
        total = float(self.looked.mass.sum())
        assert half.difference is not None
        return within(scaled(half.difference, half.rows / total)) if total else Interval(value=0.0, low=0.0, high=0.0)

    # Rows with one class

    @property
    def has_classes(self) -> bool:
        """Whether each row has one class."""
        return has_classes(self.looked.labels)

    @property
    def names(self) -> list[str]:
        """The classes."""
        return self.looked.labels.names

    @cached_property
    def true(self) -> NDArray[np.int64]:
        """The class of each row, shape (N,)."""
        return _numbers(self.rows)

    @cached_property
    def said(self) -> NDArray[np.int64]:
        """What the run says of each."""
        number = {name: place for place, name in enumerate(self.names)}
        return np.array([number[str(self.looked.said[place]["label"])] for place in self.places], dtype=np.int64)

    @cached_property
    def train_true(self) -> NDArray[np.int64]:
        """The class of each training row, shape (M,)."""
        return _numbers(self.train)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Training rows of each class, of all of them."""
        return np.bincount(_numbers(self.every), minlength=len(self.names))

    @cached_property
    def vectors(self) -> NDArray[np.float32]:
        """Of the rows, shape (N, D)."""
        return frozen(self.looked.run, self.rows, self.progress)

    @cached_property
    def train_vectors(self) -> NDArray[np.float32]:
        """Of the training rows, shape (M, D)."""
        return frozen(self.looked.run, self.train, self.progress)

    @cached_property
    def probe(self) -> Crossed:
        """A linear probe of the training rows."""
        return crossed(self.train_vectors, self.train_true, len(self.names))

    @cached_property
    def probe_chances(self) -> Array:
        """Probability of each class for each row of the split, shape (N, C)."""
        return self.probe.probe.chances(self.vectors)

    @cached_property
    def probe_wrong(self) -> NDArray[np.float64]:
        """Where the probe is wrong, 0 or 1, shape (N,)."""
        return np.asarray(self.probe_chances.argmax(1) != self.true, dtype=np.float64)

    @cached_property
    def run_chances(self) -> Array:
        """What the run takes for the probability of each class, shape (N, C); of ordered classes what it says."""
        if self.looked.labels.kind.link == "softmax":
            return softmax(self.looked.answers[self.places][:, : len(self.names)].astype(np.float64))
        return np.eye(len(self.names))[self.said]

    @cached_property
    def seeds(self) -> list[Array]:
        """The same of every training of the table that differs in its seed alone, the run first."""
        return [self.run_chances, *(softmax(said[self.places].astype(np.float64)) for said in siblings(self.looked))]

    @property
    def chinese(self) -> bool:
        """Whether words are characters."""
        return str(self.looked.data.stats.get("language")) in ("zh", "mixed")

    @cached_property
    def bare(self) -> Bare:
        """What words alone say of training rows and of rows."""
        return bare(self.train_texts, self.train_true, self.texts, len(self.names), self.chinese)

    @cached_property
    def words_wrong(self) -> NDArray[np.float64]:
        """Where a linear model of words (of Chinese: characters) is wrong, which needs no tokenizer, shape (N,)."""
        said = linear(self.train_texts, self.train_true, self.texts, self.chinese)
        return np.asarray(said != self.true, dtype=np.float64)

    def once(self, work: Callable[[Seen], T]) -> T:
        """What a function makes of this, which it is asked once for all causes."""
        kept = vars(self).setdefault("_once", {})
        found: T = kept[work] if work in kept else kept.setdefault(work, work(self))
        return found

    @cached_property
    def base(self) -> Base | None:
        """Another base model that is on this machine, by a probe of it."""
        return best_base(self.looked.run.plan.model, self._probed) if self.has_classes else None

    def _probed(self, model: str) -> NDArray[np.float64]:
        known, rows = (frozen(self.looked.run, side, self.progress, model) for side in (self.train, self.rows))
        said = crossed(known, self.train_true, len(self.names)).probe.logits(rows).argmax(1)
        return np.asarray(said != self.true, dtype=np.float64)

    @cached_property
    def apart(self) -> Compared:
        """How well a classifier tells the rows from training rows of the same classes: as many of each as both have."""
        from tunebook.stats.two_sample import classifier_test

        rng, sides = np.random.default_rng(0), (list[Array](), list[Array]())
        for number in range(len(self.names)):
            places = [rng.permutation(np.flatnonzero(of == number)) for of in (self.train_true, self.true)]
            size = min(map(len, places))
            for side, part in zip(sides, places, strict=True):
                side.append(part[:size])
        old, new = (np.concatenate(side) for side in sides)
        return classifier_test(self.train_vectors[old], self.vectors[new], np.random.default_rng(0))

    @cached_property
    def groups(self) -> NDArray[np.int64] | None:
        """The group of each row, where rows were drawn in groups."""
        codes = self.looked.units.codes
        return None if codes is None else codes[self.places]

    def share(self, gain: Array) -> Interval:
        """The share of the errors that goes where each row loses `gain` (N,) of its error, with its interval."""
        return self.share_of(gain, self.mass)

    def share_of(self, gain: Array, whole: Array) -> Interval:
        """The same of another model's errors, (N,)."""
        from tunebook.stats.intervals import of_ratio

        found = of_ratio(np.stack([gain, whole], axis=1), self.groups)
        return within(found) if found is not None else Interval(value=0.0, low=0.0, high=0.0)

    def ids(self, which: Array, most: int = 50) -> list[str]:
        """Ids of rows of the split, worst first."""
        order = np.argsort(-self.mass[which], kind="stable")
        return [self.rows.ids[place] for place in np.asarray(which)[order][:most].tolist()]

    def train_ids(self, which: Array, most: int = 50) -> list[str]:
        """Ids of training rows."""
        return [self.train.ids[place] for place in np.asarray(which)[:most].tolist()]


def _numbers(rows: Rows) -> NDArray[np.int64]:
    assert rows.targets is not None
    return np.asarray(np.rint(rows.targets), dtype=np.int64)


def _texts(rows: Rows) -> list[str]:
    if rows.pairs is None:
        return list(rows.texts)
    return [f"{text} \n {pair}" for text, pair in zip(rows.texts, rows.pairs, strict=True)]


__all__ = ["Seen", "drawn"]
