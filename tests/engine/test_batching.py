"""Every row once an epoch, the same step for any sharing out, little padding."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tunebook.core.errors import PlanError
from tunebook.core.training import Training
from tunebook.engine.batching import RowNumbers, StepSampler, by_length, by_lines, by_tokens, parts_of
from tunebook.engine.ranks import Shares
from tunebook.tables.rules import planned_steps


def lengths(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(3, 200, count)


@settings(max_examples=100, deadline=None)
@given(
    count=st.integers(1, 300), batch=st.integers(1, 9), passes=st.integers(1, 4), processes=st.integers(1, 4),
    bucketed=st.booleans(), epoch=st.integers(0, 3),
)  # fmt: skip
def test_every_row_once_and_the_same_steps(
    count: int, batch: int, passes: int, processes: int, bucketed: bool, epoch: int
) -> None:
    if min(count, batch * passes) < processes:
        with pytest.raises(PlanError) as caught:
            StepSampler(lengths(count), Shares(batch, passes, processes), seed=1)
        assert caught.value.code == "ranks.rows"
        return
    samplers = [
        StepSampler(lengths(count), Shares(batch, passes, processes, rank), seed=1, bucketed=bucketed)
        for rank in range(processes)
    ]
    for sampler in samplers:
        sampler.set_epoch(epoch)
    passes_of = [list(sampler) for sampler in samplers]
    assert sorted(row for own in passes_of for one in own for row in one) == list(range(count))
    assert len({len(own) for own in passes_of}) == 1, "a process that is done early would hang the others"
    assert [len(sampler) for sampler in samplers] == [len(own) for own in passes_of]
    assert all(0 < len(one) <= batch + (processes > 1) for own in passes_of[:1] for one in own[:-passes])
    alone = StepSampler(lengths(count), Shares(batch, passes), seed=1, bucketed=bucketed)
    alone.set_epoch(epoch)
    one, many = alone.steps(), samplers[0].steps()
    if [len(step) for step in one] == [len(step) for step in many]:
        assert all((mine == theirs).all() for mine, theirs in zip(one, many, strict=True))
    for number, step in enumerate(many):  # the trainer takes `passes` passes a step, in all but the last
        each = samplers[0].shares.passes
        shared = [row for own in passes_of for part in own[number * each : (number + 1) * each] for row in part]
        assert sorted(shared) == sorted(step.tolist())


@settings(max_examples=100, deadline=None)
@given(
    count=st.integers(1, 400), batch=st.integers(1, 32), passes=st.integers(1, 4), processes=st.integers(1, 4),
    epochs=st.integers(1, 3),
)  # fmt: skip
def test_the_steps_are_those_that_were_planned(
    count: int, batch: int, passes: int, processes: int, epochs: int
) -> None:
    assume(min(count, batch * passes) >= processes)
    params = Training(batch_size=batch, gradient_accumulation_steps=passes, max_epochs=epochs)
    shares = Shares(batch, passes, processes)
    sampler = StepSampler(lengths(count), shares, seed=0)
    spare = batch * passes - (processes - 1) >= shares.passes * processes  # a step can give rows to a tiny rest
    if spare or processes == 1:
        assert len(sampler.steps()) * epochs == planned_steps(params, count)
        updates = -(-len(sampler) // shares.passes)  # as the trainer counts them
        assert updates == len(sampler.steps())
    assert sum(map(len, sampler.steps())) == count


def test_a_tiny_rest_gets_rows_of_the_step_before_it() -> None:
    assert [len(step) for step in StepSampler(lengths(17), Shares(8), seed=0).steps()] == [8, 8, 1]
    assert [len(step) for step in StepSampler(lengths(17), Shares(8, 1, 4), seed=0).steps()] == [8, 5, 4]
    assert [len(step) for step in StepSampler(lengths(9), Shares(4, 1, 4), seed=0).steps()] == [4, 5]


def test_an_order_is_followed_to_the_letter() -> None:
    def order(epoch: int) -> np.ndarray:
        return np.roll(np.array([5, 5, 1, 0, 2, 3, 9]), epoch)

    sampler = StepSampler(lengths(10), Shares(3), seed=1, order=order)
    assert sampler.rows == 7
    assert list(sampler) == [[5, 5, 1], [0, 2, 3], [9]]
    sampler.set_epoch(1)
    assert list(sampler) == [[9, 5, 5], [1, 0, 2], [3]]
    shrinking = StepSampler(lengths(10), Shares(3), seed=1, order=lambda epoch: np.arange(7 - epoch))
    shrinking.set_epoch(1)
    with pytest.raises(ValueError, match="6 rows in epoch 1, 7 in the first"):
        shrinking.steps()


def test_row_numbers() -> None:
    numbers = RowNumbers(4)
    assert (len(numbers), numbers[3]) == (4, 3)


def test_epochs_differ_and_the_seed_decides() -> None:
    sampler = StepSampler(lengths(100), Shares(8), seed=1)
    first = list(sampler)
    assert list(sampler) == first
    sampler.set_epoch(1)
    assert list(sampler) != first
    assert list(StepSampler(lengths(100), Shares(8), seed=2)) != first


def padding(lengths, batches):
    """Padded tokens over real tokens: 1 is none wasted."""
    return sum(len(batch) * lengths[list(batch)].max() for batch in batches) / lengths.sum()


def test_bucketing_saves_padding() -> None:
    sizes = lengths(5000)
    bucketed = StepSampler(sizes, Shares(32), seed=0)
    shuffled = StepSampler(sizes, Shares(32), seed=0, bucketed=False)
    assert padding(sizes, list(bucketed)) < 1.1
    assert padding(sizes, list(shuffled)) > 1.7


def test_steps_mix_lengths_over_time() -> None:
    """Bucketed steps must not run from short to long."""
    sizes = lengths(3200)
    means = [sizes[step].mean() for step in StepSampler(sizes, Shares(32), seed=0).steps()]
    assert abs(np.corrcoef(np.arange(len(means)), means)[0, 1]) < 0.3


def test_by_length_is_longest_first_and_complete() -> None:
    sizes = lengths(70)
    batches = by_length(sizes, np.ones_like(sizes), 16)
    assert sizes[batches[0]].min() >= sizes[batches[1]].max()
    assert sorted(np.concatenate(batches)) == list(range(70))


@settings(max_examples=50, deadline=None)
@given(count=st.integers(0, 60), size=st.integers(1, 20), most=st.integers(1, 900), seed=st.integers(0, 9))
def test_by_length_of_so_many_tokens_at_most(count: int, size: int, most: int, seed: int) -> None:
    sizes = lengths(count, seed)
    batches = by_length(sizes, np.ones_like(sizes), size, most)
    assert sorted(row for batch in batches for row in batch) == list(range(count))
    assert all(len(batch) <= size and (len(batch) == 1 or len(batch) * sizes[batch].max() <= most) for batch in batches)
    assert all(one.size and sizes[one].min() >= sizes[two].max() for one, two in pairwise(batches))


def test_by_lines_keeps_the_order_and_fills_no_part_beyond_its_size() -> None:
    lines = np.array([1, 1, 3, 9, 1, 2, 2, 1])
    rows = [7, 2, 0, 3, 1, 5, 6, 4]
    assert by_lines(rows, lines, 4) == [[7, 2], [0], [3], [1, 5], [6, 4]]
    assert by_lines([4, 0, 1, 7], lines, 4) == [[4, 0, 1, 7]], "single lines are never parted"
    draw = np.random.default_rng(0)
    for size in (1, 4, 16):
        lines = draw.integers(1, 8, 40)
        rows = draw.permutation(40)[:25].tolist()
        parts = by_lines(rows, lines, size)
        assert [row for part in parts for row in part] == rows
        assert all(lines[part].sum() <= size or len(part) == 1 for part in parts)
        assert all(lines[one].sum() + lines[two[0]] > size for one, two in pairwise(parts)), "none could take one more"


@settings(max_examples=50, deadline=None)
@given(count=st.integers(1, 40), most=st.integers(1, 900), padded=st.booleans(), seed=st.integers(0, 9))
def test_parts_of_a_pass_have_so_many_tokens_at_most(count: int, most: int, padded: bool, seed: int) -> None:
    sizes = lengths(count, seed)
    one = np.ones(count, dtype=np.int64)
    parts = by_tokens(range(count), sizes, one, most, padded=padded)
    assert sorted(row for part in parts for row in part) == list(range(count))
    for part in parts:
        tokens = len(part) * sizes[part].max() if padded else sizes[part].sum()
        assert len(part) == 1 or tokens <= most
    assert parts_of(range(count), sizes, one, count, None, padded) == [list(range(count))]
    assert all(len(part) <= 3 for part in parts_of(range(count), sizes, one, 3, most, padded))


def test_rows_of_several_lines_count_all_of_them() -> None:
    sizes, lines = np.array([30, 10, 20]), np.array([3, 1, 2])
    assert by_tokens([0, 1, 2], sizes, lines, 40, padded=True) == [[0, 1], [2]]
    assert by_tokens([1, 2], np.array([0, 40, 4]), lines, 40, padded=False) == [[1], [2]]
