"""Attention rollout: how much of each token reaches the answer, if attention alone carried it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tunebook.explain.attention import Attention, Floats, attention_of
from tunebook.explain.line import Line
from tunebook.explain.method import Found, Method
from tunebook.explain.units import Units


class AttentionRollout(Method):
    """The weights of all heads averaged, half of them and half of each token itself (for the way around a layer),
    multiplied over the layers, and read at the tokens from which the answer is read.

    It tells where a model looks, and not what speaks for or against what it says: its values have no sign and are the
    same for every class.

    Source: Abnar and Zuidema 2020 (arXiv:2005.00928), section 3.
    """

    key: ClassVar[str] = "attention_rollout"
    signed: ClassVar[bool] = False

    def explain(self, line: Line, units: Units) -> Found:
        """Raises as `attention_of`."""
        found = attention_of(line)
        return Found(units.sums(rollout(found)), attention=found)


def rollout(attention: Attention) -> Floats:
    """How much of each token reaches the answer, shape (L,), adding up to 1."""
    length = attention.maps.shape[-1]
    whole = np.eye(length)
    for layer in attention.maps:
        whole = (0.5 * layer.mean(axis=0) + 0.5 * np.eye(length)) @ whole
    found: Floats = attention.read @ whole
    return found


__all__ = ["AttentionRollout", "rollout"]
