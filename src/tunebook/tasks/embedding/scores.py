"""By what embeddings are judged: of pairs with a grade, of queries with passages, of texts with a class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.metric import Drawn, Metric
from tunebook.core.nouns import Labels
from tunebook.stats.ranking import Compared, average_precision
from tunebook.tasks.embedding.grades import alike
from tunebook.tasks.label_metrics import METRICS, late
from tunebook.tasks.ranking.scores import METRICS as RANKING

Array = NDArray[Any]


def _precision(answers: Array, targets: Array, labels: Labels) -> Drawn:
    """Cosines against whether a pair's grade is one of those from which on two texts belong together."""
    if len(answers) != len(targets):
        raise ValueError(f"answers of shape {answers.shape} and targets of shape {targets.shape} cannot be scored")
    return Compared(average_precision, np.asarray(answers[:, 0], dtype=np.float64), alike(targets, labels))


_PAIRS = (
    *(metric for metric in METRICS["regression"] if metric.key in ("spearman", "pearson")),
    Metric("average_precision", _precision, interval=late("of_drawn"), compares=True),
)
SCORED: Mapping[str, tuple[Metric, ...]] = {
    "regression": _PAIRS,
    "relevance": RANKING,
    "single_label": METRICS["single_label"],
}

__all__ = ["SCORED"]
