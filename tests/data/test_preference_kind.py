"""Rows of preferences from files of any kind to targets, and what is told of them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef, Labels
from tunebook.data.external import external_rows
from tunebook.data.kind import column_kind, wants_preferences
from tunebook.data.kinds.preference import Preference
from tunebook.data.load import load
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare

ASKED = DataOptions(task="preference")


def pairs(count: int, good: str = "a long good answer") -> list[dict[str, Any]]:
    return [{"prompt": f"question {n}", "chosen": f"{good} {n}", "rejected": f"bad {n}"} for n in range(count)]


def judged(count: int, every: int = 2) -> list[dict[str, Any]]:
    return [{"prompt": f"question {n}", "completion": f"answer {n}", "label": n % every == 0} for n in range(count)]


def made(folder: Path, rows: list[dict[str, Any]], options: DataOptions = ASKED) -> DataRef:
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return prepare([file], folder / "data", options)


def test_pairs_become_targets_of_two_texts(tmp_path: Path) -> None:
    ref = made(tmp_path, [*pairs(40), {"prompt": "x", "chosen": "same", "rejected": "same"}, *pairs(1)])
    assert ref.task == "preference" and ref.labels == Labels(problem="preference")
    assert ref.stats["ledger"]["dropped"] == {"preference_same": 1, "duplicate": 1}
    rows = load(ref, "train")
    assert rows.targets is not None and rows.targets.shape == (len(rows), 2) and rows.targets.dtype.kind == "T"
    number = rows.texts[0].split()[1]
    assert rows.targets[0].tolist() == [f"a long good answer {number}", f"bad {number}"]
    assert rows.chats is not None and rows.chats[0].turns[0].content == rows.texts[0]
    kind = column_kind("preference")
    assert kind.said(rows.targets[0], ref.labels) == dict(
        zip(("chosen", "rejected"), rows.targets[0].tolist(), strict=True)
    )


def test_length_that_tells_all_is_warned_of(tmp_path: Path) -> None:
    ref = made(tmp_path, pairs(40))
    assert ref.stats["preferences"]["longer"] == ref.stats["preferences"]["pairs"] == 40
    assert [one["code"] for one in ref.stats["warnings"] if "preference" in one["code"]] == ["preference_longer"]
    short = [{**row, "chosen": row["rejected"], "rejected": row["chosen"]} for row in pairs(40)]
    (tmp_path / "short").mkdir()
    told = {one["code"]: one for one in made(tmp_path / "short", short).stats["warnings"]}
    assert "100%" in str(told["preference_shorter"]) and "preference_longer" not in told
    even = pairs(40)
    for row in even[::2]:
        row["chosen"], row["rejected"] = row["rejected"], row["chosen"]
    (tmp_path / "even").mkdir()
    assert "preference_longer" not in str(made(tmp_path / "even", even).stats["warnings"])


def test_answers_alone_have_one_side_empty(tmp_path: Path) -> None:
    ref = made(tmp_path, judged(40))
    rows = load(ref, "train")
    assert sorted(set(map(tuple, (rows.targets != "").tolist()))) == [(False, True), (True, False)]
    train = ref.stats["preferences"]["train"]
    assert train["pairs"] == 0 and train["good"] + train["bad"] == len(rows)
    (tmp_path / "one").mkdir()
    warned = made(tmp_path / "one", judged(40, every=1)).stats["warnings"]
    assert "preference_one_side" in [one["code"] for one in warned]


def test_tables_are_read_as_objects_are(tmp_path: Path) -> None:
    rows = pairs(40)
    with (tmp_path / "rows.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    turns = [{**row, "chosen": [{"role": "assistant", "content": row["chosen"]}],
              "rejected": [{"role": "assistant", "content": row["rejected"]}]} for row in rows]  # fmt: skip
    parquet.write_table(pa.Table.from_pylist(turns), tmp_path / "rows.parquet")
    found = [prepare([tmp_path / f"rows.{end}"], tmp_path / end, ASKED) for end in ("csv", "parquet")]
    targets = [load(ref, "train").targets for ref in found]
    assert targets[0] is not None and np.array_equal(*map(np.sort, (targets[0].ravel(), targets[1].ravel())))


def test_other_tables_are_refused_and_say_what_is_needed(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("text,topic\na,b\n" * 5, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        prepare([tmp_path / "rows.csv"], tmp_path / "data", ASKED)
    assert caught.value.code == "data.no_preferences" and "topic" in str(caught.value)
    with pytest.raises(DataError, match="no_preferences"):
        Preference().find(pa.chunked_array([["a"]]), ASKED, False)


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": "user", "content": "a?"}, {"role": "assistant", "content": "b"}]},
        {"instruction": "a?", "input": "", "output": "b"},
    ],
)
def test_answers_that_nobody_judged_are_refused_by_what_is_missing(row: dict[str, Any], tmp_path: Path) -> None:
    rows = tmp_path / "rows.json"
    rows.write_text(json.dumps([row] * 4), encoding="utf-8")
    listing = tmp_path / "dataset_info.json"
    columns = {"messages": "messages"} if "messages" in row else {"prompt": "instruction", "response": "output"}
    listing.write_text(json.dumps({"mine": {"file_name": rows.name, "columns": columns}}), encoding="utf-8")
    for file in (rows, listing):
        with pytest.raises(DataError, match="chosen") as caught:
            prepare([file], tmp_path / "data", ASKED)
        assert caught.value.code == "data.no_preferences"


def test_whoever_asks_for_another_task_is_told_of_this_one(tmp_path: Path) -> None:
    for options in (DataOptions(), DataOptions(task="text_classification")):
        with pytest.raises(DataError, match="--task preference"):
            made(tmp_path, pairs(5), options)
        assert not wants_preferences(options)
    assert wants_preferences(ASKED) and wants_preferences(DataOptions(problem="preference"))


def test_other_files_are_read_as_the_books_rows_are(tmp_path: Path) -> None:
    ref = made(tmp_path, pairs(40))
    file = tmp_path / "more.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in pairs(3, "good")), encoding="utf-8")
    rows = external_rows(ref, file)
    assert rows.targets is not None and rows.targets[2].tolist() == ["good 2", "bad 2"] and rows.chats is not None
    file.write_text(json.dumps({"prompt": "a", "chosen": "b", "rejected": "b"}) + "\n" + file.read_text())
    with pytest.raises(DataError, match="preference_same"):
        external_rows(ref, file)


def test_what_is_not_asked_of_answers() -> None:
    kind, labels = Preference(), Labels(problem="preference")
    column = pa.chunked_array([[{"chosen": "a", "rejected": None}]])
    assert kind.outputs([]) == 1 and kind.words(column) is None and len(kind.borne(column)) == 0
    assert kind.vote("a", None) is None and kind.nearness(None, None, labels) == 0  # type: ignore[arg-type]
    assert kind.length_link(np.zeros(1), column, labels) == 0 and kind.bounds(labels, column) == labels
    assert kind.strata(column, labels).tolist() == [2] and kind.text(column).to_pylist() == ["a\x1f"]
