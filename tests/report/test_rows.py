"""The data section: every figure that is known, nothing made up where it is not."""

from __future__ import annotations

from tunebook.report.rows import data_view

STATS = {
    "rows": {"train": 70, "validation": 20, "test": 10},
    "classes": {"train": {"b": 40, "a": 30}, "test": {"a": 6, "c": 4}},
    "characters": {"mean": 12.0, "p50": 10.0, "p95": 30.0, "p99": 40.0, "max": 55.0},
    "language": "zh",
    "imbalance": 1.33,
    "length_label_link": 0.021,
    "ledger": {"read": 105, "kept": 100, "changed_rows": 3, "dropped": {"empty": 2, "duplicate": 3}, "changed": {}},
    "cleaning": {"changed": {"html": {"rows": 3, "examples": [{"before": "<b>x</b>", "after": "x"}]}}},
    "tokens": {"p50": 5, "p95": 9, "p99": 10, "unknown_share": 0.02, "lengths": {"3": 50, "5": 40, "9": 9, "30": 1}},
    "warnings": [{"code": "duplicates", "message": "3 rows repeat"}, "plain words"],
}


def test_figures_arrive() -> None:
    view = data_view(STATS)
    assert [count for _, count in view["splits"]] == [70, 20, 10]
    assert ("1.33 : 1" in text for _, text in view["facts"])
    assert view["classes"]["lines"] == [("b", [40, 0]), ("a", [30, 6]), ("c", [0, 4])]
    assert [count for _, count in view["dropped"]] == [3, 2], "the commonest reason first"
    assert view["examples"][0][1:] == ("<b>x</b>", "x")
    assert view["warnings"] == ["3 rows repeat", "plain words"]
    assert {text for _, text in view["facts"]} >= {"105", "100", "1.33 : 1", "2.0%", "2.1%"}
    assert len(view["lengths"]["lines"]) == 2
    assert view["lengths"]["lines"][1][1][0] == "–", "a mean that is not known"


def test_the_histogram_stops_at_the_99th_percentile() -> None:
    assert "<svg" in str(data_view(STATS)["length_plot"])


def test_many_classes_are_cut_and_said_to_be() -> None:
    many = {"classes": {"train": {f"class {n:02}": n + 1 for n in range(50)}}}
    view = data_view(many)
    assert "20" in view["class_caption"] and "50" in view["class_caption"]
    assert "class 49" in str(view["class_plot"]) and "class 05" not in str(view["class_plot"])


def test_nothing_known_is_nothing_shown() -> None:
    view = data_view({})
    assert view["splits"] == [] and view["facts"] == [] and view["warnings"] == []
    assert view["class_plot"] is None and view["length_plot"] is None
    assert view["classes"] == {"splits": [], "lines": []}


def test_counts_of_one_split_alone() -> None:
    assert data_view({"classes": {"a": 2, "b": 1}})["classes"]["lines"] == [("a", [2]), ("b", [1])]


def test_entities_are_called_so_and_no_length_tells_of_a_label() -> None:
    view = data_view({**STATS, "marked": {}})
    assert view["of_types"] and view["class_caption"] == "Entities of each type"
    assert "2.1%" not in {text for _, text in view["facts"]}


def test_questions_are_counted_with_and_without_an_answer() -> None:
    view = data_view({**STATS, "answered": {"rows": 61, "none": 39, "contexts": 17}})
    assert [text for _, text in view["facts"]][-3:] == ["61", "39", "17"]
    assert "2.1%" not in {text for _, text in view["facts"]}
