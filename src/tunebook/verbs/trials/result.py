"""What a search found: the best trial, the version that is made of it, and how much each row matters for the score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tunebook.core.errors import RunError
from tunebook.core.localized import localized
from tunebook.core.messages import say
from tunebook.core.nouns import ParamTable, Record, write_json
from tunebook.core.params import Value
from tunebook.tables.make import child
from tunebook.verbs.steps.book import Book
from tunebook.verbs.trials.space import Axis, Space
from tunebook.verbs.trials.study import SearchSpec, TrialRecord, load_optuna

_FEWEST = 4  # complete trials below which nothing is fitted


class SearchResult(Record):
    """What a search found.

    Attributes:
        search: its id; `path` its folder.
        best: what the best trial has on the rows that were varied; `trial` its number.
        score: its metric on the validation rows. As the best of many it is too good: only a test tells the gain.
        parent_score: that of the table the search began with; None where its trial failed.
        trials: that ended; of these `pruned` and `failed`.
        table: version that was added; None where no trial was better than the parent.
    """

    search: str
    metric: str
    best: dict[str, Value]
    trial: int
    score: float
    parent: int
    parent_score: float | None
    trials: int
    pruned: int
    failed: int
    table: int | None
    path: Path


def best_of(records: Sequence[TrialRecord]) -> TrialRecord | None:
    """The complete trial with the highest score; of equal ones the parent, else the first."""
    scored = [record for record in records if record.score is not None]
    return max(scored, key=lambda record: (record.score, record.parent, -record.number), default=None)


def conclude(
    book: Book, parent: ParamTable, spec: SearchSpec, records: Sequence[TrialRecord], folder: Path
) -> SearchResult:
    """Name the best trial, and add its table unless it is the parent's.

    Raises:
        RunError: `search.nothing`: no trial came to an end.
    """
    best = best_of(records)
    ended = [record for record in records if record.state in ("complete", "pruned", "failed")]
    if best is None or best.score is None:
        reason = next((record.why for record in ended if record.why), say("search.why.time"))
        raise RunError("search.nothing", key=spec.id, value=len(ended), reason=reason)
    own = next((record.score for record in records if record.parent and record.score is not None), None)
    result = SearchResult(
        search=spec.id,
        metric=spec.metric,
        best=best.values,
        trial=best.number,
        score=best.score,
        parent=parent.version,
        parent_score=own,
        trials=len(ended),
        pruned=sum(record.state == "pruned" for record in ended),
        failed=sum(record.state == "failed" for record in ended),
        table=None,
        path=folder,
    )
    present = spec.space.present(parent)
    changed = {name: value for name, value in best.values.items() if value != present.get(name)}
    if changed:
        result = result.model_copy(update={"table": _candidate(book, parent, changed, result)})
    write_json(result, folder / "result.json")
    return result


def _candidate(book: Book, parent: ParamTable, changed: Mapping[str, Value], result: SearchResult) -> int:
    """Number of the version with the best trial's values, added unless this search has added it before."""
    own = f"{result.parent_score:.4f}" if result.parent_score is not None else localized("search.failed")
    reason = localized(
        "search.reason",
        search=result.search,
        trial=result.trial,
        trials=result.trials,
        metric=result.metric,
        score=f"{result.score:.4f}",
        parent=own,
    )
    made = child(parent, changed, note=reason, owner=parent.owner)
    for version in book.tables.versions():
        there = book.tables.get(version)
        if there.parent == made.parent and there.values_id == made.values_id and result.search in there.note:
            return version
    return book.tables.add(made).version


def importance(space: Space, records: Sequence[TrialRecord]) -> dict[str, float]:
    """Row -> share of the score's variance over the searched ranges that it explains, largest first; the sum is 1.

    Taken from the complete trials that lie within the ranges; rows of a technique that the search switches on and off
    are left out, for they are not in every trial. Empty where there are too few trials or all have the same score.

    Source: functional ANOVA of a random forest, Hutter, Hoos and Leyton-Brown 2014, as Optuna has it.
    """
    switched = {axis.name for axis in space.axes if axis.kind == "switch"}
    axes = [axis for axis in space.axes if axis.owner not in switched]
    used = [
        record
        for record in records
        if record.score is not None and all(axis.holds(record.values.get(axis.name)) for axis in axes)
    ]
    if len(used) < _FEWEST or len({record.score for record in used}) == 1:
        return {}
    optuna = load_optuna()
    study = optuna.create_study(direction="maximize")
    shapes = {axis.name: _shape(axis) for axis in axes}
    for record in used:
        params = {axis.name: record.values[axis.name] for axis in axes}
        study.add_trial(optuna.trial.create_trial(params=params, distributions=shapes, value=record.score))
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {str(name): float(share) for name, share in found.items()}


def _shape(axis: Axis) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if axis.kind == "switch":
        return CategoricalDistribution([False, True])
    if axis.kind == "int":
        return IntDistribution(int(axis.low), int(axis.high), log=axis.log)
    return FloatDistribution(axis.low, axis.high, log=axis.log)


__all__ = ["SearchResult", "best_of", "conclude", "importance"]
