"""How much each row that a search varied matters for the score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tunebook.trials.space import Axis, Space
from tunebook.trials.study import TrialRecord, load_optuna

_FEWEST = 4  # complete trials below which nothing is fitted


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


__all__ = ["importance"]
