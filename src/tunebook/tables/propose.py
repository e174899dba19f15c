"""The first table of a book: values proposed from the data, the base model and the machine, each with its reason.

A rule is a function of the case that gives a value with a reason and its source. The rules are published practice and a
few measurements; the rows that no rule speaks of keep their declared defaults.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tunebook.core.messages import say
from tunebook.core.nouns import Labels, ParamTable
from tunebook.core.params import Value
from tunebook.tables.facts import Machine, ModelFacts
from tunebook.tables.make import new_table

FEW_ROWS = 2000
MANY_CLASSES = 20
FEW_STEPS = 300
MOST_EPOCHS = 20
IMBALANCE = 10.0
_USUAL_LENGTH = 128


@dataclass(frozen=True)
class Case:
    """What the rules look at.

    Attributes:
        stats: figures of the data; `tokens.p99` (length of a row in tokens) and `imbalance` (rows of the largest class
            to rows of the smallest) are used where they are there.
        rows: number of training rows.
    """

    stats: dict[str, Any]
    labels: Labels
    rows: int
    model: ModelFacts
    machine: Machine

    @property
    def classes(self) -> int:
        """Number of classes; 0 for a number to predict."""
        return len(self.labels.names)

    @property
    def tokens(self) -> int | None:
        """Tokens of all but the longest hundredth of the rows."""
        found = (self.stats.get("tokens") or {}).get("p99")
        return None if found is None else math.ceil(found)

    @property
    def length(self) -> int:
        """Tokens kept of a row: a multiple of 8 that holds 99 of 100 rows, as far as the model reads."""
        return min(8 * math.ceil(max(self.tokens or _USUAL_LENGTH, 8) / 8), self.model.max_positions)

    @property
    def batch(self) -> int:
        """Rows that one optimiser step should see."""
        return 16 if self.rows < FEW_ROWS else 32

    @property
    def fitting(self) -> int:
        """Rows of such a step that fit into memory at once: the batch, halved as often as needed."""
        batch = self.batch
        while batch > 1 and self.model.training_bytes(batch, self.length, half=self.machine.bf16) > self.machine.room:
            batch //= 2
        return batch

    @property
    def imbalance(self) -> float:
        """Rows of the largest class to rows of the smallest; 1 where that is unknown."""
        return float(self.stats.get("imbalance") or 1.0)

    @property
    def epochs(self) -> int:
        """Passes: 3, or 6 for many classes, and more where that would be few steps."""
        usual = 6 if self.classes >= MANY_CLASSES else 3
        steps = math.ceil(max(self.rows, 1) / self.batch)
        return max(usual, min(MOST_EPOCHS, math.ceil(FEW_STEPS / steps)))


@dataclass(frozen=True)
class Advice:
    """A value and why: the reason names its source."""

    value: Value
    reason: str


def propose(
    stats: dict[str, Any], labels: Labels, *, rows: int, task: str, model: ModelFacts, machine: Machine
) -> ParamTable:
    """A table whose proposed rows have the proposal as value and recommendation, and say why.

    Args:
        stats: figures of the data, see `Case`.
        rows: number of training rows.
        task: name of the task, for the table's note.
    """
    case = Case(stats, labels, rows, model, machine)
    advice = {name: found for name, rule in RULES.items() if (found := rule(case)) is not None}
    values = {name: item.value for name, item in advice.items()}
    return new_table(
        {"base_model": model.name, **values},
        recommended=values,
        reasons={name: item.reason for name, item in advice.items()},
        note=say("propose.note", task=task, rows=rows, classes=case.classes, model=model.name),
    )


def _learning_rate(case: Case) -> Advice:
    many = case.classes >= MANY_CLASSES
    if case.model.size == "small":
        return Advice(3e-4 if many else 1e-4, say("propose.rate_small", hidden=case.model.hidden))
    if case.model.size == "base":
        return Advice(5e-5 if many else 3e-5, say("propose.rate_base", hidden=case.model.hidden))
    return Advice(1e-5 if case.rows < FEW_ROWS else 2e-5, say("propose.rate_large", hidden=case.model.hidden))


def _max_epochs(case: Case) -> Advice:
    steps = case.epochs * math.ceil(max(case.rows, 1) / case.batch)
    if case.epochs > (6 if case.classes >= MANY_CLASSES else 3):
        return Advice(case.epochs, say("propose.epochs_few", rows=case.rows, steps=steps))
    if case.classes >= MANY_CLASSES:
        return Advice(case.epochs, say("propose.epochs_classes", classes=case.classes))
    return Advice(case.epochs, say("propose.epochs", steps=steps))


def _batch_size(case: Case) -> Advice:
    if case.fitting < case.batch:
        return Advice(case.fitting, say("propose.batch_memory", batch=case.batch, room=case.machine.room / 2**30))
    return Advice(case.batch, say("propose.batch", few=FEW_ROWS))


def _accumulation(case: Case) -> Advice | None:
    passes = case.batch // case.fitting
    return Advice(passes, say("propose.accumulation", batch=case.batch)) if passes > 1 else None


def _max_length(case: Case) -> Advice | None:
    if case.tokens is None:
        return None
    code = "propose.length_cut" if case.tokens > case.model.max_positions else "propose.length"
    return Advice(case.length, say(code, tokens=case.tokens, most=case.model.max_positions))


def _class_weights(case: Case) -> Advice | None:
    if case.labels.problem != "single_label":
        return None
    if case.imbalance >= IMBALANCE:
        return Advice("sqrt", say("propose.weights", ratio=case.imbalance))
    return Advice("none", say("propose.weights_none", ratio=case.imbalance))


def _patience(case: Case) -> Advice:
    return Advice(5 if case.epochs >= 10 else 3, say("propose.patience", epochs=case.epochs))


def _warmup(case: Case) -> Advice:
    return Advice(0.1, say("propose.warmup"))


def _scheduler(case: Case) -> Advice:
    return Advice("linear", say("propose.scheduler"))


def _smoothing(case: Case) -> Advice:
    return Advice(0.0, say("propose.smoothing"))


RULES: dict[str, Callable[[Case], Advice | None]] = {
    "learning_rate": _learning_rate,
    "max_epochs": _max_epochs,
    "batch_size": _batch_size,
    "gradient_accumulation_steps": _accumulation,
    "max_length": _max_length,
    "warmup_ratio": _warmup,
    "lr_scheduler": _scheduler,
    "label_smoothing": _smoothing,
    "class_weights": _class_weights,
    "early_stopping_patience": _patience,
}

__all__ = ["RULES", "Advice", "Case", "propose"]
