"""One word for each thing: what the glossary settles holds in messages, declarations, techniques and documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="techniques are read with torch")

from tunebook.core.messages import catalogue
from tunebook.tables.catalogue import paragraphs
from tunebook.tables.declared import settings_rows, technique_rows, techniques

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
PAGES = sorted((ROOT / "docs").rglob("*.zh-CN.md"))
_CODE = re.compile(r"`([^`]+)`")


def words() -> Iterator[tuple[str, str, list[str]]]:
    """English, Chinese and what is not said, of each line of the table."""
    for line in GLOSSARY.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and cells[0] not in ("English", "---"):
            yield cells[0], cells[1], _CODE.findall(cells[3])


@cache
def chinese() -> dict[str, str]:
    """Where it stands -> each Chinese text that a user reads."""
    found = {code: both["zh"] for code, both in catalogue().items()}
    rows = {**settings_rows(), **technique_rows()}
    found |= {f"row {name}": item.row.zh for name, item in rows.items()}
    found |= {f"technique {key}": "\n".join(paragraphs(kind.zh)) for key, kind in techniques().items()}
    return found | {str(page.relative_to(ROOT)): page.read_text("utf-8").replace("\n", "") for page in PAGES}


WORDS = list(words())


def test_the_glossary_is_in_order_and_names_each_thing_once() -> None:
    english = [item for item, _, _ in WORDS]
    assert english == sorted(english, key=str.lower) and len(set(english)) == len(english) > 40


@pytest.mark.parametrize(("english", "word", "avoided"), WORDS, ids=[item[0] for item in WORDS])
def test_a_thing_has_one_word(english: str, word: str, avoided: list[str]) -> None:
    texts = chinese()
    for part in re.split(r" · |、", word):
        assert any(part in text for text in texts.values()), f"nobody says {part} for {english}"
    assert avoided, "say what is not to be said"
    assert {where: item for where, text in texts.items() for item in avoided if item in text} == {}
