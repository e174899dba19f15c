"""The kind of queries with judged passages, as all that takes rows asks it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tunebook.core.errors import DataError
from tunebook.core.nouns import Labels
from tunebook.data.kinds.relevance import Relevance
from tunebook.data.options import DataOptions
from tunebook.data.passages import NUMBERED

KIND, LABELS = Relevance(), Labels(problem="relevance")


def column(*rows):
    return pa.chunked_array([pa.array([[{"passage": p, "gain": g} for p, g in row] for row in rows], NUMBERED)])


def test_targets_and_what_is_said_of_them():
    targets = KIND.targets(column([(4, 1), (9, 0)], [(2, 3)]), LABELS)
    np.testing.assert_array_equal(targets, [[2, 4, 1, 9, 0], [1, 2, 3, 0, 0]])
    assert KIND.said(targets[0], LABELS) == [{"passage": 4, "gain": 1.0}, {"passage": 9, "gain": 0.0}]


def test_a_column_of_cells_is_refused():
    with pytest.raises(DataError) as caught:
        KIND.find(pa.chunked_array([["a", "b"]]), DataOptions(label="x"), False)
    assert (caught.value.code, caught.value.key) == ("data.no_judged", "x")


def test_training_rows_need_a_relevant_passage_and_the_highest_gain_is_known():
    found = KIND.bounds(LABELS, column([(1, 1), (2, 3)], [(4, 0)]))
    assert (found.low, found.high) == (0, 3)
    with pytest.raises(DataError) as caught:
        KIND.bounds(LABELS, column([(1, 0)]))
    assert caught.value.code == "data.no_positives"


def test_figures_count_what_splits_share():
    rows = pa.table({"label": column([(1, 1), (2, 0)], [(1, 1)], [(2, 1)]), "_split": ["train", "test", "validation"]})
    figures = KIND.figures(rows, LABELS)
    has = {"relevant": 1, "both": 1, "scored_both": 0, "scored_two": 0}
    counts = {"rows": 3, "all": 4, "positives": 3, "negatives": 1, "shared": 1, "most": 2}
    assert figures == {"judged": {**counts, "train": {"rows": 1, "passages": 2, **has}}}
    assert [one["code"] for one in KIND.doubts(figures)] == ["passages_shared"]


def test_rows_without_classes_and_votes():
    rows = column([(1, 1)], [(1, 0.5)])
    assert KIND.outputs([]) == 1 and len(KIND.borne(rows)) == 0 and KIND.words(rows) is None
    assert KIND.strata(rows, LABELS).tolist() == [0, 0] and KIND.length_link(np.zeros(2), rows, LABELS) == 0
    assert KIND.text(rows).to_pylist() == ["", ""]
    assert KIND.vote("x", None) is None and KIND.nearness(None, None, LABELS) == 0  # type: ignore[arg-type]
    assert KIND.known(rows, None)[1] == []  # type: ignore[arg-type]
    assert KIND.warnings(KIND.find(rows, DataOptions(), False), "x", DataOptions()) == []
