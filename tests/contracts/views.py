"""Techniques that change the rows, each in one way: nothing, fewer rows, weights, an order of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.technique import Event, RunContext, Technique, View


class Same(Technique):
    """Hands the rows on as they are."""

    key: ClassVar[str] = "same"

    def prepare_data(self, view: View, run: RunContext) -> View:
        run.acted(self.key, rows=len(view.rows))
        return view


class Odd(Technique):
    """Leaves every other row out."""

    key: ClassVar[str] = "odd"

    def prepare_data(self, view: View, run: RunContext) -> View:
        kept = np.arange(1, len(view.rows), 2)
        run.acted(self.key, dropped=len(view.rows) - len(kept))
        return replace(view, rows=view.rows.take(kept))


class Weigh(Technique):
    """Draws a weight for each row."""

    key: ClassVar[str] = "weigh"

    def prepare_data(self, view: View, run: RunContext) -> View:
        weights = np.random.default_rng(run.seed).uniform(0, 2, len(view.rows)).astype(np.float32)
        run.acted(self.key, weighed=len(weights))
        return replace(view, rows=view.rows.with_fixed(sample_weight=weights))


class Easy(Technique):
    """Short rows first; from the second epoch on with the rows of one half twice, as it wrote down when it began."""

    key: ClassVar[str] = "easy"

    def prepare_data(self, view: View, run: RunContext) -> View:
        short = np.argsort(view.rows.lengths, kind="stable")

        def order(epoch: int) -> NDArray[np.int64]:
            half = int(run.state.get(self.key, {}).get("half", -1))
            return short if half < 0 else np.resize(short[half::2], len(short))

        return replace(view, order=order)

    def on(self, event: Event, run: RunContext) -> None:
        if event == "epoch" and run.epoch >= 1:
            run.state.setdefault(self.key, {})["half"] = int(run.epoch) % 2
            run.acted(self.key, epochs=1)


KINDS = {kind.key: kind for kind in (Same, Odd, Weigh, Easy)}

__all__ = ["KINDS"]
