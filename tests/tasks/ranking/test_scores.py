"""Scores of orders of passages against pytrec_eval, and the stated rules for what it leaves open."""

from __future__ import annotations

import numpy as np
import pytest
import pytrec_eval

from tunebook.core.judged import Judged
from tunebook.core.metric import intervals, scores
from tunebook.core.nouns import Labels
from tunebook.tasks.ranking import scores as module
from tunebook.tasks.ranking.scores import METRICS

LABELS = Labels(problem="relevance")


def packed(rows):
    """A list of {passage: value} as a matrix, in the order of the dictionaries."""
    flat = [(row, passage, value) for row, found in enumerate(rows) for passage, value in found.items()]
    row, passage, value = np.array(flat, dtype=np.float64).reshape(-1, 3).T
    return Judged(row.astype(np.int64), passage.astype(np.int64), value, len(rows))


def drawn(count=60, seed=0, *, ties=False):
    """Judgements of 1 to 30 passages with gains of 0 to 4, and scores of up to 100 of 150; the first query has no
    relevant passage."""
    draw = np.random.default_rng(seed)
    true, said = [{5: 0}], [{5: 1.0, 6: 0.0}]
    for _ in range(count):
        judged = draw.choice(150, draw.integers(1, 30), replace=False)
        true.append({int(one): int(draw.choice([0, 0, 1, 2, 4])) for one in judged})
        shown = draw.choice(150, draw.integers(1, 100), replace=False)
        values = draw.integers(0, 6, len(shown)) if ties else draw.permutation(len(shown))
        said.append({int(one): float(value) for one, value in zip(shown, values, strict=True)})
    return true, said


def oracle(true, said):
    """pytrec_eval's scores of each query; mrr@10 from what is left of each run after 10 passages.

    It breaks ties by the name of the passage, the last one first; so a higher name is given to a lower number.
    """
    name = {passage: f"d{1000 - passage:04d}" for passage in range(200)}
    judged = {f"q{row}": {name[one]: gain for one, gain in found.items()} for row, found in enumerate(true)}
    run = {f"q{row}": {name[one]: score for one, score in found.items()} for row, found in enumerate(said)}
    tops = {
        f"q{row}": {name[one]: found[one] for one in sorted(found, key=lambda p: (-found[p], p))[:10]}
        for row, found in enumerate(said)
    }
    whole = pytrec_eval.RelevanceEvaluator(judged, {"ndcg_cut.10", "recall.10", "map"}).evaluate(run)
    short = pytrec_eval.RelevanceEvaluator(judged, {"recip_rank"}).evaluate(tops)
    rows = [f"q{row}" for row in range(len(true))]
    return {
        "ndcg@10": [whole[row]["ndcg_cut_10"] for row in rows],
        "mrr@10": [short[row]["recip_rank"] for row in rows],
        "recall@10": [whole[row]["recall_10"] for row in rows],
        "map": [whole[row]["map"] for row in rows],
    }


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_each_score_is_that_of_trec_eval_query_by_query(seed, ties):
    true, said = drawn(seed=seed, ties=ties)
    answers = packed(said).best(100).matrix(np.float32)
    expected = oracle(true, said)
    for metric in METRICS:
        parts = metric.rows(answers, packed(true).matrix(), LABELS)
        np.testing.assert_allclose(parts, expected[metric.key], atol=1e-12, err_msg=metric.key)


def test_the_mean_is_over_all_queries_and_those_without_a_relevant_passage_score_0():
    targets = packed([{3: 1.0}, {3: 0.0}]).matrix()
    answers = packed([{3: 1.0}, {3: 1.0}]).matrix(np.float32)
    assert set(scores(METRICS, answers, targets, LABELS).values()) == {0.5}


def test_a_negative_gain_is_as_good_as_none():
    targets = packed([{3: -1.0, 4: 2.0}]).matrix()
    answers = packed([{3: 1.0, 4: 0.5}]).matrix(np.float32)
    assert module.ndcg(answers, targets, LABELS) == pytest.approx(1 / np.log2(3))


def test_answers_that_are_no_numbers_score_0_and_empty_ones_too():
    targets = packed([{3: 1.0}]).matrix()
    for answers in (np.full((1, 3), np.nan, np.float32), np.zeros((1, 1), np.float32)):
        assert set(scores(METRICS, answers, targets, LABELS).values()) == {0.0}


def test_other_queries_cannot_be_scored():
    with pytest.raises(ValueError, match="cannot be scored"):
        module.ndcg(np.zeros((2, 1)), np.zeros((3, 1)), LABELS)


def test_intervals_hold_the_mean_within_0_and_1_and_are_never_a_point():
    true, said = drawn(40)
    found = intervals(METRICS, packed(said).best(100).matrix(np.float32), packed(true).matrix(), LABELS)
    assert set(found) == {metric.key for metric in METRICS}
    assert all(0 <= one.low < one.value < one.high <= 1 for one in found.values())
    right = packed([{3: 1.0}] * 5).matrix()
    perfect = intervals(METRICS, right.astype(np.float32), right, LABELS)
    assert all(one.value == 1 and one.low < 1 for one in perfect.values())
    high = module.interval(np.array([1.0] * 30 + [0.9]), None)
    assert high.high <= 1
