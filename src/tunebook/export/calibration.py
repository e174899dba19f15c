"""What comes into the products of a model on some rows, and the scales of whole numbers that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tunebook.core.errors import DataError
from tunebook.export.operators import Array, session

Feeds = Iterable[Mapping[str, Array]]
# What a weight is at most: with 255 for what comes in, a sum of two products stays below the 32,767 where processors
# without VNNI cut it off.
_MOST = 63
_FLOAT = 1  # ONNX's number for fp32
_SHARES = (0.0, 0.25, 0.5, 0.75)  # how much of the unevenness of what comes in goes over to the weights
_SAMPLE = 512  # lines of what comes in on which the shares are compared


@dataclass(frozen=True)
class Seen:
    """What came into a product on calibration rows.

    Attributes:
        low, high: the smallest and the largest value of each column, 0 always among them; sample: some lines.
    """

    low: Array
    high: Array
    sample: Array


def observed(model: Any, names: Iterable[str], rows: Feeds) -> dict[str, Seen]:
    """What some tensors of a model hold over batches of rows; nothing of no batches.

    Raises:
        DataError: `shrink.calibration`.
    """
    import onnx
    from onnx import helper

    wanted, asked = sorted(names), onnx.ModelProto()
    asked.CopyFrom(model)
    del asked.graph.output[:]
    asked.graph.output.extend(helper.make_tensor_value_info(name, _FLOAT, None) for name in wanted)
    found: dict[str, Seen] = {}
    running: Any = None
    for batch in rows:
        running = running or session(asked.SerializeToString())
        for name, value in zip(wanted, running.run(wanted, dict(batch)), strict=True):
            lines = value.reshape(-1, value.shape[-1])
            known = found.get(name) or Seen(np.zeros(lines.shape[1]), np.zeros(lines.shape[1]), lines[:0])
            some = lines[: max(0, min(_SAMPLE // 8, _SAMPLE - len(known.sample)))]
            low, high = np.minimum(known.low, lines.min(0, initial=0)), np.maximum(known.high, lines.max(0, initial=0))
            found[name] = Seen(low, high, np.concatenate([known.sample, some]))
    if bad := next((name for name, item in found.items() if not np.isfinite([item.low, item.high]).all()), None):
        raise DataError("shrink.calibration", key="rows", value=bad)
    return found


def whole_numbers(values: Array) -> tuple[Array, Array]:
    """A matrix in whole numbers from -63 to 63, and the scale of each column."""
    scale = np.maximum(np.abs(values).max(axis=0), 1e-12) / _MOST
    return np.rint(values / scale).astype(np.int8), scale.astype(np.float32)


def range_of(seen: Seen, even: Array) -> tuple[float, int]:
    """Scale and number of 0 of what comes in, each column divided by its number."""
    low, high = float((seen.low / even).min()), float((seen.high / even).max())
    scale = max(high - low, 1e-12) / 255
    return scale, int(np.clip(round(-low / scale), 0, 255))


def evened(weights: Array, seen: Seen) -> Array:
    """By what to divide each column of what comes in, and to multiply its line of the weights, shape (inputs,).

    A few columns that are large in all texts leave few numbers for the others. Part of that goes over to the weights,
    which have a scale for each output; how much is the share with the smallest error on the sample.

    Source: Xiao et al. 2023 (arXiv:2211.10438), formula 4.
    """
    of_input = np.maximum(np.maximum(-seen.low, seen.high), 1e-5)
    of_weights = np.maximum(np.abs(weights).max(axis=1), 1e-5)
    right = seen.sample @ weights
    best, found = np.inf, np.ones(len(weights))
    for share in _SHARES:
        even = of_input**share / of_weights ** (1 - share) if share else np.ones(len(weights))
        even = even / np.exp(np.log(even).mean())
        scale, zero = range_of(seen, even)
        whole, of_output = whole_numbers(weights * even[:, None])
        given = np.clip(np.rint(seen.sample / even / scale) + zero, 0, 255) - zero
        error = float(np.square((given * scale) @ (whole * of_output) - right).sum())
        if error < best * (0.9 if share else 1):  # dividing costs time: it has to be worth it
            best, found = error, even
    return found


__all__ = ["Feeds", "Seen", "evened", "observed", "range_of", "whole_numbers"]
