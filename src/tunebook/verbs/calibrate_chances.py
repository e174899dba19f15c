"""Calibrate probabilities: temperature, thresholds of classes, and the score from which on answers are sure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.calibrates import Calibrates, Calibration, Certain
from tunebook.core.errors import DataError, PlanError
from tunebook.core.locations import CALIBRATION
from tunebook.core.nouns import DataRef, Split, write_json
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.verbs.steps.answers import answers, model_key, place_of
from tunebook.verbs.steps.business import OwnMetric, named, own_metrics
from tunebook.verbs.steps.certain import certain
from tunebook.verbs.steps.chances import Side, check, temperature_of
from tunebook.verbs.steps.cuts import Rule, Wish, cuts_of, plain
from tunebook.verbs.steps.runs import Run

Array = NDArray[Any]


@dataclass(frozen=True)
class Wanted:
    """What is asked for beside a temperature, as `calibrate` has it."""

    precision: float | None = None
    recall: float | None = None
    cost: str = ""
    accuracy: float | None = None
    of_class: str = ""

    @property
    def by(self) -> str:
        """What thresholds are chosen for; empty for none.

        Raises:
            PlanError: `calibrate.both`, for two things at once; `calibrate.alone`, a class and nothing that it is for.
        """
        asked = {"precision": self.precision, "recall": self.recall, "cost": self.cost or None}
        given = [name for name, value in asked.items() if value is not None]
        if len(given) > 1:
            raise PlanError("calibrate.both", key=f"--{given[0]}", other=f"--{given[1]}")
        if self.of_class and not given:
            raise PlanError("calibrate.alone", key="--class", allowed="--precision | --recall | --cost")
        return given[0] if given else ""


def calibrate_chances(run: Run, wanted: Wanted, progress: Progress | None = None) -> Calibration:
    """Find what makes a run's probabilities right, and write `calibration.json` into its model's folder.

    Figures of the validation rows are cross-fitted: each of ten folds is judged by what the others choose. The test
    rows choose nothing.

    Raises:
        PlanError: `calibrate.numbers`, the kind of labels has no probabilities; `calibrate.both`, `calibrate.many`,
            `calibrate.class`, `calibrate.costs`, `calibrate.sure`, `business.unknown`. DataError: `data.no_split`,
            `data.no_labels`, `calibrate.few`, `calibrate.no_numbers`, `calibrate.unreached`, `calibrate.accuracy`.
            BookError: as `OwnMetric.check`.
    """
    from tunebook.data.frozen import prepared_data

    plan, labels, by = run.plan, run.plan.labels, wanted.by
    if labels.kind.link == "identity":
        raise PlanError("calibrate.numbers", key="calibrate", value=labels.problem)
    if wanted.accuracy is not None and labels.kind.classes == "several":
        raise PlanError("calibrate.sure", key="--accuracy", value=labels.problem)
    data, _ = prepared_data(plan), run.model
    valid, test = (_side(run, data, split, progress) for split in ("validation", "test"))
    wish = _wish(wanted, by, (valid, test), data) if by else None
    heat, each = temperature_of(valid, test)
    scale = heat.value if heat.applied else 1.0
    cuts, rule, crossed = (None, None, None) if wish is None else cuts_of(wish, valid, test, scale, each)
    found = Calibration(
        run=run.id,
        model=model_key(run),
        content=data.content,
        temperature=heat,
        cuts=cuts,
        certain=_certain(wanted, (valid, test), (each, scale), (rule, crossed)),
    )
    write_json(found, run.model / CALIBRATION)
    on_card(run, data)
    return found


def _side(run: Run, data: DataRef, split: Split, progress: Progress | None) -> Side:
    from tunebook.data.load import group_codes, load

    if not data.rows.get(split):
        raise DataError("data.no_split", key=split, value=0, allowed=" | ".join(k for k, n in data.rows.items() if n))
    rows, task, labels = load(data, split), task_of(run.plan.task)(), run.plan.labels
    if rows.targets is None:
        raise DataError("data.no_labels", key=split)
    assert isinstance(task, Calibrates)
    said = answers(run, rows, place_of(run.plan, data, split), progress=progress)
    side = Side(task, labels, rows, said, task.chances(said, rows.targets, labels), group_codes(rows, data.roles))
    check(side, split)
    return side


def _wish(wanted: Wanted, by: str, sides: tuple[Side, Side], data: DataRef) -> Wish:
    """What thresholds are wanted for. Raises as `calibrate_chances`."""
    own: list[OwnMetric | None] = [None, None]
    if by == "cost":
        own = [named(own_metrics(data, side.rows, side.labels), wanted.cost, "--cost") for side in sides]
        for metric in own:
            assert metric is not None
            metric.check()
    share = wanted.precision if wanted.precision is not None else wanted.recall
    wish = Wish(by, share or 0.0, wanted.of_class, own[0], own[1])
    wish.check(sides[0].labels)
    return wish


def _certain(
    wanted: Wanted, sides: tuple[Side, Side], scales: tuple[Array, float], chosen: tuple[Rule | None, Array | None]
) -> Certain | None:
    """The score from which on answers are sure, of what is given: of the validation rows by the other folds."""
    if wanted.accuracy is None:
        return None
    (valid, test), (each, scale), (rule, crossed) = sides, scales, chosen
    first, second = valid.probabilities(each), test.probabilities(scale)
    return certain(
        wanted.accuracy,
        (*_scored(valid, first, crossed), valid.item_groups),
        (*_scored(test, second, None if rule is None else rule.given(second)), test.item_groups),
    )


def _scored(side: Side, chances: Array, given: Array | None) -> tuple[Array, Array]:
    """Score of each answer and whether it is right, shapes (M,)."""
    true = side.chances.targets
    if side.chances.link == "sigmoid":  # of spans, that each is right
        return chances[:, 0], true[:, 0] > 0
    said = plain(chances, several=False) if given is None else given
    return chances[np.arange(len(said)), said], said == true


def on_card(run: Run, data: DataRef) -> None:
    """Write the card anew, where the run was evaluated and so has one."""
    from tunebook.report.card import write_model_card

    if (report := run.report) is not None:
        write_model_card(run.model, run.plan, report, data)


__all__ = ["Wanted", "calibrate_chances", "on_card"]
