"""Runs as a list to choose from names them: an id alone tells nobody which is which."""

from __future__ import annotations

from collections.abc import Sequence

from tunebook.core.errors import TunebookError
from tunebook.core.formatting import metric_name, phrase, score_text
from tunebook.core.messages import say
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.run_facts import facts_of
from tunebook.verbs.steps.runs import Run


def named(runs: Sequence[Run], book: Book) -> list[tuple[str, str]]:
    """Id of each run, and the same with its table, its seed and its score; of a damaged one the id alone."""
    found = []
    for run, facts in zip(runs, facts_of(runs, book.path), strict=True):
        parts = [run.id]
        if not isinstance(facts, TunebookError):
            parts += [facts["table"] or say("cli.runs.unsaved"), f"{say('train_page.seed')} {facts['seed']}"]
            if facts["value"] is not None:
                score = f"{metric_name(facts['metric'])} {score_text(facts['value'])}"
                parts += [f"{score} ({phrase('split', facts['split'])})"]
        found.append((run.id, " · ".join(parts)))
    return found


__all__ = ["named"]
