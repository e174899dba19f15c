"""Tasks whose answers are probabilities, and what a model's folder says of how these are to be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from numpy.typing import NDArray
from pydantic import Field

from tunebook.core.files import content_id
from tunebook.core.kind import Link
from tunebook.core.locations import CALIBRATION
from tunebook.core.nouns import Interval, Record, read_json

if TYPE_CHECKING:
    import numpy as np

    from tunebook.core.nouns import Labels

Array = NDArray[Any]


@dataclass(frozen=True)
class Chances:
    """Items of which each has a distribution: rows, or the spans that were found in them.

    Attributes:
        logits: shape (M, outputs); targets: classes (M,), or 0 and 1 of shape (M, outputs) where the link is `sigmoid`.
        row: which row each is of, shape (M,).
    """

    logits: Array
    targets: Array
    row: NDArray[np.int64]
    link: Link


@runtime_checkable
class Calibrates(Protocol):
    """A task whose answers are probabilities that a temperature can put right."""

    def chances(self, answers: NDArray[np.float32], targets: Array, labels: Labels) -> Chances:
        """What was answered (N, k), as far as it has a probability, beside what is true.

        Raises:
            PlanError: `calibrate.numbers`, labels of this kind have none.
        """

    def tempered(self, answers: NDArray[np.float32], temperature: float, labels: Labels) -> NDArray[np.float32]:
        """The same answers at a temperature, which changes none of them, but how sure they are."""


class Change(Record):
    """A figure of a model's own answers, and of those that are calibrated, each with its interval.

    Attributes:
        better: which of two values is.
    """

    before: Interval
    after: Interval
    better: str = "less"


class Temperature(Record):
    """What logits are divided by.

    Attributes:
        value: that of all validation rows; applied: whether it is used: it is not where the loss of rows that did not
            choose it would not fall.
        gain: by how much the log loss of an item falls, of the validation rows, cross-fitted.
        validation: `ece` and `log_loss`, each fold by the temperature of the others; test: by `value`.
        items: of the validation and the test rows.
    """

    value: float
    applied: bool
    gain: Interval
    validation: dict[str, Change]
    test: dict[str, Change]
    items: list[int]


class Cuts(Record):
    """Probabilities from which on classes are given, or costs by which one is.

    Attributes:
        by: `precision`, `recall` or `cost`; wanted: the share that was asked for; metric: of the owner's, of costs;
            decided: hash of what decided that metric then.
        classes: class -> threshold; kept: classes whose rows give none, so that 0.5 holds.
        costs: of saying a class (column) where another (line) is true, where there are more than two classes.
        validation: figures, cross-fitted; test: by the thresholds as they are.
        held: of several classes a row, class -> the share `by` that its threshold gave, cross-fitted.
    """

    by: str
    wanted: float | None = None
    metric: str = ""
    decided: str = ""
    classes: dict[str, float] = Field(default_factory=dict)
    kept: list[str] = Field(default_factory=list)
    costs: list[list[float]] = Field(default_factory=list)
    validation: dict[str, Change]
    test: dict[str, Change]
    held: dict[str, Interval] = Field(default_factory=dict)


class Covered(Record):
    """Answers that are given where those below a score are withheld.

    Attributes:
        given, answers: so many of so many; coverage: their share; accuracy: share of them that is right.
        area: mean error rate over all coverages, less is better; chance: what an order that says nothing would have.
        curve: coverage and error rate, some hundred points.
    """

    given: int
    answers: int
    coverage: Interval
    accuracy: Interval
    area: Interval
    chance: float
    curve: list[tuple[float, float]]


class Certain(Record):
    """The score from which on answers are sure.

    Attributes:
        score: it; wanted: accuracy that was asked for; least: the one that holds, with this `confidence`, on rows like
            those of validation.
    """

    score: float
    wanted: float
    confidence: float
    least: float
    validation: Covered
    test: Covered


class Calibration(Record):
    """What a model's folder says of its probabilities.

    Attributes:
        run: whose model it is for; model: hash of all that its answers depend on; content: of the rows.
    """

    run: str
    model: str
    content: str
    temperature: Temperature
    cuts: Cuts | None = None
    certain: Certain | None = None

    @property
    def scale(self) -> float:
        """The temperature that is used."""
        return self.temperature.value if self.temperature.applied else 1.0

    @property
    def mark(self) -> str:
        """Hash of all that bears on answers; empty where nothing does."""
        cuts = self.cuts
        bears = [
            self.scale, {} if cuts is None else cuts.classes, [] if cuts is None else cuts.costs,
            None if self.certain is None else self.certain.score,
        ]  # fmt: skip
        return "" if bears == [1.0, {}, [], None] else content_id(bears, 8)


def read_calibration(folder: Path) -> Calibration | None:
    """That of a model's folder; None without one.

    Raises:
        BookError: `file.damaged`, `file.newer`.
    """
    path = folder / CALIBRATION
    found: Calibration | None = read_json(Calibration, path) if path.is_file() else None
    return found


def bundle_name(name: str, model: Path) -> str:
    """What the folder of a bundle of a model is called: one of its own for each calibration, so that none is older than
    what it was made of. Raises as `read_calibration`."""
    found = read_calibration(model)
    return f"{name}-{found.mark}" if found is not None and found.mark else name


__all__ = [
    "Calibrates", "Calibration", "Certain", "Chances", "Change", "Covered", "Cuts", "Temperature", "bundle_name",
    "read_calibration",
]  # fmt: skip
