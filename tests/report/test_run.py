"""The report of a run: whole, self-contained, escaped, tolerant, in two languages."""

import pytest

from tests.report import sample_run as sample
from tests.report.reader import read_page
from tunebook.core.nouns import Labels, Report
from tunebook.report.run import limits, write_run_report

HOSTILE = '<script>alert("x")</script>\'"&amp;<img src=http://evil.example/x onerror=alert(1)>'
NAMES = ["anger", "joy", "fear"]


def written(folder, plan, report, **changed):
    path = write_run_report(folder, report, **sample.parts(plan, **changed))
    assert path == folder / "report.html"
    return read_page(path)


@pytest.mark.parametrize("names", [["no", "yes"], NAMES, [f"intent_{i}" for i in range(77)]])
def test_the_page_holds_every_part_and_the_numbers(tmp_path, names):
    plan, report = sample.classified(600, names)
    page = written(tmp_path, plan, report)
    for part in ("Scores", "Training", "Answers", "Mistakes", "Data", "Parameters", "Cost", "Limits"):
        assert part in page.words
    for name in ("accuracy", "macro_f1", "ece"):
        assert f"{report.metrics[name]:.3f}" in page.words
    interval = report.intervals["accuracy"]
    assert f"{interval.low:.3f} – {interval.high:.3f}" in page.words
    assert f"{report.baselines['tfidf_logreg']['accuracy']:.3f}" in page.words
    for text in ("fgm", "shift norm: 0.9987", "small data set", "5.2 min", "1.82 GiB", "learning_rate", plan.id):
        assert text in page.words
    assert all(name in page.words for name in names)
    assert len(page.all("svg")) == 7


def test_few_classes_are_named_in_the_map_and_many_are_not(tmp_path):
    few = written(tmp_path / "few", *sample.classified(300, NAMES))
    many = written(tmp_path / "many", *sample.classified(300, [f"c{i}" for i in range(40)]))
    cells = [sum("cell" in (box.get("class") or "") for box in page.all("rect")) for page in (few, many)]
    assert cells[0] == 9
    assert cells[1] < 300
    assert "most often confused" in many.words


def test_texts_of_others_are_never_markup(tmp_path):
    names = [HOSTILE, "plain", "</title><b>"]
    plan, report = sample.classified(300, names)
    plan = plan.model_copy(update={"model": HOSTILE})
    stats = sample.stats_of(names)
    stats["warnings"][0]["message"] = HOSTILE
    stats["cleaning"]["changed"]["html"]["examples"][0]["before"] = HOSTILE
    error = {"id": HOSTILE, "text": HOSTILE, "pair": HOSTILE, "true": [HOSTILE], "label": [], "score": None}
    page = written(tmp_path, plan, report, data_stats=stats, errors=[error], cost={"device": HOSTILE})
    assert page.tags.count("script") == 1
    assert page.tags.count("img") == page.tags.count("b") == 0
    assert HOSTILE in page.words
    assert "∅" in page.words


def test_a_number_is_shown_against_its_truth(tmp_path):
    plan, report = sample.rated()
    page = written(tmp_path, plan, report, history=sample.history(metric="spearman"))
    assert "Predicted against true" in page.words
    assert len(page.all("circle")) > 400
    assert "Confusion" not in page.words
    assert "on which the checkpoint was chosen" in page.words


def test_what_is_missing_is_left_out(tmp_path):
    plan, _ = sample.classified(60, NAMES)
    bare = Report(run="r", split="test", rows=60, content="x", headline="accuracy", metrics={"accuracy": 0.5})
    nothing = {"history": [], "data_stats": {}, "errors": [], "counters": {}, "cost": {}}
    page = written(tmp_path, plan.model_copy(update={"techniques": {}}), bare, **nothing)
    assert page.all("svg") == []
    assert "There is no baseline" in page.words
    assert "0.500" in page.words
    assert not any(href == "#errors" for href in (link.get("href") for link in page.all("a")))


def test_a_report_read_back_from_its_file_gives_the_same_page(tmp_path):
    plan, report = sample.rated()
    report = report.model_copy(update={"extra": {**report.extra, "created": "today"}})
    again = Report.model_validate_json(report.model_dump_json())
    first = written(tmp_path / "a", plan, report)
    assert written(tmp_path / "b", plan, again).source == first.source


def test_bins_without_answers_survive_the_file(tmp_path):
    plan, report = sample.classified(40, NAMES)
    again = Report.model_validate_json(report.model_dump_json())
    assert any(row["count"] == 0 for row in again.extra["reliability"])
    assert "Reliability" in written(tmp_path, plan, again).words


def test_a_technique_that_did_nothing_is_named(tmp_path):
    plan, report = sample.classified(100, NAMES)
    assert "nothing was counted" in written(tmp_path, plan, report, counters={}).words


def test_the_page_speaks_chinese(tmp_path, chinese):
    plan, report = sample.classified(300, ["好评", "差评", "中评"])
    page = written(tmp_path, plan, report)
    assert page.all("html")[0]["lang"] == "zh-CN"
    for text in ("评估指标", "混淆", "准确率", "优化器的峰值学习率", "局限", "好评", "冻结编码器", "5.2 分钟"):
        assert text in page.words
    for text in ("Scores", "interval", "Mistakes", "baseline"):
        assert text not in page.words


def test_limits_name_what_can_be_told():
    plan, report = sample.classified(40, NAMES)
    said = " ".join(limits(report, plan))
    assert "With so few test rows (40)" in said
    assert "fewer than 30 test rows" in said
    numbers = plan.model_copy(update={"labels": Labels(problem="regression")})
    large = report.model_copy(update={"rows": 5000, "per_class": {}})
    assert len(limits(large, numbers)) == 2
    many = report.model_copy(update={"per_class": {f"c{i}": {"support": 1.0} for i in range(20)}})
    assert "c7 …" in " ".join(limits(many, plan))
    inner = plan.model_copy(update={"labels": Labels(problem="spans", names=NAMES)})
    assert "fewer than 30 entities" in limits(many, inner)[-2] and "any text" not in limits(many, inner)[-1]


def test_a_class_without_rows_is_named_among_the_limits(tmp_path):
    plan, report = sample.classified(300, NAMES)
    rows = {name: dict(row) for name, row in report.per_class.items()}
    rows[NAMES[0]]["support"] = 0
    page = written(tmp_path, plan, report.model_copy(update={"per_class": rows}))
    assert f"Classes without a row here, so that nothing is known of their scores: 1 ({NAMES[0]})" in page.words
