"""All intervals of one run: their values are the scores, groups act on each, and their level by simulation."""

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint
from tests.scored import intervals as intervals_of
from tests.scored import scores as scores_of

from tunebook.stats.bootstrap import Units
from tunebook.stats.intervals import class_intervals, of_macro_f1, of_micro_f1, of_ratio, of_share, of_sums
from tunebook.stats.proportion import wilson_interval

GROUPS = np.arange(200) // 10


def single(rows, seed, shares=(0.6, 0.3, 0.1)):
    rng = np.random.default_rng(seed)
    targets = rng.choice(len(shares), size=rows, p=shares)
    logits = rng.normal(size=(rows, len(shares)))
    logits[np.arange(rows), targets] += 1.5
    return logits, targets


def several(rows, seed):
    rng = np.random.default_rng(seed)
    targets = rng.random((rows, 3)) < 0.3
    return rng.normal(size=(rows, 3)) + 2 * targets - 1, targets


def numbers(rows, seed, levels=0):
    rng = np.random.default_rng(seed)
    target = rng.integers(levels, size=rows).astype(float) if levels else rng.normal(size=rows)
    return target + rng.normal(size=rows), target


def classified(kind, levels=0):
    """How the scores and the intervals of a kind are asked for."""
    return (
        lambda pred, target, groups=None: intervals_of(kind, pred, target, levels, groups),
        lambda pred, target: scores_of(kind, pred, target, levels),
    )


KINDS = {
    "single": (single, *classified("single_label")),
    "two": (lambda rows, seed: single(rows, seed, (0.7, 0.3)), *classified("single_label")),
    "several": (several, *classified("multi_label")),
    "number": (numbers, *classified("regression")),
    "ordered": (lambda rows, seed: numbers(rows, seed, 4), *classified("ordinal", 4)),
}
EACH = pytest.mark.parametrize("kind", KINDS)


@EACH
def test_values_in_the_middle_are_the_scores_themselves(kind):
    draw, intervals, scores = KINDS[kind]
    found, expected = intervals(*draw(200, 1)), scores(*draw(200, 1))
    assert len(found) >= 4
    for name, interval in found.items():
        assert interval.value == pytest.approx(expected[name])
        assert interval.low <= interval.value <= interval.high and interval.low < interval.high


@EACH
def test_rows_may_come_in_any_order_and_groups_have_any_name(kind):
    draw, intervals, _ = KINDS[kind]
    logits, targets = draw(200, 2)
    order = np.random.default_rng(0).permutation(200)
    plain, mixed = intervals(logits, targets), intervals(logits[order], targets[order])
    grouped, renamed = (intervals(logits, targets, groups=names) for names in (GROUPS, 900 - 7 * GROUPS))
    for name, interval in plain.items():
        assert (mixed[name].low, mixed[name].high) == pytest.approx((interval.low, interval.high))
        assert (renamed[name].low, renamed[name].high) == pytest.approx((grouped[name].low, grouped[name].high))


@EACH
def test_groups_of_one_row_are_no_groups_and_copies_tell_nothing_new(kind):
    draw, intervals, _ = KINDS[kind]
    logits, targets = draw(200, 3)
    plain = intervals(logits, targets)
    assert intervals(logits, targets, groups=np.arange(200)[::-1]) == plain
    copies = [np.repeat(part, 3, axis=0) for part in (logits, targets)]
    copied = intervals(*copies, groups=np.repeat(np.arange(200), 3))
    bold = intervals(*copies)
    for name, interval in plain.items():
        width, with_groups, without = (item.high - item.low for item in (interval, copied[name], bold[name]))
        assert with_groups > 0.9 * width, name
        assert without < 0.75 * width, name


def test_accuracy_is_wilsons():
    logits, targets = single(400, 0)
    right = int((logits.argmax(1) == targets).sum())
    assert intervals_of("single_label", logits, targets)["accuracy"] == wilson_interval(right, 400)


def test_a_score_that_is_not_a_number_has_no_interval():
    assert "auc" not in intervals_of("single_label", np.array([[2.0, 1.0]] * 4), np.zeros(4))
    broken = intervals_of("single_label", np.array([[np.nan, 1.0]] * 4), np.array([0, 1, 0, 1]))
    assert "auc" not in broken and "ece" not in broken
    assert set(intervals_of("regression", np.ones(9), np.arange(9.0))) == {"mse", "mae"}
    assert "spearman" not in intervals_of("ordinal", np.array([np.nan, 1.0]), np.array([0, 1]), 2)
    assert "qwk" not in intervals_of("ordinal", np.zeros(5), np.zeros(5), 3)
    assert set(intervals_of("multi_label", np.full((6, 2), -1.0), np.zeros((6, 2)))) == {"accuracy", "ece"}


def test_a_test_without_an_error_is_not_taken_for_certainty():
    targets = np.arange(30) % 3
    found = intervals_of("single_label", np.eye(3)[targets] * 9, targets)
    for name in ("accuracy", "macro_f1", "mcc", "auc"):
        assert found[name].value == pytest.approx(1) and found[name].low < 0.95


def test_shares_of_each_class_agree_with_statsmodels():
    true, given = (part > 0 for part in several(120, 4)[::-1])
    found = class_intervals(true, given, Units(120))
    for place in range(3):
        right = (true & given)[:, place].sum()
        for name, rows in (("precision", given[:, place].sum()), ("recall", true[:, place].sum())):
            expected = proportion_confint(right, rows, 0.05, "wilson")
            assert (found[name][0][place], found[name][1][place]) == pytest.approx(expected)
        either = (true | given)[:, place].sum()
        low, high = proportion_confint(right, either, 0.05, "wilson")
        assert found["f1"][0][place] == pytest.approx(2 * low / (1 + low))
        assert found["f1"][1][place] == pytest.approx(2 * high / (1 + high))


def test_a_class_that_never_comes_has_no_ends_and_groups_widen_the_others():
    true, given = np.eye(3, dtype=bool)[np.arange(200) % 2], np.eye(3, dtype=bool)[(np.arange(200) // 3) % 2]
    alone, together = (class_intervals(true, given, Units.of(200, groups)) for groups in (None, GROUPS))
    for name in ("precision", "recall", "f1"):
        assert np.isnan([alone[name][0][2], together[name][1][2]]).all()
        assert (together[name][0][:2] < alone[name][0][:2]).all()


def test_a_ratio_of_sums_is_as_sure_as_its_rows_drawn_again():
    draw = np.random.default_rng(0)
    below = draw.integers(1, 9, size=400).astype(float)
    sums = np.stack([2 * below + draw.normal(size=400), below], axis=1)
    drawn = sums[draw.integers(400, size=(4000, 400))].sum(1)
    found = of_ratio(sums, None)
    assert found.value == pytest.approx(sums[:, 0].sum() / sums[:, 1].sum())
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.1 * (high - low))
    copies = of_ratio(np.repeat(sums, 2, axis=0), np.repeat(np.arange(400), 2))
    assert (copies.low, copies.high) == pytest.approx((found.low, found.high))


def spans(rows, seed):
    """Rightly given, true and given spans of two types, row by row, the texts as good as each other or worse."""
    rng = np.random.default_rng(seed)
    true = rng.poisson((1.5, 0.5), size=(rows, 2))
    right = rng.binomial(true, rng.beta(6, 2, size=(rows, 1)))
    return np.hstack([right, true, right + rng.poisson(0.3, size=(rows, 2))])


def test_a_score_of_sums_is_drawn_again_with_rows_or_whole_groups():
    rng = np.random.default_rng(3)
    sums = np.stack([rng.poisson(3, 300), rng.poisson(10, 300)], axis=1)

    def ratio(total):
        return total[..., 0] / total[..., 1]

    drawn, exact = of_sums(sums, ratio, None), of_ratio(sums, None)
    assert drawn.value == exact.value
    np.testing.assert_allclose([drawn.low, drawn.high], [exact.low, exact.high], atol=0.003)
    copies = of_sums(np.tile(sums, (3, 1)), ratio, np.tile(np.arange(300), 3))
    np.testing.assert_allclose([copies.low, copies.high], [drawn.low, drawn.high])
    assert of_sums(sums * np.nan, ratio, None) is None


def test_rows_that_have_a_class_several_times_hold_the_truth_as_often_as_they_say():
    """As spans of texts: F1 of all, the mean of two types, and the share that is found."""

    def truth(sums):
        right, true, given = np.split(sums, 3)
        each = 2 * right / (true + given)
        return [2 * right.sum() / (true.sum() + given.sum()), each.mean(), right.sum() / true.sum()]

    expected = truth(spans(200_000, 99).sum(0))
    inside = np.zeros(3)
    for seed in range(REPEATS):
        drawn = spans(80, seed)
        both = np.stack([drawn[:, :2].sum(1), drawn[:, 2:4].sum(1)], axis=1)
        found = [of_micro_f1(drawn, None), of_macro_f1(drawn, None), of_share(both, None)]
        assert [interval.value for interval in found] == pytest.approx(truth(drawn.sum(0)))
        inside += [interval.low <= value <= interval.high for interval, value in zip(found, expected, strict=True)]
    assert (np.abs(inside / REPEATS - 0.95) < 0.02 + 4 * np.sqrt(0.95 * 0.05 / REPEATS)).all(), inside / REPEATS
    nothing = np.zeros((5, 6))
    assert [of(nothing[:, :2], None) for of in (of_share, of_ratio)] == [None, None]
    assert of_micro_f1(nothing, None) is of_macro_f1(nothing, None) is None


@pytest.mark.parametrize("texts", [1, 2, 3])
def test_a_type_of_few_texts_that_is_never_found_leaves_the_mean_an_interval(texts):
    never = np.zeros((80, 1))
    never[:texts] = 3
    right, true, given = np.split(spans(80, 0), 3, axis=1)
    plain = of_macro_f1(np.hstack([right, true, given]), None)
    found = of_macro_f1(np.hstack([right, 0 * never, true, never, given, 0 * never]), None)
    assert found.value == pytest.approx(plain.value * 2 / 3) and found.low < found.value
    assert found.high < found.value + 1 / 3  # were each of its spans found, the mean would be there


REPEATS = 250


@pytest.mark.parametrize(
    ("kind", "rows"), [("single", 150), ("two", 80), ("several", 120), ("number", 80), ("ordered", 100)]
)
def test_coverage(kind, rows):
    """The true values lie inside about 95 % of the intervals: within 4 Monte-Carlo errors and 2 points."""
    draw, intervals, scores = KINDS[kind]
    truth = scores(*draw(200_000, 99))
    hits: dict[str, int] = {}
    for seed in range(REPEATS):
        for name, found in intervals(*draw(rows, seed)).items():
            hits[name] = hits.get(name, 0) + (found.low <= truth[name] <= found.high)
    error = 4 * np.sqrt(0.95 * 0.05 / REPEATS)
    for name, count in hits.items():
        assert count / REPEATS > 0.93 - error, name
        assert name == "ece" or count / REPEATS < 0.995, name
