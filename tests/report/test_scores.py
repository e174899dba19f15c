"""The scores of a report as a page shows them."""

from __future__ import annotations

from tests.report.sample_run import classified
from tunebook.core.nouns import Labels
from tunebook.core.said import said
from tunebook.report import scores


def test_headline_first_with_interval_and_baselines() -> None:
    _, report = classified(120, ["a", "b", "c"])
    rows = scores.score_rows(report)
    assert rows[0]["headline"] and not any(row["headline"] for row in rows[1:])
    assert len(rows) == len(report.metrics)
    assert "–" in rows[0]["interval"]
    assert len(rows[0]["baselines"]) == len(report.baselines)


def test_confused_pairs_are_counted_right() -> None:
    names = [f"class {n}" for n in range(30)]
    _, report = classified(2000, names)
    pairs = scores.confused_pairs(report, Labels(problem="single_label", names=names))
    counts = [pair["count"] for pair in pairs]
    assert counts == sorted(counts, reverse=True)
    first = pairs[0]
    row = report.confusion[names.index(first["true"])]
    assert row[names.index(first["predicted"])] == first["count"]
    assert first["share"] == first["count"] / sum(row)


def test_few_classes_need_no_list_of_pairs_and_other_shapes_none() -> None:
    _, report = classified(100, ["a", "b"])
    labels = Labels(problem="single_label", names=["a", "b"])
    assert scores.confused_pairs(report, labels) == []
    assert scores.confusion_plot(report, Labels(problem="regression")) is None
    assert "<svg" in str(scores.confusion_plot(report, labels))


def test_plots_only_where_there_is_something_to_plot() -> None:
    _, report = classified(100, ["a", "b"])
    bare = report.model_copy(update={"extra": {}, "intervals": {}, "per_class": {}})
    assert scores.fit_plot(bare) is None
    assert scores.calibration_plot(bare) is None
    assert scores.headline_plot(bare) is None
    assert scores.class_columns(bare) == []
    empty = bare.model_copy(update={"extra": {"reliability": [{"count": 0}]}})
    assert scores.calibration_plot(empty) is None


def test_classes_have_their_ends_beside_them_and_old_reports_none() -> None:
    row = {"recall": 0.5, "recall_low": 0.25, "recall_high": 0.75, "support": 1200.0}
    _, report = classified(100, ["a", "b"])
    found = scores.class_rows(report.model_copy(update={"per_class": {"a": row}}))
    assert [[part["text"], part["ends"]] for part in found[0][1]] == [["0.500", "0.250 – 0.750"], ["1,200", ""]]
    assert scores.class_columns(report) == ["precision", "recall", "f1", "support"]
    assert all(part["ends"] == "" for _, cells in scores.class_rows(report) for part in cells)


def test_notes_of_one_kind_are_one_line() -> None:
    _, report = classified(100, ["a", "b"])
    few = said("intervals.few_rows", classes="a (3)", least=10)
    noted = report.model_copy(update={"interval_notes": {"macro_f1": [few], "mcc": [few]}, "groups": 14})
    groups, line = scores.all_notes(noted)
    assert "14" in groups and line.startswith("Macro F1, Matthews correlation: too few rows of a (3)")
    assert scores.all_notes(report) == []


def test_labels_as_text() -> None:
    assert scores.shown_label(["a", "b"]) == "a, b"
    assert scores.shown_label([]) == "∅"
    assert scores.shown_label(0.12345) == "0.123"
    assert scores.shown_label("a") == "a"
