"""How large a model is that techniques change: it is built once, and again whenever what decides it is another."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import small
from tunebook.core.registry import built
from tunebook.tasks.text_classification import TextClassification
from tunebook.verbs.init import init
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.planned_model import planned_model
from tunebook.verbs.steps.sizes import Sizes


@pytest.fixture
def home(base: Path, tmp_path: Path) -> Book:
    file = small.write_records(tmp_path / "rows.csv", "binary", 60)
    return init(tmp_path / "book", file, model=str(base), options=small.options("binary"))


def found(home: Book, base: Path, rows: dict[str, dict[str, object]], **settings: object) -> Sizes:
    task, woven = TextClassification(), list(built(rows).values())
    params = small.filled(**settings)
    return planned_model(task, base, home.data, params, woven, {})[0]


def test_what_techniques_make_of_it_is_built_once(home: Book, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []
    skeleton = TextClassification.skeleton
    monkeypatch.setattr(TextClassification, "skeleton", lambda *given: made.append(given[1]) or skeleton(*given))
    whole = found(home, base, {})
    assert not made, "a known kind of model is told from its config"
    frozen = {"freeze": {"layers": "1", "embeddings": True}}
    first = found(home, base, frozen)
    assert len(made) == 1 and first.trained < first.parameters == whole.parameters == whole.trained
    assert found(home, base, frozen) == found(home, base, frozen, seed=7) == first and len(made) == 1
    assert found(home, base, {"freeze": {"layers": "0", "embeddings": True}}).trained > first.trained and len(made) == 2
    assert found(home, base, frozen, label_smoothing=0.1) == first and len(made) == 3
    for entry in (home.path / "cache").glob("sizes-*"):
        entry.write_text("{", encoding="utf-8")
    assert found(home, base, frozen) == first and len(made) == 4, "a damaged entry is made anew"
