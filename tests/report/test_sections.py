"""Sections of a page: which stand side by side, and how each is drawn."""

from __future__ import annotations

import pytest
from jinja2 import Environment

from tunebook.core.sections import Annotated, Cell, Column, HeatMap, Reliability, Scatter, Section, Table
from tunebook.report.page import _environment, annotation, figure, picture, side_by_side

AXES = ("x", "y")
WIDE = Table("wide", (Column("a", "name"), Column("b", "number")), (("one", 3),), sortable=True, whole=True)
NARROW = Table("narrow", (Column("a"),), (("one",),))
MAP = HeatMap("map", "a map", [[3, 1], [0, 2]], ["a", "b"], AXES)
POINTS = Scatter("points", "some points", [[0.0, 1.0], [1.0, 0.5]], AXES)
BINS = Reliability(
    "bins", "some bins", [{"low": 0.0, "high": 1.0, "count": 4, "confidence": 0.8, "accuracy": 0.7}], AXES
)


def drawn(*sections: Section) -> str:
    environment: Environment = _environment()
    page = environment.from_string('{% import "_parts.html.j2" as parts %}{{ parts.sections(items) }}')
    return "".join(page.render(items=run) for run in side_by_side(sections))


def test_narrow_sections_stand_side_by_side_and_a_whole_one_alone() -> None:
    assert side_by_side([WIDE, MAP, NARROW, WIDE, WIDE, BINS]) == [[WIDE], [MAP, NARROW], [WIDE], [WIDE], [BINS]]
    assert side_by_side([]) == []
    many = Table("many", tuple(Column(name) for name in "abcde"), (tuple("12345"),))
    assert side_by_side([NARROW, many, NARROW]) == [[NARROW], [many], [NARROW]]


@pytest.mark.parametrize("section", [MAP, POINTS, BINS])
def test_plots_are_drawn_with_their_caption(section: Section) -> None:
    assert "<svg" in str(picture(section))
    assert f"<figcaption>{section.caption}</figcaption><svg" in drawn(section)
    assert picture(WIDE) is None


@pytest.mark.parametrize(
    ("cell", "text", "more"),
    [
        (1200, "1,200", ""),
        (0.5, "0.500", ""),
        (None, "–", ""),
        (float("nan"), "–", ""),
        ("<b>", "<b>", ""),
        (Annotated(0.5, (0.25, 0.75)), "0.500", "0.250 – 0.750"),
        (Annotated("one", "two"), "one", "two"),
        (Annotated("one", None), "one", ""),
    ],
)
def test_cells_in_words(cell: Cell, text: str, more: str) -> None:
    assert (figure(cell), annotation(cell)) == (text, more)


def test_every_form_of_a_column() -> None:
    columns = [
        Column(name, name)  # type: ignore[arg-type]
        for name in ("name", "plain", "number", "share", "text", "right", "wrong", "soft")
    ]
    row = ("<i>", "p", Annotated(0.5, (0.25, 0.75)), 0.125, Annotated("first", "second"), "r", "w", "s")
    found = drawn(Table("caption", tuple(columns), (row,), sortable=True, whole=True))
    for part in (
        '<div class="scroll">', '<table class="sort">', "<caption>caption</caption>", '<th scope="row">&lt;i&gt;</th>',
        "<td>p</td>", '<td class="n" data-value="0.5">0.500 <span class="soft">0.250 – 0.750</span></td>',
        '<td class="n">12.5 %</td>', '<div class="clip">first</div><div class="clip soft">↔ second</div>',
        '<td class="good">r</td>', '<td class="bad">w</td>', '<td class="soft">s</td>',
    ):  # fmt: skip
        assert part in found
    assert 'class="n">number</th>' in found and 'class="n">share</th>' in found
