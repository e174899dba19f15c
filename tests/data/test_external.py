"""Rows of a file with labels as people write them."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa
import pytest
from pyarrow import parquet
from tests import small
from tests.verbs.abtest.test_exam import data, write

from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef
from tunebook.data.cells import as_text
from tunebook.data.external import external_rows, texts_with_words
from tunebook.data.load import load_table
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare
from tunebook.data.read import read


@pytest.mark.parametrize(
    ("kind", "text", "targets"),
    [
        ("binary", "text,label\nthe room,good\na stay, BAD \n", [1, 0]),
        ("several", "text,label\nthe room,good|so\na stay,\nfood,bad\n", None),
        ("number", "text,label\nthe room,1.5\na stay,0\n", [1.5, 0.0]),
        ("ordered", "text,label\nthe room,so\na stay,good\n", [1.0, 2.0]),
        ("pairs", "text,other,label\nthe room,a stay,same\nfood,it,different\n", None),
    ],
)
def test_labels_of_a_file(kind: str, text: str, targets: Any, tmp_path: Path) -> None:
    ref = data(tmp_path, kind)
    found = external_rows(ref, write(tmp_path / "hard.csv", text))
    assert next(iter(found.texts)) == "the room"
    if targets is not None:
        assert found.targets.tolist() == pytest.approx(targets)
    if kind == "several":
        names = [[ref.labels.names[c] for c in np.flatnonzero(row)] for row in found.targets]
        assert [sorted(row) for row in names] == [["good", "so"], [], ["bad"]]
    if kind == "pairs":
        assert list(found.pairs or ()) == ["a stay", "it"]


def test_labels_are_named_as_in_the_book(tmp_path: Path) -> None:
    file = write(
        tmp_path / "rows.csv", "text,label\n" + "".join(f"{t},{int(k == 'good')}\n" for t, k in small.texts(80))
    )
    options = small.options("binary").model_copy(update={"label_names": {"0": "poor", "1": "fine"}})
    ref = prepare([file], tmp_path / "data", options)
    found = external_rows(ref, write(tmp_path / "hard.csv", "text,label\nthe room,1\na stay,fine\nit,0\n"))
    assert [ref.labels.names[int(code)] for code in found.targets] == ["fine", "fine", "poor"]


@pytest.mark.parametrize(
    ("cells", "options", "others", "targets"),
    [
        (["[0, 1]", "[1, 1]", "[0, 0]"], {}, ["[1, 0]", "['1']"], [[1, 0], [0, 1]]),
        ([f"{n},{n % 7}" for n in range(20)], {}, ["3,5", "12,25"], [3.5, 12.25]),
        (["['b', \"a's\"]", "['b']"], {"problem": "multi_label"}, ["('b',)", '["a\'s"]'], [[0, 1], [1, 0]]),
        (['{"name": "x"}', '{"name": "y"}'], {"label": "label.name"}, ['{"name": "y"}', '{"name": "x"}'], [1, 0]),
    ],
)
def test_cells_are_read_in_the_form_of_the_book(
    cells: list[str], options: dict[str, Any], others: list[str], targets: Any, tmp_path: Path
) -> None:
    def rows(name: str, labels: list[str]) -> Path:
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([("text", "label"), *((f"{name} {n}", c) for n, c in enumerate(labels))])
        return path

    ref = prepare(
        [rows("rows.csv", [cells[n % len(cells)] for n in range(60)])], tmp_path / "d", DataOptions(**options)
    )
    assert external_rows(ref, rows("hard.csv", others)).targets.tolist() == targets


def test_a_column_a_class_of_a_file(tmp_path: Path) -> None:
    lines = [f"text {n},{n % 2},{n % 3 // 2}" for n in range(60)]
    file = write(tmp_path / "rows.csv", "\n".join(["text,rude,loud", *lines]) + "\n")
    ref = prepare([file], tmp_path / "data", DataOptions(label_columns=["rude", "loud"]))
    found = external_rows(ref, write(tmp_path / "hard.csv", "loud,text,rude\n1,a,0\n0,b,0\n"))
    assert found.targets.tolist() == [[0, 1], [0, 0]] and ref.labels.names == ["rude", "loud"]
    with pytest.raises(DataError) as caught:
        external_rows(ref, write(tmp_path / "half.csv", "loud,text\n1,a\n0,b\n"))
    assert caught.value.code == "outside.column"
    assert external_rows(ref, write(tmp_path / "bare.csv", "text\na\nb\n"), labelled=False).targets is None


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        ("binary", "text,label\nthe room,good\na stay,ugly\n", "outside.label"),
        ("binary", "text,other\nthe room,good\na stay,bad\n", "outside.column"),
        ("binary", "text,label\nthe room,good\n", "outside.rows"),
        ("number", "text,label\nthe room,good\na stay,1\n", "outside.label"),
    ],
)
def test_files_that_are_refused(kind: str, text: str, code: str, tmp_path: Path) -> None:
    ref = data(tmp_path, kind)
    with pytest.raises(DataError) as caught:
        external_rows(ref, write(tmp_path / "hard.csv", text))
    assert caught.value.code == code and caught.value.message


def test_texts_alone_need_no_labels(tmp_path: Path) -> None:
    found = external_rows(
        data(tmp_path, "binary"), write(tmp_path / "raw.csv", 'text\nthe room\n""\n"  "\na stay\n'), labelled=False
    )
    assert list(found.texts) == ["the room", "a stay"] and found.targets is None


@pytest.mark.parametrize("kind", ["jsonl", "xlsx", "parquet"])
def test_a_file_reads_as_it_did_in_training(kind: str, tmp_path: Path) -> None:
    """The very file that a book was made of, asked again: the texts are those that the model was trained on."""
    cells = {
        "jsonl": [3.0, 2.5, True, ["customer", "note"], {"b": 1, "a": [1.0]}, "x", 7],
        "xlsx": [dt.datetime(2025, 1, 2, 3, 4, n, n * 1000) for n in range(6)],
        "parquet": [float(n) / 2 for n in range(8)],
    }[kind]
    rows = [{"text": cell, "label": f"c{n % 2}"} for n, cell in enumerate(cells * 6)]
    for n, row in enumerate(rows):
        row["more"] = n
    file = tmp_path / f"rows.{kind}"
    if kind == "jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif kind == "parquet":
        parquet.write_table(pa.Table.from_pylist(rows), file)
    else:
        book = openpyxl.Workbook()
        for line in [list(rows[0]), *(list(row.values()) for row in rows)]:
            book.active.append(line)
        book.save(file)
    options = DataOptions(text="text", label="label", duplicates="keep", leakage="remove", max_dropped=0.0)
    ref = prepare([file], tmp_path / "data", options)
    table = load_table(ref)
    trained = dict(zip(table["more"].to_pylist(), table["text"].to_pylist(), strict=True))
    asked = external_rows(ref, file, labelled=False).texts
    assert trained and {n: asked[int(n)] for n in trained} == trained
    assert set(trained.values()) == {as_text(cell) for cell in cells}


def test_labels_read_as_they_did_in_training(tmp_path: Path) -> None:
    """Booleans and whole numbers of a column of floats."""
    for name, labels in (
        ("flag", [True, False]),
        ("number", [1.0, 2.0]),
        ("moment", [dt.date(2025, 1, n) for n in (1, 2)]),
    ):
        rows = [{"text": f"a {small.words()[n % 20]} {n}", "label": labels[n % 2]} for n in range(40)]
        file = tmp_path / f"{name}.parquet"
        parquet.write_table(pa.Table.from_pylist(rows), file)
        ref = prepare([file], tmp_path / name, DataOptions(text="text", label="label", problem="single_label"))
        found = external_rows(ref, file)
        assert [ref.labels.names[int(code)] for code in found.targets] == [as_text(row["label"]) for row in rows]


def test_exports_are_read_as_rows_and_as_texts(tmp_path: Path) -> None:
    ref = data(tmp_path, "binary")
    lines = write(tmp_path / "hard.txt", "__label__good the room\nnot labelled\n__label__bad a stay\n")
    assert external_rows(ref, lines).targets.tolist() == [1, 0]
    assert list(external_rows(ref, lines, labelled=False).texts) == ["the room", "not labelled", "a stay"]
    records = {"fields": {"text": "the room"}, "responses": {name: [{"value": "good"}] for name in ("label", "tone")}}
    several = write(tmp_path / "records.json", json.dumps([records, records]))
    assert external_rows(ref, several).targets.tolist() == [1, 1]


CONLL = "\n\n".join(
    f"Ｓee\tO\n<b>Li\tB-PER\n{word}</b>\tI-PER\nin\tO\nRoom{n}\tO" for n, word in enumerate(["Na", "Po"] * 20)
)


def test_words_and_their_tags_are_read_as_in_the_book(tmp_path: Path) -> None:
    ref = prepare([write(tmp_path / "rows.conll", CONLL + "\n")], tmp_path / "data")
    assert (ref.task, ref.labels.problem, ref.labels.names) == ("tagging", "tags", ["PER"])
    file = write(tmp_path / "hard.conll", "Ｗho\tO\n<i>Wu</i>\tB-PER\n\nLi\tB-PER\nＮa\tI-PER\nran\tO\n")
    found, bare = external_rows(ref, file), external_rows(ref, file, labelled=False)
    assert list(found.texts) == list(bare.texts) == ["Who Wu", "Li Na ran"]
    assert found.targets.tolist() == [[1, 4, 6, 0], [1, 0, 5, 0]] and bare.targets is None
    words = [[[0, 3], [4, 6]], [[0, 2], [3, 5], [6, 9]]]
    assert [place.tolist() for place in found.words] == [place.tolist() for place in bare.words] == words
    other = write(tmp_path / "other.conll", "Oslo\tB-LOC\nis\tO\n\nLi\tB-PER\nran\tO\n")
    with pytest.raises(DataError) as caught:
        external_rows(ref, other)
    assert (caught.value.code, caught.value.value) == ("outside.label", "LOC")


@pytest.mark.parametrize("cells", ["\"['Li', 'Na', 'ran']\"", '"[""Li"", ""Na"", ""ran""]"'])
def test_words_that_a_cell_lists_are_words(tmp_path: Path, cells: str) -> None:
    ref = prepare([write(tmp_path / "rows.conll", CONLL + "\n")], tmp_path / "data")
    source = read(write(tmp_path / "a.csv", f"id,tokens\n1,{cells}\n2,\n"), labelled=False)
    (texts, _), words = texts_with_words(ref, source.table, ("text", None), tmp_path, source.roles)
    assert texts == ["Li Na ran", ""]
    assert words is not None and words[0].tolist() == [[0, 2], [3, 5], [6, 9]]
    plain = read(write(tmp_path / "b.csv", "id,text\n1,[Li] ran\n2,[Na\n"), labelled=False)
    assert texts_with_words(ref, plain.table, ("text", None), tmp_path, plain.roles)[0][0] == ["[Li] ran", "[Na"]


@pytest.mark.parametrize("name", ["tokens", "text", "remark"])
def test_a_column_alone_of_words_has_a_heading_and_the_name_that_was_told(tmp_path: Path, name: str) -> None:
    ref = prepare([write(tmp_path / "rows.conll", CONLL + "\n")], tmp_path / "data")
    file = write(tmp_path / "a.csv", name + '\n"[""Li"", ""Na"", ""ran""]"\n"[]"\n""\n"[""Wu""]"\n')
    for told in (False, True):
        source = read(file, DataOptions(text=name if told else None), labelled=False)
        names = (name if told else "text", None)
        (texts, _), words = texts_with_words(ref, source.table, names, file, source.roles, told=told)
        assert texts == ["Li Na ran", "", "", "Wu"]
        assert words is not None and [place.tolist() for place in words][1:] == [[], [], [[0, 2]]]
    source = read(file, DataOptions(text="other"), labelled=False)
    marked = read(write(tmp_path / "b.conll", "Li\nran\n"), labelled=False)
    for table, known in ((source.table, source.roles), (marked.table, marked.roles)):
        with pytest.raises(DataError) as caught:
            texts_with_words(ref, table, ("other", None), file, known, told=True)
        assert (caught.value.code, caught.value.value) == ("predict.column", "other")


def test_a_text_is_found_under_the_name_that_its_format_knows(tmp_path: Path) -> None:
    options = DataOptions(text="line")
    ref = prepare([write(tmp_path / "rows.conll", CONLL + "\n")], tmp_path / "data", options)
    assert ref.roles.text == "line"
    found = external_rows(ref, write(tmp_path / "hard.conll", "Li\tB-PER\nran\tO\n\nWu\tB-PER\nsat\tO\n"))
    assert list(found.texts) == ["Li ran", "Wu sat"]


def test_texts_may_be_lists_of_words_for_a_model_of_places(tmp_path: Path) -> None:
    ref = prepare([write(tmp_path / "rows.conll", CONLL + "\n")], tmp_path / "data")
    rows = [["Ｗho", "<b>is</b>", "Wu"], [], ["Li"]]
    for table in (pa.table({"tokens": rows, "n": [1, 2, 3]}), pa.table({"text": rows})):
        texts, words = texts_with_words(ref, table, ("text", None), "texts")
        assert texts == (["Ｗho <b>is</b> Wu", "", "Li"], None)
        assert [place.tolist() for place in words] == [[[0, 3], [4, 6], [7, 9]], [], [[0, 2]]]
    assert texts_with_words(ref, pa.table({"text": ["a b"], "tokens": [["a"]]}), ("text", None), "texts") == (
        (["a b"], None),
        None,
    )
    two = pa.table({"a": [["x"]], "b": [["y"]]})
    (tmp_path / "other").mkdir()
    for book, table in ((ref, two), (data(tmp_path / "other", "binary"), pa.table({"tokens": rows, "n": [1, 2, 3]}))):
        with pytest.raises(DataError) as caught:
            texts_with_words(book, table, ("text", None), "texts")
        assert caught.value.code == "predict.column"


def judged_book(tmp_path: Path, rows: list[dict[str, Any]], **options: Any) -> DataRef:
    """A book of queries with passages."""
    source = tmp_path / "train.jsonl"
    source.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    return prepare([source], tmp_path / "judged", DataOptions(**options))


def test_queries_of_a_file_come_with_their_own_passages(tmp_path: Path) -> None:
    data = judged_book(tmp_path, [{"query": f"q {n}", "pos": [f"p {n}"], "neg": [f"n {n}"]} for n in range(40)])
    file = tmp_path / "more.jsonl"
    lines = [{"query": "one  query", "pos": ["p 1"], "neg": ["new  text", "p 1"]}, {"query": "two", "pos": ["p 2"]}]
    file.write_text("\n".join(map(json.dumps, lines)))
    rows = external_rows(data, file)
    assert rows.texts == ["one query", "two"] and rows.passages == ["p 1", "new text", "p 2"]
    assert rows.targets is not None and rows.targets.tolist() == [[2, 0, 1, 1, 0], [1, 2, 1, 0, 0]]


def test_columns_of_passages_and_gains_are_those_of_the_book(tmp_path: Path) -> None:
    told = {"text": "a", "text_pair": "b", "label": "c", "task": "reranking"}
    data = judged_book(tmp_path, [{"a": f"q {n}", "b": f"p {n}", "c": 1 + n % 2} for n in range(40)], **told)
    file = tmp_path / "more.csv"
    file.write_text("a,b,c\none,x,2\ntwo,y,0\n")
    rows = external_rows(data, file)
    assert rows.texts == ["one", "two"] and rows.passages == ["x", "y"]
    assert rows.targets is not None and rows.targets.tolist() == [[1, 0, 2], [1, 1, 0]]
