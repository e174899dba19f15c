"""Probabilities of a run on rows whose labels are known, and the temperature that makes them right."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.calibrates import Chances, Change, Temperature
from tunebook.core.errors import DataError
from tunebook.core.links import sigmoid, softmax
from tunebook.core.nouns import Interval, Labels
from tunebook.core.task import Task
from tunebook.stats import temperature as heat
from tunebook.stats.bootstrap import Units, folds_of
from tunebook.stats.calibration import Calibration
from tunebook.stats.influence import mean_interval
from tunebook.stats.intervals import of_calibration

Array = NDArray[Any]
LEAST = 30  # items, of which fewer tell nothing


@dataclass(frozen=True)
class Side:
    """What a run says of a split.

    Attributes:
        answers: shape (N, k); chances: of these, items M.
        groups: of each row, shape (N,); None where rows were drawn one by one.
    """

    task: Task
    labels: Labels
    rows: Rows
    answers: Array
    chances: Chances
    groups: NDArray[np.int64] | None

    @property
    def units(self) -> Units:
        """What was drawn of its rows."""
        return Units.of(len(self.rows), self.groups)

    @property
    def item_groups(self) -> NDArray[np.int64] | None:
        """Which items were drawn together, shape (M,); None where each stands for itself."""
        row = self.chances.row
        if self.groups is not None:
            return np.asarray(self.groups[row])
        return None if len(row) == len(self.rows) else row

    @cached_property
    def folds(self) -> NDArray[np.int64]:
        """The fold of each item, those of one group together."""
        return folds_of(len(self.rows), self.units.codes)[self.chances.row]

    def probabilities(self, temperature: float | Array = 1.0) -> Array:
        """Of each output of each item, (M, outputs), at one temperature or one of each item."""
        logits = self.chances.logits / np.reshape(temperature, (-1, 1))
        return sigmoid(logits) if self.chances.link == "sigmoid" else softmax(logits)

    def losses(self, temperature: float | Array = 1.0) -> Array:
        """Log loss of each item."""
        return heat.losses(self.chances.logits, self.chances.targets, self.chances.link, temperature)

    def error(self, temperature: float | Array = 1.0) -> Interval:
        """Expected calibration error."""
        given, true = self.probabilities(temperature), self.chances.targets
        several = self.chances.link == "sigmoid"
        confidence = given if several else given.max(1, keepdims=True)
        right = true > 0 if several else (given.argmax(1) == true)[:, None]
        found = of_calibration(Calibration(confidence, right), self.item_groups)
        assert found is not None  # logits that are no numbers are refused
        return found

    def figures(self, temperature: float | Array) -> dict[str, Change]:
        """Calibration error and log loss, before and after."""
        units = Units.of(len(self.chances.row), self.item_groups)
        loss = [mean_interval(self.losses(value), units) for value in (1.0, temperature)]
        error = [self.error(value) for value in (1.0, temperature)]
        return {"ece": Change(before=error[0], after=error[1]), "log_loss": Change(before=loss[0], after=loss[1])}


def check(side: Side, split: str) -> None:
    """Refuse rows that tell nothing.

    Raises:
        DataError: `calibrate.few`, too few items; `calibrate.no_numbers`, the model's outputs are no numbers.
    """
    if len(side.chances.row) < LEAST:
        raise DataError("calibrate.few", key=split, value=len(side.chances.row), allowed=f">= {LEAST}")
    if not np.isfinite(side.chances.logits).all():
        raise DataError("calibrate.no_numbers", key=split, value="NaN")


def temperature_of(valid: Side, test: Side) -> tuple[Temperature, Array]:
    """The temperature of all validation rows with what it is worth, and that of each validation item by the rows of the
    other folds, shape (M,), both 1 where it is not used.

    It is not used where the loss of the folds that had no say in it would not fall, and where the rows do not tell how
    sure the model may be: then the loss falls without an end, as where all answers are right.
    """
    chances = valid.chances
    value = heat.fit(chances.logits, chances.targets, chances.link)
    each = heat.crossed(chances.logits, chances.targets, chances.link, valid.folds)
    gain = mean_interval(valid.losses() - valid.losses(each), Units.of(len(chances.row), valid.item_groups))
    applied = gain.value > 0 and not heat.at_end(value)
    found = Temperature(
        value=value,
        applied=applied,
        gain=gain,
        validation=valid.figures(each),
        test=test.figures(value),
        items=[len(chances.row), len(test.chances.row)],
    )
    return found, each if applied else np.ones(len(each))


__all__ = ["LEAST", "Side", "check", "temperature_of"]
