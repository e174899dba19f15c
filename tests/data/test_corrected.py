"""Labels put right: only the rows that were named change, and nothing moves."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.compute as pc
import pytest
from tests.data.test_merge import texts, write

from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef
from tunebook.data.corrected import CORRECTION, corrected, in_cells, read_corrections
from tunebook.data.frozen import open_data
from tunebook.data.kind import column_kind
from tunebook.data.load import load_table
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare
from tunebook.report.rows import data_view


@pytest.fixture
def base(tmp_path: Path) -> DataRef:
    return prepare([write(tmp_path / "old.csv", texts(0, 60))], tmp_path / "data", DataOptions())


@pytest.fixture
def into(tmp_path: Path) -> Path:
    (tmp_path / "data-v2").mkdir()
    return tmp_path / "data-v2"


def labels_of(ref: DataRef) -> dict[str, tuple[str, str]]:
    table = load_table(ref)
    return {
        key: (label, side)
        for key, label, side in zip(*(table[c].to_pylist() for c in ("_id", "label", "_split")), strict=True)
    }


def test_what_is_named_changes_and_nothing_else(base: DataRef, into: Path) -> None:
    before = labels_of(base)
    first, second, third, *_ = sorted(before)
    other = {"good": "bad", "bad": "good"}
    made = corrected(base, {first: other[before[first][0]], second: before[second][0], third: ""}, into, 2)
    after = labels_of(open_data(into))
    assert (made.changed, made.dropped, made.same) == ([first], [third], [second])
    assert after.pop(first) == (other[before[first][0]], before[first][1])
    assert after == {key: value for key, value in before.items() if key not in (first, third)}
    assert made.ref.content == open_data(into).content != base.content and sum(made.ref.rows.values()) == 59
    told = made.ref.stats[CORRECTION]
    assert told["changed"] == [first] and told["parent"] == base.content
    ledger = made.ref.stats["ledger"]
    assert (ledger["dropped"], ledger["changed"], ledger["changed_rows"]) == ({CORRECTION: 1}, {CORRECTION: 1}, 1)
    assert data_view(made.ref.stats)["changed"] == [("label put right by hand", 1)]
    assert labels_of(base) == before


@pytest.mark.parametrize(
    ("given", "code"),
    [({"none": "good"}, "correct.unknown"), ({"": "good"}, "correct.unknown"), ({"1": "great"}, "correct.label")],
)
def test_what_cannot_be_is_refused(base: DataRef, into: Path, given: dict[str, str], code: str) -> None:
    first = min(labels_of(base))
    with pytest.raises(DataError, match=code) as caught:
        corrected(base, {first if key == "1" else key: label for key, label in given.items()}, into, 2)
    assert caught.value.key == (first if "1" in given else "id"), "it says which row has the label"
    assert not list(into.iterdir())


def test_nothing_to_change_is_told(base: DataRef, into: Path) -> None:
    first, (label, _) = next(iter(labels_of(base).items()))
    with pytest.raises(DataError, match=r"correct\.nothing"):
        corrected(base, {first: label}, into, 2)


def test_several_labels_and_numbers_are_read_as_in_the_books_files(tmp_path: Path) -> None:
    rows = [(f"text number {n}", ["a|b", "a", "b"][n % 3]) for n in range(60)]
    several = prepare([write(tmp_path / "several.csv", rows)], tmp_path / "s", DataOptions(problem="multi_label"))
    numbers = prepare(
        [write(tmp_path / "numbers.csv", [(f"text number {n}", str(n / 7)) for n in range(60)])],
        tmp_path / "n", DataOptions(problem="regression"),
    )  # fmt: skip
    for ref, label, value in ((several, "a|b", ["a", "b"]), (numbers, "2.5", 2.5)):
        into = tmp_path / f"{ref.path.name}-v2"
        into.mkdir()
        table = load_table(ref)
        place = next(n for n, old in enumerate(table["label"].to_pylist()) if old not in (value, value))
        key = table["_id"].to_pylist()[place]
        made = corrected(ref, {key: label}, into, 2)
        found = load_table(made.ref).filter(pc.equal(load_table(made.ref)["_id"], key))["label"].to_pylist()
        assert found == [value] and made.changed == [key]


def test_a_file_says_id_and_label(tmp_path: Path) -> None:
    path = tmp_path / "put-right.csv"
    path.write_text('\ufeffid,text,label,suggestion\n1,"two\nlines",good,bad\n2,x,,good\n', encoding="utf-8")
    assert read_corrections(path) == {"1": "good", "2": ""}
    assert read_corrections(path, "suggestion") == {"1": "bad", "2": "good"}
    tabs = tmp_path / "put-right.tsv"
    tabs.write_text("id\tlabel\n1\tgood\n", encoding="utf-8")
    assert read_corrections(tabs) == {"1": "good"}


def test_texts_may_be_long_and_hold_any_sign(tmp_path: Path) -> None:
    csv.field_size_limit(131_072)  # as it is at first
    path = tmp_path / "long.csv"
    path.write_text(f"id,text,label\n1,{'x' * 200_000},good\n\n2,a\u2028b,bad\n", encoding="utf-8")
    assert read_corrections(path) == {"1": "good", "2": "bad"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"id,text\n1,x\n", "correct.column"),
        (b"label\nx\n", "correct.column"),
        (b"", "correct.column"),
        (b"id,label\n1,a\n1,b\n", "correct.twice"),
        (b"id,label\n1,\xff\n", "correct.file"),
        (b"id,label\n1,a\n2", r"correct\.file.*3: 1 / 2"),  # a download that broke off drops no row
        (b"id,text,label\n1,well, good,bad\n", r"correct\.file.*2: 4 / 3"),
        (b"id,label,label\n1,a,b\n", "correct.file"),
        (None, "correct.file"),
    ],
)
def test_a_file_that_does_not_is_refused(tmp_path: Path, text: bytes | None, code: str) -> None:
    path = tmp_path / "x.csv"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(Exception, match=code):
        read_corrections(path)


def test_places_are_no_single_cell(tmp_path: Path) -> None:
    path = tmp_path / "places.jsonl"
    row = {"text": "Ada met Bob in Rome", "label": [{"start": 0, "end": 3, "label": "PER"}]}
    path.write_text("".join(json.dumps({**row, "text": f"{row['text']} {n}"}) + "\n" for n in range(60)))
    ref = prepare([path], tmp_path / "p", DataOptions(task="tagging"))
    assert not in_cells(column_kind(ref.labels.problem)) and in_cells(column_kind("multi_label"))
    with pytest.raises(DataError, match=r"correct\.kind"):
        corrected(ref, {load_table(ref)["_id"][0].as_py(): '[{"start": 8, "end": 11, "label": "PER"}]'}, tmp_path, 2)
