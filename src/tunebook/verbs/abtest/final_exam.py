"""The last proof of a promotion: both tables trained anew with fresh seeds, and judged on the locked test rows.

A test on the validation rows has seen them before: checkpoints were chosen on them, and of many tables that are tested
against one champion the luckiest passes. Runs that nobody has seen, on rows that chose nothing, are no luckier than
any others. Which seeds these are is logged before the first of them is trained, so that nobody sees how a trial ends
and draws others; the same call again takes those of the log. What must not get worse is not asked again: it was judged
on the validation rows, and the test rows are too few for margins (docs/why/0013-two-proofs.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from scipy.special import ndtri, stdtrit

from tunebook.core.errors import RefusedError
from tunebook.core.formatting import amount, metric_name
from tunebook.core.messages import say
from tunebook.core.nouns import DataRef
from tunebook.core.progress import Progress, Silent
from tunebook.engine.continual import numbered
from tunebook.knowledge.log import Entry
from tunebook.models.source import model_id
from tunebook.stats.degrees_of_freedom import FEWEST, Sizes
from tunebook.stats.gate import MeanSquares
from tunebook.stats.power import expected
from tunebook.verbs.abtest.ab_plan import ABPlan
from tunebook.verbs.abtest.arms import Arm, Result, expected_seconds, known, trained
from tunebook.verbs.abtest.logged_tests import (
    LEAST_ROWS,
    Pair,
    logged_tests,
    openings,
    pair_of,
    pending,
    trial_seeds,
    trials_of,
)
from tunebook.verbs.abtest.looks import gain as gain_of
from tunebook.verbs.abtest.prepared import run_name
from tunebook.verbs.abtest.scored import Answers, Exam, answers_of, scores_of_arm, split_exam
from tunebook.verbs.engines.seam import ahead
from tunebook.verbs.steps.answers import kept_at
from tunebook.verbs.steps.book import Book

_FIRST = 1001  # far from the seeds of tests and tables
_POWER = 0.8
_LEAST_GROUPS = 10  # the same of groups


@dataclass(frozen=True)
class Trial:
    """Both arms of a test with fresh seeds, and the test rows.

    Attributes:
        metric: of the test; alpha: one-sided error, the gate's.
        seeds: that no test of the book and no earlier trial of the challenger has used; of an opening that nothing has
            come of yet, its own.
        continues: id of the run that both arms continue from; empty for none.
        gain: on the validation rows; seen: its mean squares, None for a metric that no single row has.
    """

    book: Book
    data: DataRef
    arms: tuple[Arm, Arm]
    exam: Exam
    metric: str
    alpha: float
    seeds: list[int]
    gain: float
    seen: MeanSquares | None
    continues: str = ""

    @property
    def pair(self) -> Pair:
        """Values of both tables, and the rows."""
        return self.arms[0].table.values_id, self.arms[1].table.values_id, self.data.content

    @property
    def begun(self) -> Entry | None:
        """The entry of the log that has opened the test rows for this trial; None before it."""
        return pending(self.book, self.pair)

    @property
    def missing(self) -> int:
        """How many runs are still to be trained."""
        return sum(known(self._runs, arm.plan(seed)) is None for arm in self.arms for seed in self.seeds)

    @property
    def least(self) -> float | None:
        """The least true gain that is confirmed in 80 % of all cases, if seeds and rows vary as the test saw; None for
        a metric that no single row has."""
        if self.seen is None:
            return None
        units = self.exam.count or len(self.exam.rows)
        se, df = expected(self.seen, len(self.seeds), units).error(self.alpha)
        return float((stdtrit(df, 1 - self.alpha) + ndtri(_POWER)) * se)

    @property
    def _runs(self) -> Path:
        return self.book.path / "runs"

    @property
    def seconds(self) -> float:
        """What the missing runs will take, about."""
        return sum(expected_seconds(self._runs, arm, self.seeds) for arm in self.arms)

    def open(self, actor: str = "", reason: str = "") -> Entry:
        """Log that the test rows are opened for this pair, with which seeds; an opening that is there stays the one."""
        if (before := self.begun) is not None:
            return before
        named = dict(zip(("a_values", "b_values", "content"), self.pair, strict=True))
        there = 2 * len(self.seeds) - self.missing
        terms = {"metric": self.metric, "alpha": self.alpha, "continues": self.continues}
        evidence = {"verdict": named, "opening": {**terms, "seeds": self.seeds, "trained_before": there}}
        return self.book.log.append(
            "opening", actor=actor, reason=reason, table=self.arms[1].table.version, evidence=evidence
        )

    def scores(self, progress: Progress | None = None) -> dict[str, Any]:
        """Open the test rows, train what is missing and ask; called again it goes on where it stopped.

        Returns:
            `metric`, `a`, `b` (mean scores), `gain`, `lower`, `upper`, `alpha`, `seeds`, `n`, and as `fresh` the seeds
            with the `runs` of both arms and the number of the entry of the `opening`.

        Raises:
            RefusedError: `promote.runs`, a model is not the one that its training wrote.
            RunError, MachineError: as `trained`. BookError, MachineError: the opening cannot be logged.
        """
        entry = self.open()
        seeds = trial_seeds(entry)
        watch = progress or Silent()
        watch.start("promote", 2 * len(seeds))
        logits: tuple[list[Any], list[Any]] = ([], [])
        runs: dict[str, list[str]] = {"a": [], "b": []}
        with ahead([arm.plan(seed) for seed in seeds for arm in self.arms], self._runs):
            for seed, (side, name) in product(seeds, enumerate("ab")):
                result = trained(self._runs, self.arms[side].plan(seed), watch)
                logits[side].append(self._answers(result, watch))
                runs[name].append(result.run.id)
                watch.advance()
        watch.finish()
        a, b = (scores_of_arm(self.data, self.exam, side) for side in logits)
        effect = gain_of(a, b, self.metric, self.alpha)
        scores = {name: float(arm_scores.told(self.metric).mean()) for name, arm_scores in (("a", a), ("b", b))}
        ends = {"gain": effect.mean, "lower": effect.lower, "upper": effect.upper, "alpha": self.alpha}
        fresh = {"seeds": seeds, "runs": runs, "opening": entry.number}
        about = {"seeds": effect.seeds, "n": len(self.exam.rows), "fresh": fresh}
        return {"metric": self.metric, **scores, **ends, **about}

    def _answers(self, result: Result, watch: Progress) -> Answers | None:
        """What a run's model answers now: answers that lie in its folder could be anybody's."""
        if result.run.finished and result.run.outcome.get("model_id") not in (None, "", model_id(result.run.model)):
            a, b = (f"v{arm.table.version}" for arm in self.arms)
            told: dict[str, Any] = {"key": b, "book": self.book.path, "a": a, "name": b, "run": result.run.id}
            raise RefusedError("promote.runs", **told, why=say("promote.run.model"))
        for texts in (True, False):
            kept_at(result.run, self.exam.place, texts=texts).unlink(missing_ok=True)
        return answers_of(result, self.exam, progress=watch)


def make_trial(book: Book, plan: ABPlan, arms: tuple[Arm, Arm], gain: float, seen: MeanSquares | None) -> Trial:
    """The trial that a passing test leads to.

    Raises:
        RefusedError: `promote.not_repeated`: the test rows have said no to this pair before; `promote.no_test_rows`,
            `promote.few_test_groups`; `promote.rows_worn`: they were asked too often; `promote.opened_otherwise`: they
            were opened for this pair, and the gate has changed since.
    """
    gate, name = book.file.gate, f"v{arms[1].table.version}"
    told: dict[str, Any] = {"key": name, "book": book.path}
    pair = (plan.a_values, plan.b_values, plan.content)
    for entry in trials_of(book):
        if pair_of(entry) == pair:
            raise not_repeated(name, entry.evidence["test_scores"], entry.number)
    rows = book.data.rows.get("test", 0)
    if rows < LEAST_ROWS:
        raise RefusedError("promote.no_test_rows", **told, value=rows, allowed=f">= {LEAST_ROWS}")
    begun = pending(book, pair)
    if begun is None and openings(book) >= gate.openings:
        raise RefusedError("promote.rows_worn", **told, value=openings(book), allowed=f"< {gate.openings}")
    data = numbered(book.data, arms[0].base.labels)
    exam = split_exam(data, "test", plan.metric)
    if exam.groups is not None:
        worth = Sizes.of(exam.groups).effective
        if exam.count < _LEAST_GROUPS or worth < FEWEST:
            few: dict[str, Any] = {
                "value": exam.count,
                "worth": f"{worth:.1f}",
                "allowed": f">= {_LEAST_GROUPS}; {FEWEST:g}",
            }
            raise RefusedError("promote.few_test_groups", **told, **few)
    if begun is None:
        seeds = fresh_seeds(book, gate.seeds, plan.b_values)
    else:
        seeds = trial_seeds(begun)
        now = {"metric": plan.metric, "alpha": gate.alpha, "continues": run_name(plan), "seeds": gate.seeds}
        _as_opened(begun, now, name)
    return Trial(book, data, arms, exam, plan.metric, gate.alpha, seeds, gain, seen, run_name(plan))


def _as_opened(begun: Entry, now: dict[str, Any], name: str) -> None:
    """Once the rows are opened, by what they judge is fixed: it could be chosen by what they answer."""
    was = {**begun.evidence["opening"], "seeds": len(trial_seeds(begun))}
    for row, value in now.items():
        if was[row] != value:
            told: dict[str, Any] = {
                "row": row,
                "value": value or "–",
                "allowed": was[row] or "–",
                "entry": begun.number,
            }
            raise RefusedError("promote.opened_otherwise", key=name, **told)


def fresh_seeds(book: Book, count: int, challenger: str) -> list[int]:
    """The first seeds from 1001 on that no logged test has used, nor a trial of the challenger; always the same.

    A champion's runs of another trial serve again.
    """
    used: set[int] = set().union(*(item.used_seeds for item in logged_tests(book)), _tried(book, challenger))
    found: list[int] = []
    seed = _FIRST
    while len(found) < count:
        if seed not in used:
            found.append(seed)
        seed += 1
    return found


def _tried(book: Book, values: str) -> Iterable[int]:
    """Seeds with which a table was the challenger of a trial."""
    entries = [item for item in book.log.entries("opening", "open", "promote") if trial_seeds(item)]
    return (seed for item in entries if pair_of(item)[1] == values for seed in trial_seeds(item))


def not_repeated(name: str, found: dict[str, Any], entry: int) -> RefusedError:
    """The refusal of a table whose gain the test rows have not confirmed; `entry` of the log says so for good."""
    points = {part: amount(found[part], found["metric"]) for part in ("gain", "lower", "upper")}
    about = {"n": found["n"], "seeds": found["seeds"], "metric": metric_name(found["metric"])}
    return RefusedError("promote.not_repeated", key=name, entry=entry, **points, **about)


__all__ = ["Trial", "fresh_seeds", "make_trial", "not_repeated"]
