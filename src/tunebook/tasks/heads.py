"""How the head of a classifier begins: with rows of the base model's own by the names of classes, else fresh."""

from __future__ import annotations

from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tunebook.core.errors import ModelError
from tunebook.core.nouns import Labels
from tunebook.models.heads import first_answers, matched, stored_weight
from tunebook.models.source import read_config
from tunebook.nets.features import named_head


def check_whole(model: Any, found: Mapping[str, Any], folder: Path) -> None:
    """Refuse an encoder of which the files lack a part; head and pooler may be fresh.

    Args:
        found: what transformers told of the loading.

    Raises:
        ModelError: `model.partial`.
    """
    names = [*found["missing_keys"], *(item[0] for item in found["mismatched_keys"])]
    body = f"{model.base_model_prefix}."
    lost = sorted(name for name in names if name.startswith(body) and "pooler." not in name)
    if lost:
        raise ModelError("model.partial", key="base_model", value=str(folder), count=len(lost), first=lost[0])


def start_head(model: Any, found: Mapping[str, Any], folder: Path, labels: Labels) -> None:
    """Give the head of a model that was just loaded the rows which belong to these labels, and a fresh start to others.

    transformers loads a head of as many outputs by their places: a base that was trained on the same classes in another
    order would begin with each class as its opposite.

    Args:
        found: what transformers told of the loading.
    """
    name, head = named_head(model, labels.outputs)
    if head is None:
        return
    missing, other = set(found["missing_keys"]), {item[0] for item in found["mismatched_keys"]}
    if f"{name}.weight" in missing:
        _centre(head, range(labels.outputs), labels)
        return
    own = _own(head, name, folder, other)
    begins = matched(read_config(folder), len(own["weight"]), labels)
    if begins.number:
        return
    kept = {labels.names.index(label): row for label, row in begins.rows.items()}
    fresh = [row for row in range(labels.outputs) if row not in kept]
    if fresh and f"{name}.weight" not in other:
        _draw(model, head)
    with torch.no_grad():
        for part, item in head.named_parameters():
            for row, place in kept.items():
                item[row] = own[part][place].to(item)
    _centre(head, fresh, labels)


def head_name(skeleton: Any, labels: Labels) -> str:
    """Name of the last linear map of a model for these labels, which may be without weights; empty without one."""
    return named_head(skeleton, labels.outputs)[0]


def _own(head: nn.Linear, name: str, folder: Path, other: Set[str]) -> dict[str, Tensor]:
    """The base model's own head: what was loaded, or, of another number of outputs, what lies in its files."""
    config = read_config(folder)
    parts = {}
    for part, item in head.named_parameters():
        full = f"{name}.{part}"
        old = stored_weight(folder, config, full) if full in other else item.detach().clone()
        parts[part] = item.new_zeros(0) if old is None else old
    return parts


def _draw(model: Any, head: nn.Linear) -> None:
    """Draw a head anew, as the architecture draws a fresh one."""
    for item in head.parameters():
        item._is_hf_initialized = False  # type: ignore[attr-defined]  # else the initialiser leaves loaded ones alone
    with torch.no_grad():
        model.apply(model._init_weights)


def _centre(head: nn.Linear, fresh: Any, labels: Labels) -> None:
    """Let fresh rows of a head begin with what the training rows have on average.

    Adam moves a bias by about the learning rate a step: from 0 to a mean of 2.5, or to the log-odds of a rare class, it
    would take thousands of steps, and the encoder would be bent to do it instead.
    """
    start = first_answers(labels)
    if start and head.bias is not None:
        with torch.no_grad():
            for row in fresh:
                head.bias[row] = start[row]


__all__ = ["check_whole", "head_name", "start_head"]
