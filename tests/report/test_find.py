"""The page of a range test shows the curve and the rate, and needs nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.verbs.steps.test_find import RATES, curve
from tunebook.report.search import rate_plot, write_rate_page
from tunebook.verbs.steps.find import RateFound, read_off


@pytest.fixture
def found() -> RateFound:
    smooth = curve(1e-3, 1e-1).tolist()
    return read_off(RATES.tolist(), [value + 0.1 for value in smooth], smooth)


def test_both_curves_and_the_rate(found: RateFound) -> None:
    plot = rate_plot(found)
    assert plot.count("<polyline") == 2
    assert f">{found.rate:g}<" in plot and "nan" not in plot
    lines = [line.split('points="')[1].split('"')[0] for line in plot.split("<polyline")[1:]]
    heights = [float(point.split(",")[1]) for line in lines for point in line.split()]
    assert min(heights) >= 34 - 1e-6, "a loss that has left the ground does not leave the plot"


@pytest.mark.parametrize(("language", "title"), [("en", "Learning-rate range test"), ("zh", "学习率范围测试")])
def test_the_page(found: RateFound, language: str, title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    text = write_rate_page(tmp_path / "find-rate.html", found, "v1 <b>").read_text(encoding="utf-8")
    assert title in text and f"{found.rate:g}" in text and "v1 &lt;b&gt;" in text
    assert "http" not in text.replace("http://www.w3.org", "")
