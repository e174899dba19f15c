"""Run under torchrun: steps and whole runs of tiny classifiers on two processes, for `test_ranks` to look at."""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader
from transformers import TrainerCallback, TrainingArguments

from tests import tiny
from tests.contracts.views import KINDS
from tests.engine.test_fit import fit, material, plan
from tunebook.core import registry as module
from tunebook.core.errors import RunError
from tunebook.core.nouns import Plan
from tunebook.engine import layer_outputs
from tunebook.engine.batching import StepSampler
from tunebook.engine.fit import Fit
from tunebook.engine.frozen import KEY
from tunebook.engine.outcome import last_checkpoint
from tunebook.engine.ranks import Shares
from tunebook.engine.seam import WovenTrainer
from tunebook.engine.weave import Weave

STEPS = ((32, 1), (4, 8))  # a step of 32 rows, in passes of at most so many
PLANS: dict[str, dict[str, dict[str, Any]]] = {
    "plain": {}, "rows": {"odd": {}, "weigh": {}}, "order": {"easy": {}}, "lora": {"lora": {"rank": 4}},
    "frozen": {"freeze": {"layers": 2}},
}  # fmt: skip
TECHNIQUES = {**module.techniques(), **KINDS}


class Keep(TrainerCallback):  # type: ignore[misc]
    """Keeps the first step's gradient."""

    gradient: dict[str, torch.Tensor] = {}  # noqa: RUF012

    def on_pre_optimizer_step(self, args, state, control, model=None, **_):
        if not self.gradient:
            self.gradient.update({n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None})


def first_step(kind: str, folder: str, batch: int, passes: int, world: int, rank: int) -> dict[str, object]:
    """Loss and gradient of the first step over 30 rows."""
    rows = tiny.rows(30)
    sizes = np.array([len(row["input_ids"]) for row in rows])
    shares = Shares(batch, passes, world, rank)
    sampler = StepSampler(sizes, shares, seed=1)
    pad = 1 if kind == "roberta" else 0

    def collate(numbers: list[int]) -> dict[str, torch.Tensor]:
        return tiny.collate([rows[number] for number in numbers], pad)

    def loader() -> DataLoader[int]:
        return DataLoader(range(len(rows)), batch_sampler=sampler, collate_fn=collate)  # type: ignore[arg-type]

    keep = Keep()
    keep.gradient = {}
    args = TrainingArguments(
        folder, per_device_train_batch_size=batch, gradient_accumulation_steps=shares.passes, max_steps=1, use_cpu=True,
        report_to=[], disable_tqdm=True, save_strategy="no", logging_steps=1, max_grad_norm=0,
        remove_unused_columns=False, dataloader_pin_memory=False, learning_rate=1e-3,
        ddp_backend="gloo" if world > 1 else None,
    )  # fmt: skip
    trainer = WovenTrainer(
        model=tiny.classifier(kind), args=args, train_dataset=rows, weave=Weave(loader=loader), callbacks=[keep]
    )
    result = trainer.train()
    gradient = {name.removeprefix("module."): value for name, value in keep.gradient.items()}
    return {"loss": result.training_loss, "gradient": gradient}


def whole_run(name: str) -> Plan:
    """A plan without dropout, whose draws are another process's: 2 epochs of 96 rows, 12 or 6 steps, looks between."""
    return plan(
        PLANS[name], batch_size=8, gradient_accumulation_steps=2, dropout=0.0, classifier_dropout=0.0,
        attention_dropout=0.0, optimizer="sgd", learning_rate=0.1, eval_every=3, logging_steps=1,
    )  # fmt: skip


def train(model: Path, folder: Path, name: str) -> None:
    """Do a whole run; with a cache, each process writes down what frozen layers made and what was read of that."""
    found: dict[str, int] = {"made": 0, "read": 0}
    write, read = layer_outputs.write, layer_outputs.read

    def writes(*given: Any) -> None:
        found["made"] += 1
        write(*given)

    def reads(*given: Any) -> Any:
        kept = read(*given)
        found["read"] += kept is not None
        return kept

    folder.mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layer_outputs, "write", writes)
        patch.setattr(layer_outputs, "read", reads)
        outcome = Fit(whole_run(name), replace(material(model), cache=folder / "cache"), folder).run()
    found |= {key: int(value) for key, value in outcome.counters.get(KEY, {}).items()}
    (folder / f"states-{os.environ.get('RANK', '0')}.json").write_text(json.dumps(found))


class Press(TrainerCallback):  # type: ignore[misc]
    """Ctrl-C for the second process alone, in the middle of its fourth step."""

    def on_substep_end(self, args, state, control, **_):
        self._press(state)

    def on_pre_optimizer_step(self, args, state, control, **_):
        self._press(state)

    def _press(self, state):
        if os.environ["RANK"] == "1" and state.global_step == 3 and not vars(self).setdefault("done", []):
            self.done.append(1)
            os.kill(os.getpid(), signal.SIGINT)


def interrupted(model: Path, out: Path) -> None:
    """Train, be interrupted, go on; each process writes down where it stopped."""
    try:
        fit(model, out, whole_run("plain"), callbacks=[Press()]).run()
    except RunError as error:
        torch.distributed.barrier()
        found = sorted(path.name for path in (out / "checkpoints").iterdir())
        said = {"code": error.code, "step": error.value, "checkpoints": found}
        (out / f"said-{os.environ['RANK']}.json").write_text(json.dumps(said))
        if os.environ["RANK"] == "0":
            shutil.copytree(out, out.with_name("two_then_one"))
        torch.distributed.barrier()
    fit(model, out, whole_run("plain")).run(last_checkpoint(out))


if __name__ == "__main__":
    torch.set_num_threads(1)
    out, model = Path(sys.argv[1]), Path(sys.argv[2])
    world, rank = int(os.environ["WORLD_SIZE"]), int(os.environ["RANK"])
    results = {}
    for kind in tiny.ENCODERS:
        gc.freeze()  # every training ends with a full collection: it need not look through all of torch
        for batch, passes in STEPS:
            results[f"{kind}/{batch}x{passes}"] = first_step(kind, str(out), batch, passes, world, rank)
    if rank == 0:
        torch.save(results, out / "results.pt")
    module.techniques = lambda: TECHNIQUES  # type: ignore[assignment]
    for name in PLANS:
        train(model, out / name, name)
    interrupted(model, out / "interrupted")
    fit(model, out / "one_then_two", whole_run("plain")).run(last_checkpoint(out / "one_then_two"))
