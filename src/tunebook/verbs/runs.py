"""Runs: what the list of a book's runs says of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tunebook.core.errors import RunError, TunebookError
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.run_facts import FACTS, facts_of
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.which_run import alone


def known_runs(runs: Sequence[Run], book: Book) -> list[dict[str, Any]]:
    """What the files of each of these runs of a book say; of a run with a damaged one, what is wrong.

    Returns:
        Of each `run` (its id), `path`, `finished`, `at_work` (it trains right now), `arm` (a test began it), the
        `FACTS`, and as `fault` the error of its files as JSON, or None.
    """
    found, own = [], {run.id for run in alone(book.path, list(runs))}
    for run, facts in zip(runs, facts_of(runs, book.path), strict=True):
        finished = run.finished
        if isinstance(facts, TunebookError):
            fault: TunebookError | None = facts
            facts = dict.fromkeys(FACTS)
        else:
            fault = None if run.has_model or not finished else RunError("run.no_model", key=run.id)
        told = {
            "run": run.id,
            "path": str(run.path),
            "finished": finished,
            "at_work": run.at_work,
            "arm": run.id not in own,
        }
        found.append({**told, **facts, "fault": fault.to_json() if fault else None})
    return found


__all__ = ["known_runs"]
