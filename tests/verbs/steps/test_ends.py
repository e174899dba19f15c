"""Texts whose end is not read, told by the tokenizer alone."""

from __future__ import annotations

from collections.abc import Callable

from tests.books import Trained, base, trained  # noqa: F401
from tunebook.core.answers import Rows
from tunebook.verbs.steps.ends import lost_by


def test_a_text_longer_than_the_model_reads_loses_its_end(
    trained: Callable[[str], Trained],  # noqa: F811
    passes: Callable[[], int],
) -> None:
    run = trained("classes").run
    long = "good " * (2 * run.plan.params.max_length)
    passes()
    lost = lost_by(run)
    rows = Rows(texts=["good", long, "bad"], pairs=None, targets=None, ids=["1", "2", "3"])
    assert lost(rows).tolist() == [False, True, False]
    assert passes() == 0, "no model is asked"
