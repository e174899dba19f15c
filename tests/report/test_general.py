"""What is said of general sets."""

from __future__ import annotations

import pytest

from tests.core.test_lineage import span
from tunebook.core.lineage import General
from tunebook.report.general import general_rows, general_view, headings, verdicts


def of(gain: float, half: float) -> General:
    return General(
        run="r", book="sts", content="c", rows=1200, metric="spearman", base=span(0.8), tuned=span(0.8 + gain),
        gain=span(gain, half),
    )  # fmt: skip


def test_a_line_a_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    (row,) = general_rows([of(-0.2, 0.05)])
    assert row == [
        "sts",
        "1,200",
        "Spearman correlation",
        "0.800 (0.700 … 0.900)",
        "0.600 (0.500 … 0.700)",
        "-0.200 (-0.250 … -0.150)",
    ]
    assert len(headings()) == len(row)
    view = general_view([of(-0.2, 0.05)])
    assert view is not None and view["rows"] == [row] and general_view([]) is general_view(None) is None


@pytest.mark.parametrize(("gain", "half", "said"), [(-0.2, 0.1, "worse"), (0.2, 0.1, "better"), (0.05, 0.1, "chance")])
def test_the_interval_says_whether_it_is_chance(gain: float, half: float, said: str, monkeypatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    (told,) = verdicts([of(gain, half)])
    assert said in told and f"{abs(gain):.3f}" in told
