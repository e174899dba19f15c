"""Tell a watcher of every look at the validation rows, so that it can stop a hopeless run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from tunebook.core.progress import Looks

if TYPE_CHECKING:
    from transformers import TrainerControl, TrainerState, TrainingArguments


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


__all__ = ["Watch"]
