"""tunebook explain: what is shown, what is told to machines, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def copied(proven: Any) -> Path:
    return proven.path  # type: ignore[no-any-return]


def test_a_text_is_explained_with_its_page_and_picture(tunebook: Any, copied: Path, tmp_path: Path) -> None:
    picture = tmp_path / "p.png"
    found = tunebook("explain", copied, "the room was lovely", "awful", "--method", "occlusion", "--png", picture)
    assert found.code == 0, found.err
    assert "lovely" in found.out and "explain-texts.html" in found.out.replace("\n", "") and picture.is_file()
    assert "--faithful" in found.out and "the room was lovely" in found.out, "a text stands above its units"
    data = tunebook("explain", copied, "awful", "--json").json
    assert data["items"][0]["units"][0]["text"] == "awful" and Path(data["page"]).is_file()
    assert data["items"][0]["delta"] is not None


def test_many_texts_and_faithfulness(tunebook: Any, copied: Path) -> None:
    found = tunebook("explain", copied, *["sad room"] * 7, "--method", "random", "--run", "latest")
    assert found.code == 0 and "2 more" in found.out
    measured = tunebook("explain", copied, "--faithful", "4", "--split", "test")
    assert measured.code == 0 and "4 rows" in measured.out and "wears them out" in measured.err.replace("\n", " ")


def test_rows_are_told_with_their_id_and_what_is_right(tunebook: Any, copied: Path) -> None:
    asked = ("explain", copied, "--errors", "3", "--method", "random")
    items, told = tunebook(*asked, "--json").json["items"], tunebook(*asked).out
    for item in items:
        assert item["row"] in told and " ".join(item["parts"][0]["text"].split())[:30] in told
        assert ("✗ " if item["true"] != item["said"] else "✓ ") + item["row"] in told
    assert any(f"true: {item['true']}" in told for item in items if item["true"] != item["said"]) or not items


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--errors", "2", "--faithful", "4"], "explain.what"),
        ([], "explain.what"),
        (["a", "--split", "dev"], "cli.option"),
        (["--rows", "nowhere"], "explain.row"),
        ([""], "explain.empty"),
    ],
)
def test_what_cannot_be_done_is_said(tunebook: Any, copied: Path, words: list[str], code: str) -> None:
    found = tunebook("explain", copied, *words, "--json")
    assert found.code == 2 and code in found.out


def test_a_picture_without_a_font_is_told(tunebook: Any, copied: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("tunebook.report.explain._CJK", ("No Such Font",))
    found = tunebook("explain", copied, "房", "--method", "random", "--png", tmp_path / "p.png")
    assert found.code == 0 and "fonts-noto-cjk" in found.out
