"""Which runs can go into one soup: what they have to share, and why one of them cannot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tunebook.core.errors import ModelError, PlanError, RunError, TunebookError
from tunebook.core.files import content_id
from tunebook.core.installed import version_of
from tunebook.core.nouns import Plan
from tunebook.core.registry import is_technique, technique_of
from tunebook.engine.partial_model import MERGEABLE, is_partial
from tunebook.models.files import unreadable
from tunebook.verbs.steps.book import Book, kept, open_book
from tunebook.verbs.steps.runs import Run

SOUP = "soup_of"  # among the inputs of a soup's plan: the hash of what it was made of


def ingredients_of(of: Book | Sequence[Run]) -> tuple[Book, list[Run], dict[str, str]]:
    """The book, the runs that go into one pot, and runs of the book that do not: id -> why.

    Of a book that are all its finished runs that can be averaged with the newest run of its champion table, or with its
    newest run where that table has none; soups are left out, since their ingredients are offered themselves.

    Args:
        of: a book, or the very runs, all of which have to fit.

    Raises:
        PlanError: `soup.few`, `soup.twice`, `soup.book`, `soup.stage`, `soup.rows`, `soup.part`, `soup.model`,
            `soup.labels`, `soup.layers`. RunError: one has not finished.
    """
    if isinstance(of, Book):
        return of, *_offered(of)
    runs = list(of)
    book = open_book(runs[0].book) if runs else None
    if book is None or len(runs) < 2:
        raise PlanError("soup.few", key="RUN", value=len(runs), allowed=">= 2", book=book.path if book else "BOOK")
    paths = [run.path.resolve() for run in runs]
    for number, path in enumerate(paths):
        if path in paths[:number]:
            raise PlanError("soup.twice", key="RUN", value=path.name, allowed=" | ".join(run.id for run in runs))
    first = runs[0].plan
    for run in runs:
        if fault := misfit(run, book, first):
            raise fault
    return book, runs, {}


def misfit(run: Run, book: Book, first: Plan | None = None) -> TunebookError | None:
    """Why a run cannot go into a soup of a book; None where it can.

    Args:
        first: plan of a run that is in it.
    """
    if not run.finished:
        return RunError("run.unfinished", key=run.id)
    plan = run.plan
    if run.book.resolve() != book.path.resolve():
        return PlanError("soup.book", key=run.id, value=str(run.book), allowed=str(book.path))
    if plan.stage:
        return PlanError("soup.stage", key=run.id, value=plan.stage)
    if plan.data != book.data.content:
        return PlanError("soup.rows", key=run.id, value=plan.data, allowed=book.data.content)
    fault = _apart(run, plan, first) if first is not None else None
    if fault is None and (key := _beside(run, plan, book)):
        return PlanError("soup.part", key=run.id, value=key, allowed=MERGEABLE)
    return fault


def _beside(run: Run, plan: Plan, book: Book) -> str:
    """The technique of which something stays beside the base model for good; empty for a model that is whole or can be
    added up to one."""
    if not is_partial(run.model):
        return ""

    def found() -> str:
        from tunebook.engine.merging import unmergeable

        return unmergeable(plan)

    rows = [plan.labels.model_dump(), plan.params.model_dump(), plan.techniques]
    key = content_id([plan.task, plan.model_id, rows, version_of("tunebook"), version_of("peft")])
    return str(kept(book.path, f"mergeable-{key}", found))


def _apart(run: Run, plan: Plan, first: Plan) -> PlanError | None:
    """What two plans do not share whose models are to be averaged."""
    if plan.model_id != first.model_id:
        return PlanError("soup.model", key=run.id, value=_start(plan), allowed=_start(first))
    if (plan.task, plan.labels) != (first.task, first.labels):
        return PlanError("soup.labels", key=run.id, value=_said(plan), allowed=_said(first))
    ours, theirs = _layers(plan), _layers(first)
    if ours != theirs:
        return PlanError("soup.layers", key=run.id, value=ours, allowed=str(theirs))
    return None


def _start(plan: Plan) -> str:
    """Where a training began: the model's name, and its hash, for the same name may stand for another model."""
    return f"{plan.model} ({plan.model_id})"


def _said(plan: Plan) -> str:
    return f"{plan.labels.problem}: {', '.join(plan.labels.names[:20])}"


def _layers(plan: Plan) -> dict[str, dict[str, Any]]:
    """The techniques that decide which layers the model has, with the rows that do so."""
    found = {key: (technique_of(key), rows) for key, rows in plan.techniques.items() if is_technique(key)}
    return {key: rows if kind.reshapes else {} for key, (kind, rows) in found.items() if kind.reshapes or kind.adds}


def _offered(book: Book) -> tuple[list[Run], dict[str, str]]:
    """All runs of a book that fit together, oldest first, and why the other finished ones do not.

    Raises:
        PlanError: `soup.few`.
    """
    damaged, finished = _readable([run for run in book.runs if run.finished])
    alone = [run for run in finished if misfit(run, book) is None]
    champion = book.champion.values_id
    newest = alone[-1].plan if alone else None
    first = next((run.plan for run in reversed(alone) if run.plan.table == champion), newest)
    faults = {run.id: misfit(run, book, first) for run in finished}
    runs = [run for run in finished if faults[run.id] is None]
    if len(runs) < 2:
        raise PlanError("soup.few", key="RUN", value=len(runs), allowed=">= 2", book=book.path)
    return runs, {name: fault.message for name, fault in {**damaged, **faults}.items() if fault is not None}


def _readable(runs: Sequence[Run]) -> tuple[dict[str, TunebookError], list[Run]]:
    """Runs whose plan, outcome or model is damaged, with what is wrong, and those that could be offered: no soups."""
    damaged: dict[str, TunebookError] = {}
    found = []
    for run in runs:
        try:
            if SOUP in run.plan.inputs:
                continue
            _ = run.outcome  # what it has cost is part of the cost of the soup
            if file := unreadable(run.model):
                raise ModelError("model.damaged", key=str(run.path / "model" / file), run=run.id)
            found.append(run)
        except TunebookError as error:
            damaged[run.id] = error
    return damaged, found


__all__ = ["SOUP", "ingredients_of", "misfit"]
