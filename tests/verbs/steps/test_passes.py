"""In which lines rows are read, and how many tokens the largest pass has: worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests import small
from tunebook.tasks.question_answering import QuestionAnswering
from tunebook.tasks.tagging import Tagging
from tunebook.verbs.steps.passes import Lines, Read, lines_of


def params_of(**changes: object):  # type: ignore[no-untyped-def]
    extra = {name: changes.pop(name) for name in list(changes) if "." in name}
    return small.filled(**{"batch_size": 8, **changes}).model_copy(update=extra)


def test_lines_of_texts_that_are_cut() -> None:
    found = lines_of({"lengths": {"4": 3, "10": 1}}, 20)
    assert (found.mean, found.longest, found.each, found.most, found.row) == (5.5, 10, 1, 1, 5.5)
    assert found.spread == pytest.approx(np.std([4, 4, 4, 10]))
    cut = lines_of({"lengths": {"4": 2, "10": 1, "30": 1}, "per_row": 2}, 8)
    assert (cut.mean, cut.longest, cut.each, cut.row) == (6, 8, 2, 12)
    none = lines_of({"lengths": {}}, 8)
    assert (none.mean, none.longest, none.row) == (0, 0, 0)


def test_the_longest_are_those_that_are_left_out() -> None:
    found = lines_of({"lengths": {"4": 2, "10": 1, "30": 1}, "left_out_share": 0.25}, 20)
    assert (found.mean, found.longest) == (6, 10)
    assert lines_of({"lengths": {"4": 2, "30": 2}, "left_out_share": 0.25}, 20).mean == pytest.approx(28 / 3)


def test_long_texts_are_read_in_windows() -> None:
    """30 tokens in windows of 16 that go on by 12: 16, 28, 40."""
    assert Tagging().parted(30, 16) == 3 and Tagging().parted(28, 16) == 2
    found = lines_of({"lengths": {"10": 1, "30": 1}}, 16, Tagging().parted)
    assert (found.mean, found.longest, found.each, found.most) == ((10 + 3 * 16) / 4, 16, 2, 3)
    assert found.row == 29


def test_windows_stand_behind_their_question() -> None:
    """64 tokens, 16 of them a question: 48 of the context, and 36 more with each window."""
    assert [QuestionAnswering().parted(length, 64) for length in (65, 100, 101)] == [2, 2, 3]


def test_tokens_of_the_largest_pass() -> None:
    lines = Lines(mean=20, spread=5, longest=50)
    assert Read(lines).largest(params_of(), 100) == 8 * 50
    one = Read(lines, padded=False)
    assert one.largest(params_of(), 100) == pytest.approx(8 * 20 + 5 * math.sqrt(2 * 8 * math.log(100)))
    assert one.largest(params_of(), 1) == 160 and Read(Lines(49, 90, 50), padded=False).largest(params_of(), 9) == 400
    assert Read(lines).largest(params_of(tokens_at_once=128), 100) == 128
    assert Read(lines).largest(params_of(tokens_at_once=20), 100) == 50, "a line is read whole"
    assert Read(lines).look(params_of()) == 32 * 50 and Read(lines).look(params_of(batch_size=20)) == 40 * 50


def test_rows_of_several_lines() -> None:
    """Passes have as many lines as a batch has rows, unless a step is one pass."""
    two = Lines(20, 5, 50, each=2, most=2)
    assert Read(two).largest(params_of(), 9) == 400 and Read(two, whole=True).largest(params_of(), 9) == 800
    assert Read(two, share=0.5, whole=True).largest(params_of(tokens_at_once=64), 9) == 400
    assert Read(Lines(20, 5, 50, 3, 12)).largest(params_of(), 9) == 600, "all windows of a row are read at once"
    assert Read(two).largest(params_of(batch_size=1), 9) == 100
    assert Read(Lines(20, 5, 50, 21), share=0.5).largest(params_of(), 9) == 11 * 50
    parts = params_of(**{"embedding.mini_batch": 4})
    assert Read(two, whole=True).largest(parts, 9) == 200


def test_what_a_model_says_of_sums_of_lengths_is_about_right() -> None:
    """The largest of 200 passes of 8 rows, drawn."""
    draw = np.random.default_rng(0)
    lengths = draw.gamma(2.0, 60.0, (50, 200, 8))
    lines = Lines(float(lengths.mean()), float(lengths.std()), 2000)
    found = Read(lines, padded=False).largest(params_of(), 200)
    assert np.median(lengths.sum(-1).max(-1)) == pytest.approx(found, rel=0.1)
