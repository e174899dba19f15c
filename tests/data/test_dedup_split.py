from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef
from tunebook.data.load import load, load_table
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare


def refused(*args: Any, **options: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        prepare(*args, **options)
    return caught.value


def texts_of(ref: DataRef) -> dict[str, set[str]]:
    return {split: set(load(ref, split).texts) for split in ("train", "validation", "test")}


def test_repeats(write, tmp_path: Path):
    base = [f"text number {n},{'ab'[n % 2]}" for n in range(60)]
    more = ["Text  number 0,a", "text number 1,b", "text number 2,b"]
    path = write("rows.csv", "text,label\n" + "\n".join([*base, *more]) + "\n")
    ref = prepare([path], tmp_path / "removed")
    assert ref.stats["repeats"] == {"duplicates": 2, "conflicts": 2, "leaked": 0, "validation_in_test": 0}
    assert sum(ref.rows.values()) == 61
    side = {}
    for row in load_table(ref).to_pylist():
        assert side.setdefault(row["text"].lower(), row["_split"]) == row["_split"]
    codes = {w["code"] for w in ref.stats["warnings"]}
    assert "conflicts" in codes and "duplicates" not in codes, "what is dropped is no more to be warned of"
    kept = prepare([path], tmp_path / "kept", DataOptions(duplicates="keep"))
    assert sum(kept.rows.values()) == 63 and "duplicates" in {w["code"] for w in kept.stats["warnings"]}
    error = refused([path], tmp_path / "x", DataOptions(duplicates="refuse"))
    assert error.code == "data.duplicates"
    assert "rows.csv: 62, 63" in error.message


def test_nothing_but_repeats(write, tmp_path: Path):
    path = write("rows.csv", "text,label\n" + "same,a\nother,b\n" * 50)
    error = refused([path], tmp_path / "x")
    assert error.code == "data.few_rows"
    assert "train 2, validation 0, test 0" in error.message


def test_given_files_are_kept_and_leaks_leave_training(reviews: Path, write, tmp_path: Path):
    test = write(
        "test.csv",
        "text,label\nreview number 0 was good,good\nnew one,bad\nnew one,bad\nReview number 1 was good,odd\n",
    )
    ref = prepare([reviews], tmp_path / "a", test=test)
    assert ref.rows["test"] == 4
    assert ref.stats["repeats"]["leaked"] == 2
    assert ref.rows["train"] + ref.rows["validation"] == 58
    assert ref.rows["validation"] == pytest.approx(58 * 0.2, abs=1)
    assert refused([reviews], tmp_path / "b", DataOptions(leakage="refuse"), test=test).code == "data.leakage"
    both = prepare([reviews], tmp_path / "c", validation=test, test=test)
    assert both.rows == {"train": 58, "validation": 4, "test": 4}
    assert both.stats["repeats"]["validation_in_test"] == 4
    only = prepare([reviews], tmp_path / "d", validation=test)
    assert only.rows["validation"] == 4 and 0 < only.rows["test"] < only.rows["train"]


def test_groups_and_times(write, tmp_path: Path):
    lines = [f"text number {n},{'ab'[n % 2]},{n // 4 or ''},2025-01-{n % 28 + 1:02}" for n in range(80)]
    lines += ["same text,a,1,2025-01-01", "same text,b,2,2025-01-28"]
    path = write("rows.csv", "text,label,shop,date\n" + "\n".join(lines) + "\n")
    ref = prepare([path], tmp_path / "group", DataOptions(group="shop"))
    rows = load_table(ref).to_pylist()
    sides: dict[str, set[str]] = {}
    for row in rows:
        if row["shop"]:
            sides.setdefault(row["shop"], set()).add(row["_split"])
    assert all(len(parts) == 1 for parts in sides.values())
    assert len({row["_split"] for row in rows if row["text"] == "same text"}) == 1
    ref = prepare([path], tmp_path / "time", DataOptions(split_by="time"))
    days = {split: {row["date"] for row in load_table(ref).to_pylist() if row["_split"] == split} for split in ref.rows}
    assert max(days["train"]) < min(days["validation"]) and max(days["validation"]) < min(days["test"])
    for wrong, code in (({"split_by": "group"}, "data.group_needed"), ({"split_by": "time"}, "data.time_needed")):
        plain = write("plain.csv", "text,label\n" + "\n".join(f"text {n},{'ab'[n % 2]}" for n in range(20)))
        assert refused([plain], tmp_path / "x", DataOptions(**wrong)).code == code


def test_a_text_of_two_groups_leaves_training(write, tmp_path: Path):
    lines = [f"text {n},{'ab'[n % 2]},{n // 10}" for n in range(90)] + [f"shared,{'ab'[n % 2]},{n}" for n in range(9)]
    path = write("rows.csv", "text,label,group\n" + "\n".join(lines) + "\n")
    ref = prepare([path], tmp_path / "x", DataOptions(group="group", duplicates="keep"))
    assert "shared" not in texts_of(ref)["train"]
    assert ref.stats["ledger"]["dropped"]["leaked"] > 0


def test_the_split_does_not_hang_on_the_order_of_rows(reviews: Path, write, tmp_path: Path):
    head, *lines = reviews.read_text().splitlines()
    other = write("turned.csv", "\n".join([head, *reversed(lines)]) + "\n")
    assert texts_of(prepare([reviews], tmp_path / "a")) == texts_of(prepare([other], tmp_path / "b"))


def test_a_text_with_other_labels(write, tmp_path: Path):
    base = [f"text number {n},{'ab'[n % 2]}" for n in range(60)]
    path = write("rows.csv", "text,label\n" + "\n".join([*base, "text number 0,b", "text number 0,b"]) + "\n")
    first = prepare([path], tmp_path / "first", DataOptions(conflicts="first"))
    assert first.stats["ledger"]["dropped"] == {"duplicate": 1, "conflict": 1}
    labels = {row["text"]: row["label"] for row in load_table(first).to_pylist()}
    assert len(labels) == 60 and labels["text number 0"] == "a"
    assert sum(prepare([path], tmp_path / "kept").rows.values()) == 61
    error = refused([path], tmp_path / "x", DataOptions(conflicts="refuse"))
    assert (error.code, "rows.csv: 2, 62, 63" in error.message) == ("data.conflicts", True)
