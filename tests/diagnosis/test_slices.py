"""The worst slices: planted ones are found, two that are one are told once, and nothing is found in nothing."""

from __future__ import annotations

import numpy as np
import pytest
from tests.diagnosis.planted import looked, texts, whole

from tunebook.diagnosis.conditions import Condition, conditions
from tunebook.diagnosis.looked import Looked
from tunebook.diagnosis.records import Part, Slices
from tunebook.diagnosis.slices import apart_from_each_other, combined, worst_slices

COUNT = 500


def searched(bad: np.ndarray, seed: int = 0, draws: int = 299, **given: object) -> tuple[Looked, Slices]:
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 2, COUNT)
    wrong = rng.random(COUNT) < np.where(bad, 0.55, 0.08)
    seen = looked(np.where(wrong, 1 - true, true), true, **given)  # type: ignore[arg-type]
    return seen, worst_slices(seen, *conditions(seen, whole(COUNT)), draws=draws)


def test_a_bad_column_is_found() -> None:
    shop = np.random.default_rng(1).choice(["north", "south", "west", "east"], COUNT)
    seen, found = searched(shop == "west", other={"shop": shop.tolist()})
    assert found.found[0].parts == [Part(sort="column", name="shop", value="west")]
    assert len(found.found) == 1  # words and lengths inside of it are explained by it
    one = found.found[0]
    assert one.rows == int((shop == "west").sum())
    assert one.share.value == pytest.approx(seen.mass[shop == "west"].mean())
    assert one.rest.value == pytest.approx(seen.mass[shop != "west"].mean())
    assert all(seen.wrong[int(row[1:])] for row in one.ids)


def test_a_bad_word_is_found() -> None:
    given = texts(COUNT, 3)
    bad = np.arange(COUNT) % 12 == 0
    given = [f"{text} refund" if one else text for text, one in zip(given, bad, strict=True)]
    _, found = searched(bad, 2, given=given)
    assert found.found[0].parts == [Part(sort="words", value="refund")]


def test_two_conditions_together_are_found() -> None:
    rng = np.random.default_rng(4)
    shop, day = rng.choice(["north", "south"], COUNT), rng.choice(["mon", "tue", "wed"], COUNT)
    bad = (shop == "north") & (day == "tue")
    _, found = searched(bad, 5, other={"shop": shop.tolist(), "day": day.tolist()})
    assert {part.value for part in found.found[0].parts} == {"north", "tue"}


def test_nothing_is_found_where_errors_fall_anywhere() -> None:
    named = 0
    for seed in range(20):
        shop = np.random.default_rng(100 + seed).choice([f"s{number}" for number in range(9)], COUNT)
        _, found = searched(np.zeros(COUNT, dtype=bool), seed, 99, other={"shop": shop.tolist()})
        named += bool(found.found)
        assert found.searched > 100
        assert found.found or len(found.near) == 5
    assert named <= 4


def test_no_errors_no_slices() -> None:
    rows = np.arange(60) % 2
    seen = looked(rows, rows)
    found = worst_slices(seen, *conditions(seen, whole(60)))
    assert (found.found, found.near) == ([], [])
    assert worst_slices(seen, [], []) == Slices()


def test_pairs_are_as_many_as_there_is_room_for() -> None:
    rng = np.random.default_rng(0)
    told = [Condition(Part(sort="column", value=str(number)), rng.random(300) < 0.5) for number in range(150)]
    assert len(combined(told, [])) == 6000
    few = combined(told[:3], told[3:5])
    assert len(few) == 5 + 3 + 6
    assert [len(parts) for parts, _ in few] == [1] * 5 + [2] * 9


def test_what_another_slice_explains_is_left_out() -> None:
    mass = np.zeros(100)
    mass[:20] = 1
    masks = np.zeros((4, 100), dtype=bool)
    masks[0, :20] = masks[1, :40] = masks[2, 5:20] = masks[3, 60:90] = True
    mass[60:75] = 1
    assert apart_from_each_other(masks, mass, [0, 1, 2, 3]) == [0, 3]
