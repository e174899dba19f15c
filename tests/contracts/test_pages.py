"""A technique's page says the same in both languages: as many paragraphs, the same rows, figures and sources."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("torch", reason="techniques are read with torch")

from tunebook.tables.catalogue import paragraphs
from tunebook.tables.declared import techniques

KINDS = techniques()
_CODE = re.compile(r"`[^`]+`")
_SOURCE = re.compile(r"arXiv:\d{4}\.\d{5}")
_FIGURE = re.compile(r"\d+(?:\.\d+)?")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def differences(english: str, chinese: str) -> list[str]:
    """What one of two pages has and the other has not."""
    pages = [paragraphs(text) for text in (english, chinese)]
    if len(pages[0]) != len(pages[1]):
        return [f"{len(pages[0])} paragraphs, {len(pages[1])} in Chinese"]
    found = []
    for pair in zip(*pages, strict=True):
        for pattern in (_CODE, _SOURCE):
            counts = [set(pattern.findall(text)) for text in pair]
            found += sorted(counts[0] ^ counts[1])
        figures = [set(_FIGURE.findall(text)) for text in pair]
        found += sorted(figures[0] - figures[1])  # a word there may be a figure in Chinese
    return found


def test_the_comparison_here_sees_what_differs() -> None:
    english = "Learn `rate`.\n\nCost: 18 rows. Not 0.5.\n\nSource: X (arXiv:1234.56789), section 3."
    chinese = "学习 `rate`。\n\n开销：18 条样本。不是 0.5。\n\n来源：X（arXiv:1234.56789），第 3 节。"
    assert differences(english, chinese) == []
    assert differences(english, chinese.replace("18", "19")) == ["18"]
    assert differences(english, chinese.replace("0.5", "0.6")) == ["0.5"]
    assert differences(english, chinese.replace("`rate`", "`rates`")) == ["`rate`", "`rates`"]
    assert differences(english, chinese.replace("56789", "56788"))[:2] == ["arXiv:1234.56788", "arXiv:1234.56789"]
    assert differences(english, chinese.rpartition("\n\n")[0]) == ["3 paragraphs, 2 in Chinese"]


@pytest.mark.parametrize("key", sorted(KINDS))
def test_the_page_says_the_same_in_chinese(key: str) -> None:
    kind = KINDS[key]
    assert differences(kind.__doc__ or "", kind.zh) == []
    chinese = paragraphs(kind.zh)
    assert all(_CHINESE.search(part) for part in chinese)
    assert chinese[-1].startswith("来源：")
    assert (
        sum("开销" in part for part in chinese) == sum("Cost:" in part for part in paragraphs(kind.__doc__ or "")) == 1
    )
