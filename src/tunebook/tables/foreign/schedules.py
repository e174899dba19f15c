"""Schedules of the rate, with their options, as transformers and the tools around it write them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tunebook.tables.foreign.convert import given, name_of
from tunebook.tables.foreign.keys import Config, Outcome
from tunebook.tables.values import number

_NO_WARMUP = {"warmup_ratio": 0, "warmup_steps": None}


def scheduler(value: Any, config: Config) -> Outcome:
    """A schedule with the rows that its options mean; what transformers takes without a word is written out."""
    name, options = name_of(value), _options(config)
    if name == "constant":
        return Outcome({"lr_scheduler": name, **_NO_WARMUP}, "importing.constant_rate")
    if name == "constant_with_warmup":
        return Outcome({"lr_scheduler": "constant"}, "importing.constant_warmup")
    if name == "cosine_with_restarts":
        return Outcome({"lr_scheduler": name, "lr_cycles": options.get("num_cycles", 1)}, "importing.curve")
    if name == "polynomial":
        rows = {"lr_scheduler": name, "lr_power": options.get("power", 1.0), **_least(options, config, "lr_end")}
        return Outcome(rows, "importing.curve")
    least = _least(options, config, "min_lr")
    if name == "cosine_with_min_lr" and least:
        return Outcome({"lr_scheduler": "cosine", **least}, "importing.curve")
    if name == "warmup_stable_decay":
        return Outcome({"lr_scheduler": "wsd", **_decay(options, config), **least}, "importing.wsd")
    if name == "reduce_lr_on_plateau":
        rows = {"lr_scheduler": "plateau", "lr_factor": options.get("factor", 0.1), **_NO_WARMUP}
        patience = number(options.get("patience", 10))
        return Outcome({**rows, "lr_patience": None if patience is None else int(patience) + 1}, "importing.plateau")
    return Outcome({"lr_scheduler": name or value})


def least_of_cosine(value: Any, config: Config) -> Outcome:
    """Axolotl's lowest rate, which only its cosine has."""
    if name_of(given(config, "lr_scheduler") or "cosine") != "cosine":
        return Outcome(why="importing.cosine_only")
    return Outcome({"lr_min_ratio": value})


def _options(config: Config) -> Mapping[str, Any]:
    """The options of the schedule, as an object or as JSON."""
    found = given(config, "lr_scheduler_kwargs")
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError:
            return {}
    return found if isinstance(found, Mapping) else {}


def _least(options: Mapping[str, Any], config: Config, key: str) -> dict[str, Any]:
    """The lowest rate as a share of the peak."""
    share = given(options, "min_lr_rate", "min_lr_ratio")
    low, peak = number(options.get(key)), number(given(config, "learning_rate"))
    if share is None and low is not None and peak:
        share = float(f"{low / peak:.3g}")
    return {} if share is None else {"lr_min_ratio": share}


def _decay(options: Mapping[str, Any], config: Config) -> dict[str, Any]:
    """The fall as a share of the steps, where these are given."""
    fall, steps = number(options.get("num_decay_steps")), number(config.get("max_steps"))
    return {"lr_decay_ratio": float(f"{fall / steps:.3g}")} if fall and steps and steps > 0 else {}


__all__ = ["least_of_cosine", "scheduler"]
