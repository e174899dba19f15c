"""The scores of a report as a page shows them."""

from __future__ import annotations

from tests.report.sample_run import classified
from tunebook.core.localized import localized
from tunebook.report import scores as scores


def test_headline_first_with_interval_and_baselines() -> None:
    _, report = classified(120, ["a", "b", "c"])
    rows = scores.score_rows(report)
    assert rows[0]["headline"] and not any(row["headline"] for row in rows[1:])
    assert len(rows) == len(report.metrics)
    assert "–" in rows[0]["interval"]
    assert len(rows[0]["baselines"]) == len(report.baselines)


def test_a_plot_only_where_there_is_something_to_plot() -> None:
    _, report = classified(100, ["a", "b"])
    assert "<svg" in str(scores.headline_plot(report))
    assert scores.headline_plot(report.model_copy(update={"intervals": {}})) is None


def test_notes_of_one_kind_are_one_line() -> None:
    _, report = classified(100, ["a", "b"])
    few = localized("intervals.few_rows", classes="a (3)", least=10)
    noted = report.model_copy(update={"interval_notes": {"macro_f1": [few], "mcc": [few]}, "groups": 14})
    groups, line = scores.all_notes(noted)
    assert "14" in groups and line.startswith("Macro F1, Matthews correlation: too few rows of a (3)")
    assert scores.all_notes(report) == []
