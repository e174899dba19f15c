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


def test_a_probe_is_named_where_the_frozen_model_is_not_beaten() -> None:
    plan, report = classified(100, ["a", "b"])
    value = report.metrics[report.headline]
    behind = report.model_copy(update={"baselines": {"frozen_logreg": {report.headline: value}}})
    assert scores.probe_may_pay(behind, plan, pairs=False)
    assert "tunebook train 'my book' --set linear_probe=on" in scores.probe_hint(True, "my book")
    assert scores.probe_hint(False) == ""
    ahead = report.model_copy(update={"baselines": {"frozen_logreg": {report.headline: value - 0.01}}})
    other = report.model_copy(update={"baselines": {"tfidf_logreg": {report.headline: value + 0.1}}})
    none = report.model_copy(update={"baselines": {}})
    assert not any(scores.probe_may_pay(each, plan, pairs=False) for each in (ahead, other, none))
    assert not scores.probe_may_pay(behind, plan, pairs=True)
    probed = plan.model_copy(update={"techniques": {"linear_probe": {}}})
    assert not scores.probe_may_pay(behind, probed, pairs=False)


def test_a_baseline_without_the_headline_is_told_of_where_it_is_ahead_by_another_score() -> None:
    _, report = classified(100, ["a", "b"])
    other = next(metric for metric in report.intervals if metric != report.headline)
    well = {"majority": {report.headline: 0.01}}
    assert scores.standing(report.model_copy(update={"baselines": well})).outcome == "better"
    for reached, told in ((report.intervals[other].high, False), (1.0, True)):
        baselines = {**well, "lead": {report.headline: float("nan"), other: reached}}
        found = scores.standing(report.model_copy(update={"baselines": baselines}))
        assert found.outcome == ("unsure" if told else "better") and ("is ahead by" in found.sentence) == told
    worse = {"majority": {report.headline: 1.0}, "lead": {other: 1.0}}
    assert scores.standing(report.model_copy(update={"baselines": worse})).outcome == "worse"
