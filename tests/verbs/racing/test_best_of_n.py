"""What the best of N by one run each is worth: the redraws against what simulation knows to be true."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tunebook.verbs.racing import best_of_n as module
from tunebook.verbs.racing.best_of_n import Score, best_of_n

N = 400
ROWS = np.arange(N)


def scorers(right: NDArray[Any]) -> list[Score]:
    """Accuracy of runs, shape (K, N), as functions of row numbers."""
    return [lambda rows, run=run: float(run[rows].mean()) for run in right]  # type: ignore[misc]


def tables(
    draw: np.random.Generator, gains: list[float], seeds: int, noise: float = 0.015
) -> tuple[list[Score], list[list[Score]]]:
    """A champion of .8 and tables with these true gains; every run has luck of its own, every row its difficulty."""
    level = draw.random(N)
    found = []
    for gain in (0.0, *gains):
        luck = draw.normal(0, noise, size=(seeds, 1))
        found.append(scorers(level + draw.normal(0, 0.1, size=(seeds, N)) < 0.8 + gain + luck))
    return found[0], found[1:]


def test_among_equals_what_is_seen_is_luck_and_nothing_is_kept() -> None:
    draw = np.random.default_rng(0)
    found = [best_of_n(*tables(draw, [0.0] * 6, 5), ROWS, seed, 150) for seed in range(30)]
    lucks = [luck for luck in found if luck is not None and luck.picked]
    seen, kept = (np.mean([getattr(luck, name) for luck in lucks]) for name in ("seen", "kept"))
    assert seen > 0.02
    assert abs(kept) < 0.35 * seen, "what is left is the luck of these rows and runs, which all redraws share"
    assert 0.3 < np.mean([luck.no_better for luck in lucks]) < 0.6


def test_a_much_better_table_keeps_what_was_seen() -> None:
    luck = best_of_n(*tables(np.random.default_rng(1), [0.12, 0.0], 5), ROWS, most=400)
    assert luck is not None and luck.picked > 0.99 and luck.no_better < 0.02
    assert luck.kept == pytest.approx(luck.seen, abs=0.03)
    assert luck.seen_low < luck.seen < luck.seen_high and luck.kept_low < luck.kept < luck.kept_high


def test_worse_tables_are_seldom_chosen() -> None:
    luck = best_of_n(*tables(np.random.default_rng(2), [-0.2, -0.2], 3), ROWS, most=400)
    assert luck is not None and luck.picked == 0 and luck.no_better == 0.0 and luck.seen == luck.kept == 0.0


def test_single_runs_are_counted_and_flatter_the_habit() -> None:
    """The same tables judged with one run each and with five: the luck of the one is in both of its figures."""
    draw = np.random.default_rng(3)
    kept: dict[int, list[float]] = {1: [], 5: []}
    for seed in range(25):
        champion, others = tables(draw, [0.0] * 6, 5, noise=0.03)
        for runs in kept:
            luck = best_of_n(champion, [table[:runs] for table in others], ROWS, seed, 60)
            assert luck is not None and luck.single == (6 if runs == 1 else 0) and luck.tries == 6
            kept[runs].append(luck.kept)
    assert np.mean(kept[1]) > np.mean(kept[5]) + 0.01


def test_the_same_seed_gives_the_same_answer_and_many_rows_fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    made = tables(np.random.default_rng(4), [0.01], 3)
    one, two, three = (best_of_n(*made, ROWS, seed, 100) for seed in (7, 7, 8))
    assert one == two != three
    monkeypatch.setattr(module, "_WORK", 250.0 * 5 * N)
    level: list[Score] = [lambda rows: 0.5]
    luck = best_of_n(level, [level, level], ROWS)
    assert luck is not None and luck.draws == 250 and luck.picked == 0, "a tie leaves the champion"


def test_nothing_to_judge() -> None:
    one = scorers(np.ones((1, N)))
    assert (
        best_of_n([], [one], ROWS) is None
        and best_of_n(one, [], ROWS) is None
        and best_of_n(one, [one], ROWS[:1]) is None
    )
    nothing: list[Score] = [lambda rows: float("nan")]
    luck = best_of_n(nothing, [nothing], ROWS)
    assert luck is not None and luck.picked == 0, "a metric that those rows do not have"


def test_groups_are_drawn_whole() -> None:
    """Answers that are right or wrong by the group: where groups are told, fewer of the choices seem sure."""
    draw = np.random.default_rng(5)
    groups = np.repeat(np.arange(20), N // 20)
    right = [np.repeat(draw.random((3, 20)) < chance, N // 20, axis=1) for chance in (0.6, 0.75)]
    champion, other = (scorers(item) for item in right)
    blind, told = (best_of_n(champion, [other], units, most=400) for units in (ROWS, groups))
    assert blind is not None and told is not None
    assert told.kept_high - told.kept_low > 1.5 * (blind.kept_high - blind.kept_low)
