#!/usr/bin/env bash
# What:    `Trainer.train(resume_from_checkpoint=...)` of transformers where the best checkpoint so far is gone (it was
#          not copied along, or deleted for room): the warning says that it is ignored for this run, but its score is
#          not. No later look below that score is ever the best, `best_model_checkpoint` stays None, and with
#          `load_best_model_at_end=True` the run keeps the weights of its last step, without a word at its end.
# Version: transformers 5.23.0, accelerate 1.15.0, torch 2.13.0
# Why:     the model that is kept is not the best of the looks since the resume (here 0.3 in place of 0.8). Here the
#          score is forgotten with the checkpoint, so that the looks from then on choose.
# Exits with 0 while this is so, else with 1. Needs only PyPI; works in a temporary folder.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
"$place/venv/bin/pip" install --quiet --disable-pip-version-check transformers==5.23.0 accelerate==1.15.0 numpy
cd "$place"
TMPDIR="$place" "$place/venv/bin/python" - <<'PYTHON'
import logging
import shutil
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from transformers import Trainer, TrainerCallback, TrainingArguments, set_seed


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.line = torch.nn.Linear(4, 1)

    def forward(self, x, labels):
        answer = self.line(x).squeeze(-1)
        return {"loss": torch.nn.functional.mse_loss(answer, labels), "logits": answer}


class Weights(TrainerCallback):
    """The weights after each step; stops after a given one, as a kill would."""

    def __init__(self, last):
        self.seen, self.last = {}, last

    def on_step_end(self, args, state, control, model=None, **_):
        self.seen[state.global_step] = model.line.weight.detach().clone()

    def on_save(self, args, state, control, **_):
        control.should_training_stop = state.global_step == self.last


SCORES = {1: 0.9, 2: 0.2, 3: 0.8, 4: 0.3}  # of the looks after steps 1 to 4


def train(folder, last, resume=None):
    set_seed(0)
    rows = [{"x": torch.randn(4), "labels": torch.randn(())} for _ in range(8)]
    args = TrainingArguments(
        output_dir=str(folder), max_steps=4, per_device_train_batch_size=2, learning_rate=0.1, report_to=[],
        eval_strategy="steps", eval_steps=1, save_strategy="steps", save_steps=1, load_best_model_at_end=True,
        metric_for_best_model="score", greater_is_better=True, disable_tqdm=True, use_cpu=True,
    )
    watch = Weights(last)
    trainer = Trainer(
        Model(), args, train_dataset=rows, eval_dataset=rows, callbacks=[watch],
        compute_metrics=lambda _: {"score": SCORES[trainer.state.global_step]},
    )
    trainer.train(resume_from_checkpoint=resume)
    return trainer, watch.seen


print("transformers", transformers.__version__, "torch", torch.__version__)
folder = Path(tempfile.mkdtemp())
train(folder, last=2)
shutil.rmtree(folder / "checkpoint-1")  # the best one so far; the run goes on from the newest
trainer, seen = train(folder, last=4, resume=str(folder / "checkpoint-2"))
kept = trainer.model.line.weight
print("looks after the resume:", {step: SCORES[step] for step in seen})
print("best_metric", trainer.state.best_metric, "best_model_checkpoint", trainer.state.best_model_checkpoint)
print("kept the weights of step", next(step for step, value in seen.items() if torch.equal(value, kept)))
same = torch.equal(kept, seen[4]) and not torch.equal(kept, seen[3]) and trainer.state.best_model_checkpoint is None
sys.exit(0 if same and trainer.state.best_metric == 0.9 else 1)
PYTHON
