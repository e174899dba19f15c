"""The page that compares two tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.report.reader import Page, read_page
from tunebook.core.nouns import ParamTable
from tunebook.report.history import described, factor, table_diff_page
from tunebook.tables.make import child, new_table


def page(tmp_path: Path, a: ParamTable, b: ParamTable) -> Page:
    path = tmp_path / "diff.html"
    path.write_text(table_diff_page(a, b, ("v1", "<b>x</b>.csv")), encoding="utf-8")
    return read_page(path)


def tables() -> tuple[ParamTable, ParamTable]:
    a = new_table(
        {"learning_rate": 1e-4, "freeze.layers": 2}, recommended={"learning_rate": 3e-5}, note="n", owner="An"
    )
    a = a.model_copy(update={"version": 1})
    return a, child(
        a, {"learning_rate": 5e-5, "freeze": "off", "max_length": 64}, "shorter <i>", reasons={"learning_rate": "half"}
    )


def test_what_differs_with_default_recommendation_and_reason(tmp_path: Path) -> None:
    a, b = tables()
    found = page(tmp_path, a, b)
    for text in ("0.0001", "5e-05", "×0.5", "3e-05", "half", "shorter <i>", "freeze.layers", "off", "An", a.values_id):
        assert text in found.words
    assert "5 rows differ" in found.words and "<b>x</b>.csv" in found.words
    assert found.tags.count("table") == 2 and found.tags.count("details") == 1


def test_equal_tables(tmp_path: Path) -> None:
    a, _ = tables()
    found = page(tmp_path, a, child(a, {}, "other words"))
    assert "All values are the same" in found.words and found.tags.count("table") == 1


def test_no_row_in_common(tmp_path: Path) -> None:
    a, b = tables()
    rate = "learning_rate"
    few = [table.model_copy(update={"rows": {rate: table.rows[rate]}}) for table in (a, b)]
    assert page(tmp_path, few[0], few[1]).tags.count("details") == 0


def test_the_page_speaks_chinese(tmp_path: Path, chinese: None) -> None:
    found = page(tmp_path, *tables())
    assert "不同的行" in found.words and "优化器的峰值学习率" in found.words


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [(32, 16, "×0.5"), (1e-5, 3e-5, "×3"), (0, 1, ""), (True, 2, ""), (None, 2, ""), ("off", 1, ""), (2, 2, "")],
)
def test_factor(before: object, after: object, text: str) -> None:
    assert factor(before, after) == text  # type: ignore[arg-type]


def test_words_of_a_row(chinese: None) -> None:
    assert described("seed", "start of every random draw") == "随机种子"
    assert described("seed", "ours") == described("gone.row", "ours") == "ours"
