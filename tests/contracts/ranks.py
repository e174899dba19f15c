"""Run under torchrun: one step of a tiny classifier on two processes; rank 0 writes loss and gradient."""

from __future__ import annotations

import os
import sys

import numpy as np
import torch
from torch.utils.data import DataLoader
from transformers import TrainerCallback, TrainingArguments

from tests import tiny
from tunebook.engine.batching import Shares, StepSampler
from tunebook.engine.seam import Weave, WovenTrainer


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
    sampler = StepSampler(sizes, Shares(batch, passes, world, rank), seed=1)
    pad = 1 if kind == "roberta" else 0

    def collate(numbers: list[int]) -> dict[str, torch.Tensor]:
        return tiny.collate([rows[number] for number in numbers], pad)

    def loader() -> DataLoader[int]:
        return DataLoader(range(len(rows)), batch_sampler=sampler, collate_fn=collate)  # type: ignore[arg-type]

    keep = Keep()
    keep.gradient = {}
    args = TrainingArguments(
        folder, per_device_train_batch_size=batch, gradient_accumulation_steps=passes, max_steps=1, use_cpu=True,
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


if __name__ == "__main__":
    torch.set_num_threads(1)
    out = sys.argv[1]
    world, rank = int(os.environ["WORLD_SIZE"]), int(os.environ["RANK"])
    results = {}
    for kind in tiny.ENCODERS:
        for batch, passes in ((16, 1), (4, 4)):
            results[f"{kind}/{batch}x{passes}"] = first_step(kind, out, batch, passes, world, rank)
    if rank == 0:
        torch.save(results, f"{out}/results.pt")
