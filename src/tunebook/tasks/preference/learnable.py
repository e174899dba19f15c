"""Whether rows have what a loss of preferences asks for, and what a first table is to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunebook.core.errors import PlanError
from tunebook.core.params import Value
from tunebook.tasks.preference.rows import PAIRED, PreferenceRows

_NARROW, _USUAL = 512, 1024  # widths up to which a decoder is tiny, and small
_RATES = (1e-4, 1e-5, 5e-6)


def check_stats(own: PreferenceRows, smoothing: float, stats: Mapping[str, Any]) -> None:
    """Refuse a loss that has nothing to learn, by the figures of a book.

    Raises:
        PlanError: `preference.pairs`, a loss of pairs and answers that were judged one by one; `preference.one_side`,
            all answers are good, or all bad; `preference.smoothing`, of another loss than DPO's.
    """
    train = stats.get("preferences", {}).get("train", {})
    alone = train.get("good", 0) + train.get("bad", 0)
    if alone and own.loss in PAIRED:
        raise PlanError("preference.pairs", key="preference.loss", value=own.loss, count=alone, allowed="kto")
    if alone and not train["pairs"] and alone in (train["good"], train["bad"]):
        raise PlanError("preference.one_side", key="preference.loss", value=own.loss, count=alone)
    if smoothing and own.loss != "sigmoid":
        raise PlanError("preference.smoothing", key="label_smoothing", value=smoothing, loss=own.loss)


def proposed(stats: Mapping[str, Any]) -> dict[str, Value]:
    """A rate by the width of the model and few passes: published recipes of DPO take 5e-7 to 5e-6 for models of 7 B
    parameters; KTO where answers are judged one by one.

    Args:
        stats: figures of the data, and the base model's width as `hidden`.
    """
    hidden = int(stats.get("hidden") or _USUAL)
    rate = _RATES[0] if hidden <= _NARROW else _RATES[1] if hidden <= _USUAL else _RATES[2]
    rows: dict[str, Value] = {"learning_rate": rate, "max_epochs": 2, "batch_size": 16}
    train = stats.get("preferences", {}).get("train", {})
    if train.get("good", 0) + train.get("bad", 0):
        rows["preference.loss"] = "kto"
    return rows


__all__ = ["check_stats", "proposed"]
