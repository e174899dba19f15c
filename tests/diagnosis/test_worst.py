"""The worst rows first, with what is known of each."""

from __future__ import annotations

import numpy as np
from tests.diagnosis.planted import looked

from tunebook.diagnosis.reading import Reading
from tunebook.diagnosis.worst import MOST, worst_rows


def test_wrong_rows_with_what_is_known_of_them() -> None:
    said, true = np.ones(10, dtype=int), np.array([0, 1] * 5)
    seen = looked(said, true)
    seen.answers[4] = [0.0, 9.0]
    cut = np.arange(10) == 4
    found = worst_rows(seen, Reading(cut, np.arange(10)), None, {"r2": "good"})
    assert [row.row for row in found] == ["r4", "r0", "r2", "r6", "r8"]
    first = found[0]
    assert (first.true, first.said, first.cut, first.unknown, first.near, first.strange) == (
        "bad", "good", True, 4, [], None,
    )  # fmt: skip
    assert first.score is not None and first.score > 0.99
    assert [row.doubt for row in found] == ["", "", "good", "", ""]


def test_no_more_than_one_can_read() -> None:
    seen = looked([1] * (MOST + 20), [0] * (MOST + 20))
    nothing = np.zeros(MOST + 20, dtype=np.int64)
    assert len(worst_rows(seen, Reading(nothing > 0, nothing), None, {})) == MOST
