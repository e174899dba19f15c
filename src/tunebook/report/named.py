"""Runs by names that people tell them apart by: table, date and score; the id comes last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tunebook.core.errors import TunebookError
from tunebook.core.formatting import metric_name, phrase, score_text
from tunebook.core.messages import say
from tunebook.report.plan_words import changed_text, table_text
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.run_facts import facts_of
from tunebook.verbs.steps.runs import Run


def named(runs: Sequence[Run], book: Book) -> list[tuple[str, str]]:
    """Id of each run, and what it is called where one chooses; a damaged one by its id alone."""
    found = []
    for run, facts in zip(runs, facts_of(runs, book.path), strict=True):
        parts = [run.id]
        if not isinstance(facts, TunebookError):
            parts = [table_text(facts), *([run.begun] if run.begun else [])]
            if facts["value"] is not None:
                score = f"{metric_name(facts['metric'])} {score_text(facts['value'])}"
                before = f", {say('calibrate.before')}" if facts["cuts"] else ""
                parts += [f"{score} ({phrase('split', facts['split'])}{before})"]
            parts += [f"{say('train_page.seed')} {facts['seed']}", run.id]
        found.append((run.id, " · ".join(parts)))
    return found


def titles(runs: Sequence[Run], book: Book) -> dict[str, str]:
    """Id of each run -> the heading over it: its table and when it was begun; its id where its files are damaged."""
    return _each(runs, book, lambda run, facts: f"{table_text(facts)} · {run.begun or run.id}")


def _each(runs: Sequence[Run], book: Book, name: Callable[[Run, dict[str, Any]], str]) -> dict[str, str]:
    """Id of each run -> a name; its id where its files are damaged."""
    return {
        run.id: run.id if isinstance(facts, TunebookError) else name(run, facts)
        for run, facts in zip(runs, facts_of(runs, book.path), strict=True)
    }


def title_of(run: Run, book: Book) -> str:
    """The heading over one."""
    return titles([run], book)[run.id]


def short_names(runs: Sequence[Run], book: Book) -> dict[str, str]:
    """Id of each run -> what it is called beside the others: its table, or its heading where two have the same table,
    or its id where they have the same heading too."""
    names = _each(runs, book, lambda run, facts: table_text(facts))
    if not _differ(names):
        names = titles(runs, book)
    return names if _differ(names) else {run.id: run.id for run in runs}


def _differ(names: dict[str, str]) -> bool:
    return len(set(names.values())) == len(names)


def apart(run: Run, book: Book) -> tuple[str, str]:
    """The version that a run of other values is nearest to, and these values; empty for a run of a version."""
    facts = facts_of([run], book.path)[0]
    if isinstance(facts, TunebookError) or not facts["near"]:
        return "", ""
    return facts["near"], changed_text(facts)


__all__ = ["apart", "named", "short_names", "title_of", "titles"]
