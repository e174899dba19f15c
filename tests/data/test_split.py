from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunebook.core.errors import DataError
from tunebook.data.split import (
    TEST,
    TRAIN,
    VALIDATION,
    draw,
    parse_shares,
    shares_of_rest,
    split_groups,
    split_random,
    split_times,
)

SHARES = (0.7, 0.2, 0.1)


def keys_of(count: int) -> np.ndarray:
    return draw(np.arange(count, dtype=np.uint64), 99)


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("7:2:1", (0.7, 0.2, 0.1)),
        ("70/20/10", (0.7, 0.2, 0.1)),
        ("0.8, 0.1, 0.1", (0.8, 0.1, 0.1)),
        ("80/20", (0.68, 0.12, 0.2)),
    ],
)
def test_shares(text, shares):
    assert parse_shares(text) == pytest.approx(shares)


@pytest.mark.parametrize("text", ["", "7", "7:2:1:1", "a:b", "7:0:1", "-1:2:3", "nan:1:1", "inf:1:1"])
def test_bad_shares(text):
    with pytest.raises(DataError) as caught:
        parse_shares(text)
    assert caught.value.code == "data.split"


def test_shares_when_files_were_given():
    assert shares_of_rest(SHARES, False, False) == SHARES
    assert shares_of_rest(SHARES, True, True) == (1.0, 0.0, 0.0)
    assert shares_of_rest(SHARES, False, True) == pytest.approx((0.8, 0.2, 0.0))
    assert shares_of_rest((0.9, 0.05, 0.05), False, True) == pytest.approx((0.85, 0.15, 0.0))
    assert shares_of_rest(SHARES, True, False) == pytest.approx((0.875, 0.0, 0.125))


def test_the_draw_is_the_same_on_every_machine():
    """SplitMix64: the first outputs for state 0, from the reference program of Sebastiano Vigna."""
    golden = 0x9E3779B97F4A7C15
    states = np.array([(golden * n) % 2**64 for n in (1, 2, 3)], dtype=np.uint64)
    assert draw(states, 0).tolist() == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert not (draw(states, 0) == draw(states, 1)).any()


def test_classes_keep_their_shares():
    strata = np.repeat([0, 1, 2], [700, 200, 100])
    side = split_random(keys_of(1000), strata, SHARES, 42)
    for stratum, size in enumerate((700, 200, 100)):
        counts = np.bincount(side[strata == stratum], minlength=3)
        assert counts.tolist() == [size * 7 // 10, size * 2 // 10, size // 10]


def test_small_classes_stand_in_every_split_and_totals_come_out():
    strata = np.concatenate([np.repeat(np.arange(50), 3), np.repeat(np.arange(50, 60), 40), [90], [91, 91]])
    side = split_random(keys_of(len(strata)), strata, SHARES, 1)
    for stratum in range(60):
        assert set(side[strata == stratum]) == {TRAIN, VALIDATION, TEST}
    assert side[strata == 90].tolist() == [TRAIN]
    assert TRAIN in side[strata == 91]
    many = np.repeat(np.arange(200), 14)
    counts = np.bincount(split_random(keys_of(len(many)), many, SHARES, 1)) / len(many)
    assert counts == pytest.approx(SHARES, abs=0.01)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), min_size=1, max_size=60), st.integers(0, 5), st.randoms()
)
def test_a_split_does_not_hang_on_the_order_of_rows(rows, seed, random):
    """Rows of one text stay together, and shuffling the file moves no row."""
    keys = draw(np.array([text for text, _ in rows], dtype=np.uint64), 7)
    strata = np.array([label for _, label in rows])
    side = split_random(keys, strata, SHARES, seed)
    assert len({(key, part) for key, part in zip(keys.tolist(), side.tolist(), strict=True)}) == len(set(keys.tolist()))
    order = list(range(len(rows)))
    random.shuffle(order)
    assert split_random(keys[order], strata[order], SHARES, seed).tolist() == side[order].tolist()


def test_the_seed_decides():
    strata = np.zeros(300, dtype=np.int64)
    first, again, other = (split_random(keys_of(300), strata, SHARES, seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_no_share_no_rows():
    side = split_random(keys_of(100), np.zeros(100, dtype=np.int64), (0.8, 0.2, 0.0), 1)
    assert np.bincount(side).tolist() == [80, 20]
    two = split_random(keys_of(2), np.zeros(2, dtype=np.int64), (0.5, 0.5, 0.0), 1)
    assert sorted(two.tolist()) == [TRAIN, VALIDATION]


def test_groups_stay_whole_and_shares_are_near():
    random = np.random.default_rng(5)
    groups = random.integers(0, 120, 3000)
    strata = random.integers(0, 4, 3000)
    side = split_groups(groups, strata, SHARES, keys_of(3000))
    assert all(len(set(side[groups == group])) == 1 for group in range(120))
    assert np.bincount(side) / 3000 == pytest.approx(SHARES, abs=0.03)
    for stratum in range(4):
        assert np.bincount(side[strata == stratum], minlength=3) / (strata == stratum).sum() == pytest.approx(
            SHARES, abs=0.06
        )


def test_few_groups():
    groups = np.array([0] * 50 + [1] * 3 + [2] * 2)
    side = split_groups(groups, np.zeros(55, dtype=np.int64), SHARES, keys_of(55))
    assert set(side) == {TRAIN, VALIDATION, TEST}
    with pytest.raises(DataError) as caught:
        split_groups(groups[:53], np.zeros(53, dtype=np.int64), SHARES, keys_of(53))
    assert caught.value.code == "data.groups"


def test_time_cuts_old_from_new():
    times = np.random.default_rng(2).permutation(100)
    side = split_times(times, SHARES)
    assert times[side == TRAIN].max() < times[side == VALIDATION].min()
    assert times[side == VALIDATION].max() < times[side == TEST].min()
    assert np.bincount(side).tolist() == [70, 20, 10]
    assert np.bincount(split_times(times, (0.8, 0.2, 0.0))).tolist() == [80, 20]


def test_one_moment_stays_together():
    assert split_times(np.array([1] * 8 + [2, 3]), SHARES).tolist() == [0] * 8 + [1, 2]
