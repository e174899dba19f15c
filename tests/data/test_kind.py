"""A kind of target that one file brings: from rows in other columns to places in cleaned texts, targets and words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from pyarrow import parquet

from tunebook.core import kind as module
from tunebook.core.errors import DataError, PlanError
from tunebook.core.kind import Kind, Link
from tunebook.core.nouns import DataRef, Labels
from tunebook.data.external import external_rows
from tunebook.data.kind import ColumnKind, Labelled, class_counts, column_kind, kinds_for
from tunebook.data.load import load, load_table
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare

ENDS = [("start", pa.int32()), ("end", pa.int32())]
MARKED = pa.list_(pa.struct([*ENDS, ("label", pa.string())]))


class Glossed(ColumnKind):
    """Words, some of which have a name: a list of words and a list of names, null for words without one."""

    key: ClassVar[str] = "glossed"
    link: ClassVar[Link] = "softmax"
    tasks: ClassVar[tuple[str, ...]] = ("glossing",)

    def outputs(self, names: Any) -> int:
        return len(names) + 1

    def shaped(self, table: pa.Table, told: DataOptions, labelled: bool) -> tuple[pa.Table, dict[str, str]] | None:
        if not {"words", "names"} <= set(table.column_names):
            return None
        rows = [
            self._row(*pair) for pair in zip(*(table[name].to_pylist() for name in ("words", "names")), strict=True)
        ]
        made = table.append_column("line", pa.array([text for text, _ in rows], pa.large_string()))
        made = made.append_column("marks", pa.array([marks for _, marks in rows], MARKED))
        return made.drop_columns(["names"]), {"text": "line", "label": "marks"}

    def _row(self, words: list[str], names: list[str | None]) -> tuple[str, list[dict[str, Any]]]:
        marks, at = [], 0
        for word, name in zip(words, names, strict=True):
            marks.append({"start": at, "end": at + len(word), "label": name})
            at += len(word) + 1
        return " ".join(words), marks

    def find(self, column: pa.ChunkedArray, options: DataOptions, coded: bool) -> Labelled:
        tidy = self._tidy(column)
        return Labelled(Labels(problem=self.key, names=sorted(set(self.borne(tidy).to_pylist()))), tidy, {})

    def _tidy(self, column: pa.ChunkedArray) -> pa.Array:
        return pa.array([[mark for mark in row if mark["label"]] for row in column.to_pylist()], MARKED)

    def known(self, column: pa.ChunkedArray, data: DataRef) -> tuple[pa.Array, list[str]]:
        tidy = self._tidy(column)
        return tidy, [name for name in self.borne(tidy).to_pylist() if name not in data.labels.names]

    def words(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        rows = [[{name: mark[name] for name in ("start", "end")} for mark in row] for row in column.to_pylist()]
        return pa.chunked_array([pa.array(rows, pa.list_(pa.struct(ENDS)))])

    def bounds(self, labels: Labels, column: pa.ChunkedArray) -> Labels:
        return labels

    def targets(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[Any]:
        return np.array([len(row) for row in column.to_pylist()])

    def said(self, target: Any, labels: Labels) -> Any:
        return int(target)

    def borne(self, column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
        return pa.array([mark["label"] for row in column.to_pylist() for mark in row], pa.string())

    def text(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        return pa.chunked_array([pa.array(map(json.dumps, column.to_pylist()), pa.large_string())])

    def strata(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[np.int64]:
        return self.targets(column, labels)

    def length_link(self, logs: NDArray[np.float64], column: pa.ChunkedArray, labels: Labels) -> float:
        return 0.0

    def vote(self, cell: str, data: DataRef) -> Any:
        return cell

    def nearness(self, vote: Any, target: Any, labels: Labels) -> float:
        return 1.0

    def warnings(self, labelled: Labelled, column: str, options: DataOptions) -> list[dict[str, Any]]:
        return []


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    found = module.found_in("tunebook.data.kinds", Kind)
    monkeypatch.setattr(module, "found_in", lambda *where: [*found, Glossed])
    module.kinds.cache_clear()
    yield
    module.kinds.cache_clear()


def rows(folder: Path, count: int = 40) -> Path:
    """Rows whose texts are changed by cleaning before and inside of what bears a name."""
    lines = [
        {
            "words": ["See", "<b>Li", "Na</b>", "of", f"Room {n}"],
            "names": [None, "PER", None, None, "LOC" if n % 2 else None],
        }
        for n in range(count)
    ]
    return stored(folder / "rows.parquet", lines)


def stored(file: Path, lines: list[dict[str, Any]]) -> Path:
    parquet.write_table(pa.Table.from_pylist(lines), file)
    return file


def test_a_kind_that_is_known_by_its_shape_goes_all_the_way(tmp_path: Path) -> None:
    ref = prepare([rows(tmp_path)], tmp_path / "data")
    assert (ref.task, ref.labels.problem, ref.labels.names) == ("glossing", "glossed", ["LOC", "PER"])
    assert (ref.roles.text, ref.roles.label) == ("line", "marks") and ref.stats["preset"]["problem"] == "glossed"
    table = load_table(ref)
    assert table.column_names[4:] == ["text", "label", "words", "source_words"]
    for text, label, words in zip(*(table[name].to_pylist() for name in ("text", "label", "words")), strict=True):
        assert text.startswith("See Li Na of Room ")
        named = {mark["label"]: text[mark["start"] : mark["end"]] for mark in label}
        assert named.pop("PER") == "Li" and named in ({}, {"LOC": text[13:]})
        assert [text[word["start"] : word["end"]] for word in words] == ["See", "Li", "Na", "of", text[13:]]
    train = load(ref, "train")
    assert train.words is not None and [place.shape for place in train.words] == [(5, 2)] * len(train)
    assert train.at([1, 0]).words[0] is train.words[1] and "words" not in train.other
    assert class_counts(table["label"], ref.labels) == {"LOC": 20, "PER": 40}


def test_other_files_are_read_the_same_way(tmp_path: Path) -> None:
    ref = prepare([rows(tmp_path)], tmp_path / "data")
    lines = [{"words": ["<i>Wu</i>", "ran"], "names": ["PER", None]}, {"words": ["Home"], "names": ["LOC"]}]
    found = external_rows(ref, stored(tmp_path / "hard.parquet", lines))
    assert list(found.texts) == ["Wu ran", "Home"] and found.targets.tolist() == [1, 1]
    assert [place.tolist() for place in found.words] == [[[0, 2], [3, 6]], [[0, 4]]]
    with pytest.raises(DataError) as caught:
        external_rows(ref, stored(tmp_path / "more.parquet", [{**lines[0], "names": ["TIME", None]}, lines[1]]))
    assert (caught.value.code, caught.value.value) == ("outside.label", "TIME")


def test_a_file_of_another_shape_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("text,label\n" + "".join(f"text {n},{'ab'[n % 2]}\n" for n in range(40)), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        prepare([rows(tmp_path)], tmp_path / "data", test=other)
    assert (caught.value.code, caught.value.key) == ("data.shape", "other.csv")
    with pytest.raises(DataError) as caught:
        prepare([other], tmp_path / "data", DataOptions(task="glossing"))
    assert (caught.value.code, caught.value.allowed) == ("data.task", "text_classification | embedding")
    with pytest.raises(DataError, match="Did you mean instruction") as caught:
        prepare([tmp_path / "none.csv"], tmp_path / "data", DataOptions(task="instrution"))
    assert caught.value.code == "data.no_task" and "seq2seq" in str(caught.value.allowed)
    with pytest.raises(DataError) as caught:
        prepare([rows(tmp_path)], tmp_path / "data", DataOptions(task="text_classification"))
    assert (caught.value.code, caught.value.allowed) == ("data.task", "glossing")
    assert prepare([other], tmp_path / "data", DataOptions(task="text_classification")).task == "text_classification"


def test_kinds_by_task_and_name() -> None:
    assert [kind.key for kind in kinds_for(None, "glossing")] == ["glossed"] and len(kinds_for(None, None)) >= 5
    with pytest.raises(DataError) as caught:
        kinds_for("ordinal", "glossing")
    assert (caught.value.code, caught.value.allowed) == ("data.task", "text_classification")
    with pytest.raises(PlanError) as unknown:
        column_kind("language_model")
    assert unknown.value.code == "labels.kind" and "glossed" in str(unknown.value.allowed)
