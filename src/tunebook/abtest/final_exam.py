"""The last proof of a promotion: both tables trained anew with fresh seeds, and judged on the locked test rows.

A test on the validation rows has seen them before: checkpoints were chosen on them, and of many tables that are tested
against one champion the luckiest passes. Runs that nobody has seen, on rows that chose nothing, are no luckier than
any others. What must not get worse is not asked again: it was judged on the validation rows, and the test rows are too
few for margins (docs/why/0013-two-proofs.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from scipy.special import ndtri, stdtrit

from tunebook.abtest.arms import Arm, expected_seconds, known, trained
from tunebook.abtest.exam import Exam, split_exam
from tunebook.abtest.looks import gain as gain_of
from tunebook.abtest.marks import marks_of
from tunebook.abtest.openings import openings, trials_of
from tunebook.abtest.pairs import answers
from tunebook.abtest.test_plan import TestPlan
from tunebook.abtest.tested import logged_tests
from tunebook.core.errors import RefusedError
from tunebook.core.nouns import DataRef
from tunebook.core.progress import Progress, Silent
from tunebook.engine.past import numbered
from tunebook.report.ab_words import amount
from tunebook.report.words import metric_name
from tunebook.stats.gate import MeanSquares
from tunebook.stats.settle import expected
from tunebook.verbs.book import Book

_FIRST = 1001  # far from the seeds of tests and tables
_POWER = 0.8
_LEAST = 2  # rows without which there is no spread


@dataclass(frozen=True)
class Trial:
    """Both arms of a test with fresh seeds, and the test rows.

    Attributes:
        metric: of the test; alpha: one-sided error, the gate's.
        seeds: that no test of the book and no earlier trial of the challenger has used.
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

    def scores(self, progress: Progress | None = None) -> dict[str, Any]:
        """Train what is missing and ask the test rows; called again it goes on where it stopped.

        Returns:
            `metric`, `a`, `b` (mean scores), `gain`, `lower`, `upper`, `alpha`, `seeds`, `n`, and as `fresh` the seeds
            with the `runs` of both arms.

        Raises:
            RunError, MachineError: as `trained`.
        """
        watch = progress or Silent()
        watch.start("promote", 2 * len(self.seeds))
        logits: tuple[list[Any], list[Any]] = ([], [])
        runs: dict[str, list[str]] = {"a": [], "b": []}
        for seed in self.seeds:
            for side, (name, arm) in enumerate(zip("ab", self.arms, strict=True)):
                result = trained(self._runs, arm.plan(seed), watch)
                logits[side].append(answers(result, self.exam, cache(result.load), watch))
                runs[name].append(result.run.id)
                watch.advance()
        watch.finish()
        a, b = (marks_of(self.data, self.exam, side) for side in logits)
        effect = gain_of(a, b, self.metric, self.alpha)
        scores = {name: float(marks.scores(self.metric).mean()) for name, marks in (("a", a), ("b", b))}
        ends = {"gain": effect.mean, "lower": effect.lower, "upper": effect.upper, "alpha": self.alpha}
        about = {"seeds": effect.seeds, "n": len(self.exam.rows), "fresh": {"seeds": self.seeds, "runs": runs}}
        return {"metric": self.metric, **scores, **ends, **about}


def make_trial(book: Book, plan: TestPlan, arms: tuple[Arm, Arm], gain: float, seen: MeanSquares | None) -> Trial:
    """The trial that a passing test leads to.

    Raises:
        RefusedError: `promote.not_repeated`: the test rows have said no to this pair before; `promote.no_test_rows`,
            `promote.one_test_group`; `promote.rows_worn`: they were asked too often.
    """
    gate, name = book.file.gate, f"v{arms[1].table.version}"
    told: dict[str, Any] = {"key": name, "book": book.path}
    for entry in trials_of(book):
        found = entry.evidence["verdict"]
        if (found["a_values"], found["b_values"], found["content"]) == (plan.a_values, plan.b_values, plan.content):
            raise not_repeated(name, entry.evidence["test_scores"], entry.number)
    rows = book.data.rows.get("test", 0)
    if rows < _LEAST:
        raise RefusedError("promote.no_test_rows", **told, value=rows, allowed=f">= {_LEAST}")
    if openings(book) >= gate.openings:
        raise RefusedError("promote.rows_worn", **told, value=openings(book), allowed=f"< {gate.openings}")
    data = numbered(book.data, arms[0].base.labels)
    exam = split_exam(data, "test")
    if exam.count == 1:
        raise RefusedError("promote.one_test_group", **told)
    seeds = fresh_seeds(book, gate.seeds, plan.b_values)
    return Trial(book, data, arms, exam, plan.metric, gate.alpha, seeds, gain, seen)


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
    tried = [item.evidence for item in trials_of(book, every=True) if item.evidence["verdict"]["b_values"] == values]
    return (seed for found in tried for seed in found["test_scores"]["fresh"]["seeds"])


def not_repeated(name: str, found: dict[str, Any], entry: int) -> RefusedError:
    """The refusal of a table whose gain the test rows have not confirmed; `entry` of the log says so for good."""
    points = {part: amount(found[part], found["metric"]) for part in ("gain", "lower", "upper")}
    about = {"n": found["n"], "seeds": found["seeds"], "metric": metric_name(found["metric"])}
    return RefusedError("promote.not_repeated", key=name, entry=entry, **points, **about)


__all__ = ["Trial", "fresh_seeds", "make_trial", "not_repeated"]
