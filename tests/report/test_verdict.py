"""The verdict says what the numbers say."""

import math

import pytest

from tunebook.core.nouns import Interval, Report
from tunebook.report.scores import best_baseline, best_of, sign_in, standing


def report(value, low, high, baselines, headline="accuracy"):
    intervals = {} if low is None else {headline: Interval(value=value, low=low, high=high)}
    return Report(
        run="r",
        split="test",
        rows=100,
        content="x",
        headline=headline,
        metrics={headline: value},
        intervals=intervals,
        baselines={name: {headline: reached} for name, reached in baselines.items()},
    )


@pytest.mark.parametrize(
    ("value", "low", "high", "best", "outcome", "words"),
    [
        (0.91, 0.89, 0.93, 0.85, "better", "by 6.0 points"),
        (0.91, 0.89, 0.93, 0.90, "unsure", "too close to call"),
        (0.91, 0.89, 0.93, 0.92, "unsure", "No better than"),
        (0.91, 0.89, 0.93, 0.91, "unsure", "No better than"),
        (0.81, 0.78, 0.84, 0.90, "worse", "A baseline wins"),
        (0.91, None, None, 0.80, "unsure", "no interval"),
    ],
)
def test_the_best_baseline_decides(value, low, high, best, outcome, words):
    found = standing(report(value, low, high, {"majority": 0.5, "tfidf_logreg": best}))
    assert found.outcome == outcome
    assert words in found.sentence
    assert "TF-IDF" in found.sentence
    assert f"{best:.3f}" in found.sentence


def test_a_smaller_error_is_better():
    found = standing(report(0.4, 0.35, 0.45, {"majority": 1.3, "frozen_logreg": 0.6}, headline="mse"))
    assert found.outcome == "better"
    assert "frozen encoder" in found.sentence
    assert "by 0.200" in found.sentence


@pytest.mark.parametrize(
    ("section", "best"),
    [
        ({"costs": "costs.csv"}, "b"),
        ({"costs": "costs.csv", "better": "more"}, "a"),
        ({"column": "worth"}, "a"),
        ({"column": "worth", "counts": "wrong"}, "b"),
        ({"function": "own.py:money", "better": "less"}, "b"),
    ],
)
def test_the_best_baseline_in_a_metric_of_the_owners(section, best):
    made = report(0.9, 0.8, 0.95, {"majority": 0.5})
    found = made.model_copy(
        update={"baselines": {"a": {"money": 0.9}, "b": {"money": 0.6}, "c": {}},
                "extra": {"business": {"money": {**section, "hash": "x"}}}}
    )  # fmt: skip
    assert best_of(found, "money") == (best, found.baselines[best]["money"])
    assert sign_in(found, "money") == (1 if best == "a" else -1)
    assert sign_in(found, "accuracy") == 1 and sign_in(found, "mae") == -1
    assert best_baseline(found) is None and best_of(found, "auc") is None


@pytest.mark.parametrize("baselines", [{}, {"majority": math.nan}])
def test_without_a_baseline_nothing_is_claimed(baselines):
    found = standing(report(0.9, 0.8, 0.95, baselines))
    assert found.outcome == "none"
    assert "no baseline to compare" in found.sentence


def test_a_diverged_run_is_not_judged():
    assert standing(report(math.nan, None, None, {"majority": 0.5})).outcome == "none"


def test_the_verdict_speaks_chinese(chinese):
    assert "领先 6.0 个百分点" in standing(report(0.91, 0.89, 0.93, {"other": 0.85})).sentence


@pytest.mark.parametrize(
    ("low", "high", "outcome", "words"),
    [
        (-0.09, 0.03, "unsure", "Row by row the difference is -2.9 points (95 % interval -9.0 points to +3.0 points)."),
        (-0.09, -0.01, "worse", "A baseline wins"),
        (-0.029, -0.029, "unsure", "No better than"),
    ],
)
def test_rows_that_both_have_answered_decide(low, high, outcome, words):
    alone = report(0.971, 0.855, 0.995, {"base": 1.0})
    found = standing(alone.model_copy(update={"ahead": Interval(value=-0.029, low=low, high=high)}))
    assert found.outcome == outcome and words in found.sentence
    assert standing(alone).outcome == "worse", "where only the baseline's score was kept"


def test_a_difference_may_be_plain_though_the_scores_overlap(chinese):
    near = report(0.91, 0.88, 0.94, {"base": 0.89})
    found = standing(near.model_copy(update={"ahead": Interval(value=0.02, low=0.01, high=0.03)}))
    assert found.outcome == "better" and "逐样本比较，差距为 +2.0 个百分点" in found.sentence
