"""Short trainings that leave nothing behind: a rate that rises from step to step, a few steps of the longest rows."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from transformers import TrainerCallback

from tunebook.core.errors import RunError
from tunebook.engine.fit import Fit
from tunebook.engine.machine import peak_bytes, reset_peak

if TYPE_CHECKING:
    from transformers import TrainerControl, TrainerState, TrainingArguments

_KEEP = 0.9  # share of the smoothed loss that a step leaves as it was
_TOO_HIGH = 4.0  # times its lowest value: the loss has left the ground


class NoEvaluation(TrainerCallback):  # type: ignore[misc]
    """No look at the validation rows and no checkpoint, whatever the settings say."""

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """After each step."""
        control.should_evaluate = control.should_save = False

    def on_epoch_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """After each epoch."""
        control.should_evaluate = control.should_save = False


class Ramp(TrainerCallback):  # type: ignore[misc]
    """A learning rate that rises exponentially, until the loss leaves the ground.

    Args:
        low, high: rate of the first and of the last of `steps` steps.

    Attributes:
        rates, losses: of each step taken; `smooth` the losses as a moving average without its bias to 0.
    """

    def __init__(self, low: float, high: float, steps: int) -> None:
        self.low, self.high, self.steps = low, high, steps
        self.rates: list[float] = []
        self.losses: list[float] = []
        self.smooth: list[float] = []
        self._average = 0.0
        self._shares: list[float] = []

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, optimizer: Any = None, **_: Any
    ) -> None:
        """Groups with a rate of their own keep their share of it."""
        self._shares = [group["lr"] / args.learning_rate for group in optimizer.param_groups]

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, optimizer: Any = None, **_: Any
    ) -> None:
        """Set the rate of this step."""
        rate = self.low * (self.high / self.low) ** (state.global_step / (self.steps - 1))
        self.rates.append(rate)
        for group, share in zip(optimizer.param_groups, self._shares, strict=True):
            group["lr"] = rate * share

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Note the loss of a step, and stop where it is no longer worth going on."""
        if "loss" not in (logs or {}) or len(self.losses) == self.steps:
            return
        loss = float(logs["loss"])  # type: ignore[index]
        self.losses.append(loss)
        self._average = _KEEP * self._average + (1 - _KEEP) * loss
        self.smooth.append(self._average / (1 - _KEEP ** len(self.losses)))
        if not math.isfinite(loss) or self.smooth[-1] > _TOO_HIGH * min(self.smooth):
            control.should_training_stop = True


def run_ramp(training: Fit, ramp: Ramp) -> Ramp:
    """Train with the rising rate; a loss that is no number ends it early."""
    trainer = training.prepare()
    trainer.args.logging_steps = 1
    trainer.add_callback(NoEvaluation())
    trainer.add_callback(ramp)
    try:
        trainer.train()
    except RunError as error:
        if error.code != "run.diverged":
            raise
    taken = len(ramp.losses)
    ramp.rates = ramp.rates[:taken]
    return ramp


def peak_of(training: Fit, batch_size: int) -> int:
    """Peak memory in bytes of training on the longest rows there are, so many at once.

    Args:
        training: of a plan of this batch size, without accumulation.
    """
    longest = np.argsort(-training.view.rows.lengths, kind="stable")
    rows = np.resize(longest, batch_size * training.plan.estimate.steps)
    training.view = replace(training.view, order=lambda epoch: rows)
    reset_peak()
    trainer = training.prepare()
    trainer.add_callback(NoEvaluation())
    trainer.train()
    return peak_bytes()


__all__ = ["NoEvaluation", "Ramp", "peak_of", "run_ramp"]
