"""What is kept of a run that diverged."""

from __future__ import annotations

import json

import pytest

from tunebook.core.errors import RunError
from tunebook.core.locations import write_plan
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.diverged import DIVERGED, keep_diverged
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import new_run

ERROR = RunError(DIVERGED, key="loss", value=float("nan"), step=3)


def test_why_it_ended_and_what_it_took_is_written_down(book: Book) -> None:
    made, runs = plan(book.champion, book.data), book.path / "runs"
    run = new_run(runs, made)
    write_plan(made, run.path)
    keep_diverged(runs, made, ERROR, 4.5)
    told = json.loads((run.path / "failed.json").read_text())
    assert (told["code"], told["seconds"], told["device"]) == (DIVERGED, 4.5, "cpu") and told["peak_memory_bytes"] > 0
    assert run.failure["message"] == ERROR.message and not (run.path / "model").exists(), "there was no checkpoint"


def test_a_run_that_was_never_begun_is_told(book: Book) -> None:
    with pytest.raises(RunError) as caught:
        keep_diverged(book.path / "runs", plan(book.champion, book.data), ERROR, 1.0)
    assert caught.value is ERROR
