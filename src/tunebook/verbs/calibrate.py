"""Calibrate: the score from which on two texts match, chosen on validation rows and stored with the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunebook.core.errors import DataError, PlanError, RunError
from tunebook.core.hits import Hits, Threshold
from tunebook.core.locations import THRESHOLD
from tunebook.core.nouns import DataRef, write_json
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.core.task import Matches
from tunebook.verbs.steps.answers import answers, place_of
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    from tunebook.core.nouns import Labels, Split
    from tunebook.stats.bootstrap import Units


def calibrate(
    run: Run, *, precision: float | None = None, least: float | None = None, progress: Progress | None = None
) -> Threshold:
    """Choose the threshold of a run's scores on its validation rows, tell what it gives on the test rows, and write it
    into the model's folder and its card.

    Of graded pairs the scores are their cosines; of queries those of the ten passages that are found for each; of a
    reranker those of its candidates.

    Args:
        precision: share of the pairs from the threshold on that are to match; None takes the highest F1.
        least: grade or gain from which on a pair is a match; None for four fifths of the way to the highest grade, and
            for any gain above 0.

    Raises:
        RunError: `calibrate.task`, the run's answers are no scores of pairs; it has not finished. DataError:
            `data.no_split`; `calibrate.one_side`, all validation pairs match, or none does; `calibrate.precision`,
            no threshold is so precise. PlanError: `calibrate.how`, an option out of its bounds.
    """
    from tunebook.data.frozen import prepared_data
    from tunebook.stats.threshold import best_f1, curve, of_precision, worth

    plan = run.plan
    task = task_of(plan.task)()
    if not isinstance(task, Matches):
        raise RunError("calibrate.task", key=run.id, value=plan.task)
    if precision is not None and not 0 < precision <= 1:
        raise PlanError("calibrate.how", key="--precision", value=precision, allowed="0 … 1")
    data, bound = prepared_data(plan), _least(task, plan.labels, least)
    chosen, units = _hits(run, data, "validation", bound, progress)
    tested, test_units = _hits(run, data, "test", bound, progress)
    if not chosen.right.any() or chosen.right.all():
        raise DataError("calibrate.one_side", key="validation", value=int(chosen.right.sum()), pairs=len(chosen.right))
    found = best_f1(chosen) if precision is None else of_precision(chosen, precision)
    if found is None:
        raise DataError(
            "calibrate.precision", key="--precision", value=precision, allowed=f"{curve(chosen)[1].max():.3f}"
        )
    made = Threshold(
        run=run.id,
        threshold=found,
        wanted=precision,
        least=bound,
        validation=worth(chosen, found, units),
        test=worth(tested, found, test_units),
    )
    write_json(made, run.model / THRESHOLD)
    _on_card(run, data)
    return made


def _least(task: Matches, labels: Labels, given: float | None) -> float | None:
    """The grade or gain from which on a pair is a match."""
    if given is None:
        return task.matches_from(labels)
    low, high = labels.low or 0.0, labels.high or 1.0
    if not low < given <= high:
        raise PlanError("calibrate.how", key="--grade", value=given, allowed=f"{low:g} < … <= {high:g}")
    return given


def _hits(run: Run, data: DataRef, split: Split, least: float | None, progress: Progress | None) -> tuple[Hits, Units]:
    """The pairs of a split, and what was drawn of its rows."""
    from tunebook.data.load import load
    from tunebook.verbs.steps.retention import units_of

    if not data.rows.get(split):
        raise DataError("data.no_split", key=split, value=0, allowed=" | ".join(k for k, n in data.rows.items() if n))
    rows, task = load(data, split), task_of(run.plan.task)()
    assert rows.targets is not None and isinstance(task, Matches)
    said = answers(run, rows, place_of(run.plan, data, split), progress=progress)
    return task.hits(said, rows.targets, run.plan.labels, least), units_of(rows, data)


def _on_card(run: Run, data: DataRef) -> None:
    """Write the card anew, where the run was evaluated and so has one."""
    from tunebook.report.card import write_model_card

    if (report := run.report) is not None:
        write_model_card(run.model, run.plan, report, data)


__all__ = ["calibrate"]
