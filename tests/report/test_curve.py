"""The page of a learning curve: every verdict in words, and what is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tunebook.core.nouns import Interval
from tunebook.report import curve as page
from tunebook.stats.learning_curve import ClassCurve, CurvePoint, LearningCurve, Needed, judge
from tunebook.stats.power_law import Measured

SIZES = np.array([500.0, 1000, 2000, 4000, 8000])


def found(target: float | None = None, sizes: np.ndarray = SIZES, **more: object) -> LearningCurve:
    errors = (0.1 * (sizes / 8000) ** -0.5 + 0.05)[:, None] + 0.001 * np.array([-1, 0, 1])
    points = [
        CurvePoint(
            rows=int(rows), seeds=[1, 2, 3], scores=[float(1 - error) for error in line],
            score=Interval(value=1 - line[1], low=1 - line[2], high=1 - line[0]),
        )
        for rows, line in zip(sizes, errors, strict=True)
    ]  # fmt: skip
    made = LearningCurve(
        curve="abc", table=2, metric="accuracy", frozen=False, rows=8000, tested=900, points=points, asked=15, had=15,
        judged=judge(Measured(sizes, errors), 1.0, target), seconds=90.0,
    )  # fmt: skip
    return made.model_copy(update=more)


def with_needed(needed: Needed) -> LearningCurve:
    made = found(0.9)
    return made.model_copy(update={"judged": made.judged.model_copy(update={"needed": needed})})


def test_each_verdict_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {
        "more rows": found(0.87),
        "is reached": found(0.8),
        "the ceiling is": with_needed(Needed(target=0.99, verdict="never")),
        "at least four": with_needed(Needed(target=0.9, verdict="unknown", reason="sizes")),
        "Add seeds": with_needed(Needed(target=0.9, verdict="unknown", reason="seeds")),
        "learnt nothing": with_needed(Needed(target=0.9, verdict="unknown", reason="alike")),
        "too far beyond": with_needed(Needed(target=0.9, verdict="unknown", reason="far")),
        "whether any number does": with_needed(Needed(target=0.9, verdict="unknown", reason="open")),
        "twice as many": found(),
        "add sizes": found(sizes=SIZES[:3]),
        "no end": with_needed(Needed(target=0.9, verdict="rows", more=900, least=10, weak=True)),
    }
    kinds = [page.kind_of(made) for made in said.values()]
    for part, made in said.items():
        assert part in page.answer(made), part
    assert kinds == [
        "better",
        "better",
        "worse",
        "unsure",
        "unsure",
        "unsure",
        "unsure",
        "unsure",
        "",
        "unsure",
        "unsure",
    ]
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert "大约还需要" in page.answer(found(0.9)) and "翻倍" in page.answer(found())


def test_doubts() -> None:
    assert page.doubts(found(0.87)) == []
    few = found(0.87, sizes=SIZES[1:], stopped=True, had=7, frozen=True)
    assert len(page.doubts(few)) == 4  # stopped, weak, unchecked, frozen
    missed = found(0.87)
    checks = [check.model_copy(update={"held": False}) for check in missed.judged.checks]
    missed = missed.model_copy(update={"judged": missed.judged.model_copy(update={"checks": checks})})
    assert any("did not foretell" in doubt for doubt in page.doubts(missed))
    assert any("learnt nothing" in doubt for doubt in page.doubts(found(alike=True)))
    one = found(points=[point.model_copy(update={"seeds": [1]}) for point in found().points])
    assert any("One seed" in doubt for doubt in page.doubts(one))


def test_tables() -> None:
    made = found()
    assert len(page.points_table(made).rows) == 5 and len(page.checks_table(made).rows) == 3
    assert page.ahead_table(made).rows[-1][2] == "weak" and page.classes_table(made) is None
    gain = Interval(value=0.1, low=0.02, high=0.2)
    classes = [
        ClassCurve(name="rare", rows=9, tested=12, recall=0.5, ahead=gain, gain=gain, needs=True),
        ClassCurve(name="full", rows=9, tested=12, recall=0.5, ahead=gain, gain=gain),
        ClassCurve(name="few", rows=9, tested=12, recall=0.5),
    ]
    table = page.classes_table(made.model_copy(update={"classes": classes}))
    assert table is not None and [row[-1] for row in table.rows] == ["yes", "", "–"]


def test_the_page(tmp_path: Path) -> None:
    gain = Interval(value=0.1, low=0.02, high=0.2)
    classes = [ClassCurve(name="a <b>", rows=9, tested=12, recall=0.5, ahead=gain, gain=gain, needs=True)]
    text = page.write_curve(tmp_path / "curve.html", found(0.9, classes=classes, groups=40)).read_text("utf-8")
    assert "<svg" in text and "a &lt;b&gt;" in text and "40 groups" in text and "n / 8,000" in text
    bare = found(points=[], judged=judge(Measured(SIZES[:0], np.zeros((0, 1))), 1.0, None), table=0)
    text = page.write_curve(tmp_path / "bare.html", bare).read_text("utf-8")
    assert "<svg" not in text and str(page.plot(bare)) == "" and page.facts_of(bare)
