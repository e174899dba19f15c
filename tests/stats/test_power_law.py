"""The power law against a general minimiser, its edges, and what its intervals promise on drawn curves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from tunebook.stats.power_law import FORMS, Check, Fit, Laws, Measured, fit, held_out, least_squares

SIZES = np.array([500.0, 1000, 2000, 4000, 8000])


def curve(a: float, b: float, c: float, sizes: np.ndarray = SIZES) -> np.ndarray:
    return a * (sizes / sizes.max()) ** -b + c


def drawn(random: np.random.Generator, law: tuple[float, float, float], seeds: int = 3, rows: int = 800) -> Measured:
    """Errors of a law on rows that all points share in part, with the chance of seeds."""
    easy = random.random(rows)
    wrong = np.zeros((len(SIZES), seeds, rows))
    for size, error in enumerate(curve(*law)):
        for seed in range(seeds):
            level = error + 0.01 * random.normal()
            wrong[size, seed] = np.where(random.random(rows) < 0.8, easy, random.random(rows)) < level
    mean = wrong.mean(axis=1)
    weights = random.multinomial(rows, np.full(rows, 1 / rows), size=150) / rows
    return Measured(SIZES, wrong.mean(axis=2), weights @ mean.T - mean.mean(axis=1))


@pytest.mark.parametrize("law", [(0.1, 0.5, 0.05), (0.2, 0.2, 0.0), (0.05, 1.1, 0.3), (0.0, 1.0, 0.2)])
def test_a_law_without_noise_is_found_again(law: tuple[float, float, float]) -> None:
    found = least_squares(SIZES, curve(*law)[None, :], np.ones(5))
    np.testing.assert_allclose(found.at(SIZES)[0], curve(*law), atol=2e-3)
    np.testing.assert_allclose(found.at(32000.0)[0, 0], law[0] * 4.0 ** -law[1] + law[2], atol=8e-3)
    assert found.misfit[0] < 1e-4


def test_no_minimiser_from_many_starts_does_better() -> None:
    random = np.random.default_rng(3)
    for _ in range(12):
        errors = np.clip(curve(0.1, 0.5, 0.05) + 0.02 * random.normal(size=5), 0, 1)
        weights = random.uniform(0.5, 2.0, size=5)
        found = least_squares(SIZES, errors[None, :], weights)

        def loss(given: np.ndarray, errors: np.ndarray = errors, weights: np.ndarray = weights) -> float:
            return float((weights * (curve(*given) - errors) ** 2).sum())

        bounds = [(0, None), (0.02, 3.0), (0, None)]
        starts = [(a, b, c) for a in (0.02, 0.1) for b in (0.1, 0.5, 1.5) for c in (0.0, 0.1)]
        best = min(minimize(loss, start, bounds=bounds).fun for start in starts)
        own = np.array([found.a[0], found.b[0], found.c[0]])
        assert loss(own) == pytest.approx(found.misfit[0], abs=1e-12)
        assert found.misfit[0] <= best * 1.02  # a parabola does not see where c reaches 0


def test_simpler_forms_and_their_edges() -> None:
    errors = np.stack([curve(0.1, 0.5, 0.0), np.full(5, 0.2), curve(0.05, 0.4, 0.1)[::-1]])
    pure, flat = (least_squares(SIZES, errors, np.ones(5), form) for form in ("pure", "flat"))
    assert pure.c.tolist() == [0, 0, 0] and pure.b[0] == pytest.approx(0.5, abs=0.01)
    np.testing.assert_allclose(flat.at(SIZES), errors.mean(axis=1)[:, None].repeat(5, axis=1))
    whole = least_squares(SIZES, errors, np.ones(5))
    assert whole.a[2] == 0 and whole.c[2] == pytest.approx(errors[2].mean())  # an error that rises with rows is flat
    assert set(FORMS) == {"power", "pure", "flat"}


def test_rows_for_an_error() -> None:
    laws = Laws(np.array([0.1, 0.1, 0.0, 0.0]), np.full(4, 0.5), np.array([0.1, 0.2, 0.1, 0.3]), 1000.0, np.zeros(4))
    found = laws.rows_for(0.15)
    assert found[0] == pytest.approx(4000) and np.isinf(found[1])  # 0.1 (n/1000)^-0.5 = 0.05
    assert found[2] == 0 and np.isinf(found[3])
    made = Fit(laws, laws)
    value, low, high = made.rows_for(0.15)
    assert low == 0 and np.isinf(high) and value == pytest.approx(4000)  # by the law, as `at` tells it
    assert made.at(value)[0] == pytest.approx(0.15)
    alone = Fit(laws, Laws(laws.a[2:3], laws.b[2:3], laws.c[2:3], 1000.0, np.zeros(1)))
    assert alone.rows_for(0.15) == (value, 0.0, value)


@pytest.mark.parametrize("law", [(0.08, 0.5, 0.1), (0.1, 0.3, 0.0), (0.0, 1.0, 0.2), (0.03, 1.0, 0.05)])
def test_intervals_hold_as_often_as_they_promise(law: tuple[float, float, float]) -> None:
    random, held, worlds = np.random.default_rng(11), np.zeros(3), 60
    places = np.array([8000.0, 16000, 32000])
    for _ in range(worlds):
        found = fit(drawn(random, law), draws=200)
        for place, rows in enumerate(places):
            _, low, high = found.at(float(rows))
            held[place] += low <= law[0] * (rows / 8000) ** -law[1] + law[2] <= high
    chance = 2.6 * np.sqrt(0.9 * 0.1 / worlds)  # 0.5 % that a promise which is kept seems broken
    assert (held / worlds >= 0.9 - chance).all(), held / worlds


def test_one_seed_takes_the_chance_from_what_the_law_leaves() -> None:
    random = np.random.default_rng(5)
    given = Measured(SIZES, (curve(0.1, 0.5, 0.05) + 0.01 * random.normal(size=5))[:, None])
    assert given.freedom == 0 and (given.variance() > 0).all()
    value, low, high = fit(given, seed=1).at(16000.0)
    assert low < value < high
    three = Measured(SIZES[:3], given.errors[:3])
    assert np.isfinite(fit(three).at(4000.0)).all() and (fit(three).draws.a >= 0).all()


def test_points_off_the_law_widen_the_interval() -> None:
    close = np.repeat((curve(0.1, 0.5, 0.05))[:, None], 3, axis=1) + np.array([-0.002, 0.0, 0.002])
    off = close + np.array([0.0, 0.03, -0.03, 0.03, 0.0])[:, None]
    widths = []
    for errors in (close, off):
        _, low, high = fit(Measured(SIZES, errors)).at(16000.0)
        widths.append(high - low)
    assert widths[1] > 3 * widths[0]


def test_the_largest_size_is_foretold_by_the_others() -> None:
    random = np.random.default_rng(2)
    given = drawn(random, (0.1, 0.6, 0.05))
    power, pure, flat = held_out(given)
    assert power.held and power.form == "power" and not flat.held
    assert power.seen == pytest.approx(given.mean[-1]) and pure.low <= pure.foretold <= pure.high
    few = given.without_largest()
    assert len(few.sizes) == 4 and few.drawn is not None and few.drawn.shape[1] == 4
    assert Measured(SIZES, given.errors).without_largest().drawn is None
    assert not Check("flat", 0.1, 0.0, 0.05, 0.2).held


def test_intervals_of_the_points() -> None:
    given = drawn(np.random.default_rng(4), (0.1, 0.5, 0.05))
    ends = given.intervals(0.9)
    bare = Measured(SIZES, given.errors).intervals(0.9)
    assert ends.shape == (5, 2) and ((ends[:, 0] < given.mean) & (given.mean < ends[:, 1])).all()
    assert (np.diff(ends) > np.diff(bare)).all()  # the chance of the rows is in it


def test_the_ceiling() -> None:
    given = Measured(SIZES, np.repeat(curve(0.1, 1.0, 0.2)[:, None], 3, axis=1) + np.array([-0.001, 0, 0.001]))
    value, low, high = fit(given).ceiling()
    assert low <= value <= high and value == pytest.approx(0.2, abs=0.01)
