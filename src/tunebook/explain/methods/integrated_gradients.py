"""Integrated gradients: the score's difference to a text of padding, shared out to the tokens along a straight path."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tunebook.core.errors import MachineError
from tunebook.explain.line import Line, lines_at_once
from tunebook.explain.method import Found, Method
from tunebook.explain.units import Floats, Units

POINTS = 20  # of a stretch of the path
MOST = 1000  # of all of it
NEAR = 0.02  # of the difference of both scores, or of the largest value: so far off the sum of the values may be
_LEAST = 0.01  # log-odds: these are taken to be no smaller, where nothing speaks for anything


class IntegratedGradients(Method):
    """Gradients of the score by the vectors of the tokens, averaged on the way from padding tokens to the text, times
    the way. The values of all tokens add up to the difference of both scores (completeness); how far they are off is
    told as `delta`. A model may change all its mind in a thousandth of the way (where a normalisation meets small
    vectors), so the stretch that is off most is halved until the sum is near.

    Special tokens and what is put around a text stand on both ends of the path and get nothing.

    Source: Sundararajan, Taly and Yan 2017 (arXiv:1703.01365), as Captum has it (arXiv:2009.07896), on the output of
    the embedding layer.
    """

    key: ClassVar[str] = "integrated_gradients"

    def explain(self, line: Line, units: Units) -> Found:
        """Raises a MachineError, `machine.extra`, where captum is not installed."""
        found = attributions(line)
        return Found(units.sums(found.values), found.delta, found.points)


@dataclass(frozen=True)
class Shares:
    """What a stretch of the path gives.

    Attributes:
        values: of each token, shape (L,); whole: the difference of the scores at both ends; points: that were looked
            at.
    """

    values: Floats
    whole: float
    points: int

    @property
    def delta(self) -> float:
        """How far the values' sum is off."""
        return float(self.values.sum()) - self.whole


def attributions(line: Line, most: int = MOST) -> Shares:
    """The value of each token of a line, on the whole way."""
    path = Path.of(line)
    stretches = {(0.0, 1.0): path.shares(0.0, 1.0)}
    points = POINTS
    whole = stretches[0.0, 1.0].whole
    while points + 2 * POINTS <= most and sum(abs(each.delta) for each in stretches.values()) > near(
        _sum(stretches.values()), whole
    ):
        start, end = max(stretches, key=lambda each: abs(stretches[each].delta))
        middle = (start + end) / 2
        del stretches[start, end]
        stretches |= {ends: path.shares(*ends) for ends in ((start, middle), (middle, end))}
        points += 2 * POINTS
    return Shares(_sum(stretches.values()), whole, points)


def _sum(stretches: Iterable[Shares]) -> Floats:
    found: Floats = np.sum([each.values for each in stretches], axis=0)
    return found


def near(values: Floats, whole: float) -> float:
    """How far off the sum of some values may be from the whole."""
    return NEAR * max(abs(whole), float(np.abs(values).max(initial=0.0)), _LEAST)


@dataclass(frozen=True)
class Path:
    """The way from padding tokens to a text, as the embedding layer has them.

    Attributes:
        base, vectors: of each token at both ends, tensors of shape (1, L, width).
    """

    line: Line
    base: Any
    vectors: Any

    @classmethod
    def of(cls, line: Line) -> Path:
        """That of a line."""
        import torch

        explained = torch.from_numpy(line.explained).to(line.ids.device)
        ends = []
        with torch.no_grad():
            for ids in (torch.where(explained, line.pad, line.ids), line.ids):
                with _layer(line.model, ids) as caught:
                    line.passed(ids)
                ends.append(caught[0].detach())
        return cls(line, *ends)

    def shares(self, start: float, end: float) -> Shares:
        """What the way from one point of it (0 … 1) to another gives."""
        try:
            from captum.attr import IntegratedGradients as Integrated
        except ImportError as error:
            raise MachineError("machine.extra", key="captum", extra="diagnose") from error
        import torch

        one, other = (self.base + at * (self.vectors - self.base) for at in (start, end))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = Integrated(self._score).attribute(
                other, baselines=one, n_steps=POINTS, internal_batch_size=lines_at_once(one.shape[1])
            )
        with torch.no_grad():
            scores = self._score(torch.cat([one, other])).double()
        return Shares(found.sum(-1)[0].detach().double().cpu().numpy(), float(scores[1] - scores[0]), POINTS)

    def _score(self, vectors: Any) -> Any:
        """Scores of vectors in the place of the line's own, (V, L, width); shape (V,)."""
        ids = self.line.ids.expand(len(vectors), -1)
        with _layer(self.line.model, ids, vectors):
            return self.line.score(ids)


@contextmanager
def _layer(model: Any, ids: Any, vectors: Any = None) -> Iterator[list[Any]]:
    """Inside, what the embedding layer makes of these very tokens is caught, and others stand in its place. A decoder
    that shares the layer reads other tokens, whose vectors stay."""
    import torch

    caught: list[Any] = []

    def hook(module: Any, given: tuple[Any, ...], made: Any) -> Any:
        if not given or given[0].shape != ids.shape or not torch.equal(given[0], ids):
            return made
        caught.append(made)
        return made if vectors is None else vectors

    handles = [layer.register_forward_hook(hook) for layer in _layers(model)]
    try:
        yield caught
    finally:
        for handle in handles:
            handle.remove()


def _layers(model: Any) -> list[Any]:
    """The layers that make vectors of tokens: an encoder beside a decoder may have one of its own."""
    parts = [model, *([model.get_encoder()] if getattr(model.config, "is_encoder_decoder", False) else [])]
    return list({id(layer): layer for part in parts if (layer := part.get_input_embeddings()) is not None}.values())


__all__ = ["MOST", "NEAR", "POINTS", "IntegratedGradients", "Path", "Shares", "attributions", "near"]
