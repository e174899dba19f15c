"""Conditions that are tried on rows, and the words that are in them."""

from __future__ import annotations

import numpy as np
from tests.diagnosis.planted import looked, texts, whole

from tunebook.diagnosis.conditions import LEAST, conditions, terms
from tunebook.diagnosis.reading import Reading

COUNT = 120


def parts(*given: object, **named: object) -> dict[tuple[str, str, str], int]:
    """Sort, name and value of each condition -> its rows."""
    rows = np.arange(COUNT) % 2
    reading = named.pop("reading", None) or whole(COUNT)
    seen = looked(rows, rows, **named)  # type: ignore[arg-type]
    told, words = conditions(seen, reading)  # type: ignore[arg-type]
    return {(one.part.sort, one.part.name, one.part.value): int(one.rows.sum()) for one in (*told, *words)}


def test_words_of_two_languages() -> None:
    assert terms("A New day isn't 7") == {"a", "new", "day", "isn't", "a new", "new day", "day isn't"}
    assert terms("位置好 ok") == {"位", "置", "好", "位置", "置好", "位置好", "ok"}


def test_columns_of_the_user() -> None:
    rng = np.random.default_rng(0)
    other = {
        "_file": ["a.csv"] * 60 + ["b.csv"] * 60,
        "_row": [str(row) for row in range(COUNT)],
        "source_label": ["x", "y", "z"] * 40,
        "shop": [None] * 20 + ["north"] * 50 + ["south"] * 48 + ["rare"] * 2,
        "stars": [str(value) for value in rng.permutation(COUNT)],
        "holes": ["" if row < 30 else str(row / 7) for row in range(COUNT)],
        "name": [f"n{row}" for row in range(COUNT)],
        "same": ["one"] * COUNT,
        "key": [f"k{row % 40}" for row in range(COUNT)],
    }
    found = parts(other=other, row_id="key")
    assert found["file", "", "a.csv"] == 60
    assert found["column", "label", "x"] == 40
    assert found["column", "shop", "north"] == 50
    assert found["column", "shop", ""] == 20
    assert found["column", "stars", "0 – 23"] == 24
    assert found["column", "holes", ""] == 30
    assert not {part for part in found if part[1] in ("name", "same", "key") or part[2] == "rare"}


def test_times_and_people() -> None:
    days = [f"2026-01-{1 + row % 28:02d}" for row in range(COUNT)]
    first = ["a", "b", "b"] * 40
    second = ["a", "a", "b"] * 40
    other = {"when": days, "odd": ["soon", "late", *days[2:]], "one": first, "two": second}
    found = parts(other=other, time="when", annotators=["one", "two"])
    assert found["form", "", "annotators"] == 40
    ranges = [part for part in found if part[1] == "when"]
    assert len(ranges) == 5
    assert ranges[0][2].startswith("2026-01-01 – ")
    odd = ["01/02/2026"] * 30 + [f"0{1 + row % 9}/0{1 + row % 8}/2026" for row in range(90)]
    assert parts(other={"odd": odd}, time="odd")["column", "odd", "01/02/2026"] >= 30


def test_forms_lengths_languages_and_reading() -> None:
    given = texts(COUNT)
    given[:20] = [f"酒店很好，房间干净 {row}" for row in range(20)]
    given[20:40] = [f"WHAT a room {row}" for row in range(20)]
    given[40:60] = [f"what? see https://x.y {row}" for row in range(20)]
    cut = np.arange(COUNT) < 15
    found = parts(given=given, reading=Reading(cut, (np.arange(COUNT) < 12).astype(np.int64)))
    assert found["language", "", "zh"] == 20
    assert found["form", "", "capitals"] == 20
    assert found["form", "", "question"] == 20
    assert found["reading", "", "cut"] == 15
    assert found["reading", "", "unknown"] == 12
    assert sum(rows for part, rows in found.items() if part[0] == "length") == COUNT
    assert found["words", "", "店很好"] == 20  # the longest of those that are in the same rows
    assert ("words", "", "酒店") not in found
    assert min(found.values()) >= LEAST
