"""A model folder that names its base model holds a part of a model."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

from tests import small
from tunebook.engine.partial_model import BASE, base_of, is_partial


def test_what_names_its_base_is_a_part(tmp_path: Path) -> None:
    assert not is_partial(tmp_path / "none") and not is_partial(tmp_path)
    (tmp_path / BASE).write_text("{}")
    assert is_partial(tmp_path)


def test_the_base_is_where_the_plan_says_and_else_where_it_was_then(tmp_path: Path) -> None:
    here, there = small.base_model(tmp_path / "here"), small.base_model(tmp_path / "there")
    model = tmp_path / "run" / "model"
    model.mkdir(parents=True)
    (model / BASE).write_text(json.dumps({"model": str(there), "model_id": "a" * 12}))

    def base(named: str, before: object = None) -> Path:
        folder, kept = base_of(model, SimpleNamespace(model=named, before=before))  # type: ignore[arg-type]
        assert kept["model_id"] == "a" * 12
        return folder.resolve()

    assert base(str(here)) == here.resolve() and base(str(tmp_path / "gone")) == there.resolve()
    (model / BASE).write_text(json.dumps({"model": "../../there", "model_id": "a" * 12}))
    assert base(str(here), before="a stage") == there.resolve(), "the model of a stage moves with its book"
