"""tunebook errors: what is told, as JSON too, in both languages, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunebook.cli.errors import errors

from .conftest import Call


def test_errors_are_told(tunebook: Call, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = tunebook("errors", book)
    assert found.code == 0, found.err
    assert "validation rows" in found.out
    assert "errors.html" in found.out.replace("\n", "")
    data = tunebook("errors", book, "--split", "test", "--json")
    assert data.code == 0
    assert data.json["split"] == "test"
    assert data.json["slices"]["searched"] >= 0
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert "这些是测试集样本" in tunebook("errors", book, "--split", "test").out.replace("\n", "")
    assert callable(errors)


def test_a_split_that_there_is_not(tunebook: Call, book: Path) -> None:
    found = tunebook("errors", book, "--split", "dev")
    assert found.code == 2
    assert "train | validation | test" in found.err
