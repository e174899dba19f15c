"""The lead of a table: the gate's interval from three seeds on, before that an interval of the rows alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from tests import ab_book
from tests.racing.desks import Free
from tunebook.abtest.marks import Marks
from tunebook.racing.lead import lead, measure_leads
from tunebook.stats.gate import two_way

EXAM = ab_book.exam(60)
A, B = ab_book.gains(4, 60, 0.6, 0.8)


def marks(right: Any) -> Marks:
    return ab_book.marks(EXAM, right)


def test_from_three_seeds_on_it_is_the_interval_of_the_gate() -> None:
    found = lead(marks(A), marks(B), "accuracy", 0.05)
    effect = two_way(B.astype(float) - A.astype(float), 0.05)
    assert [found[name] for name in ("gain", "lower", "upper")] == pytest.approx(
        [effect.mean, effect.lower, effect.upper]
    )


@pytest.mark.parametrize("seeds", [1, 2])
def test_before_it_is_an_interval_of_the_rows(seeds: int) -> None:
    found = lead(marks(A[:seeds]), marks(B[:seeds]), "accuracy", 0.05)
    apart = (B[:seeds].astype(float) - A[:seeds]).mean(0)
    wanted = ttest_1samp(apart, 0).confidence_interval(0.9)
    assert found["gain"] == pytest.approx(apart.mean())
    assert (found["lower"], found["upper"]) == pytest.approx((wanted.low, wanted.high))


def test_a_metric_that_no_row_has_needs_seeds_for_an_interval() -> None:
    one = lead(marks(A[:1]), marks(B[:1]), "macro_f1", 0.05)
    assert one["gain"] > 0 and one["lower"] is None and one["upper"] is None
    assert lead(marks(A), marks(B), "macro_f1", 0.05)["lower"] < one["gain"]


def test_they_are_written_down_by_the_seeds_that_both_have(tmp_path: Path) -> None:
    desk = Free(tmp_path, {name: lambda place: 0.5 for name in ("champion", "1", "2", "3")})
    for name, right in (("champion", A), ("1", B), ("2", B[:1])):
        desk.diary.change(name, scores=list(right.mean(1)))
    answers = {"champion": marks(A), "1": marks(B), "2": marks(B[:1])}
    cast(Any, desk).__dict__["marks_of"] = lambda item: answers.get(item.name)
    measure_leads(desk)
    first, second, third = (desk.diary.state.named(name) for name in "123")
    assert first.gain == pytest.approx(float(B.mean() - A.mean())) and second.gain == pytest.approx(
        float(B[0].mean() - A[0].mean())
    )
    assert first.lower is not None and second.upper is not None and third.gain is None
    assert desk.diary.state.champion.gain is None
    answers["champion"] = cast(Any, None)
    measure_leads(desk)
    assert np.isfinite(first.gain or np.nan)


def test_groups_of_rows_take_their_place() -> None:
    groups = np.repeat(np.arange(12), 5)
    exam = replace(EXAM, groups=groups)
    found = lead(ab_book.marks(exam, A[:1]), ab_book.marks(exam, B[:1]), "accuracy", 0.05)
    means = (B[0].astype(float) - A[0]).reshape(12, 5).mean(1)
    wanted = ttest_1samp(means, 0).confidence_interval(0.9)
    assert (found["lower"], found["upper"]) == pytest.approx((wanted.low, wanted.high))
