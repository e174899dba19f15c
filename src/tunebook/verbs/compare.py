"""Compare: runs, or their reports, that were scored on the same rows -> verdict. Trains and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tunebook.core.errors import DataError
from tunebook.core.files import content_id
from tunebook.core.formatting import amount, metric_name
from tunebook.core.messages import say
from tunebook.core.nouns import DataRef, Report, Split
from tunebook.core.verdict import FEWEST_SEEDS, Gate, Look, Verdict
from tunebook.data.frozen import prepared_data
from tunebook.report.ab_words import sentence
from tunebook.report.scores import sign_in
from tunebook.verbs.abtest.arms import Result, known
from tunebook.verbs.abtest.looks import take_look
from tunebook.verbs.abtest.pairs import described, flip_counts
from tunebook.verbs.abtest.scored import ArmScores, answers_of, scores_of_arm, split_exam
from tunebook.verbs.steps.runs import Run

Side = Report | Run | Sequence[Run]


def compare(a: Side, b: Side, rule: Gate | None = None, *, split: Split = "validation") -> Verdict:
    """What runs of two tables, or two reports, say of each other on the same rows.

    Pairs of runs with the same seeds, three at least, are judged as `ab` judges them, in one look. Fewer pairs, or two
    reports, describe: the verdict is then INCONCLUSIVE, whatever the difference.

    Args:
        a, b: a report; a finished run; or several runs of the same table, each with another seed, the same in both.
        rule: metric, delta and alpha; None takes the defaults.
        split: rows on which runs are compared. (Runs answer where they have not been asked before; that is kept.)

    Raises:
        DataError: `ab.compare_rows`, they belong to different rows; `ab.compare_runs`, their numbers differ;
            `ab.compare_seeds`, a seed comes twice or on one side only; `ab.compare_tables`, runs of one side differ in
            more than the seed.
        RunError: a run has not finished.
    """
    asked = rule or Gate()
    if isinstance(a, Report) or isinstance(b, Report):
        return _reports(a, b, asked)
    return _runs(_listed(a), _listed(b), asked, split)


def _listed(side: Run | Sequence[Run]) -> list[Run]:
    return [side] if isinstance(side, Run) else list(side)


def _reports(a: Side, b: Side, rule: Gate) -> Verdict:
    if not (isinstance(a, Report) and isinstance(b, Report)):
        raise DataError("ab.compare_rows", key="split", value=f"{type(a).__name__}, {type(b).__name__}")
    _same("content", a.content, b.content)
    _same("split", a.split, b.split)
    metric = a.headline if rule.metric == "auto" else rule.metric
    gain = (b.metrics[metric] - a.metrics[metric]) * sign_in(a, metric)
    around = {"a_values": a.run, "b_values": b.run, "content": a.content, "split": a.split, "n": a.rows}
    return _single(gain, metric, rule, around)


def _same(key: str, a: str, b: str) -> None:
    if a != b:
        raise DataError("ab.compare_rows", key=key, value=f"{a} / {b}")


def _runs(a: list[Run], b: list[Run], rule: Gate, split: Split) -> Verdict:
    if len(a) != len(b) or not a:
        raise DataError("ab.compare_runs", key="runs", value=f"{len(a)} / {len(b)}")
    a, b = _paired(a, b)
    plans = [run.plan for run in (*a, *b)]
    for other in plans[1:]:
        _same("content", plans[0].data, other.data)
    data = prepared_data(plans[0])
    marks = (_marks(a, data, split), _marks(b, data, split))
    metric = plans[0].params.metric if rule.metric == "auto" else rule.metric
    asked = rule.model_copy(update={"metric": metric})
    around = {
        "a": a[0].plan.table_version, "b": b[0].plan.table_version, "a_values": a[0].plan.table,
        "b_values": b[0].plan.table, "content": data.content, "split": split, "n": len(marks[0].exam.rows),
        "groups": marks[0].exam.count,
    }  # fmt: skip
    if len(a) < 2:
        gain = float((marks[1].scores(metric) - marks[0].scores(metric)).mean())
        return _single(gain, metric, asked, around, flip_counts(*marks, metric))
    return _judged(marks, asked, around)


def _paired(a: list[Run], b: list[Run]) -> tuple[list[Run], list[Run]]:
    """The runs of both sides in the order of their seeds."""
    for key, side in (("a", a), ("b", b)):
        if len({run.plan.with_seed(0).id for run in side}) > 1:
            tables = sorted({f"v{run.plan.table_version}" for run in side})
            raise DataError("ab.compare_tables", key=key, value=", ".join(tables))
    seeds = [sorted(run.plan.seed for run in side) for side in (a, b)]
    repeated = any(len(set(side)) < len(side) for side in seeds)
    if repeated or (len(a) > 1 and seeds[0] != seeds[1]):
        told = " / ".join(", ".join(map(str, side)) for side in seeds)
        raise DataError("ab.compare_seeds", key="seeds", value=told)
    return sorted(a, key=lambda run: run.plan.seed), sorted(b, key=lambda run: run.plan.seed)


def _marks(runs: list[Run], data: DataRef, split: Split) -> ArmScores:
    exam = split_exam(data, split)
    return scores_of_arm(data, exam, [answers_of(result, exam) for result in map(_result, runs)])


def _result(run: Run) -> Result:
    result = known(run.path.parent, run.plan)
    assert run.model and result is not None  # `model` refuses an unfinished run
    return result


def _judged(marks: tuple[ArmScores, ArmScores], rule: Gate, around: dict[str, Any]) -> Verdict:
    look = take_look(*marks, rule, rule.alpha)
    if look.seeds < FEWEST_SEEDS:
        look = look.model_copy(update={"verdict": "INCONCLUSIVE"})
    told = {**described(*marks, rule.metric, rule.alpha), "uncrossed": marks[0].uncrossed + marks[1].uncrossed}
    return _verdict(look, rule, around, flip_counts(*marks, rule.metric), told)


def _single(
    gain: float, metric: str, rule: Gate, around: dict[str, Any], flips: dict[str, int] | None = None
) -> Verdict:
    """The verdict of one run each: nothing is proven."""
    look = Look(seeds=1, alpha=rule.alpha, gain=gain, lower=float("-inf"), upper=float("inf"), verdict="INCONCLUSIVE")
    return _verdict(look, rule.model_copy(update={"metric": metric}), {"a": 0, "b": 0, **around}, flips or {}, {})


def _verdict(look: Look, rule: Gate, around: dict[str, Any], flips: dict[str, int], extra: dict[str, Any]) -> Verdict:
    test = content_id([around, rule.model_dump(mode="json"), look.model_dump(mode="json")])
    verdict = Verdict(
        test=test, verdict=look.verdict, metric=rule.metric, gain=look.gain, lower=look.lower, upper=look.upper,
        delta=rule.delta, delta_kind=rule.delta_kind, alpha=rule.alpha, seeds=look.seeds, looks=1, history=[look],
        flips=flips, extra=extra, path=Path(), **around,
    )  # fmt: skip
    if look.seeds > 1:
        return verdict.model_copy(update={"reason": sentence(verdict)})
    told = say("ab.said.one", metric=metric_name(rule.metric), gain=amount(look.gain, rule.metric))
    return verdict.model_copy(update={"reason": told})


__all__ = ["Side", "compare"]
