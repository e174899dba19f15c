#!/usr/bin/env bash
# What:    `Trainer.train(resume_from_checkpoint=...)` of transformers goes on from a checkpoint whose optimizer.pt is
#          gone, with a fresh optimiser and without a word, and ends at other weights. With every file there the resume
#          is exact to the last bit. (A copy that was broken off, or a disk that was full, leaves such a folder.)
# Version: transformers 5.23.0, accelerate 1.15.0, torch 2.13.0
# Why:     a resumed run is taken for the run that was never stopped. Here a checkpoint is looked at file by file first.
# Exits with 0 while this is so, else with 1. Needs only PyPI; works in a temporary folder.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
"$place/venv/bin/pip" install --quiet --disable-pip-version-check transformers==5.23.0 accelerate==1.15.0 numpy
cd "$place"
"$place/venv/bin/python" - <<'PYTHON'
import logging
import shutil
import sys
import tempfile
import warnings
from pathlib import Path
import torch, transformers
from transformers import Trainer, TrainingArguments, set_seed

class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.line = torch.nn.Linear(4, 1)
    def forward(self, x, labels):
        answer = self.line(x).squeeze(-1)
        return {"loss": torch.nn.functional.mse_loss(answer, labels), "logits": answer}

class Heard(logging.Handler):
    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []
    def emit(self, record):
        self.lines.append(record.getMessage())

def train(folder, resume=None):
    set_seed(0)
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(64, 4, generator=draw)
    rows = [{"x": row, "labels": row.sum()} for row in x]
    args = TrainingArguments(str(folder), max_steps=20, save_steps=10, learning_rate=1e-2, per_device_train_batch_size=8,
                             report_to=[], use_cpu=True, disable_tqdm=True, logging_strategy="no")
    trainer = Trainer(model=Model(), args=args, train_dataset=rows)
    trainer.train(resume_from_checkpoint=resume)
    return trainer.model.line.weight.detach().clone()

place = Path(tempfile.mkdtemp())
whole = train(place / "whole")
half = place / "whole" / "checkpoint-10"
heard = Heard()
transformers.utils.logging.get_logger().addHandler(heard)
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    shutil.copytree(half, place / "same" / "checkpoint-10")
    same = train(place / "same", str(place / "same" / "checkpoint-10"))
    before = len(heard.lines), len(told)
    shutil.copytree(half, place / "lost" / "checkpoint-10")
    (place / "lost" / "checkpoint-10" / "optimizer.pt").unlink()
    lost = train(place / "lost", str(place / "lost" / "checkpoint-10"))
more = [*heard.lines[before[0]:], *(str(item.message) for item in told[before[1]:])]
more = [line for line in more if "optimizer" in line.lower()]
print("transformers", transformers.__version__)
print("resumed with every file: largest difference", float((whole - same).abs().max()))
print("resumed without optimizer.pt: largest difference", float((whole - lost).abs().max()), "- said:", more or "nothing")
sys.exit(0 if torch.equal(whole, same) and not torch.allclose(whole, lost, atol=1e-4) and not more else 1)
PYTHON
