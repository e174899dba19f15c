"""New rows beside old ones: no old row moves, and no text or group stands on two sides."""

from __future__ import annotations

import csv
import json

import numpy as np
import pyarrow.compute as pc
import pytest

from tunebook.core.errors import DataError
from tunebook.data.frozen import open_data
from tunebook.data.load import load, load_table
from tunebook.data.merge import VERSION, merge, merge_id, read_merged, versions_of
from tunebook.data.merge_sides import OUT, placed
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare


def write(path, rows, heads=("text", "label")):
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([heads, *rows])
    return path


def texts(start, count, label=lambda n: "good" if n % 2 else "bad"):
    return [(f"text number {n}", label(n)) for n in range(start, start + count)]


@pytest.fixture
def base(tmp_path):
    return prepare([write(tmp_path / "old.csv", texts(0, 200))], tmp_path / "data", DataOptions())


@pytest.fixture
def into(tmp_path):
    made = tmp_path / "data-v2"
    made.mkdir()
    return made


def test_old_rows_stay_where_they_are_and_new_ones_are_cut(base, into, tmp_path):
    before = load_table(base)
    found = merge(base, [write(tmp_path / "new.csv", texts(1000, 100))], into, 2, test=0.4)
    after = load_table(found.ref)
    old = after.filter(pc.equal(after[VERSION], 1)).drop_columns([VERSION])
    assert old.equals(before)  # value for value, in their order
    assert sum(found.rows.values()) == 100 and all(found.rows.values())
    assert abs(found.rows["test"] - 40) <= 2 and found.dropped == {}
    new = after.filter(pc.equal(after[VERSION], 2))
    assert set(new["label"].to_pylist()) == set(before["label"].to_pylist())
    assert len(set(after["_id"].to_pylist())) == after.num_rows
    again = open_data(into)
    assert again.content == found.ref.content != base.content and again.labels == base.labels
    assert again.rows["test"] == base.rows["test"] + found.rows["test"]
    assert versions_of(again).tolist().count(2) == found.rows["test"]
    assert len(load(again, "test").texts) == len(versions_of(again)) and set(versions_of(base)) == {1}
    assert read_merged(again).rows == found.rows
    assert load_table(open_data(base.path)).equals(before)


def test_a_third_version_keeps_what_the_second_said(base, into, tmp_path):
    second = merge(base, [write(tmp_path / "a.csv", texts(1000, 60))], into, 2)
    third = tmp_path / "data-v3"
    third.mkdir()
    found = merge(second.ref, [write(tmp_path / "b.csv", texts(2000, 60))], third, 3)
    assert np.bincount(versions_of(found.ref)).tolist()[1:] == [
        base.rows["test"],
        second.rows["test"],
        found.rows["test"],
    ]


def test_no_text_stands_on_two_sides(base, into, tmp_path):
    old = load_table(base)
    by_split = {split: old.filter(pc.equal(old["_split"], split)) for split in ("train", "validation", "test")}
    train, other = by_split["train"].slice(0, 3).to_pylist(), by_split["test"].slice(0, 2).to_pylist()
    flipped = {"good": "bad", "bad": "good"}
    rows = [
        *((row["text"], row["label"]) for row in other),  # leak
        (by_split["validation"]["text"][0].as_py().upper(), "good"),  # in another case, and still that text
        (train[0]["text"], train[0]["label"]),  # nothing new
        (train[1]["text"], flipped[train[1]["label"]]),  # another label: it may only train
        ("  ", "good"),
        *texts(1000, 40),
        ("text number 1000", "bad"),  # once more in the same file
        ("text number 1001", "bad"),  # with another label: on the same side
    ]
    found = merge(base, [write(tmp_path / "new.csv", rows)], into, 2)
    assert found.dropped == {"empty_text": 1, "leaked": 3, "duplicate": 2}
    after = load_table(found.ref)
    sides: dict[str, set[str]] = {}
    for text, split in zip(after["text"].to_pylist(), after["_split"].to_pylist(), strict=True):
        sides.setdefault(text.lower(), set()).add(split)
    assert all(len(splits) == 1 for splits in sides.values())
    lines = [json.loads(line) for line in (into / "ledger.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines[0]["summary"]["read"] == len(rows) and lines[0]["files"] == {"new.csv": len(rows)}
    assert sorted(line["row"] for line in lines[1:] if line["reason"] == "leaked") == [2, 3, 4]


@pytest.mark.parametrize("rule", ["conflicts", "duplicates"])
def test_what_the_book_refuses(tmp_path, into, rule):
    ref = prepare([write(tmp_path / "old.csv", texts(0, 100))], tmp_path / "data", DataOptions(**{rule: "refuse"}))
    row = next(row for row in load_table(ref).to_pylist() if row["_split"] == "train")
    label = row["label"] if rule == "duplicates" else {"good": "bad", "bad": "good"}[row["label"]]
    with pytest.raises(DataError) as caught:
        merge(ref, [write(tmp_path / "new.csv", [(row["text"], label), *texts(1000, 20)])], into, 2)
    assert caught.value.code == f"data.{rule}"


def test_the_first_of_a_conflict(tmp_path, into):
    ref = prepare([write(tmp_path / "old.csv", texts(0, 100))], tmp_path / "data", DataOptions(conflicts="first"))
    row = next(row for row in load_table(ref).to_pylist() if row["_split"] == "train")
    other = {"good": "bad", "bad": "good"}[row["label"]]
    found = merge(ref, [write(tmp_path / "new.csv", [(row["text"], other), *texts(1000, 20)])], into, 2)
    assert found.dropped == {"conflict": 1}


def test_groups_stay_together(tmp_path, into):
    def rows(start, users):
        return [(f"text {start + n}", "good" if n % 2 else "bad", f"u{user}") for n, user in enumerate(users)]

    heads = ("text", "label", "user")
    old = write(tmp_path / "old.csv", rows(0, [n % 30 for n in range(300)]), heads)
    ref = prepare([old], tmp_path / "data", DataOptions(group="user"))
    fresh = [n % 20 + 20 for n in range(100)]  # u20 .. u29 are known, u30 .. u39 are not
    found = merge(ref, [write(tmp_path / "new.csv", rows(1000, fresh), heads)], into, 2)
    after = load_table(found.ref)
    homes: dict[str, set[str]] = {}
    for user, split in zip(after["user"].to_pylist(), after["_split"].to_pylist(), strict=True):
        homes.setdefault(user, set()).add(split)
    assert len(homes) == 40 and all(len(splits) == 1 for splits in homes.values())
    assert sum(found.rows.values()) == 100 and all(found.rows.values())


def test_a_row_whose_text_trains_and_whose_group_tests_is_left_out(tmp_path, into):
    heads = ("text", "label", "user")
    rows = [(f"text {n}", "good" if n % 2 else "bad", f"u{n % 30}") for n in range(300)]
    ref = prepare([write(tmp_path / "old.csv", rows, heads)], tmp_path / "data", DataOptions(group="user"))
    table = load_table(ref).to_pylist()
    trained = next(row for row in table if row["_split"] == "train")
    tested = next(row for row in table if row["_split"] == "test")
    other = {"good": "bad", "bad": "good"}[trained["label"]]
    new = [(trained["text"], other, tested["user"]), *((f"new {n}", "good", f"w{n % 9}") for n in range(30))]
    assert merge(ref, [write(tmp_path / "new.csv", new, heads)], into, 2).dropped == {"leaked": 1}


def test_the_newest_test_where_time_decides(tmp_path, into):
    def rows(start, count):
        days = [(n, f"2026-{1 + n // 100:02d}-{1 + n % 28:02d}") for n in range(start, start + count)]
        return [(f"text {n}", "good" if n % 2 else "bad", day) for n, day in days]

    heads = ("text", "label", "day")
    options = DataOptions(time="day", split_by="time")
    ref = prepare([write(tmp_path / "old.csv", rows(0, 200), heads)], tmp_path / "data", options)
    found = merge(ref, [write(tmp_path / "new.csv", rows(500, 90), heads)], into, 2)
    after = load_table(found.ref)
    new = after.filter(pc.equal(after[VERSION], 2))
    days = {split: new.filter(pc.equal(new["_split"], split))["day"].to_pylist() for split in ("train", "test")}
    assert max(days["train"]) < min(days["test"])


def test_pairs_weights_and_other_columns(tmp_path, into):
    heads = ("text", "text_b", "label", "weight", "shop")
    old = [(f"text {n}", f"pair {n}", "good" if n % 2 else "bad", 1.5, n) for n in range(100)]
    options = DataOptions(text="text", text_pair="text_b", label="label", weight="weight")
    ref = prepare([write(tmp_path / "old.csv", old, heads)], tmp_path / "data", options)
    new = [(f"new {n}", f"pair {n}", "good", 2.0, "x") for n in range(30)]
    found = merge(ref, [write(tmp_path / "new.csv", new, heads)], into, 2)
    rows = [row for row in load_table(found.ref).to_pylist() if row[VERSION] == 2]
    assert {row["weight"] for row in rows} == {2.0} and all(row["pair"].startswith("pair") for row in rows)
    assert {row["shop"] for row in rows} in ({None}, {"x"})
    (into / "split.json").unlink()
    bad = [(f"newer {n}", f"pair {n}", "good", "heavy", 1) for n in range(30)]
    with pytest.raises(DataError) as caught:
        merge(ref, [write(tmp_path / "bad.csv", bad, heads)], into, 2)
    assert caught.value.code == "retrain.weight"
    few = merge(ref, [write(tmp_path / "few.csv", [row[:3] for row in new], heads[:3])], into, 2)
    assert {row["weight"] for row in load_table(few.ref).to_pylist() if row[VERSION] == 2} == {1.0}


def test_sides_of_rows_that_are_all_known(base):
    old = load_table(base)
    found = placed(old, old, base, 0.3)
    assert set(found.of.tolist()) == {OUT} and sorted(found.out) == ["duplicate", "leaked"]


def test_nothing_is_new(base, into, tmp_path):
    with pytest.raises(DataError) as caught:
        merge(base, [tmp_path / "old.csv"], into, 2)
    assert caught.value.code == "retrain.nothing" and "200" in str(caught.value)


def test_a_label_that_the_book_lacks_is_refused(base, into, tmp_path):
    with pytest.raises(DataError) as caught:
        merge(base, [write(tmp_path / "new.csv", [("a new text", "ugly"), ("another", "good")])], into, 2)
    assert caught.value.code == "outside.label" and "ugly" in str(caught.value)


def test_rows_of_passages_are_refused(tmp_path, into):
    lines = [{"query": f"q{n}", "pos": [f"p{n}"], "neg": [f"n{n}"]} for n in range(40)]
    path = tmp_path / "q.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    ref = prepare([path], tmp_path / "data", DataOptions())
    with pytest.raises(DataError) as caught:
        merge(ref, [path], into, 2)
    assert caught.value.code == "retrain.kind"


def test_the_id_of_a_version_is_what_it_is_made_of(base, tmp_path):
    one, other = write(tmp_path / "a.csv", texts(500, 5)), write(tmp_path / "b.csv", texts(600, 5))
    assert merge_id(base, [one, other], 0.3) == merge_id(base, [other, one], 0.3)
    assert len({merge_id(base, [one], 0.3), merge_id(base, [other], 0.3), merge_id(base, [one], 0.4)}) == 3
