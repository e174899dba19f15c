"""From a plan and tokenised rows to a trained model: build, run, resume, keep the best."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader
from transformers import PrinterCallback, TrainerCallback, set_seed
from transformers.utils.logging import disable_progress_bar

from tunebook.core.encoded import Encoded
from tunebook.core.errors import RunError
from tunebook.core.nouns import Plan
from tunebook.core.progress import Looks, Progress, Silent
from tunebook.core.registry import tasks
from tunebook.core.task import Criterion, Draws, Mates, Measures
from tunebook.core.technique import RunContext, Technique, View
from tunebook.engine.arguments import training_arguments
from tunebook.engine.batching import RowNumbers, StepSampler, parts_of
from tunebook.engine.continual import build_model, write_kept
from tunebook.engine.failures import explained
from tunebook.engine.frozen import Texts
from tunebook.engine.infer import Inference
from tunebook.engine.last_layer import lighter
from tunebook.engine.learnable import learnable, places
from tunebook.engine.lines import unpadded
from tunebook.engine.machine import keep_memory, pick_precision, reset_peak
from tunebook.engine.material import Material
from tunebook.engine.outcome import Clock, Outcome, outcome_of, prove, step_of
from tunebook.engine.ranks import processes, rank, shares_here
from tunebook.engine.schedule import check_steps
from tunebook.engine.seam import MORE, WovenTrainer
from tunebook.engine.several import put_together, several, share
from tunebook.engine.source import BookSource
from tunebook.engine.speedups import restore, tokens_in, trim
from tunebook.engine.stored import finish_folder, write_model
from tunebook.engine.track import CollapseStop, EarlyStop, Interrupt, MetricsLog, Watch
from tunebook.engine.validation import Validation, choose, keeper_of, writer_of
from tunebook.engine.weave import Weave, unit_at, woven
from tunebook.models.heads import covers
from tunebook.nets.attention import use_fast_dropout
from tunebook.nets.heads import exact, plain, unit_of
from tunebook.stats.bootstrap import folds_of
from tunebook.tables.rules import planned_steps


class Fit:
    """One training: everything that the plan says, made ready.

    Args:
        plan: the run's plan.
        material: what it trains on.
        folder: the run's folder; checkpoints go to `checkpoints/`, the model to `model/`.
        progress: who watches; one that has `look` is told the scores of each look, and may raise to end the run.
        callbacks: further trainer callbacks, such as trackers.
    """

    def __init__(
        self,
        plan: Plan,
        material: Material,
        folder: Path,
        *,
        progress: Progress | None = None,
        callbacks: Sequence[TrainerCallback] = (),
    ) -> None:
        self.plan, self.params = plan, plan.params
        self.material, self.folder, self.callbacks = material, folder, callbacks
        self.progress, self.interrupt = progress or Silent(), Interrupt()
        self.precision, self.task = pick_precision(self.params.precision), tasks()[plan.task]()
        self.context = RunContext(
            seed=plan.seed, gives=self.task.gives, settings=self.params, labels=plan.labels, source=self._source(),
            head_kept=covers(plan.head, plan.labels),
        )  # fmt: skip
        lost = sum(self.task.unsaid(rows) for rows in (material.train, material.validation))
        self.context.counters |= {plan.task: {"unsaid": float(lost)}} if lost else {}
        self.woven: list[Technique] = woven(plan)
        numbered = material.train.with_fixed(row=np.arange(len(material.train)))
        self.kept = learnable(numbered, self.task, plan.labels, self.context)
        self.view = Weave(self.woven, run=self.context).data(View(self.kept))
        self.validation = self._drawn(material.validation, (0,))  # the same for every seed, so that runs compare
        self.criterion: Criterion = self.task.criterion(plan.labels, self.params, self.view.rows)
        self._measure(unit_of(material.train.targets) if isinstance(self.criterion, Measures) else 1.0)

    def _measure(self, unit: float) -> None:
        """Learn numbers in a unit that makes them vary by about 1, or, going on, in that of the run so far."""
        if isinstance(self.criterion, Measures):
            self.criterion = self.criterion.measured(unit)
        self.context.criterion = self.criterion

    def _drawn(self, rows: Encoded, seed: Sequence[int]) -> Encoded:
        """Rows as they are trained on, whose targets some tasks draw at random."""
        if not isinstance(self.task, Draws):
            return rows
        drawn = self.task.drawn(rows, self.material.tokenizer, self.params, seed)
        self.context.noted(self.task.key, tokens=len(drawn.flat["input_ids"]), targets=int((drawn.targets >= 0).sum()))
        return drawn

    def _source(self) -> BookSource:
        return BookSource(
            *(self.plan, self.task, self.material.tokenizer, self.material.train),
            scorer=lambda model: self.scorer()(model),
            device=self._device,
            model=lambda: self.context.model,
            progress=self.progress,
        )

    def _device(self) -> torch.device:
        """Of the model; before there is one, that which it will be on."""
        if self.context.model is None:
            return torch.device("cuda" if torch.cuda.is_available() else "cpu")
        device: torch.device = next(self.context.model.parameters()).device
        return device

    def run(self, resume: Path | None = None) -> Outcome:
        """Train, keep the best model in `folder/model`, and say how it went.

        Raises:
            RunError: it diverged, was interrupted, or a technique never acted.
            MachineError: memory or disk ran out.
        """
        reset_peak()
        clock = Clock.start()
        if resume is not None:
            self._measure(unit_at(resume))
        trainer = self.prepare()
        trainer.add_callback(self.interrupt)
        if resume is not None:
            trainer.weave.load(resume)
        try:
            with explained(self.params, self.folder), lighter(trainer, self.texts):
                trainer.train(resume_from_checkpoint=str(resume) if resume else None)
        finally:
            self.interrupt.release()
        if self.interrupt.asked:
            raise RunError("run.interrupted", key=self.folder.name, value=trainer.state.global_step)
        self.keep(trainer)
        prove(trainer.weave)
        return outcome_of(trainer, self.folder, self.precision, begun=step_of(resume), taken=clock.since())

    @property
    def texts(self) -> Texts:
        """What is read again and again."""
        return Texts(self._validation().inference, self.view, self.validation, self.material, self.progress)

    def prepare(self) -> WovenTrainer:
        """The trainer, ready to train: model, techniques, settings."""
        with several(self.plan, self.task, self.woven, self.precision) as shards:
            keep_memory()
            disable_progress_bar()
            set_seed(self.plan.seed)
            weave = self.weave()
            model = build_model(self.task, self.material.model_folder, self.plan)
            if "head" in self.task.gives and (self.precision != "fp32" or self.criterion.unit != 1):
                fresh = self.plan.continues is None and not (self.plan.head and self.plan.head.number)
                exact(model, self.plan.labels.outputs, self.criterion.unit, fresh=fresh)
            model = weave.model(model)
            self._lighten(model, weave)
            share(model, shards)
            trainer = self.trainer(model, weave)
            pad = self.material.tokenizer.pad_token_id
            self.criterion = self.context.criterion = unpadded(self.criterion, self.task, self.view.rows, pad, weave)
        return trainer

    def _lighten(self, model: Any, weave: Weave) -> None:
        """Make training cheaper without changing what it computes."""
        if self.params.gradient_checkpointing:  # re-entrant checkpointing refuses torch.autograd.grad
            model.gradient_checkpointing_enable({"use_reentrant": False})
        if not torch.cuda.is_available():
            use_fast_dropout(model)
        linear = self.params.optimizer != "adafactor"  # weight decay multiplies; adafactor looks at whole columns
        drawn = isinstance(self.task, Draws) or writer_of(self.task, self.material, self.plan) is not None
        whole = drawn or any(technique.whole_vocabulary for technique in weave.techniques)
        if linear and not whole:
            beside = [self.material.beside.rows] if self.material.beside else []
            every = [self.material.train] * (len(self.kept) < len(self.material.train))  # some may ask about all
            rows = [self.view.rows, *every, self.validation, *beside, *self._past(weave)]
            trim(model, tokens_in(rows, self.material.tokenizer.all_special_ids))

    def _past(self, weave: Weave) -> list[Encoded]:
        """Rows of the runs before, where a technique asks the model about them."""
        wanted = any("past" in technique.needs for technique in weave.techniques)
        past = self.context.source.past if wanted and self.context.source is not None else None
        return [] if past is None else [past]

    def weave(self) -> Weave:
        """The plan's techniques around the task's loss."""
        return Weave(self.woven, lambda *of: self.criterion.loss(*of), self.criterion.items, run=self.context)

    def trainer(self, model: Any, weave: Weave) -> WovenTrainer:
        """The trainer with the plan's settings."""
        sampler = self._sampler()
        args = training_arguments(self.plan, self.folder, self.precision, sampler.shares)
        numbers = RowNumbers(sampler.rows)
        pad = self.material.tokenizer.pad_token_id

        @lru_cache(1)
        def seen(epoch: int) -> Encoded:
            rows, shown, seed = self.view.rows, self.view.shown, (self.plan.seed, epoch)
            rows = shown(rows, epoch) if shown else rows
            rows = self.task.mated(rows, self.plan.labels, seed) if isinstance(self.task, Mates) else rows
            return self._drawn(rows, seed)

        whole = self.task.whole(self.plan.labels, self.params)  # rows that are compared stay together
        size, tokens = (sys.maxsize, None) if whole else (self.params.batch_size, self.params.tokens_at_once)
        lengths, lines = self.view.rows.lengths, self.task.lines(self.view.rows)

        def batch(rows: list[int]) -> dict[str, Any]:
            parts = parts_of(rows, lengths, lines, size, tokens, self.criterion.padded)
            first, *more = (self.task.collate(seen(sampler.epoch), part, pad) for part in parts)
            return {**first, MORE: more} if more else first

        weave.loader = lambda: DataLoader(numbers, batch_sampler=sampler, collate_fn=batch)
        keeper = keeper_of(self.plan, self._validation(), weave, self.folder)
        weave.score = keeper.score if keeper else self.scorer()
        trainer = WovenTrainer(
            model=model, args=args, train_dataset=numbers, eval_dataset=numbers, weave=weave,
            callbacks=[
                MetricsLog(self.folder / "metrics.jsonl", self.progress, any(item.solves for item in weave.techniques)),
                *([EarlyStop(self.metric, most)] if (most := self.params.early_stopping_patience) is not None else []),
                CollapseStop(),
                *([Watch(self.progress)] if isinstance(self.progress, Looks) else []),
                *self.callbacks,
            ],
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        if keeper:  # after the seam, which says on a resume whether the best checkpoint is still there
            trainer.add_callback(keeper)
        return trainer

    def _sampler(self) -> StepSampler:
        """The rows of each step.

        Raises:
            PlanError: techniques left so few rows that warm-up or the first look would never end.
        """
        rows, whole = self.view.rows, len(self.material.train)
        sampler = StepSampler(
            rows.lengths, shares_here(self.params), seed=self.plan.seed, order=self.view.order,
            bucketed=self.params.length_bucketing == "on", places=places(rows, len(self.kept), whole),
        )  # fmt: skip
        if sampler.rows != whole:
            check_steps(self.params, planned_steps(self.params, sampler.rows))
        return sampler

    def scorer(self) -> Any:
        """Scores of a model on the validation rows, under the names that the trainer expects."""
        return self._validation().score

    def _validation(self) -> Validation:
        batch, pad = max(2 * self.params.batch_size, 32), self.material.tokenizer.pad_token_id
        beside = self.material.beside
        inference = Inference(self.task, pad, batch, self.precision, rank(), processes(), beside=beside)
        folds = folds_of(len(self.validation), self.material.groups)
        how = (self.plan.labels, self.metric, folds, writer_of(self.task, self.material, self.plan))
        return Validation(inference, self.validation, lambda: self.criterion, *how)

    @property
    def metric(self) -> str:
        """The score that chooses the checkpoint."""
        return self.params.metric

    def keep(self, trainer: WovenTrainer) -> None:
        """Write the trainer's model and its tokenizer into `folder/model`, whole or not at all."""
        put_together(trainer.model, self.context)
        if not trainer.is_world_process_zero():
            return
        part, kept = self.folder / "model.part", self.folder / "model"
        for left in (part, kept):  # by an attempt that failed before the run was finished
            shutil.rmtree(left, ignore_errors=True)
        model: Any = trainer.accelerator.unwrap_model(trainer.model)
        write_kept(self.folder, trainer.weave.run.keeps, model, self.plan)
        with trainer.weave.scoring():
            choose(model, self._validation())
            restore(model)
            plain(model)
            write_model(model, part, self.plan, delta=any(technique.delta for technique in self.woven))
        finish_folder(part, self.material.tokenizer, self.plan)
        part.replace(kept)


__all__ = ["Fit"]
