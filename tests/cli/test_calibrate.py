"""tunebook calibrate: a precision that rests on few pairs is doubted."""

from __future__ import annotations

import pytest

from tunebook.cli.calibrate import _doubts
from tunebook.core.hits import Found, Threshold
from tunebook.core.nouns import Interval
from tunebook.stats.proportion import wilson_interval


def made(share: float, reached: int, wanted: float | None = None) -> Threshold:
    one = Interval(value=share, low=share, high=share)
    found = Found(rows=20, reached=reached, precision=one, recall=one, f1=one)
    return Threshold(run="r", threshold=0.5, wanted=wanted, least=None, validation=found, test=found)


@pytest.mark.parametrize(
    ("share", "reached", "wanted", "told"),
    [
        (1.0, 12, None, True),  # twelve of twelve may be three of four
        (1.0, 12, 0.7, False),  # of which less was wanted
        (0.9, 2000, None, False),
        (0.9, 2000, 0.9, False),
        (0.833, 12, 0.8, True),
        (1.0, 0, None, False),  # nothing reaches it: nothing is promised
    ],
)
def test_few_pairs_promise_little(share: float, reached: int, wanted: float | None, told: bool) -> None:
    found = _doubts(made(share, reached, wanted))
    assert bool(found) == told
    if told:
        low = wilson_interval(share * reached, reached).low
        assert f"{low:.3f}" in found[0] and str(reached) in found[0] and f"{share:.3f}" in found[0]
