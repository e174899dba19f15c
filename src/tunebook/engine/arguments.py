"""A plan's settings in the words of transformers' Trainer."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import TrainingArguments

from tunebook.core.nouns import Plan
from tunebook.engine.ranks import Shares, shares_here
from tunebook.engine.schedule import schedule

_OPTIMIZERS = {"adamw": "adamw_torch_fused", "sgd": "sgd", "adafactor": "adafactor"}
_LOG_POINTS = 100


def training_arguments(plan: Plan, folder: Path, precision: str, shares: Shares | None = None) -> TrainingArguments:
    """What the trainer is told for a plan.

    Args:
        folder: the run's folder; checkpoints go to `checkpoints/`.
        precision: `fp32`, `bf16` or `fp16`.
        shares: this process's part of each step; None takes it from how the process was started.
    """
    params = plan.params
    shares = shares or shares_here(params)
    steps = plan.estimate.steps
    curve, options = schedule(params, steps)
    every = params.eval_every
    strategy = {"eval_strategy": "steps", "eval_steps": every, "save_strategy": "steps", "save_steps": every}
    if every is None:
        strategy = {"eval_strategy": "epoch", "save_strategy": "epoch"}
    args = TrainingArguments(
        output_dir=str(folder / "checkpoints"),
        per_device_train_batch_size=shares.batch_size,
        gradient_accumulation_steps=shares.passes,
        num_train_epochs=params.max_epochs,
        max_steps=params.max_steps or -1,
        learning_rate=params.learning_rate,
        weight_decay=params.weight_decay,
        warmup_steps=params.warmup_steps,
        lr_scheduler_type=curve,
        lr_scheduler_kwargs=options,
        optim=_OPTIMIZERS[params.optimizer],
        max_grad_norm=params.max_grad_norm,
        bf16=precision == "bf16",
        fp16=precision == "fp16",
        seed=plan.seed,
        load_best_model_at_end=True,
        metric_for_best_model=f"eval_{params.metric}",
        greater_is_better=True,
        save_total_limit=None,  # the seam deletes old checkpoints
        logging_steps=max(1, steps // _LOG_POINTS),
        logging_nan_inf_filter=False,
        use_cpu=not torch.cuda.is_available(),
        dataloader_pin_memory=False,
        remove_unused_columns=False,
        disable_tqdm=True,
        report_to=[],
        **strategy,
    )
    # Several GPUs in one process would go through DataParallel, which averages over devices behind the seam's
    # back; `torchrun` gives each GPU its process.
    args._n_gpu = min(args.n_gpu, 1)
    return args


__all__ = ["training_arguments"]
