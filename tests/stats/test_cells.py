"""Resampled confusion cells are resampled rows."""

import numpy as np
import pytest

from tunebook.metrics.counts import counts_of_confusion, macro_f1
from tunebook.stats.cells import Cells

CONFUSION = np.array([[40, 3, 0], [5, 20, 1], [0, 0, 2]])


def test_counts_of_the_cells_are_those_of_the_matrix():
    cells = Cells.of(CONFUSION)
    seen, expected = cells.counts(cells.rows), counts_of_confusion(CONFUSION)
    for part in ("right", "true", "predicted", "rows"):
        assert np.array_equal(getattr(seen, part), getattr(expected, part))
    assert np.array_equal(cells.matrices(cells.rows), CONFUSION)


def test_without_one_takes_one_row_out_of_each_cell():
    cells = Cells.of(CONFUSION)
    scores = macro_f1(cells.without_one())
    for place, (true, predicted) in enumerate(zip(cells.true, cells.predicted, strict=True)):
        less = CONFUSION.copy()
        less[true, predicted] -= 1
        assert scores[place] == pytest.approx(float(macro_f1(counts_of_confusion(less))))


def test_draws_move_as_drawn_rows_do():
    cells = Cells.of(CONFUSION)
    rng = np.random.default_rng(0)
    drawn = np.concatenate([macro_f1(cells.counts(rows)) for rows in cells.draws(4000, rng)])
    true, predicted = (np.repeat(part, cells.rows) for part in (cells.true, cells.predicted))
    flat = true * 3 + predicted
    by_rows = []
    for _ in range(4000):
        matrix = np.bincount(rng.choice(flat, size=len(flat)), minlength=9).reshape(3, 3)
        by_rows.append(float(macro_f1(counts_of_confusion(matrix))))
    error = np.std(by_rows) / np.sqrt(4000)
    assert drawn.mean() == pytest.approx(np.mean(by_rows), abs=5 * np.sqrt(2) * error)
    assert drawn.std() == pytest.approx(np.std(by_rows), rel=0.08)
