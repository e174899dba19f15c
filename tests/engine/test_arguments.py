"""The settings reach the trainer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.test_fit import plan
from tunebook.engine.arguments import training_arguments
from tunebook.engine.ranks import Shares


def test_every_setting_arrives(tmp_path: Path) -> None:
    made = plan(
        batch_size=4, gradient_accumulation_steps=3, learning_rate=2e-4, weight_decay=0.2, max_grad_norm=0.7,
        lr_scheduler="cosine", max_epochs=7, warmup_steps=5, seed=9, optimizer="sgd",
    )  # fmt: skip
    args = training_arguments(made, tmp_path, "fp32")
    assert args.per_device_train_batch_size == 4
    assert args.gradient_accumulation_steps == 3
    assert args.learning_rate == 2e-4
    assert args.weight_decay == 0.2
    assert args.max_grad_norm == 0.7
    assert args.num_train_epochs == 7
    assert args.get_warmup_steps(100) == 5
    assert args.lr_scheduler_type == "cosine"
    assert args.optim == "sgd"
    assert args.seed == 9
    assert args.metric_for_best_model == "eval_accuracy"
    assert not args.logging_nan_inf_filter, "a loss that is no number must be seen"
    assert args.n_gpu <= 1


@pytest.mark.parametrize(("processes", "passes"), [(1, 3), (2, 2), (3, 1), (4, 1)])
def test_processes_share_the_passes_of_a_step(
    processes: int, passes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = plan(batch_size=4, gradient_accumulation_steps=3)
    args = training_arguments(made, tmp_path, "fp32", Shares(4, 3, processes))
    assert (args.per_device_train_batch_size, args.gradient_accumulation_steps) == (4, passes)


def test_looks_come_after_every_epoch_or_so_many_steps(tmp_path: Path) -> None:
    args = training_arguments(plan(), tmp_path, "fp32")
    assert (args.eval_strategy, args.save_strategy) == ("epoch", "epoch")
    args = training_arguments(plan(eval_every=7), tmp_path, "fp32")
    assert (args.eval_strategy, args.eval_steps, args.save_steps) == ("steps", 7, 7)


@pytest.mark.parametrize(("scheduler", "shape"), [("linear", [0.5, 1.0, 0.75, 0.0]), ("constant", [0.5, 1.0, 1.0, 1.0]),
                                                  ("cosine", [0.5, 1.0, 0.853553, 0.0])])  # fmt: skip
def test_rates_are_warm_up_and_then_the_curve(scheduler: str, shape: list[float], tmp_path: Path) -> None:
    import torch
    from transformers import Trainer

    from tests import tiny

    args = training_arguments(plan(lr_scheduler=scheduler, warmup_steps=2, learning_rate=1.0), tmp_path, "fp32")
    trainer = Trainer(model=tiny.classifier("bert"), args=args, train_dataset=tiny.rows(4), eval_dataset=tiny.rows(4))  # type: ignore[arg-type]
    trainer.create_optimizer_and_scheduler(10)
    rates = []
    for _ in range(11):
        rates.append(trainer.lr_scheduler.get_last_lr()[0])
        trainer.optimizer.step()
        trainer.lr_scheduler.step()
    found = torch.tensor([rates[1], rates[2], rates[4], rates[10]])
    torch.testing.assert_close(found, torch.tensor(shape), rtol=1e-4, atol=1e-4)
