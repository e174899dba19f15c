"""Integrated gradients: the score's difference to a text of padding, shared out to the tokens along a straight path."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np

from tunebook.core.errors import MachineError
from tunebook.explain.line import Line, lines_at_once
from tunebook.explain.method import Found, Method
from tunebook.explain.units import Floats, Units

STEPS, MOST = 32, 512
NEAR = 0.05  # of the difference of both scores: so far off the sum of the shares may be
_LEAST = 0.01  # log-odds: a difference is taken to be no smaller, where both scores are nearly the same


class IntegratedGradients(Method):
    """Gradients of the score by the vectors of the tokens, averaged on the way from padding tokens to the text, times
    the way. The values of all tokens add up to the difference of both scores (completeness); how far they are off is
    told as `delta`, and points are added until it is small.

    Special tokens and what is put around a text stand on both ends of the path and get nothing.

    Source: Sundararajan, Taly and Yan 2017 (arXiv:1703.01365), as Captum has it (arXiv:2009.07896).
    """

    key: ClassVar[str] = "integrated_gradients"

    def explain(self, line: Line, units: Units) -> Found:
        """Raises a MachineError, `machine.extra`, where captum is not installed."""
        start = line.scores(np.vstack([np.ones(len(line.pieces), dtype=bool)]))
        steps = STEPS
        while True:
            values, end = attributions(line, steps)
            whole = float(start[0]) - end
            delta = float(values.sum()) - whole
            if abs(delta) <= NEAR * max(abs(whole), _LEAST) or steps >= MOST:
                return Found(units.sums(values), delta, steps)
            steps *= 4


def attributions(line: Line, steps: int) -> tuple[Floats, float]:
    """The value of each token, shape (L,), and the score of the text of padding tokens."""
    try:
        from captum.attr import LayerIntegratedGradients
    except ImportError as error:
        raise MachineError("machine.extra", key="captum", extra="diagnose") from error
    import torch

    explained = torch.from_numpy(line.explained).to(line.ids.device)
    base = torch.where(explained, line.pad, line.ids)
    shared = LayerIntegratedGradients(line.score, embeddings(line.model))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of hooks that captum itself sets
        found = shared.attribute(
            line.ids, baselines=base, n_steps=steps, internal_batch_size=lines_at_once(line.ids.shape[1])
        )
    with torch.inference_mode():
        end = float(line.score(base)[0])
    return found.sum(dim=-1)[0].detach().double().cpu().numpy(), end


def embeddings(model: Any) -> Any:
    """The layer that makes vectors of tokens."""
    return model.get_input_embeddings()


__all__ = ["MOST", "NEAR", "STEPS", "IntegratedGradients", "attributions", "embeddings"]
