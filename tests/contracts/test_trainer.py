"""The seam's contract: empty = stock, any split = the same step, resume = never stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch.utils.data import DataLoader
from transformers import Trainer, TrainingArguments

from tests import tiny
from tests.oracle import loop
from tunebook.engine.batching import StepSampler
from tunebook.engine.ranks import Shares
from tunebook.engine.seam import WovenTrainer
from tunebook.engine.weave import Weave


def arguments(folder: Path, batch: int, accumulate: int = 1, **more: Any) -> TrainingArguments:
    options = {
        "max_steps": 3, "learning_rate": 1e-2, "seed": 3, "save_strategy": "no", "disable_tqdm": True,
        "logging_steps": 1, "max_grad_norm": 0.0, "lr_scheduler_type": "constant", **more,
    }  # fmt: skip
    return TrainingArguments(
        str(folder), per_device_train_batch_size=batch, gradient_accumulation_steps=accumulate,
        use_cpu=True, report_to=[], remove_unused_columns=False, dataloader_pin_memory=False, **options,
    )  # fmt: skip


def weights(model: Any) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def losses(trainer: Trainer) -> list[float]:
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def pad_of(kind: str) -> int:
    return 1 if kind == "roberta" else 0


def run(kind: str, args: TrainingArguments, stock: bool = False, dropout: float = 0.0) -> tuple[Any, list[float]]:
    model = tiny.classifier(kind, dropout=dropout)
    common = {
        "model": model, "args": args, "train_dataset": tiny.rows(96),
        "data_collator": lambda batch: tiny.collate(batch, pad_of(kind)),
    }  # fmt: skip
    trainer = Trainer(**common) if stock else WovenTrainer(**common, weave=Weave())
    trainer.train()
    return trainer, losses(trainer)


@pytest.mark.parametrize("kind", tiny.ENCODERS)
def test_empty_seam_is_the_stock_trainer_bit_for_bit(kind: str, tmp_path: Path) -> None:
    stock, stock_losses = run(kind, arguments(tmp_path, 32, max_grad_norm=1.0), stock=True, dropout=0.1)
    woven, woven_losses = run(kind, arguments(tmp_path, 32, max_grad_norm=1.0), dropout=0.1)
    assert woven_losses == stock_losses
    for name, value in weights(stock.model).items():
        assert torch.equal(weights(woven.model)[name], value), name


@pytest.mark.parametrize("kind", tiny.ENCODERS)
def test_accumulation_does_not_change_the_step(kind: str, tmp_path: Path) -> None:
    whole, whole_losses = run(kind, arguments(tmp_path, 32, optim="sgd"))
    split, split_losses = run(kind, arguments(tmp_path, 4, 8, optim="sgd"))
    assert split_losses == pytest.approx(whole_losses, abs=2e-4)  # the log rounds to 4 digits
    for name, value in weights(whole.model).items():
        torch.testing.assert_close(weights(split.model)[name], value, rtol=1e-4, atol=1e-6, msg=name)


def test_the_stock_trainer_fails_that_test(tmp_path: Path) -> None:
    """If this ever fails, the fault is mended upstream and the seam's scaling can be thought over."""
    _, whole = run("bert", arguments(tmp_path, 32), stock=True)
    _, split = run("bert", arguments(tmp_path, 4, 8), stock=True)
    assert split[0] == pytest.approx(8 * whole[0], rel=1e-3)


@pytest.mark.parametrize("kind", tiny.ENCODERS)
def test_the_machine_agrees_with_the_plain_loop(kind: str, tmp_path: Path) -> None:
    rows = tiny.rows(43)
    sampler = StepSampler(np.array([len(row["input_ids"]) for row in rows]), Shares(8, 2), seed=3)

    def batch(numbers: list[int]) -> dict[str, torch.Tensor]:
        return tiny.collate([rows[number] for number in numbers], pad_of(kind))

    def loader() -> DataLoader[int]:
        return DataLoader(range(len(rows)), batch_sampler=sampler, collate_fn=batch)  # type: ignore[arg-type]

    args = arguments(tmp_path, 8, 2, max_steps=6, max_grad_norm=0.05, weight_decay=0.1, lr_scheduler_type="linear")
    trainer = WovenTrainer(
        model=tiny.classifier(kind),
        args=args,
        train_dataset=rows,
        weave=Weave(loader=loader),  # type: ignore[arg-type]
    )
    trainer.train()

    passes = []
    for epoch in (0, 1):
        sampler.set_epoch(epoch)
        batches = [batch(numbers) for numbers in sampler]
        passes += [batches[start : start + 2] for start in range(0, len(batches), 2)]
    other = tiny.classifier(kind)
    expected = loop.train(
        other,
        passes,
        lambda model, part: F.cross_entropy(
            model(part["input_ids"], attention_mask=part["attention_mask"]).logits, part["labels"], reduction="sum"
        ),
        lr=lambda step: 1e-2 * (1 - step / 6),
        weight_decay=0.1,
        clip=0.05,
    )
    assert losses(trainer) == pytest.approx(expected, abs=1e-4)
    start = weights(tiny.classifier(kind))
    for name, value in weights(trainer.model).items():
        torch.testing.assert_close(weights(other)[name], value, rtol=1e-3, atol=1e-4, msg=name)
    assert any(not torch.equal(start[name], value) for name, value in weights(other).items())


def test_epochs_come_in_their_own_order(tmp_path: Path) -> None:
    seen: list[int] = []
    sampler = StepSampler(np.full(20, 5), Shares(4), seed=0)
    rows = tiny.rows(20)

    def batch(numbers: list[int]) -> dict[str, torch.Tensor]:
        seen.extend(numbers)
        return tiny.collate([rows[number] for number in numbers])

    def loader() -> DataLoader[int]:
        return DataLoader(range(20), batch_sampler=sampler, collate_fn=batch)  # type: ignore[arg-type]

    WovenTrainer(
        model=tiny.classifier("bert"), args=arguments(tmp_path, 4, max_steps=10), train_dataset=rows,  # type: ignore[arg-type]
        weave=Weave(loader=loader),
    ).train()  # fmt: skip
    assert sorted(seen[:20]) == sorted(seen[20:]) == list(range(20))
    assert seen[:20] != seen[20:]
