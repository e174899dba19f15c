"""Answers of runs: each model is asked each row once, whoever wants to know, and a model that changed is asked anew."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.books import Trained
from tunebook.core.answers import rows_id
from tunebook.core.errors import RunError
from tunebook.data.load import load
from tunebook.engine.load import load_model
from tunebook.verbs.ab import ab
from tunebook.verbs.compare import compare
from tunebook.verbs.evaluate import evaluate
from tunebook.verbs.soup import soup
from tunebook.verbs.steps.answers import answers, kept_at, known_answers, place_of
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.trials.trial import block_scores


def own(made: Trained, folder: Path) -> Run:
    """A copy of a book's run without what it has answered."""
    copied = Book(Path(shutil.copytree(made.book.path, folder / "book")))
    run = copied.run(made.run.id)
    for split in ("validation", "test"):
        shutil.rmtree(run.path / split, ignore_errors=True)
    return run


def evaluated(run: Run) -> list[bytes]:
    """What an evaluation writes."""
    evaluate(run, with_baselines=False)
    return [(run.path / name).read_bytes() for name in ("report.json", "report.html", "predictions.jsonl")]


def test_each_model_is_asked_each_row_once(proven: Book, tmp_path: Path, passes: Callable[[], int]) -> None:
    ab(proven, 2, 3)
    assert passes() == 0, "the looks of the training have answered"
    sides = [[run for run in proven.runs if run.plan.table_version == version][:3] for version in (2, 3)]
    one = sides[0][0]
    assert evaluated(one) == evaluated(one) and passes() == 1
    compare(*sides, split="test")
    assert passes() == 5
    for _ in range(2):
        evaluate(one, split="validation", with_baselines=False)
    block_scores(one, proven.data, 4, tmp_path)
    assert passes() == 1
    soup(sides[0], method="uniform")
    assert passes() == 2 + 2 + 1, "the other two, the means of two and of three, and the proof of what was written"
    for run in (*sides[0], *sides[1]):
        shutil.rmtree(run.path / "looks")
    assert compare(*sides) == compare(*sides) and passes() == 3, "only those that no soup has asked"


def test_a_model_that_changed_is_asked_anew(trained: Callable[[str], Trained], tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    run = own(trained("classes"), tmp_path)
    rows = load(Book(run.book).data, "test")
    first = answers(run, rows, "test")
    assert (first == load_model(run.model, run.plan).logits(rows)).all()
    weights = run.model / "model.safetensors"
    held = {name: item * 2 for name, item in load_file(weights).items()}
    save_file(held, weights, metadata={"format": "pt"})
    assert known_answers(run, rows, "test") is None
    second = answers(run, rows, "test")
    assert (second == load_model(run.model, run.plan).logits(rows)).all() and np.abs(second - first).max() > 1e-3
    shutil.rmtree(run.path / "model")
    assert (answers(run, rows, "test") == second).all(), "what it answered is known without it"
    kept_at(run, "test").unlink()
    with pytest.raises(RunError) as caught:
        answers(run, rows, "test")
    assert caught.value.code == "run.no_model"


def test_answers_that_an_older_version_has_kept_are_used(trained: Callable[[str], Trained], tmp_path: Path) -> None:
    run = own(trained("classes"), tmp_path)
    rows = load(Book(run.book).data, "test")
    given = np.random.default_rng(0).normal(size=(len(rows), 3)).astype(np.float32)
    kept_at(run, "test").parent.mkdir()
    np.savez_compressed(kept_at(run, "test"), logits=given, key=np.array(rows_id(rows)))
    assert (answers(run, rows, "test", ask=lambda: pytest.fail("they are kept")) == given).all()
    report = evaluate(run, with_baselines=False)
    assert report.metrics["accuracy"] == pytest.approx((given.argmax(1) == rows.targets).mean())


def test_rows_of_another_book_have_a_place_of_their_own(trained: Callable[[str], Trained]) -> None:
    made = trained("binary")
    plan, data = made.run.plan, made.book.data
    other = data.model_copy(update={"content": "abc"})
    assert [place_of(plan, data, split) for split in ("validation", "test")] == ["validation", "test"]
    assert [place_of(plan, other, split) for split in ("validation", "test")] == ["earlier/abc", "earlier/abc/test"]


def test_texts_without_labels_are_answered_too(trained: Callable[[str], Trained], tmp_path: Path) -> None:
    run = own(trained("several"), tmp_path)
    rows = load(Book(run.book).data, "test")
    bare = replace(rows, targets=None)
    assert (answers(run, bare, "test") == answers(run, rows, "test", ask=lambda: pytest.fail("they are kept"))).all()
