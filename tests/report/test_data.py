"""The data report: every figure, missing ones left out, hostile names escaped."""

from tests.report import sample_run as sample
from tests.report.reader import read_page
from tunebook.core.nouns import Labels
from tunebook.report.rows import write_data_report

LABELS = Labels(problem="single_label", names=["good", "bad"])


def test_the_page_holds_every_figure(tmp_path):
    page = read_page(write_data_report(tmp_path / "report.html", sample.ref_of(LABELS)))
    for text in ("5,500", "English", "7.5 : 1", "87.0%", "3.1%", "0.1%", "84.12", "reviews.csv", "ann, bob", "912"):
        assert text in page.words
    for text in ("3 classes have few rows.", "a <b>word</b>", "a word", "good", "bad", "validation"):
        assert text in page.words
    assert len(page.all("svg")) == 2


def test_missing_figures_are_left_out(tmp_path):
    ref = sample.ref_of(LABELS).model_copy(update={"stats": {}})
    page = read_page(write_data_report(tmp_path / "new" / "report.html", ref))
    assert "5,500" in page.words
    assert page.all("svg") == []


def test_counts_may_come_without_splits_and_numbers_without_classes(tmp_path):
    ref = sample.ref_of(Labels(problem="regression")).model_copy(
        update={"stats": {"classes": {"a": 3, "b": 0}, "tokens": {"p50": 7}, "warnings": ["look"]}}
    )
    page = read_page(write_data_report(tmp_path / "report.html", ref))
    assert "look" in page.words
    assert "3  (100.0%)" in page.words


def test_many_classes_get_bars_for_the_largest(tmp_path):
    labels = Labels(problem="single_label", names=[f"c{i}" for i in range(77)])
    page = read_page(write_data_report(tmp_path / "report.html", sample.ref_of(labels)))
    assert "20 largest of 77" in page.words
    assert "c76" in page.words


def test_names_of_others_are_never_markup(tmp_path):
    ref = sample.ref_of(LABELS).model_copy(update={"sources": {"<script>x</script>.csv": "1"}})
    page = read_page(write_data_report(tmp_path / "report.html", ref))
    assert page.tags.count("script") == 1
    assert "<script>x</script>.csv" in page.words


def test_the_page_speaks_chinese(tmp_path, chinese):
    page = read_page(write_data_report(tmp_path / "report.html", sample.ref_of(LABELS, "zh")))
    for text in ("数据报告", "中文", "训练集", "标注者一致率", "词元"):
        assert text in page.words
