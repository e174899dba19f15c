"""A first look at files: columns, parts, language, and the base model that reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunebook.core.errors import DataError
from tunebook.models.multilingual import NAME
from tunebook.models.source import BUILTIN, builtin_state
from tunebook.verbs.first_look import FirstLook, base_for, first_look
from tunebook.verbs.init import find_sources

MINILM = next(iter(BUILTIN))


def sample(name: str) -> list[Path]:
    return find_sources(name).files["train"]


def test_english_rows_are_read_by_the_first_model() -> None:
    found = first_look(sample("sample:en"))
    assert isinstance(found, FirstLook) and (found.language, found.model) == ("en", MINILM)
    assert found.roles is not None and {found.roles.text, found.roles.label} <= set(found.columns)
    assert found.rows > 100 and len(found.sample) == 3 and len(found.sample[0]) == len(found.columns)


def test_chinese_rows_get_a_model_that_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunebook.verbs.first_look.builtin_state", lambda name: "ready")
    found = first_look(sample("sample:zh"))
    assert (found.language, found.model) == ("zh", NAME)
    monkeypatch.setattr(
        "tunebook.verbs.first_look.builtin_state", lambda name: "ready" if name == MINILM else "missing"
    )
    assert base_for(["这条短信是诈骗"]) == MINILM, "of what is not there nothing is proposed"
    monkeypatch.setattr("tunebook.verbs.first_look.builtin_state", lambda name: "missing")
    assert base_for(["这条短信是诈骗"]) == MINILM


def test_parts_that_are_not_clear_are_told(tmp_path: Path) -> None:
    lines = [f"word {place} and more of it,another {place} and more of it,{'ab'[place % 2]}" for place in range(60)]
    (tmp_path / "rows.csv").write_text("\n".join(["first,second,mark", *lines]), encoding="utf-8")
    found = first_look([tmp_path / "rows.csv"])
    assert found.roles is None and found.unclear is not None and found.unclear.code == "data.text_unclear"
    assert found.language == "en" and builtin_state(found.model) != "missing"
    (tmp_path / "rows.csv").write_bytes(b"")
    with pytest.raises(DataError):
        first_look([tmp_path / "rows.csv"])
