from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import f_oneway, spearmanr

from tunebook.core.nouns import Labels
from tunebook.data.describe import (
    agreement,
    describe,
    find_warnings,
    length_label_link,
    quantiles,
    warning,
    warning_text,
)

TWO = Labels(problem="single_label", names=["a", "b"])


def column(values: list[Any]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values)])


def rows_of(**extra: Any) -> pa.Table:
    table = {
        "_split": ["train"] * 6 + ["validation"] * 2 + ["test"] * 2,
        "text": [f"the way it is {'x' * n}" for n in range(10)],
        "label": ["a", "a", "a", "a", "b", "b", "a", "b", "a", "a"],
    }
    return pa.table({**table, **extra})


def test_figures():
    stats = describe(rows_of(), TWO)
    assert stats["rows"] == {"train": 6, "validation": 2, "test": 2}
    assert stats["classes"]["train"] == {"a": 4, "b": 2}
    assert stats["classes"]["test"] == {"a": 2, "b": 0}
    assert stats["imbalance"] == 2.0
    assert stats["language"] == "en"
    assert stats["characters"]["max"] == 23.0
    assert "agreement" not in stats
    assert describe(rows_of(pair=["yy"] * 10), TWO)["characters"]["max"] == 25.0


def test_quantiles():
    found = quantiles(np.arange(1, 101))
    assert (found["mean"], found["p50"], found["max"]) == (50.5, 50.5, 100.0)
    assert (found["p95"], found["p99"]) == pytest.approx((95.05, 99.01))


def test_link_of_length_and_classes_is_eta_squared():
    random = np.random.default_rng(3)
    codes = random.integers(0, 3, 200)
    lengths = np.exp(random.normal(3 + codes, 1)).astype(np.int64) + 1
    labels = Labels(problem="single_label", names=["a", "b", "c"])
    found = length_label_link(lengths, column([labels.names[code] for code in codes]), labels)
    f = f_oneway(*(np.log1p(lengths[codes == code]) for code in range(3))).statistic
    assert found == pytest.approx(f * 2 / (f * 2 + 197), abs=1e-4)


def test_link_of_length_and_values_is_squared_rank_correlation():
    random = np.random.default_rng(4)
    lengths = random.integers(1, 50, 100)
    values = lengths + random.normal(0, 10, 100)
    expected = spearmanr(lengths, values).statistic ** 2
    assert length_label_link(lengths, column(values.tolist()), Labels(problem="regression")) == pytest.approx(
        expected, abs=1e-4
    )
    ordered = Labels(problem="ordinal", names=["low", "mid", "high"])
    names = ["low", "mid", "high"]
    assert length_label_link(np.array([1, 5, 9]), column(names), ordered) == 1.0
    assert length_label_link(np.array([1, 5, 9]), column(["low"] * 3), ordered) == 0.0


def test_link_of_several_labels_is_the_strongest():
    several = Labels(problem="multi_label", names=["a", "b"])
    lengths = np.array([1, 1, 9, 9])
    assert length_label_link(lengths, column([["a"], ["a", "b"], [], ["b"]]), several) == 1.0
    assert length_label_link(np.array([5, 5]), column([["a"], ["b"]]), several) == 0.0


def test_agreement_is_the_share_of_equal_pairs():
    rows = pa.table({"x": ["a", "b", "", "a"], "y": ["a", "a", "b", " a "], "z": ["a", "b", None, "b"]})
    assert agreement(rows, ["x", "y", "z"], TWO) == round((2 + 2 + 1) / (3 + 3 + 3), 4)
    assert agreement(pa.table({"x": ["", None], "y": [1, 2]}), ["x", "y"], TWO) is None
    assert describe(rows_of(x=[1] * 10, y=[1] * 9 + [2]), TWO, ["x", "y"])["agreement"] == 0.9


def test_warnings():
    stats = describe(rows_of(), TWO)
    assert [item["code"] for item in find_warnings(stats)] == [
        "class_small",
        "class_unseen",
        "split_small",
        "split_small",
    ]
    stats["classes"]["train"] = {"a": 400, "b": 0, "c": 12}
    stats["imbalance"] = 33.3
    stats["rows"] = {"train": 412, "validation": 60, "test": 60}
    found = find_warnings(stats)
    assert [item["code"] for item in found] == ["class_missing", "imbalance"]
    assert "b" in found[0]["message"]
    assert "33.3" in found[1]["message"]
    told = find_warnings({**stats, "marked": {}})
    assert [item["code"] for item in told] == ["type_missing", "type_imbalance"]
    assert all("row of" not in item["message"] and "entit" in item["message"] for item in told)
    many = warning("class_small", classes="x", count=1, limit=10)
    assert many["fields"] == {"classes": "x", "count": 1, "limit": 10}


def test_classes_that_a_split_does_not_score_are_named():
    counts = {
        "train": {"a": 90, "b": 20, "c": 0},
        "validation": {"a": 60, "b": 9, "c": 0},
        "test": {"a": 60, "b": 0, "c": 0},
    }
    found = find_warnings({"classes": counts, "imbalance": 4.5, "rows": {"validation": 69, "test": 60}})
    assert [(item["code"], item["fields"].get("split")) for item in found] == [
        ("class_missing", None),
        ("class_unseen", "test"),
    ]
    assert found[1]["fields"]["classes"] == "b"
    none = find_warnings({"classes": {**counts, "test": {}}, "imbalance": 4.5, "rows": {"validation": 69, "test": 0}})
    assert "class_unseen" not in [item["code"] for item in none]


def test_a_class_of_one_row_that_is_called_as_columns_are():
    counts = {"train": {"good": 99, "Category": 1, "rare": 1, "label": 2}, "test": {"Category": 0, "label": 5}}
    found = find_warnings({"classes": counts, "imbalance": None, "rows": {"validation": 99, "test": 99}})
    assert [item["fields"]["classes"] for item in found if item["code"] == "class_like_heading"] == ["Category"]


def test_long_lists_of_classes_are_cut():
    stats = {
        "classes": {"train": {f"c{n}": 1 for n in range(20)}},
        "imbalance": None,
        "rows": {"validation": 99, "test": 99},
    }
    assert find_warnings(stats)[0]["fields"]["classes"].endswith("c7 …")


def test_warnings_speak_the_language_of_today(monkeypatch):
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert (
        warning_text({"code": "duplicates", "message": "8 rows", "fields": {"count": 8}})
        == "有 8 条训练样本与前面的重复。"
    )
    small = warning_text({"code": "split_small", "message": "few", "fields": {"split": "test", "rows": 7}})
    assert small.startswith("测试集只有 7 条")
    for kept in (
        {"code": "of_another_package", "message": "as it was"},
        {"code": "duplicates", "message": "as it was"},
    ):
        assert warning_text(kept) == "as it was"
    assert warning_text("plain words") == "plain words"


def test_agreement_of_annotators_who_give_several_labels():
    rows = pa.table({"a": [["x", "y"], ["x"], None], "b": [["x", "y"], ["y"], ["x"]]})
    assert agreement(rows, ["a", "b"], Labels(problem="multi_label", names=["x", "y"])) == 0.5
