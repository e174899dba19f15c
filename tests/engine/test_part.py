"""A model folder that names its base model holds a part of a model."""

from __future__ import annotations

from pathlib import Path

from tunebook.engine.part import BASE, is_part


def test_what_names_its_base_is_a_part(tmp_path: Path) -> None:
    assert not is_part(tmp_path / "none") and not is_part(tmp_path)
    (tmp_path / BASE).write_text("{}")
    assert is_part(tmp_path)
