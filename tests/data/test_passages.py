"""Queries with judged passages, from files to frozen rows: what is joined, what is left out, what is refused."""

from __future__ import annotations

import json

import pytest

from tunebook.core.errors import DataError
from tunebook.core.locations import PASSAGES
from tunebook.data.load import load, load_table
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare


def made(tmp_path, rows, name="a.jsonl", options=None, **others):
    paths = {}
    for part, content in {"train": rows, **others}.items():
        paths[part] = tmp_path / (name if part == "train" else f"{part}.jsonl")
        paths[part].write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in content), "utf-8")
    return prepare([paths.pop("train")], tmp_path / "data", options, **paths)


def plain(count=40):
    return [{"query": f"query {n}", "pos": [f"right {n}"], "neg": [f"wrong {n}"]} for n in range(count)]


def said(data):
    """Query -> passage -> gain, of all splits."""
    found = {}
    for split in ("train", "validation", "test"):
        rows = load(data, split)
        for text, line in zip(rows.texts, rows.targets, strict=True):
            pairs = line[1 : 1 + 2 * int(line[0])].reshape(-1, 2)
            found[text] = {rows.passages[int(passage)]: gain for passage, gain in pairs}
    return found


def codes(data):
    return {one["code"]: one["fields"].get("count") for one in data.stats["warnings"]}


def test_lists_of_passages_become_numbered_gains(tmp_path):
    data = made(tmp_path, plain())
    assert (data.labels.problem, data.roles.text, data.roles.label) == ("relevance", "query", "pos")
    assert said(data)["query 7"] == {"right 7": 1, "wrong 7": 0}
    assert data.stats["passages"]["count"] == 80 and data.stats["judged"]["negatives"] == 40
    assert load(data, "train").passages == load(data, "test").passages


def test_blank_passages_of_a_list_are_counted(tmp_path):
    rows = plain()
    rows[2]["neg"], rows[3]["neg"], rows[4]["neg"] = ["", " "], ["", None, "wrong 3"], ""
    data = made(tmp_path, rows)
    assert (said(data)["query 2"], said(data)["query 4"]) == ({"right 2": 1}, {"right 4": 1})
    assert codes(data)["passages_unused"] == 4 and data.stats["ledger"]["changed"]["judged_blank"] == 2
    assert sum(data.rows.values()) == 40 and data.stats["judged"]["negatives"] == 38


def test_the_hash_is_of_the_passages_too(tmp_path):
    data = made(tmp_path, plain())
    (tmp_path / "other").mkdir()
    other = made(tmp_path / "other", [{**row, "neg": [f"{row['neg'][0]}!"]} for row in plain()])
    assert load_table(data).equals(load_table(other)) and data.content != other.content
    (data.path / PASSAGES).write_bytes((other.path / PASSAGES).read_bytes())
    with pytest.raises(DataError, match=r"rows\.parquet") as caught:
        load(data, "train")
    assert caught.value.code == "data.damaged"
    (data.path / PASSAGES).write_bytes(b"no parquet")
    with pytest.raises(DataError, match="passages") as caught:
        load(data, "train")
    assert caught.value.code == "data.damaged"
    (data.path / PASSAGES).unlink()
    with pytest.raises(DataError):
        load(data, "train")


def test_the_same_call_again_changes_nothing(tmp_path):
    assert made(tmp_path, plain()) == made(tmp_path, plain())


def test_a_query_that_comes_again_is_joined(tmp_path):
    data = made(tmp_path, [*plain(), {"query": " Query  7?", "pos": ["second"], "neg": ["wrong 7"]}])
    assert said(data)["query 7"] == {"right 7": 1, "second": 1, "wrong 7": 0}
    assert data.stats["ledger"]["dropped"] == {"query_again": 1}


def test_a_query_of_training_that_stands_in_the_test_file_is_a_leak(tmp_path):
    test = [{"query": f"other {n}", "pos": [f"right {n}"], "neg": []} for n in range(9)]
    data = made(tmp_path, plain(), test=[*test, {"query": "QUERY 7", "pos": ["right 7"], "neg": []}])
    assert data.stats["ledger"]["dropped"] == {"leaked": 1} and data.rows["test"] == 10
    assert codes(data)["passages_shared"] > 0, "which is told, and no leak"


def test_a_positive_among_the_negatives_is_a_positive(tmp_path):
    rows = plain()
    rows[7]["neg"] += ["right  7", "query 7"]
    data = made(tmp_path, rows)
    assert said(data)["query 7"] == {"right 7": 1, "wrong 7": 0}
    assert codes(data)["passages_judged_twice"] == 1 and codes(data)["passages_judged_self"] == 1
    assert data.stats["ledger"]["changed"]["judged_twice"] == 1


def test_queries_without_a_positive_are_dropped_kept_or_refused(tmp_path):
    rows = [*plain(), {"query": "lost", "pos": [], "neg": ["wrong 1"]}]
    data = made(tmp_path, rows)
    assert codes(data)["passages_positives_missing"] == 1 and "lost" not in said(data)
    (tmp_path / "b").mkdir()
    assert said(made(tmp_path / "b", rows, options=DataOptions(no_positives="keep")))["lost"] == {"wrong 1": 0}
    with pytest.raises(DataError) as caught:
        made(tmp_path / "b", rows, options=DataOptions(no_positives="refuse"))
    assert caught.value.code == "data.no_positives" and caught.value.fields["rows"] == "a.jsonl: 41"


def test_rows_without_any_positive_are_refused(tmp_path):
    with pytest.raises(DataError) as caught:
        made(tmp_path, [{**row, "pos": []} for row in plain()], options=DataOptions(no_positives="keep"))
    assert caught.value.code == "data.no_positives"


def test_that_nothing_is_a_negative_is_told(tmp_path):
    data = made(tmp_path, [{"anchor": f"query {n}", "positive": f"right {n}"} for n in range(40)])
    assert codes(data)["passages_no_negatives"] == 40


def test_empty_and_endless_passages_are_counted_and_rows_left_without_any_are_dropped(tmp_path):
    rows = plain()
    rows[3] = {"query": "query 3", "pos": ["  "], "neg": ["x" * 300]}
    data = made(tmp_path, rows, options=DataOptions(max_cell=200))
    assert codes(data)["passages_unused"] == 2 and "query 3" not in said(data)
    assert data.stats["ledger"]["dropped"] == {"no_passages": 1}
