"""LambdaLoss in place of the loss of passages: sums over a query's pairs, a mean over queries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.nets.test_ranking import by_hand
from tests.techniques.test_listwise import check_refused, lists, minimised, uneven
from tunebook.techniques.lambda_loss import LambdaLoss


@pytest.mark.parametrize("weights", ["ndcg2++", "lambdarank", "none"])
@pytest.mark.parametrize("top", [None, 1])
def test_it_is_the_mean_over_queries_of_their_pairs(weights: Any, top: int | None) -> None:
    rows, given = uneven(), [2.0, 1.0, 0.5]
    fixed = {"sample_weight": np.array(given, dtype=np.float32)}
    loss, logits, run = minimised(LambdaLoss(weights=weights, top=top, mu=4.0), rows, **fixed)
    each = [by_hand(z, gain, weights, top, 4.0) for z, gain in lists(rows, logits)]
    assert each[0] > 0 and each[1:] == [0, 0]
    assert loss == pytest.approx(np.average(each, weights=given), rel=1e-5)
    assert run.counters == {"lambda_loss": {"lists": 3.0}}


def test_label_smoothing_is_refused() -> None:
    check_refused(LambdaLoss())
