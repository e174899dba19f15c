"""The locked test rows, opened for a promotion: what a proven gain is worth on rows that chose nothing.

Checkpoints were chosen and the test was decided on the validation rows, so the gain seen there is a little too good.
The test rows answer once more. They are shown and logged, and veto nothing: a rule that chose by them would spoil them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tunebook.core.errors import BookError, ModelError
from tunebook.core.folders import inside
from tunebook.core.progress import Progress
from tunebook.core.verdict import Verdict
from tunebook.verbs.book import Book
from tunebook.verbs.runs import Run


def final_scores(book: Book, verdict: Verdict, progress: Progress | None = None) -> dict[str, Any] | None:
    """Gain of B over A on the test rows, by the very runs of the test.

    Returns:
        `metric`, `a`, `b` (mean scores), `gain`, `lower`, `upper`, `alpha`, `seeds`, `n`; None where there are fewer
        than two test rows, the book has other rows by now, or a run or its model is gone or damaged.
    """
    if verdict.content != book.data.content or book.data.rows.get("test", 0) < 2:
        return None
    named = verdict.extra.get("runs") or {"a": [], "b": []}
    runs, file = book.path / "runs", verdict.path / "verdict.json"
    sides = [[Run(inside(runs, name, said_by=file)) for name in named[side]] for side in ("a", "b")]
    complete = all((run.path / "model").is_dir() for side in sides for run in side)
    if not (complete and sides[0]):
        return None
    try:
        return _scores(book, verdict, sides, progress)
    except (BookError, ModelError):  # they are shown and veto nothing
        return None


def _scores(book: Book, verdict: Verdict, sides: Sequence[Sequence[Run]], progress: Progress | None) -> dict[str, Any]:
    from tunebook.abtest.exam import logits_of, split_exam
    from tunebook.abtest.looks import gain
    from tunebook.abtest.marks import marks_of
    from tunebook.engine.past import numbered

    data = numbered(book.data, sides[0][0].plan.labels)  # of runs that continue from another, old classes come first
    exam = split_exam(data, "test")
    a, b = (
        marks_of(data, exam, [logits_of(run, exam, lambda run=run: _loaded(run), progress) for run in side])  # type: ignore[misc]
        for side in sides
    )
    effect = gain(a, b, verdict.metric, verdict.alpha)
    scores = {name: float(marks.scores(verdict.metric).mean()) for name, marks in (("a", a), ("b", b))}
    ends = {"gain": effect.mean, "lower": effect.lower, "upper": effect.upper}
    return {"metric": verdict.metric, **scores, **ends, "alpha": verdict.alpha, "seeds": effect.seeds, "n": effect.rows}


def _loaded(run: Run) -> Any:
    from tunebook.engine.load import load_model

    return load_model(run.path / "model", run.plan)


__all__ = ["final_scores"]
