"""The seam: techniques are woven into transformers' Trainer here, and the scale of the loss is owned here.

The stock Trainer multiplies loss and gradient by the number of accumulation steps and of processes for most
classification heads (huggingface/transformers#47688). Here a loss is a mean over the items of a micro-batch, and the
seam weighs it by the share that those items have in the whole step:

    loss = sum over micro-batches and processes of  mean_m * items_m / sum of items

so that the same rows give the same loss and gradient however they are split. With one micro-batch and one process the
share is 1 and the result equals the stock Trainer's bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, distributed, nn
from torch.utils.data import DataLoader
from transformers import Trainer, TrainerCallback
from transformers.trainer_utils import IntervalStrategy, rotate_checkpoints

from tunebook.core.technique import (
    Batch,
    Event,
    GroupsParams,
)
from tunebook.engine.weave import Weave
from tunebook.nets.parts import part_again, shared_out, whole, whole_in_files, whole_state

if TYPE_CHECKING:
    from transformers import TrainerControl, TrainerState, TrainingArguments

MORE = "tunebook.more"  # of a micro-batch of too many lines: the batches that it goes on with
_IDLE = "tunebook.idle"  # of a micro-batch: how many passes fewer it takes than that of another process
_CHECKPOINTS = 2  # the newest and the best; where they are one, also the one before
_NO_ITEMS = 1e-12  # a step of rows that all weigh nothing has the loss 0, not 0 / 0


class Events(TrainerCallback):  # type: ignore[misc]
    """Passes the trainer's moments on to the techniques."""

    def __init__(self, weave: Weave) -> None:
        self.weave = weave

    def _see(self, state: TrainerState, event: Event) -> None:
        run = self.weave.run
        run.step, run.epoch, run.total_steps = state.global_step, float(state.epoch or 0), state.max_steps
        self.weave.tell(event)

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Event `start`. The best checkpoint is that of this very folder, wherever it was when it was named; where it
        is gone, the looks from now on choose. (The trainer itself forgets its name in both cases, and not its score.)
        """
        if state.best_global_step:
            best = Path(args.output_dir) / f"checkpoint-{state.best_global_step}"
            state.best_model_checkpoint = str(best)
            if not best.is_dir():
                state.best_model_checkpoint = state.best_metric = state.best_global_step = None
        self._see(state, "start")

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Event `epoch`, but not again where a run goes on inside one; the rows get their order for it."""
        epoch = float(state.epoch or 0)
        if self.weave.loader is not None:
            kwargs["train_dataloader"].batch_sampler.set_epoch(int(epoch))
        if epoch.is_integer():
            self._see(state, "epoch")

    def on_pre_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Event `before_step`: gradients are clipped."""
        self._see(state, "before_step")

    def on_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Event `after_step`: parameters have moved, gradients are still there."""
        self._see(state, "after_step")

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """End a training that has nothing left to do, with a look, which the end of an epoch has by itself."""
        if self.weave.run.finished:
            control.should_training_stop = True
            if args.eval_strategy == IntervalStrategy.STEPS:
                control.should_evaluate = control.should_save = True

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Event `end`."""
        self._see(state, "end")

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Keep the techniques' state with the checkpoint, and of those before it, now that it is whole, the best.

        The trainer itself goes by the times of files, and deletes before the new one is whole.
        """
        self.weave.save(Path(args.output_dir) / f"checkpoint-{state.global_step}", write=state.is_world_process_zero)
        if state.is_world_process_zero:
            rotate_checkpoints(args.output_dir, _CHECKPOINTS, state.best_model_checkpoint)


class Seam:
    """Mixin that stands before any class of the Trainer family: `class Woven(Seam, Trainer)`.

    The one place where concrete methods of another class are overridden.
    """

    loss_is_scaled_for_ga = True  # by compute_loss, over the whole step

    if TYPE_CHECKING:
        model: nn.Module
        optimizer: Any
        args: Any
        accelerator: Any
        callback_handler: Any
        control: Any
        state: Any
        log: Callable[[dict[str, float]], None]

    def __init__(self, *args: Any, weave: Weave, **kwargs: Any) -> None:
        self.weave = weave
        self._idle = False
        super().__init__(*args, **kwargs)
        # So the trainer neither wraps a model whose parts own their places, nor asks it for gradients at the last pass.
        self.is_distributed_loading_by_transformers = shared_out(self.model) is not None
        weave.run.model = self.model
        weave.run.seed = self.args.seed
        self._loss = weave.woven()
        self.add_callback(Events(weave))  # type: ignore[attr-defined]

    def get_batch_samples(
        self, epoch_iterator: Iterator[Batch], num_batches: int, device: torch.device
    ) -> tuple[list[Batch], Tensor | None]:
        """The micro-batches of one step, and the number of items in all of them on all processes."""
        batches, _ = super().get_batch_samples(epoch_iterator, num_batches, device)  # type: ignore[misc]
        if not batches:
            return batches, None
        parts = [part for batch in batches for part in (batch, *batch.get(MORE, ()))]
        if shared_out(self.model) is not None:  # its weights come together only if all processes ask
            passes = torch.tensor([1 + len(batch.get(MORE, ())) for batch in batches])
            most = passes.clone()
            distributed.all_reduce(most, distributed.ReduceOp.MAX)
            for batch, idle in zip(batches, (most - passes).tolist(), strict=True):
                batch[_IDLE] = idle
        total = torch.stack([self.weave.items(part) for part in parts]).sum().to(device)
        if self.accelerator.num_processes > 1:
            total = self.accelerator.reduce(total, reduction="sum")
        return batches, total

    def compute_loss(
        self,
        model: nn.Module,
        inputs: Batch,
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """The woven loss, weighed by the share of its items in the step."""
        self.weave.run.training = model.training
        loss, outputs = self._loss(model, inputs) if model.training else self.weave.loss(model, inputs)
        if num_items_in_batch is not None and model.training:
            # Gradients are averaged over processes, hence their number.
            total = torch.as_tensor(num_items_in_batch).clamp_min(_NO_ITEMS)
            share = self.weave.items(inputs) * self.accelerator.num_processes / total
            loss = loss * (0.0 if self._idle else share.to(loss))
        return (loss, outputs) if return_outputs else loss

    def training_step(self, model: nn.Module, inputs: Batch, *args: Any, **kwargs: Any) -> Tensor:
        """The stock pass forth and back, of a micro-batch of several parts one for each; after the last of a step the
        event `gradients`: whole, and not clipped yet."""
        idle = inputs.pop(_IDLE, 0)
        parts: list[Batch] = [inputs, *inputs.pop(MORE, ())]
        stock: Callable[..., Tensor] = super().training_step  # type: ignore[misc]
        self._idle = True
        for _ in range(idle):  # as many passes as the others take, without weight
            stock(model, dict(parts[-1]), *args, **kwargs)
        self._idle = False
        with self.accelerator.no_sync(model):
            losses = [stock(model, part, *args, **kwargs) for part in parts[:-1]]
        loss = sum(losses, stock(model, parts[-1], *args, **kwargs))
        if self.accelerator.sync_gradients:
            self.weave.run.step = self.state.global_step
            self.weave.tell("gradients")
        return loss

    def get_train_dataloader(self) -> DataLoader[Any]:
        """The weave's batches, else the stock ones."""
        if self.weave.loader is None:
            stock: DataLoader[Any] = super().get_train_dataloader()  # type: ignore[misc]
            return stock
        return self.weave.loader()

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """The weave's scores, logged like the stock ones."""
        if self.weave.score is None:
            stock: dict[str, float] = super().evaluate(*args, **kwargs)  # type: ignore[misc]
            return stock
        with self.weave.scoring():
            metrics = self.weave.score(self.model)
        self._look(metrics)
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _look(self, metrics: dict[str, float]) -> None:
        """Tell the techniques what was seen."""
        wanted = self.args.metric_for_best_model
        before = [entry[wanted] for entry in self.state.log_history if wanted in entry]
        self.weave.run.step = self.state.global_step
        self.weave.run.scores = {name.removeprefix("eval_"): value for name, value in metrics.items()}
        self.weave.run.best = wanted not in metrics or metrics[wanted] > max(before, default=-math.inf)
        self.weave.tell("look")

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        """The stock way, where the checkpoint is whole."""
        if not self.weave.put_back(Path(resume_from_checkpoint)):
            super()._load_from_checkpoint(resume_from_checkpoint, model)  # type: ignore[misc]

    def _load_best_model(self) -> None:
        """As `_load_from_checkpoint`."""
        if not self.weave.put_back(Path(self.state.best_model_checkpoint)):
            super()._load_best_model()  # type: ignore[misc]

    def _move_model_to_device(self, model: nn.Module, device: torch.device) -> None:
        """The stock way, but for a model whose parts are in their places."""
        if shared_out(model) is None:
            super()._move_model_to_device(model, device)  # type: ignore[misc]

    def _defer_fsdp_gradient_reduction(self) -> AbstractContextManager[None]:
        """Gradients go to the owners of their parts in each pass: none is held whole."""
        return nullcontext()

    def _get_grad_norm(self, model: nn.Module, grad_norm: Any = None) -> Any:
        """The norm of the whole gradient."""
        return whole(super()._get_grad_norm(model, grad_norm))  # type: ignore[misc]

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Tensor] | None = None) -> None:
        """The stock way, of a shared out model with whole weights, which the first process writes; of one with frozen
        layers what is above them, for a checkpoint has no need of a copy of the base model."""
        if shared_out(self.model) is not None:
            state_dict = whole_state(self.model, keep=self.args.should_save)
            if not self.args.should_save:
                return
        elif output_dir is not None and self.weave.write_above(Path(output_dir)):
            return
        super()._save(output_dir, state_dict)  # type: ignore[misc]

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        """The stock way, with whole states."""
        with self._whole_in_files():
            super()._save_optimizer_and_scheduler(output_dir)  # type: ignore[misc]

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        """The stock way, of a shared out model with its own parts of whole states."""
        with self._whole_in_files():
            super()._load_optimizer_and_scheduler(checkpoint)  # type: ignore[misc]

    def _whole_in_files(self) -> AbstractContextManager[None]:
        in_parts = shared_out(self.model) is not None
        return whole_in_files(self.optimizer, keep=self.args.should_save) if in_parts else nullcontext()

    def create_optimizer(self, model: nn.Module | None = None) -> Any:
        """The stock optimiser, unless a technique has its own groups."""
        of = self.model if model is None else model
        part_again(of)  # what it is to move are the parts
        if self.optimizer is not None or not any(isinstance(item, GroupsParams) for item in self.weave.techniques):
            self.weave.run.optimizer = super().create_optimizer(model)  # type: ignore[misc]
            return self.weave.run.optimizer
        kind, options = self.get_optimizer_cls_and_kwargs(self.args, of)  # type: ignore[attr-defined]
        decayed = set(self.get_decay_parameter_names(of))  # type: ignore[attr-defined]
        groups = []
        for decays in (True, False):
            chosen = [(n, p) for n, p in of.named_parameters() if p.requires_grad and (n in decayed) == decays]
            groups.append(
                {
                    "params": [p for _, p in chosen],
                    "names": [n for n, _ in chosen],
                    "weight_decay": self.args.weight_decay if decays else 0.0,
                    "lr": options["lr"],
                }
            )
        woven = [{k: v for k, v in group.items() if k != "names"} for group in self.weave.groups(groups)]
        self.optimizer = kind(woven, **options)
        self.weave.run.optimizer = self.optimizer
        return self.optimizer


class WovenTrainer(Seam, Trainer):  # type: ignore[misc]
    """transformers' Trainer with the seam."""


__all__ = ["Events", "Seam", "WovenTrainer"]
