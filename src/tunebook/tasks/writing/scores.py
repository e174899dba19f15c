"""By what written texts are judged; the headline is what a training can look at without writing anything.

Each key says how texts are cut where that decides the score. A row that was shown the true answer only, as in the looks
of a training, has no score of texts (NaN); one of a run without a model is as bad as can be.
"""

from __future__ import annotations

from functools import partial
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.metric import Metric
from tunebook.core.nouns import Interval, Labels
from tunebook.core.written import Written
from tunebook.tasks.ranking.scores import interval as of_scores
from tunebook.tasks.writing import likelihood, matching, overlap, variety
from tunebook.tasks.writing.texts import Texts, by_row
from tunebook.tasks.writing.tokens import bleu_words, characters, lower_characters, rouge_words

Array = NDArray[Any]


def stopped(answers: Array, targets: Array, labels: Labels) -> Array:
    """Whether each row's text ended by itself, and not at the limit of its length; shape (N,)."""
    texts = Texts.of(answers, targets)
    return texts.sums(np.nan_to_num(Written.of(answers).stopped.astype(np.float64)), lost=0.0)


def _mean(parts: Array, groups: Array | None) -> Interval | None:
    return None if np.isnan(parts).any() else of_scores(parts, groups)


def _drawn(fold: Any) -> Any:
    """The interval of a score of sums, by drawing rows again."""

    def interval(parts: Array, groups: Array | None) -> Interval | None:
        from tunebook.stats.intervals import of_sums

        return of_sums(parts, fold, groups)

    return interval


def _ratio(sums: Array) -> Array:
    return np.where(sums[..., 1] > 0, sums[..., 0] / np.where(sums[..., 1] > 0, sums[..., 1], 1), np.nan)


def _bleu(cut: Any) -> dict[str, Any]:
    return {"rows": partial(overlap.bleu_parts, cut), "fold": overlap.bleu, "interval": _drawn(overlap.bleu)}


WRITTEN: tuple[Metric, ...] = (
    Metric(
        "log_likelihood", likelihood.losses, likelihood.log_likelihood,
        unit="own", low=-inf, high=0.0, interval=likelihood.likelihood_ends,
    ),
    Metric(
        "perplexity", likelihood.losses, likelihood.perplexity,
        better="less", unit="own", low=1.0, high=inf, interval=likelihood.perplexity_ends,
    ),
    Metric(
        "bits_per_character", likelihood.losses, likelihood.bits_per_character,
        better="less", unit="own", high=inf, interval=likelihood.bits_ends,
    ),
    Metric(
        "next_token_accuracy", likelihood.losses, likelihood.next_token_accuracy, interval=likelihood.accuracy_ends
    ),
    Metric("exact_match", by_row(matching.exact), interval=_mean),
    Metric("f1", by_row(matching.f1), interval=_mean),
    Metric("rouge_l/words", overlap.rouge(rouge_words), interval=_mean),
    Metric("rouge_l/chars", overlap.rouge(lower_characters), interval=_mean),
    Metric("bleu_4/words", **_bleu(bleu_words)),
    Metric("bleu_4/chars", **_bleu(characters)),
    Metric("chrf", partial(overlap.chrf_parts, characters), overlap.chrf, interval=_drawn(overlap.chrf)),
    Metric("repetition", variety.repetition, better="less", interval=_mean),
    Metric("distinct_1", variety.distinct_1, _ratio, interval=likelihood.ratio_ends),
    Metric("distinct_2", variety.distinct_2, _ratio, interval=likelihood.ratio_ends),
    Metric(
        "length_ratio", overlap.length_parts, _ratio,
        better="neither", unit="own", high=inf, interval=likelihood.ratio_ends,
    ),
    Metric("stopped", stopped, interval=_mean),
)  # fmt: skip

__all__ = ["WRITTEN", "stopped"]
