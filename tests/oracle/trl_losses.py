"""The losses of TRL's own trainers, on any model, without a trainer: only what its formulas read is made up."""

from __future__ import annotations

import warnings
from collections import defaultdict
from functools import cache
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor


@cache
def _trainers() -> Any:
    """TRL's trainers; importing them takes seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from trl import DPOTrainer, KTOTrainer
        from trl.experimental.orpo import ORPOTrainer
    return SimpleNamespace(dpo=DPOTrainer, kto=KTOTrainer, orpo=ORPOTrainer)


class Told:
    """A model that answers what TRL's trainers read: log-probabilities of labels, or logits."""

    def __init__(self, logits: Any) -> None:
        self.logits = logits  # of input_ids and attention_mask

    def __call__(self, ids: Tensor | None = None, **given: Any) -> Any:
        ids = given["input_ids"] if ids is None else ids
        logits = self.logits(ids, given["attention_mask"])
        if "labels" not in given:
            return SimpleNamespace(logits=logits)
        labels = given["labels"][:, 1:]
        known = torch.where(labels < 0, 0, labels)
        logs = logits[:, :-1].log_softmax(-1).gather(-1, known[..., None])[..., 0] * (labels >= 0)
        zeros = torch.zeros_like(logs.detach())
        return SimpleNamespace(log_probs=logs, entropy=zeros, mean_logits=zeros, is_top1=zeros.bool())


def _itself(value: Any) -> Any:
    return value


def _trainer(**more: Any) -> Any:
    accelerator = SimpleNamespace(device=torch.device("cpu"), gather=_itself, gather_for_metrics=_itself)
    return SimpleNamespace(
        model=SimpleNamespace(training=True), accelerator=accelerator, aux_loss_enabled=False, ld_alpha=None,
        precompute_ref_logps=True, f_divergence_type="reverse_kl", use_weighting=False, _tp_size=1,
        _total_train_tokens=0, _metrics={"train": defaultdict(list)}, **more,
    )  # fmt: skip


def dpo(logits: Any, batch: dict[str, Tensor], loss: str, beta: float) -> Tensor:
    """The loss of DPOTrainer; `batch` is one of its collator, with `ref_chosen_logps` and `ref_rejected_logps`."""
    trainer = _trainer(beta=beta, loss_types=[loss], loss_weights=[1.0])
    return _trainers().dpo._compute_loss(trainer, Told(logits), batch, False)


def kto(logits: Any, batch: dict[str, Tensor], beta: float, weights: tuple[float, float]) -> Tensor:
    """The loss of KTOTrainer; `batch` is one of its collator, with `ref_logps` and `ref_KL_logps`."""
    trainer = _trainer(
        beta=beta, loss_type="kto", calculate_KL=True, desirable_weight=weights[0], undesirable_weight=weights[1]
    )
    kind = _trainers().kto
    trainer._compute_kl_logps = lambda model, given: kind._compute_kl_logps(trainer, model, given)
    return kind._compute_loss(trainer, Told(logits), batch, False)


def orpo(logits: Any, batch: dict[str, Tensor], beta: float) -> Tensor:
    """The loss of ORPOTrainer; `batch` is one of its collator."""
    kind = _trainers().orpo
    trainer = _trainer(beta=beta, is_encoder_decoder=False, padding_value=0)
    trainer.concatenated_inputs = kind.concatenated_inputs
    trainer.get_batch_logps = kind.get_batch_logps
    trainer.concatenated_forward = lambda model, given: kind.concatenated_forward(trainer, model, given)
    trainer.odds_ratio_loss = lambda *given: kind.odds_ratio_loss(trainer, *given)
    return kind.get_batch_loss_metrics(trainer, Told(logits), batch, "train")[0]


__all__ = ["dpo", "kto", "orpo"]
