"""Write down what happens during a run (metrics.jsonl, progress, trackers), tell watchers, stop what cannot go on."""

from __future__ import annotations

import json
import math
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from tunebook.core.errors import MachineError, RunError
from tunebook.core.folders import read_history
from tunebook.core.progress import Looks, Progress
from tunebook.core.signals import hear_again
from tunebook.engine.ranks import any_of

if TYPE_CHECKING:
    from transformers import TrainerControl, TrainerState, TrainingArguments

SPREAD = "spread"  # among the scores of a look, of tasks that are `Spreads`
_FLAT, _FLAT_LOOKS = 1e-3, 3
_LEFT_OUT = {"total_flos", "train_runtime", "train_samples_per_second", "train_steps_per_second", "train_loss"}


class MetricsLog(TrainerCallback):  # type: ignore[misc]
    """Appends every log entry to metrics.jsonl and shows progress; stops a run whose loss is no number.

    Args:
        solved: a technique finds all by itself, so that the training ends after its first step.

    Entries: {"step", "epoch", "loss", "learning_rate", "grad_norm"} or {"step", "epoch", "eval_loss", "eval_..."}.
    """

    def __init__(self, path: Path, progress: Progress, solved: bool = False) -> None:
        self.path = path
        self.progress = progress
        self.solved = solved

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Forget what was logged after the checkpoint that the run goes on from."""
        if state.is_world_process_zero:
            kept = [entry for entry in read_history(self.path) if entry["step"] <= state.global_step]
            self.path.write_text("".join(json.dumps(entry) + "\n" for entry in kept), encoding="utf-8")
        self.progress.start("train", 1 if self.solved else state.max_steps, state.global_step)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """One step further."""
        self.progress.advance(1)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Write the entry down.

        Raises:
            RunError: `run.diverged`: the loss is NaN or infinite.
        """
        entry = {name: float(value) for name, value in (logs or {}).items() if name not in _LEFT_OUT}
        entry = {"step": state.global_step, "epoch": float(state.epoch or 0), **entry}
        if len(entry) > 2 and state.is_world_process_zero:
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(entry) + "\n")
        figures = {name: value for name, value in entry.items() if name not in ("step", "epoch")}
        self.progress.advance(0, **figures)
        for name in ("loss", "eval_loss"):
            if name in entry and not math.isfinite(entry[name]):
                raise RunError("run.diverged", key=name, value=entry[name], step=state.global_step)

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Nothing more to watch."""
        self.progress.finish()


class EarlyStop(TrainerCallback):  # type: ignore[misc]
    """Early stopping: so many looks in a row without a better score.

    It counts in the trainer's own history, which every checkpoint holds, so that a resumed run stops where the
    uninterrupted one would have stopped.
    """

    def __init__(self, metric: str, patience: int) -> None:
        self.metric = f"eval_{metric}"
        self.patience = patience

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Stop if the best score lies too far back."""
        scores = [entry[self.metric] for entry in state.log_history if self.metric in entry]
        best = max(range(len(scores)), key=lambda index: (scores[index], -index), default=0)
        if len(scores) - 1 - best >= self.patience:
            control.should_training_stop = True


class CollapseStop(TrainerCallback):  # type: ignore[misc]
    """Stops a training that tells nothing apart at several looks in a row.

    It counts in the trainer's own history, as `EarlyStop` does.
    """

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Look at the last few looks.

        Raises:
            RunError: `run.collapsed`.
        """
        spreads = [entry[f"eval_{SPREAD}"] for entry in state.log_history if f"eval_{SPREAD}" in entry]
        last = spreads[-_FLAT_LOOKS:]
        if len(last) == _FLAT_LOOKS and all(spread < _FLAT for spread in last):
            raise RunError("run.collapsed", key="learning_rate", value=float(f"{last[-1]:.1g}"), looks=_FLAT_LOOKS)


_ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupt(TrainerCallback):  # type: ignore[misc]
    """Ctrl-C, a polite kill, or a terminal that is gone ends the run after the current step, with a checkpoint.

    A second one ends it at once. Of several processes it is enough that one is asked: all stop after the same step.

    Attributes:
        asked: the run is to end; all processes know.
    """

    def __init__(self) -> None:
        self.asked = False
        self._heard = 0  # the signal by this very process: the others' must not make its first one a second
        self._before: dict[int, Any] = {}

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Listen to the signals, where this is the main thread."""
        if threading.current_thread() is threading.main_thread():
            heard = [number for number in _ASKING if signal.getsignal(number) is not signal.SIG_IGN]  # as of `nohup`
            self._before = {number: signal.signal(number, self._ask) for number in heard}

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._heard:
            raise KeyboardInterrupt
        self._heard = number

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Save and stop if any process was asked to."""
        self.asked = any_of(bool(self._heard))
        if self.asked:
            control.should_save = True
            control.should_training_stop = True

    def release(self) -> None:
        """Give the signals back."""
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before = {}

    def pass_on(self) -> None:
        """Let whoever listens now hear the signal that came after the last step, when nothing was left to stop.

        Raises:
            KeyboardInterrupt: there was one.
        """
        if self._heard and not self.asked:
            hear_again(self._heard)


def trackers(names: list[str], folder: Path, run: str) -> list[TrainerCallback]:
    """Callbacks of the trackers asked for: tensorboard, wandb, mlflow.

    Raises:
        MachineError: a tracker's package is not installed.
        RunError: a tracker that Tunebook does not know.
    """
    return [_tracker(name, folder, run) for name in names]


def _tracker(name: str, folder: Path, run: str) -> TrainerCallback:
    import os

    from transformers import integrations

    known = {"tensorboard": "train", "wandb": "track", "mlflow": "track"}
    if name not in known:
        raise RunError("run.tracker", key="--track", value=name, allowed=" | ".join(known))
    if not getattr(integrations, f"is_{name}_available")():
        raise MachineError("machine.extra", key=name, extra=known[name])
    if name == "tensorboard":
        from torch.utils.tensorboard import SummaryWriter

        return integrations.TensorBoardCallback(tb_writer=SummaryWriter(str(folder / "tensorboard")))
    if name == "wandb":
        os.environ.setdefault("WANDB_PROJECT", "tunebook")
        os.environ.setdefault("WANDB_DIR", str(folder))
        os.environ.setdefault("WANDB_NAME", run)
        return integrations.WandbCallback()
    os.environ.setdefault("MLFLOW_EXPERIMENT_NAME", "tunebook")
    os.environ.setdefault("MLFLOW_TRACKING_URI", f"sqlite:///{folder.parent.parent / 'mlflow.db'}")
    return integrations.MLflowCallback()


class Watch(TrainerCallback):  # type: ignore[misc]
    """Passes the scores of each look on; what the watcher raises ends the run.

    A run that goes on from a checkpoint first tells of the looks before it, so that its watcher sees the same as the
    watcher of an uninterrupted run.
    """

    def __init__(self, watcher: Looks) -> None:
        self.watcher = watcher

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """The looks of an earlier attempt, from the history that its checkpoint holds."""
        for entry in state.log_history:
            self._tell(entry)

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """The look that was just logged."""
        self._tell(state.log_history[-1])

    def _tell(self, entry: dict[str, Any]) -> None:
        scores = {name[5:]: float(value) for name, value in entry.items() if name.startswith("eval_")}
        if scores:
            self.watcher.look(int(entry["step"]), scores)


__all__ = ["SPREAD", "CollapseStop", "EarlyStop", "Interrupt", "MetricsLog", "Watch", "read_history", "trackers"]
