"""What techniques are for, in the order in which one meets them: a list of fifty names is read group by group."""

from __future__ import annotations

from collections.abc import Iterable

OTHER = "other"
PURPOSES: dict[str, tuple[str, ...]] = {
    "part": ("lora", "adalora", "adapter", "bitfit", "ia3", "prefix", "prompt", "p_tuning"),
    "layers": ("freeze", "gradual_unfreezing", "layer_decay", "head_rate", "reinit", "no_decay", "l2_sp"),
    "steady": ("fgm", "pgd", "free_lb", "vat", "neftune", "r_drop", "mixup"),
    "averages": ("ema", "swa", "checkpoint_average", "soup"),
    "rows": ("class_balanced", "focal", "asymmetric", "sample_weights", "curriculum", "ordinal_loss", "custom_loss"),
    "smaller": ("student", "distill", "distill_hidden", "distill_attention"),
    "more": ("pretrain", "intermediate", "multi_task", "self_training", "coral", "mmd", "dann", "kl_alignment"),
    "later": ("replay", "ewc", "si", "mas", "lwf"),
}


def grouped(names: Iterable[str]) -> dict[str, list[str]]:
    """Purpose -> names of techniques; those of other packages come last."""
    left = sorted(names)
    found = {purpose: [name for name in known if name in left] for purpose, known in PURPOSES.items()}
    placed = {name for known in found.values() for name in known}
    found[OTHER] = [name for name in left if name not in placed]
    return {purpose: known for purpose, known in found.items() if known}


def purpose_of(name: str) -> str:
    """What a technique is for."""
    return next(iter(grouped([name])))


__all__ = ["OTHER", "PURPOSES", "grouped", "purpose_of"]
