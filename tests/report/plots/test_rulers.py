"""Rulers: where values stand, and which round numbers are on them."""

import pytest

from tunebook.report.plots.rulers import Ruler


def test_places_on_a_linear_and_a_logarithmic_ruler():
    assert Ruler("x", 0.0, 10.0).place(2.5) == 0.25
    assert Ruler("x", 1e-6, 1e-2, log=True).place(1e-4) == pytest.approx(0.5)
    assert Ruler("x", 3.0, 3.0).place(3.0) == 0.0


@pytest.mark.parametrize("value", [None, "text", 0.0, -1])
def test_what_has_no_place(value):
    assert Ruler("x", 1.0, 10.0, log=True).place(value) is None


def test_marks_are_round_and_inside():
    assert [text for _, text in Ruler("x", 1e-6, 1e-3, log=True).marks()] == ["1e-06", "1e-05", "0.0001", "0.001"]
    assert [text for _, text in Ruler("x", 8.0, 64.0, log=True).marks()] == ["10", "20", "50"]
    assert [text for _, text in Ruler("x", 1.3, 1.6, log=True).marks()] == ["1.3", "1.6"]
    assert Ruler("x", 0.0, 1.0, states=("off", "on")).marks() == [(0.0, "off"), (1.0, "on")]
    for ruler in (Ruler("x", 2e-5, 7e-5, log=True), Ruler("x", 0.0, 0.3)):
        marks = ruler.marks()
        assert len(marks) >= 3
        assert all(-0.01 <= place <= 1.01 for place, _ in marks)
        assert [place for place, _ in marks] == sorted(place for place, _ in marks)
