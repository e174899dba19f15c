"""Weights of mixtures: against brute force over all orders, and games whose values are known."""

import math
from itertools import chain, combinations, permutations

import numpy as np
import pytest

from tunebook.core.errors import PlanError
from tunebook.stats.contrasts import one_back, one_in, shapley

ROWS = ("rate", "epochs", "decay", "fgm")


def mixtures(rows):
    return [frozenset(part) for size in range(len(rows) + 1) for part in combinations(rows, size)]


def value(weights, scores):
    return sum(weight * scores[mixture] for mixture, weight in weights.items())


@pytest.fixture
def scores():
    """Any game: scores (2 seeds, 3 rows) of every mixture."""
    rng = np.random.default_rng(0)
    return {mixture: rng.normal(size=(2, 3)) for mixture in mixtures(ROWS)}


def by_brute_force(rows, scores):
    found = {row: np.zeros((2, 3)) for row in rows}
    for order in permutations(rows):
        for place, row in enumerate(order):
            before = frozenset(order[:place])
            found[row] += (scores[before | {row}] - scores[before]) / math.factorial(len(rows))
    return found


def test_exact_values_are_those_of_all_orders(scores):
    expected = by_brute_force(ROWS, scores)
    for row, weights in shapley(ROWS).items():
        assert value(weights, scores) == pytest.approx(expected[row])


@pytest.mark.parametrize("drawn", [None, 1, 2, 5, 40])
def test_values_add_up_to_the_whole_gain(scores, drawn):
    found = shapley(ROWS, drawn, seed=3)
    assert sum(value(weights, scores) for weights in found.values()) == pytest.approx(
        scores[frozenset(ROWS)] - scores[frozenset()]
    )
    assert all(sum(weights.values()) == pytest.approx(0) for weights in found.values())
    assert all(
        (row in mixture) == (weight > 0) for row, weights in found.items() for mixture, weight in weights.items()
    )


def test_drawn_values_come_near_the_exact_ones(scores):
    expected = by_brute_force(ROWS, scores)
    found = shapley(ROWS, 4000)
    # What a row adds has a standard deviation of about 1.5, over the square root of 4,000 draws; five of them.
    for row, weights in found.items():
        assert value(weights, scores) == pytest.approx(expected[row], abs=5 * 1.5 / 4000**0.5)


def test_two_orders_are_exact_where_rows_act_in_pairs():
    rng = np.random.default_rng(1)
    alone = {row: rng.normal(size=(2, 3)) for row in ROWS}
    pairs = {frozenset(pair): rng.normal(size=(2, 3)) for pair in combinations(ROWS, 2)}
    game = {
        mixture: sum((alone[row] for row in mixture), np.zeros((2, 3)))
        + sum((gain for pair, gain in pairs.items() if pair <= mixture), np.zeros((2, 3)))
        for mixture in mixtures(ROWS)
    }
    expected = by_brute_force(ROWS, game)
    found = shapley(ROWS, 2, seed=7)
    assert len(set(chain.from_iterable(found.values()))) == 2 * len(ROWS)
    for row, weights in found.items():
        assert value(weights, game) == pytest.approx(expected[row])


def test_one_row_back_and_one_row_in(scores):
    whole, nothing = frozenset(ROWS), frozenset()
    for row in ROWS:
        assert value(one_back(ROWS)[row], scores) == pytest.approx(scores[whole] - scores[whole - {row}])
        assert value(one_in(ROWS)[row], scores) == pytest.approx(scores[frozenset({row})] - scores[nothing])


@pytest.mark.parametrize("contrasts", [one_back, one_in, shapley, lambda rows: shapley(rows, 3)])
def test_one_changed_row_is_the_whole_gain_and_none_is_nothing(contrasts):
    assert contrasts(["rate"]) == {"rate": {frozenset({"rate"}): pytest.approx(1), frozenset(): pytest.approx(-1)}}
    assert contrasts([]) == {}


def test_the_same_seed_draws_the_same_orders():
    many = [f"row{number}" for number in range(8)]
    assert shapley(many, 3, seed=1) == shapley(many, 3, seed=1) != shapley(many, 3, seed=2)


def test_too_many_rows_for_all_orders_and_no_orders_are_refused():
    with pytest.raises(PlanError, match="128 tables"):
        shapley([f"row{number}" for number in range(7)])
    with pytest.raises(PlanError, match=r"stats\.permutations"):
        shapley(ROWS, 0)
