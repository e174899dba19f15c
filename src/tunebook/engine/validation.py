"""The validation rows of a training: what a model is worth on them, and its looks at them, kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import nn
from transformers import TrainerCallback

from tunebook.core.chooses import Chooses
from tunebook.core.encoded import Encoded
from tunebook.core.kept_looks import FOLDER, KeptLook, KeptLooks, Rule, rows_key
from tunebook.core.nouns import Labels, Plan
from tunebook.core.task import Criterion, Spreads, Task
from tunebook.core.technique import RunContext
from tunebook.core.writes import Writes
from tunebook.engine.infer import Inference, Outputs
from tunebook.engine.material import Material
from tunebook.engine.outcome import complete_checkpoints, step_of
from tunebook.engine.track import SPREAD
from tunebook.engine.weave import Weave
from tunebook.nets.averages import Keeps, KeepsAverage

if TYPE_CHECKING:
    from transformers import TrainerControl, TrainerState, TrainingArguments


Write = Callable[[nn.Module, NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True)
class Validation:
    """Rows that a model is scored on while it is trained.

    Attributes:
        inference: how it is run over them.
        criterion: gives the loss of the rows as they are now.
        metric: the score that chooses the checkpoint; folds: of each row, shape (N,).
        write: adds to answers what a model writes itself, where that score is about it; None where nothing is written.
    """

    inference: Inference
    rows: Encoded
    criterion: Callable[[], Criterion]
    labels: Labels
    metric: str
    folds: NDArray[np.int64]
    write: Write | None = None

    @property
    def task(self) -> Task:
        """That of the training."""
        return self.inference.task

    def answers(self, model: nn.Module) -> NDArray[np.float32]:
        """What a model answers, shape (N, outputs)."""
        return self.outputs(model).logits

    def outputs(self, model: nn.Module) -> Outputs:
        """What a model answers, and its loss."""
        found = self.inference.run(model, self.rows, self.criterion())
        return found if self.write is None else replace(found, logits=self.write(model, found.logits))

    def scores(self, outputs: Outputs) -> dict[str, float]:
        """Scores of what a model answered, under the names that the trainer expects."""
        found = self.task.scores(outputs.logits, self.rows.targets, self.labels)
        found |= {SPREAD: self.task.spread(outputs.logits)} if isinstance(self.task, Spreads) else {}
        if isinstance(self.task, Writes) and self.write is None:
            found = {name: value for name, value in found.items() if not self.task.needs_texts(self.labels, name)}
        return {"eval_loss": outputs.loss or 0.0, **{f"eval_{name}": value for name, value in found.items()}}

    def score(self, model: nn.Module) -> dict[str, float]:
        """Scores of a model."""
        return self.scores(self.outputs(model))

    def off(self, logits: NDArray[np.float32]) -> tuple[float, ...]:
        """The metric that chooses, on the rows outside of each fold."""
        score = self.task.scorer(logits, self.rows.targets, self.labels, self.metric)
        return tuple(score(np.flatnonzero(self.folds != fold)) for fold in range(int(self.folds.max()) + 1))


def writer_of(task: Task, material: Material, plan: Plan) -> Write | None:
    """What adds the texts that a model writes to its answers to the validation rows, where the score that chooses the
    checkpoint is about them; None where nothing is written."""
    rows = material.rows
    if rows is None or not isinstance(task, Writes) or not task.needs_texts(plan.labels, plan.params.metric):
        return None

    def write(model: nn.Module, read: NDArray[np.float32]) -> NDArray[np.float32]:
        return task.written(model, material.tokenizer, rows, plan.params).beside(read)

    return write


def choose(model: nn.Module, validation: Validation) -> None:
    """Let a task choose by the validation rows what a trained model is to keep, in this process alone."""
    if isinstance(validation.task, Chooses):
        alone = replace(validation.inference, rank=0, processes=1)
        validation.task.chosen(model, alone.run(model, validation.rows).logits, validation.rows.targets)


class LookKeeper(TrainerCallback):  # type: ignore[misc]
    """Keeps what each look of a training answered in its folder; see `tunebook.core.kept_looks`.

    Args:
        folder: the run's folder.
        rule: which look's weights the run keeps.
        averager: makes the run's model of several looks; None where it is that of a look.
    """

    def __init__(
        self, validation: Validation, folder: Path, rule: Rule, run: RunContext, averager: KeepsAverage | None
    ) -> None:
        self.validation = validation
        self.folder = folder
        self.run, self.averager = run, averager
        self.looks = KeptLooks(folder / FOLDER, rule, rows_key(validation.rows.targets))
        self._seen: NDArray[np.float32] | None = None

    def score(self, model: nn.Module) -> dict[str, float]:
        """Scores of a model at a look, whose answers are remembered until its step is known."""
        outputs = self.validation.outputs(model)
        self._seen = outputs.logits
        return self.validation.scores(outputs)

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Forget the looks after the checkpoint that the run goes on from; all of them where the best one's is gone,
        since from now on the run chooses anew."""
        if state.is_world_process_zero:
            before = KeptLooks.read(self.folder)
            if before is not None and before.rows == self.looks.rows:
                self.looks = before
            until = state.global_step if state.best_model_checkpoint else 0
            self.looks = self.looks.begun(self.validation.folds, until)

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float],
        **_: Any,
    ) -> None:
        """Keep the look."""
        seen, self._seen = self._seen, None
        if seen is None or not (state.is_world_process_zero or self.averager):
            return
        off = self.validation.off(seen)
        if self.averager:
            self.averager.looked(off, self.run)
        if state.is_world_process_zero:
            look = KeptLook(state.global_step, metrics[f"eval_{self.validation.metric}"], off)
            self.looks = self.looks.with_look(look, seen)

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Delete what neither the run so far needs nor any of its checkpoints would."""
        if state.is_world_process_zero:
            self.looks.pruned(map(step_of, complete_checkpoints(self.folder)))

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Keep what a model made of several looks would answer."""
        answers = self.averager.crossed(self.run, self.validation) if self.averager else []
        if answers and state.is_world_process_zero:
            self.looks.cross(answers)


def keeper_of(plan: Plan, validation: Validation, weave: Weave, folder: Path) -> LookKeeper | None:
    """What keeps the looks of a training; None where no test could use them: a stage's looks, answers that are not one
    a row, and those of a model that is made of several looks by a technique that cannot say how."""
    keeping = next((item for item in weave.techniques if isinstance(item, Keeps)), None)
    rule: Rule = keeping.look_kept() if keeping else "best"
    averager = keeping if rule == "own" and isinstance(keeping, KeepsAverage) else None
    wanted = validation.task.same_at_looks(plan.labels) and not plan.stage and len(validation.rows) > 1
    return LookKeeper(validation, folder, rule, weave.run, averager) if wanted and (rule != "own" or averager) else None


__all__ = ["LookKeeper", "Validation", "Write", "choose", "keeper_of", "writer_of"]
