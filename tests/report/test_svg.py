"""The parts of plots: escaping, ticks, widths, scales."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunebook.core.messages import columns_of, cut
from tunebook.report.svg import Scale, element, tick_text, ticks, words


def test_text_and_attributes_are_escaped():
    assert element("text", '<a b="c">&', class_="x", data_name='"') == (
        '<text class="x" data-name="&#34;">&lt;a b=&#34;c&#34;&gt;&amp;</text>'
    )
    assert words(1, 2.50001, "x") == '<text x="1" y="2.5">x</text>'
    assert element("rect", fill=None) == "<rect/>"


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_few_and_inside(low, spread):
    found = ticks(low, low + spread)
    slack = 1e-6 * spread + 1e-9 * abs(low)
    assert len(found) <= 11
    assert all(low - slack <= value <= low + spread + slack for value in found)


@pytest.mark.parametrize(
    ("ends", "expected"), [((0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1]), ((3, 3), [3]), ((0, 100), [0, 20, 40, 60, 80, 100])]
)
def test_ticks_are_round(ends, expected):
    assert ticks(*ends) == pytest.approx(expected)


def test_numbers_on_axes_are_short():
    assert [tick_text(value) for value in (0.30000000000000004, 12000.0, 5.0)] == ["0.3", "12,000", "5"]


def test_chinese_letters_are_twice_as_wide():
    assert columns_of("ab好评") == 6
    assert cut("电池续航时间", 8) == "电池续…"
    assert cut("short", 8) == "short"
    assert columns_of(cut("a very long name of a class", 12)) <= 12


def test_a_scale_without_spread_stays_finite():
    assert Scale(2, 2, 10, 20)(2) == 10
    assert Scale(0, 10, 0, 100)(2.5) == 25
