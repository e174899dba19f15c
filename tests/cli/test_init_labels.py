"""Labels as files really write them, through `tunebook init`: the kind, the classes, or a refusal that says why."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from tests.cli.conftest import Call

ROWS = 60
CASES: dict[str, tuple[str, list[Any], list[str]]] = {
    # name: (problem, cells that come in turn, classes)
    "vectors": ("multi_label", ["[0, 1, 1]", "[1, 0, 0]", "[0, 0, 0]", "[1, 1, 1]"], ["0", "1", "2"]),
    "vectors_spaces": ("multi_label", ["0 1 1", "1 0 0", "0 0 0", "1 1 1"], ["0", "1", "2"]),
    "vectors_json": ("multi_label", [[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]], ["0", "1"]),
    "apostrophe": ("multi_label", ["[\"men's\", 'kids']", "['kids']", '["men\'s"]'], ["kids", "men's"]),
    "tuples": ("multi_label", ["('kids',)", "('home', 'kids')", "('home',)"], ["home", "kids"]),
    "sets": ("multi_label", ["{'kids'}", "{'home', 'kids'}", "{'home'}"], ["home", "kids"]),
    "numpy": ("multi_label", ["[1 4 0]", "[4]", "[0 1]"], ["0", "1", "4"]),
    "numpy_words": ("multi_label", ["['a' 'b']", "['a']", "['b']"], ["a", "b"]),
    "nulls": ("multi_label", ["['kids', None]", "['home', 'kids']", "[]"], ["home", "kids"]),
    "choices": ("multi_label", ["kids", "home", '{"choices":["kids","home"]}'], ["home", "kids"]),
    "list_or_word": ("multi_label", [["a", "b"], "b", ["a"], "a"], ["a", "b"]),
    "bar_or_list": ("multi_label", ["[]", "b", "a", "c|a", "a|b"], ["a", "b", "c"]),
    "few_sets": ("multi_label", ["b", "a", "a|b", "c|a"], ["a", "b", "c"]),
    "hash": ("multi_label", ["a#b", "a", "b#c", "c"], ["a", "b", "c"]),
    "line_feed": ("multi_label", ["a\nb", "a", "b\nc", "c"], ["a", "b", "c"]),
    "cats": ("single_label", [{"POS": 1.0, "NEG": 0.0}, {"POS": 0.0, "NEG": 1.0}], ["NEG", "POS"]),
    "lists_of_one": ("single_label", [["a"], ["b"]], ["a", "b"]),
    "comma": ("regression", [f"{n},{m}" for n in (1, 3, 5) for m in (1, 3, 5, 8)], []),
    "minus": ("regression", [f"{n}.{m}" for n in (1, 3) for m in range(6)] + ["−1.5"], []),
    "absent": ("single_label", ["yes", "no", "-"], ["no", "yes"]),
}


def texts(count: int = ROWS) -> list[str]:
    return [f"note {n} of customer {n * 7}" for n in range(count)]


def write(folder: Path, cells: list[Any], name: str = "rows", count: int = ROWS) -> Path:
    """Rows of these labels in turn; lists and objects as JSON Lines, else CSV with semicolons."""
    rows = [(line, cells[place % len(cells)]) for place, line in enumerate(texts(count))]
    if all(isinstance(cell, str) for cell in cells):
        path = folder / f"{name}.csv"
        with path.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream, delimiter=";").writerows([("text", "label"), *rows])
        return path
    path = folder / f"{name}.jsonl"
    path.write_text("\n".join(json.dumps({"text": line, "label": cell}) for line, cell in rows), encoding="utf-8")
    return path


@pytest.fixture
def init(tunebook: Call, model: Path, tmp_path: Path) -> Any:
    """The answer of `tunebook init`, or its error."""

    def call(*words: object, code: int = 0) -> Any:
        done = tunebook(
            "init", tmp_path / "book", "--model", model, "--allow-unknown-tokens", "--json", "--data", *words
        )
        assert done.code == code, done.out
        return done.json if code == 0 else done.json["error"]

    return call


@pytest.mark.parametrize("case", CASES)
def test_labels_are_read_as_they_were_meant(init: Any, tmp_path: Path, case: str) -> None:
    problem, cells, classes = CASES[case]
    found = init(write(tmp_path, cells))
    assert (found["problem"], found["labels"]) == (problem, classes)
    assert found["columns"] == {"text": "text", "label": "label"}


@pytest.mark.parametrize(
    ("cells", "code", "word"),
    [
        ([{"name": "a", "by": 0}, {"name": "b", "by": 1}], "data.label_objects", "--label"),
        (["(other)", "a", "b"], "data.label_unread", "--problem single_label"),
        (["[[0, 4]]", "[[5, 9]]"], "data.label_spans", "to mark places"),
        (["2025-01-02 00:00:00", "10+", "20+"], "data.label_dates", "--label-name"),
        (["2-Jan", "10+", "20+"], "data.label_dates", "--label-name"),
        (["['a']", "['b']", "[]"], "data.label_mixed", "--problem multi_label"),
        (["a b", "b a", "a", "b", "c a", "c", "c b", "b c", "a c"], "data.label_mixed", "--label-separator ' '"),
    ],
)
def test_labels_that_are_unclear_are_refused(init: Any, tmp_path: Path, cells: list[Any], code: str, word: str) -> None:
    error = init(write(tmp_path, cells), code=2)
    assert error["code"] == code and word in error["message"] + error["advice"]


def test_a_field_of_an_object_can_be_the_label(init: Any, tmp_path: Path) -> None:
    path = write(tmp_path, [{"name": "a", "by": 0}, {"name": "b", "by": 1}])
    assert init(path, code=2)["allowed"] == "label.by | label.name"
    found = init(path, "--label", "label.name")
    assert (found["labels"], found["columns"]["label"]) == (["a", "b"], "label.name")


def test_one_number_that_is_none(init: Any, tmp_path: Path) -> None:
    cells = [f"{number / 8:.1f}" for number in range(1, 60)] + ["n/a"]
    found = init(write(tmp_path, cells))
    assert (found["problem"], found["dropped"]) == ("regression", {"bad_number": 1})
    assert "bad_numbers" in {item["code"] for item in found["warnings"]}


def test_names_keep_the_order_of_the_labels(init: Any, tmp_path: Path) -> None:
    names = ("--label-name", "0=worst", "--label-name", "1=middling", "--label-name", "2=best")
    assert init(write(tmp_path, ["0", "1", "2"]), *names)["labels"] == ["worst", "middling", "best"]


def test_a_test_file_without_labels_is_refused(init: Any, tmp_path: Path) -> None:
    test = write(tmp_path, ["-1"], "test", 20)
    error = init(write(tmp_path, ["0", "1"]), "--test", test, code=2)
    assert (error["code"], error["allowed"]) == ("data.split_unknown", "0, 1")


def test_names_of_classes_in_a_parquet_file(init: Any, tmp_path: Path) -> None:
    names = {"label": {"names": ["worse", "better"], "_type": "ClassLabel"}}
    kept = {"huggingface": json.dumps({"info": {"features": names}})}
    table = pa.table({"text": texts(), "label": [0, 1, -1] * 20}).replace_schema_metadata(kept)
    parquet.write_table(table, tmp_path / "rows.parquet")
    found = init(tmp_path / "rows.parquet")
    assert found["labels"] == ["worse", "better"] and found["dropped"] == {"unlabelled": 20}


def test_a_column_a_class(init: Any, tmp_path: Path) -> None:
    lines = [f"{line},{n % 2},{n % 3 // 2},0" for n, line in enumerate(texts())]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["text,rude,loud,odd", *lines]), encoding="utf-8")
    error = init(path, code=2)
    assert error["code"] == "data.label_unclear_columns" and "--label-columns rude,loud,odd" in error["advice"]
    found = init(path, "--label-columns", "loud,rude")
    assert (found["problem"], found["labels"]) == ("multi_label", ["loud", "rude"])
    assert found["columns"]["label"] == "loud + rude"


def test_which_labels_are_none_can_be_said(init: Any, tmp_path: Path) -> None:
    assert init(write(tmp_path, ["yes", "no", "NA"]), "--no-label", "")["labels"] == ["NA", "no", "yes"]


def test_a_column_beside_the_labels_is_no_label(init: Any, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["text,annotator", *(f"{line},{n % 2}" for n, line in enumerate(texts()))]), "utf-8")
    assert init(path, code=2)["code"] == "data.label_unclear"
    path.write_text("\n".join(["prompt,rejected", *(f"{line},{n % 2}" for n, line in enumerate(texts()))]), "utf-8")
    assert init(path, code=2)["code"] == "data.preferences"


def test_a_first_and_a_second_label(tunebook: Call, model: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(["text", "label 1", "label 2"])
        pairs = [("defect", ""), ("billing", "defect"), ("billing", "")]
        out.writerows([f"the room was good number {n}", *pairs[n % 3]] for n in range(ROWS))
    words = ("--data", file, "--model", model, "--allow-unknown-tokens", "--json")
    refused = tunebook("init", tmp_path / "book", *words).json["error"]
    assert refused["code"] == "data.label_unclear_numbered" and "--label-columns 'label 1,label 2'" in refused["advice"]
    made = tunebook("init", tmp_path / "book", *words, "--label-columns", "label 1,label 2").json
    assert (made["problem"], made["labels"]) == ("multi_label", ["billing", "defect"])
