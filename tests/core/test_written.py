import numpy as np

from tunebook.core.answers import stacked
from tunebook.core.written import FIGURES, Written, texts_of

TEXTS = ["In Norway.", "", "中文和 😀", "a\nb"]


def _written() -> Written:
    figures = np.arange(len(TEXTS) * FIGURES, dtype=np.float32).reshape(len(TEXTS), FIGURES)
    return Written(TEXTS, figures)


def test_texts_and_figures_come_back_as_they_were() -> None:
    written = _written()
    found = Written.of(written.matrix())
    assert found.texts == TEXTS
    np.testing.assert_array_equal(found.figures, written.figures)


def test_figures_have_names() -> None:
    found = Written.of(_written().matrix())
    columns = [found.losses, found.tokens, found.right, found.characters, found.stopped, found.made]
    np.testing.assert_array_equal(np.stack(columns, axis=1), found.figures)


def test_a_wider_matrix_says_the_same_and_a_run_without_a_model_nothing() -> None:
    matrix = _written().matrix()
    both = stacked([matrix, None, np.pad(matrix, ((0, 0), (0, 5)))])
    assert Written.of(both[2]).texts == TEXTS
    assert Written.of(both[1]).texts == [""] * len(TEXTS)
    assert np.isnan(Written.of(both[1]).figures).all()


def test_half_of_a_surrogate_pair_is_replaced() -> None:
    figures = np.zeros((1, FIGURES), dtype=np.float32)
    assert Written.of(Written(["a\ud800"], figures).matrix()).texts == ["a?"]


def test_no_rows_are_an_empty_matrix() -> None:
    assert Written.of(Written([], np.zeros((0, FIGURES), np.float32)).matrix()).texts == []


def test_targets_are_texts_of_any_length() -> None:
    targets = texts_of(TEXTS)
    assert targets.shape == (len(TEXTS),)
    assert targets[[2, 0]].tolist() == [TEXTS[2], TEXTS[0]]
