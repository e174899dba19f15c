"""Whether a challenger may follow the run that answers users: no worse on the old test rows, better on the new ones.

The challenger is a table trained on more rows with several seeds; the live run is the one model that users know. Each
seed's score of each row minus the live run's is a layout of seeds and rows, judged as a test of two tables is
(docs/why/0005-the-gate.md), so that neither a lucky seed nor lucky rows decide. Both claims have to hold, each with the
gate's alpha: that needs no correction, since a false promotion takes a false claim (Berger, 1982, intersection-union).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tunebook.core.formatting import sign_of
from tunebook.core.nouns import DataRef
from tunebook.core.progress import Progress
from tunebook.core.verdict import Gate
from tunebook.data.merge import versions_of
from tunebook.verbs.abtest.arms import Result
from tunebook.verbs.abtest.looks import take_look
from tunebook.verbs.abtest.scored import Exam, answers_of, scores_of_arm, split_exam
from tunebook.verbs.steps.answers import answers, place_of
from tunebook.verbs.steps.runs import Run

Decision = Literal["PROMOTE", "REJECT", "INCONCLUSIVE"]
Array = NDArray[Any]


@dataclass(frozen=True)
class OnRows:
    """What the challenger is worth on one of the two tests.

    Attributes:
        live, challenger: mean scores; gain: challenger - live with its interval, each end wrong with chance alpha,
            signed so that more is better.
        needs: what the lower end has to be above; ok: it is; worse: the upper end is not above it.
    """

    rows: int
    live: float
    challenger: float
    gain: float
    lower: float
    upper: float
    needs: float

    @property
    def ok(self) -> bool:
        """Proven."""
        return self.lower > self.needs

    @property
    def worse(self) -> bool:
        """Proven not to be so."""
        return self.upper <= self.needs


@dataclass(frozen=True)
class Judgement:
    """The verdict on a challenger.

    Attributes:
        old, new: on the test rows of the versions before, and on those of this one.
        challenger: id of the run to roll out: of all seeds the best on the validation rows.
    """

    verdict: Decision
    metric: str
    alpha: float
    seeds: int
    live: str
    challenger: str
    old: OnRows
    new: OnRows

    def data(self) -> dict[str, Any]:
        """As `--json` prints it."""
        sides = {name: {**asdict(side), "ok": side.ok} for name, side in (("old", self.old), ("new", self.new))}
        return {**asdict(self), **sides}


def judge(
    ref: DataRef, live: Run, arms: Sequence[Result], rule: Gate, most_loss: float, progress: Progress | None = None
) -> Judgement:
    """Compare runs of a challenger with the live run on the test rows of a merged version.

    Args:
        ref: the version on which `arms` were trained.
        rule: metric (not `auto`) and alpha; most_loss: that is allowed on the old rows.

    Raises:
        DataError, PlanError: too few rows or runs to say anything.
    """
    exam, period = split_exam(ref, "test", rule.metric), versions_of(ref)
    theirs = answers(live, exam.rows, place_of(live.plan, ref, "test"), progress=progress, texts=exam.texts)
    ours = [answers_of(arm, exam, progress=progress) for arm in arms]
    asked = rule.model_copy(update={"delta": 0.0, "delta_kind": "absolute"})
    newest = int(period.max())
    sides = {}
    for name, places, needs in (
        ("old", np.flatnonzero(period < newest), -most_loss),
        ("new", np.flatnonzero(period == newest), 0.0),
    ):
        part = _part(exam, places)
        a = scores_of_arm(ref, part, [theirs[places]] * len(arms))
        b = scores_of_arm(ref, part, [None if one is None else one.logits[places] for one in ours])
        look = take_look(a, b, asked, rule.alpha)
        one, other = (float(np.mean(side.told(rule.metric))) for side in (a, b))
        sides[name] = OnRows(len(places), one, other, look.gain, look.lower, look.upper, needs)
    old, new = sides["old"], sides["new"]
    best = _best(arms, rule.metric)
    return Judgement(_decided(old, new), rule.metric, rule.alpha, len(arms), live.id, best.id, old, new)


def _decided(old: OnRows, new: OnRows) -> Decision:
    if old.ok and new.ok:
        return "PROMOTE"
    return "REJECT" if old.worse or new.worse else "INCONCLUSIVE"


def _part(exam: Exam, places: NDArray[np.int64]) -> Exam:
    groups = None if exam.groups is None else exam.groups[places]
    own = {name: metric.at(places.tolist()) for name, metric in exam.own.items()}
    return Exam(exam.name, exam.place, exam.rows.at(places.tolist()), exam.key, groups, exam.texts, own)


def _best(arms: Sequence[Result], metric: str) -> Run:
    """The run with the best score on its validation rows; test rows choose nothing."""
    worst = float("-inf")

    def score(arm: Result) -> float:
        if arm.failed:
            return worst
        scores, known = arm.run.validation_scores, metric
        if metric not in scores:  # one of the owner's
            known = arm.plan.params.metric
        return sign_of(known) * scores[known] if known in scores else worst

    return max(arms, key=score).run


__all__ = ["Decision", "Judgement", "OnRows", "judge"]
