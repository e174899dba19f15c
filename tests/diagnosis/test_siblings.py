"""Other trainings of the same table: those that differ in the seed alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.books import Trained

from tunebook.core.locations import write_plan
from tunebook.diagnosis import siblings as module
from tunebook.diagnosis.looked import look
from tunebook.diagnosis.siblings import siblings
from tunebook.verbs.steps.book import open_book


def test_siblings_differ_in_the_seed_alone(
    trained: Callable[[str], Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = trained("classes")
    shutil.copytree(one.book.path, tmp_path / "book")
    run = open_book(tmp_path / "book").run(one.run.id)
    looked = look(run)
    assert siblings(looked) == []
    for number, change in enumerate(({"seed": 7}, {"seed": 8, "table": "another"}, {})):
        copy = run.path.parent / f"20990101-00000{number}-aaaaaaaaaaaa"
        shutil.copytree(run.path, copy)
        write_plan(run.plan.model_copy(update=change), copy)
    (found,) = siblings(looked)
    np.testing.assert_array_equal(found, looked.answers)
    monkeypatch.setattr(module, "_MOST", 0)
    assert siblings(looked) == []


def test_one_whose_model_is_gone_is_left_out(trained: Callable[[str], Trained], tmp_path: Path) -> None:
    one = trained("classes")
    shutil.copytree(one.book.path, tmp_path / "book")
    run = open_book(tmp_path / "book").run(one.run.id)
    other = run.path.parent / "20990101-000000-aaaaaaaaaaaa"
    shutil.copytree(run.path, other)
    write_plan(run.plan.model_copy(update={"seed": 7}), other)
    shutil.rmtree(other / "model")
    for kept in other.glob("**/logits*"):
        kept.unlink()
    assert siblings(look(run)) == []
