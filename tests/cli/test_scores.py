"""Scores on a terminal: honest about the baselines."""

from __future__ import annotations

import pytest

from tunebook.cli.answer import console
from tunebook.cli.evaluate import report_data, score_lines, tell_report
from tunebook.core.formatting import baseline_name
from tunebook.core.localized import STORED, localized
from tunebook.core.nouns import Interval, Report


def report(**changes: object) -> Report:
    values = {
        "run": "r",
        "split": "test",
        "rows": 100,
        "content": "c",
        "headline": "macro_f1",
        "metrics": {"accuracy": 0.9, "macro_f1": 0.8, "mae": 0.3},
        "intervals": {
            "accuracy": Interval(value=0.9, low=0.85, high=0.95),
            "mae": Interval(value=0.3, low=0.2, high=0.4),
        },
        "baselines": {
            "majority": {"accuracy": 0.5, "macro_f1": float("nan"), "mae": 0.9},
            "tfidf_logreg": {"accuracy": 0.7, "macro_f1": 0.85, "mae": 0.25},
        },
    }
    return Report.model_validate(values | changes)


def test_the_headline_comes_first_with_the_best_baseline() -> None:
    lines = list(score_lines(report()))
    assert [line[0] for line in lines] == ["macro_f1", "accuracy", "mae"]
    assert lines[0][1:3] == ["0.800", "–"] and lines[0][3].startswith("0.850")
    assert lines[1][2] == "0.850 … 0.950" and lines[2][3].startswith("0.250")


def test_without_baselines_there_is_no_such_column() -> None:
    assert all(len(line) == 3 for line in score_lines(report(baselines={})))
    assert next(iter(score_lines(report(baselines={"majority": {}}))))[3] == "–"


def test_the_only_baseline_heads_its_column_and_is_named_once(capsys: pytest.CaptureFixture[str]) -> None:
    made = report(baselines={"majority": {"accuracy": 0.5, "mae": 0.9, "macro_f1": 0.4}})
    assert [line[3] for line in score_lines(made)] == ["0.400", "0.500", "0.900"]
    tell_report(console(), made)
    table = capsys.readouterr().out.split("\n\n", 1)[1].lower()
    assert table.count(baseline_name("majority").lower()) == 1


@pytest.mark.parametrize(
    ("best", "mark"), [(0.5, "✓"), (0.88, "?"), (0.97, "✗")], ids=["better", "unsure", "baseline wins"]
)
def test_the_verdict_comes_first(capsys: pytest.CaptureFixture[str], best: float, mark: str) -> None:
    made = report(headline="accuracy", baselines={"tfidf_logreg": {"accuracy": best}})
    tell_report(console(), made)
    assert capsys.readouterr().out.startswith(mark)


NOTED = {"macro_f1": [localized("intervals.few_rows", classes="spam (4)", least=10)]}


def test_what_is_to_be_minded_is_told_in_both_languages(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = report(interval_notes=NOTED, groups=12)
    for language, words in (
        ("en", ("Macro F1: too few rows of spam (4)", "12 groups")),
        ("zh", ("样本过少：spam (4)", "12 组")),
    ):
        monkeypatch.setenv("TUNEBOOK_LANG", language)
        tell_report(console(), Report.model_validate_json(made.model_dump_json(context=STORED)))
        out = capsys.readouterr().out
        assert all(word in out for word in words)


def test_notes_for_machines() -> None:
    data = report_data(report(interval_notes=NOTED, groups=12, per_class={"spam": {"recall": 0.5, "recall_low": 0.1}}))
    (note,) = data["interval_notes"]["macro_f1"]
    assert note["code"] == "intervals.few_rows" and note["classes"] == "spam (4)" and "spam (4)" in note["text"]
    assert data["groups"] == 12 and data["per_class"]["spam"]["recall_low"] == 0.1
    bare = report_data(report())
    assert bare["interval_notes"] == {} and bare["groups"] == 0


def test_data() -> None:
    data = report_data(report())
    assert data["intervals"]["accuracy"] == [0.85, 0.95] and set(data["baselines"]) == {"majority", "tfidf_logreg"}
