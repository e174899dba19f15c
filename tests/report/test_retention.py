"""What was learned and what is left, in words."""

from __future__ import annotations

from tests.core.test_lineage import earlier, span
from tunebook.core.lineage import Retention
from tunebook.core.nouns import Interval
from tunebook.report.retention import headings, retention_view, summary_facts, task_rows
from tunebook.report.scores import spanned

KEPT = Retention(
    run="new", metric="accuracy", tasks=[earlier(0.9, 0.95, 0.6)], own=span(0.7), before=span(0.4), chance=0.5
)


def test_each_task_has_a_line_and_this_book_is_the_last() -> None:
    first, last = task_rows(KEPT)
    assert first == ["b", "r", "10", "0.900 (0.800 … 1.000)", "0.600 (0.500 … 0.700)", "+0.300 (+0.270 … +0.330)"]
    assert last[0] == "this book" and last[-1] == "–" and last[3].startswith("0.700")
    assert len(headings(KEPT)) == len(first) and "Accuracy" in headings(KEPT)[3]


def test_learned_and_forgotten_stand_together() -> None:
    facts = dict(summary_facts(KEPT))
    assert facts["Mean when learned"] == "0.800" and facts["Forgetting"].startswith("+0.350")
    assert facts["Backward transfer"].startswith("-0.300")
    assert any(name.startswith("Forward") for name in facts)
    without = dict(summary_facts(KEPT.model_copy(update={"chance": None})))
    assert not any(name.startswith("Forward") for name in without)


def test_the_view() -> None:
    assert retention_view(None) is None
    view = retention_view(KEPT)
    assert view is not None and len(view["rows"]) == 2
    assert spanned(Interval(value=0.5, low=0.25, high=0.75)) == "0.500 (0.250 … 0.750)"


def test_both_arms_of_a_test_side_by_side(monkeypatch):
    from types import SimpleNamespace

    from tunebook.report.retention import arm_rows

    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    kept = [{"book": "first", "run": "r", "rows": 1200, "learned": 0.9, "a": 0.6, "b": 0.85}]
    verdict = SimpleNamespace(a=2, b=3, metric="accuracy", extra={"retention": kept})
    names, row = arm_rows(verdict)
    assert names[3:] == ["v2", "v3", "Lost v2", "Lost v3"]
    assert row == ["first", "1,200", "0.900", "0.600", "0.850", "+30.0 points", "+5.0 points"]
    assert arm_rows(SimpleNamespace(a=2, b=3, metric="accuracy", extra={})) == []
