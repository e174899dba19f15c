"""Retrieve, then rerank: what a first stage finds among all passages, before and after a run's model orders it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.errors import DataError, RunError
from tunebook.core.judged import Judged
from tunebook.core.nouns import DataRef, Plan, Split
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.core.task import Searches, Task
from tunebook.report.two_stages import TwoStages, write_page_of
from tunebook.verbs.steps.answers import answers, place_of
from tunebook.verbs.steps.runs import Run

BM25 = "bm25"
_WORST = 15  # queries that the page shows


def two_stages(
    run: Run,
    first: Run | None = None,
    *,
    split: Split = "test",
    depth: int = 50,
    progress: Progress | None = None,
) -> TwoStages:
    """Search all passages of the book for each query of a split, order the best `depth` by the run's model, and write
    one page of the scores before and after.

    Other than `evaluate`, no relevant passage is among the candidates that the first stage has not found.

    Args:
        run: a finished run of the task `reranking`.
        first: a run that searches, of the same passages; None for BM25.

    Raises:
        RunError: a run has not finished; `embed.task`, the first searches nothing. DataError: `rerank.task`,
            `data.no_split`; `predict.how`, `depth` is below 2. MachineError: bm25s is not installed.
    """
    from tunebook.data.frozen import prepared_data
    from tunebook.data.load import group_codes, load
    from tunebook.stats.bootstrap import Units
    from tunebook.stats.influence import mean_interval

    plan, ref, task = run.plan, prepared_data(run.plan), task_of(run.plan.task)()
    _refuse(run, first, ref, split, depth)
    rows = load(ref, split)
    assert rows.targets is not None
    before = Judged.of(_searched(rows, first, place_of(first.plan, ref, split) if first else "", progress)).best(depth)
    name = first.id if first else BM25
    after = reranked(run, rows, before, f"{split}/behind-{name}-{depth}", progress)
    groups, headline = group_codes(rows, ref.roles), task.headline(plan.labels)
    both = [one.matrix(np.float32) for one in (before, after)]
    each = [task.row_scores(one, rows.targets, plan.labels, headline) for one in both]
    assert each[0] is not None and each[1] is not None
    change = each[1] - each[0]
    values = [task.intervals(one, rows.targets, plan.labels, groups) for one in both]
    judged = Judged.of(rows.targets)
    relevant = judged.at(judged.value > 0)
    found = TwoStages(
        path=run.results(split) / f"behind-{name}-{depth}.html",
        rows=len(rows),
        depth=depth,
        found=float(np.isfinite(relevant.values_in(before)).mean()) if len(relevant.row) else 0.0,
        first=values[0],
        second=values[1],
        gain=mean_interval(change, Units.of(len(rows), groups)),
    )
    found.path.parent.mkdir(exist_ok=True)
    write_page_of(found, name, headline, _made_worse(task, plan, rows, both, change))
    return found


def _refuse(run: Run, first: Run | None, ref: DataRef, split: Split, depth: int) -> None:
    """See to it that there are rows to rerank, something to rerank with, and something that finds."""
    if "candidates" not in task_of(run.plan.task).gives:
        raise DataError("rerank.task", key=run.id, value=run.plan.task)
    if first is not None and not isinstance(task_of(first.plan.task)(), Searches):
        raise RunError("embed.task", key=first.id, value=first.plan.task)
    if depth < 2:
        raise DataError("predict.how", key="depth", value=depth, allowed="2 – …")
    if not ref.rows.get(split):
        raise DataError("data.no_split", key=split, value=0, allowed=" | ".join(k for k, n in ref.rows.items() if n))


def _made_worse(
    task: Task, plan: Plan, rows: Rows, both: list[NDArray[Any]], change: NDArray[Any]
) -> list[tuple[str, str, str, str]]:
    """The queries that lose most: text, what is relevant, and what came first before and after."""
    before, after = ([said["passages"][:1] for said in task.say(one, rows, plan.labels)] for one in both)
    assert rows.targets is not None
    true = task.true(rows.targets, rows, plan.labels)
    worst = [row for row in np.argsort(change, kind="stable")[:_WORST].tolist() if change[row] < 0]
    shown = task.shown
    return [(rows.texts[row], shown(true[row]), shown(before[row]), shown(after[row])) for row in worst]


def _searched(rows: Rows, first: Run | None, place: str, progress: Progress | None) -> NDArray[Any]:
    """What the first stage finds among all passages, best first."""
    from tunebook.tasks.ranking.lexical import search

    return search(rows) if first is None else answers(first, rows, place, progress=progress)


def reranked(run: Run, rows: Rows, before: Judged, place: str, progress: Progress | None = None) -> Judged:
    """The same passages of each query in the order of the run's model; queries of which nothing was found have none.

    Args:
        rows: queries and all passages; place: folder in the run where its answers are kept.
    """
    asked = np.flatnonzero(before.counts)
    row = np.searchsorted(asked, before.row)
    candidates = Judged(row, before.passage, np.zeros(len(row)), len(asked))
    some = replace(rows.at(asked.tolist()), targets=candidates.matrix())
    found = Judged.of(answers(run, some, place, progress=progress))
    return replace(found, row=asked[found.row], rows=len(rows))


__all__ = ["BM25", "TwoStages", "reranked", "two_stages"]
