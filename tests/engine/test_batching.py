"""Every row once an epoch, the same step for any sharing out, little padding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunebook.engine.batching import Shares, StepSampler, by_length, padding


def lengths(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(3, 200, count)


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 300), batch=st.integers(1, 9), passes=st.integers(1, 4), processes=st.integers(1, 3),
    bucketed=st.booleans(), epoch=st.integers(0, 3),
)  # fmt: skip
def test_every_row_once_and_the_same_steps(
    count: int, batch: int, passes: int, processes: int, bucketed: bool, epoch: int
) -> None:
    if count < processes:
        with pytest.raises(ValueError, match="cannot feed"):
            StepSampler(lengths(count), Shares(batch, passes, processes), seed=1)
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
    assert all(0 < len(one) <= batch + (processes > 1) for own in passes_of for one in own)
    whole = StepSampler(lengths(count), Shares(batch * passes * processes), seed=1, bucketed=bucketed)
    whole.set_epoch(epoch)
    if [len(step) for step in whole.steps()] == [len(step) for step in samplers[0].steps()]:
        assert all((one == other).all() for one, other in zip(whole.steps(), samplers[0].steps(), strict=True))


def test_epochs_differ_and_the_seed_decides() -> None:
    sampler = StepSampler(lengths(100), Shares(8), seed=1)
    first = list(sampler)
    assert list(sampler) == first
    sampler.set_epoch(1)
    assert list(sampler) != first
    assert list(StepSampler(lengths(100), Shares(8), seed=2)) != first


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
    batches = by_length(sizes, 16)
    assert sizes[batches[0]].min() >= sizes[batches[1]].max()
    assert sorted(np.concatenate(batches)) == list(range(70))
