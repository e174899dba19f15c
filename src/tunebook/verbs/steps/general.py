"""General sets: what a run's model is worth on rows of another book, beside its base model before training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tunebook.core.answers import Answers, answered
from tunebook.core.errors import BookError, DataError, PlanError
from tunebook.core.files import content_id
from tunebook.core.lineage import General, Generals
from tunebook.core.nouns import DataRef, Plan, read_json, write_json
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.core.searches import searching
from tunebook.core.writes import texts_asked
from tunebook.verbs.steps.answers import answers, place_of
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.plain_text import is_plain, on_text
from tunebook.verbs.steps.retention import interval, units_of
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.untrained import refuse_untrained, tuned, untrained

if TYPE_CHECKING:
    from tunebook.core.task import Rows
    from tunebook.engine.load import LoadedModel

FILE = "general.json"


def general(run: Run, books: list[Path], progress: Progress | None = None) -> list[General]:
    """Score a run's model and its base model on the test rows of other books, and models that say words on files of
    plain text; written to general.json of the run, beside those that it was measured on before.

    Raises:
        BookError: `general.book`, there is no book. PlanError: `general.task`, `general.labels`, it is of another task,
            or has labels that the run's head does not know. RunError: `general.no_base`. DataError: `data.no_split`.
    """
    opened = general_books(run, books)
    plain = [on_text(run, path, progress) for path in books if is_plain(path, run.plan)]
    found = [*(_measured(run, book, progress) for book in opened), *plain]
    known = {item.content: item for item in [*read_general(run), *found]}
    write_json(Generals(found=list(known.values())), run.path / FILE)
    return found


def general_books(run: Run, books: list[Path]) -> list[Book]:
    """Books on which a run and its base model can be scored, without the files of plain text. Raises as `general`."""
    plan = run.plan
    refuse_untrained(plan, run.id)
    return [_opened(path, plan) for path in books if not is_plain(path, plan)]


def read_general(run: Run) -> list[General]:
    """What a run was measured on; empty where that is nothing."""
    path = run.path / FILE
    stored: Generals = read_json(Generals, path) if path.is_file() else Generals()
    return stored.found


def _opened(path: Path, plan: Plan) -> Book:
    """A book whose rows this model can answer."""
    if path.is_file():
        raise BookError("general.book", key="--general", value=str(path), task=plan.task)
    book = open_book(path)
    data = book.data
    if data.task != plan.task:
        raise PlanError("general.task", key=str(path), value=data.task, allowed=plan.task)
    if "vectors" not in task_of(plan.task).gives and (data.labels.kind, data.labels.names) != (
        plan.labels.kind,
        plan.labels.names,
    ):
        raise PlanError("general.labels", key=str(path), value=data.labels.problem, allowed=plan.labels.problem)
    if not data.rows.get("test"):
        raise DataError("data.no_split", key="test", value=0, allowed=" | ".join(k for k, n in data.rows.items() if n))
    return book


def _measured(run: Run, book: Book, progress: Progress | None) -> General:
    from tunebook.data.load import group_codes, load

    data, plan = book.data, run.plan
    rows = load(data, "test")
    assert rows.targets is not None
    task, units, groups = task_of(plan.task)(), units_of(rows, data), group_codes(rows, data.roles)
    metric = task.headline(data.labels)
    both = (_before(run, rows, data, progress), _after(run, rows, data, progress))
    base, now = (task.scorer(one, rows.targets, data.labels, metric) for one in both)
    together = {} if groups is None else {"groups": groups}
    spans = [task.intervals(one, rows.targets, data.labels, **together).get(metric) for one in both]  # as a report has
    return General(
        run=run.id,
        book=book.path.resolve().name,
        content=data.content,
        rows=len(rows),
        metric=metric,
        base=spans[0] or interval(base, units),
        tuned=spans[1] or interval(now, units),
        gain=interval(lambda chosen: now(chosen) - base(chosen), units),
    )


def _after(run: Run, rows: Rows, data: DataRef, progress: Progress | None) -> Answers:
    """Answers of the run's model, kept in its folder."""
    plan = run.plan
    place = place_of(plan, data, "test")
    if data.content == plan.data:
        task = task_of(plan.task)()
        texts = texts_asked(task, data.labels, task.headline(data.labels))
        return answers(run, rows, place, progress=progress, texts=texts)

    def asked() -> Answers:
        return _placed(tuned(run.model, plan, data.labels), data, rows, progress)

    return answers(run, rows, place, ask=asked)


def _before(run: Run, rows: Rows, data: DataRef, progress: Progress | None) -> Answers:
    """Answers of the base model, kept in the cache of the run's book for its other runs."""
    plan = run.plan
    about: list[Any] = [plan.task, plan.model_id, data.content, plan.params.max_length]
    at = run.book / "cache" / f"untrained-{content_id(about)}.npz"
    at.parent.mkdir(exist_ok=True)

    def asked() -> Answers:
        return np.asarray(_placed(untrained(plan, data.labels), data, rows, progress))

    return answered(at, rows, asked, plan.model_id)


def _placed(model: LoadedModel, data: DataRef, rows: Rows, progress: Progress | None) -> Answers:
    """What a model answers to rows of another book: of texts with a class by the training texts of that book."""
    if searching(model.task, data.labels) and rows.passages is None:
        from tunebook.data.load import load

        model = model.beside(load(data, "train"), progress)
    return model.logits(rows, progress, texts=texts_asked(model.task, data.labels, model.task.headline(data.labels)))


__all__ = ["FILE", "general", "general_books", "read_general"]
