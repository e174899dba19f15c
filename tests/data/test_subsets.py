"""Parts of training rows: nested, with the classes in their shares, groups whole, and as good as prepared rows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tunebook.core.nouns import DataRef
from tunebook.data.frozen import open_data
from tunebook.data.load import load
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare
from tunebook.data.subsets import beginning, nested_order, shuffled, write_part


def test_each_beginning_has_the_shares() -> None:
    strata = np.repeat([0, 1, 2], [600, 90, 10])
    for seed in range(5):
        order = shuffled(strata, np.arange(700), seed)
        assert sorted(order) == list(range(700))
        for size in (35, 70, 140, 350):
            counts = np.bincount(strata[order[:size]], minlength=3)
            np.testing.assert_allclose(counts, size * np.array([600, 90, 10]) / 700, atol=1.0)


def test_the_order_is_the_seeds_own_and_drawn() -> None:
    strata, units = np.zeros(100, dtype=np.int64), np.arange(100)
    one, same, other = (shuffled(strata, units, seed) for seed in (1, 1, 2))
    assert (one == same).all() and (one != other).any()
    first = [int(shuffled(np.array([0, 0, 0, 1]), np.arange(4), seed)[0]) for seed in range(400)]
    assert np.abs(np.bincount(first, minlength=4) / 400 - 0.25).max() < 0.08  # nobody is favoured


def test_groups_stay_whole() -> None:
    random = np.random.default_rng(0)
    units = random.integers(30, size=300)
    strata = units % 3
    order = shuffled(strata, units, 4)
    changes = np.count_nonzero(np.diff(units[order]))
    assert changes == len(np.unique(units)) - 1
    size = beginning(units[order], 100)
    assert size == 300 or units[order][size - 1] != units[order][size]
    assert abs(size - 100) <= np.bincount(units).max() / 2
    assert beginning(np.arange(50), 17) == 17 and beginning(np.arange(50), 50) == 50


@pytest.fixture
def data(tmp_path: Path) -> DataRef:
    file = tmp_path / "rows.csv"
    lines = ["text,label,who", *(f"row number {n},{'good' if n % 3 else 'bad'},{n // 2}" for n in range(120))]
    file.write_text("\n".join(lines), encoding="utf-8")
    return prepare([file], tmp_path / "data", DataOptions(group="who"))


def test_a_part_of_queries_keeps_their_passages(tmp_path: Path) -> None:
    rows = [{"query": f"query {n}", "pos": [f"right {n}"], "neg": [f"wrong {n}"]} for n in range(40)]
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    whole = prepare([file], tmp_path / "data")
    part = write_part(whole, nested_order(whole, 1)[0][:9])
    assert len(load(part, "train")) == 9 and load(part, "train").passages == load(whole, "train").passages


def test_a_part_is_prepared_rows(data: DataRef) -> None:
    order, units = nested_order(data, 3)
    places = order[: beginning(units, 20)]
    part = write_part(data, places)
    again = open_data(part.path)
    assert again.content == part.content != data.content and part.path.parent == data.path.parent
    assert part.rows == {"train": len(places), "validation": data.rows["validation"], "test": 0}
    train, whole = load(again, "train"), load(data, "train")
    assert train.texts == [whole.texts[place] for place in sorted(places)]
    assert load(again, "validation").texts == load(data, "validation").texts
    assert again.labels == data.labels and sum(again.stats["classes"]["train"].values()) == len(places)
    assert write_part(data, places).content == part.content
    smaller, larger = set(order[:10].tolist()), set(order[:20].tolist())
    assert smaller < larger
