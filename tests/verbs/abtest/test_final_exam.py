"""The last proof of a promotion: fresh seeds, trained once, on the locked test rows."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri, stdtrit
from scipy.stats import binom

from tests import ab_book
from tunebook.core.errors import RefusedError
from tunebook.core.nouns import write_json
from tunebook.stats.gate import MeanSquares, two_way
from tunebook.verbs.ab import ab
from tunebook.verbs.abtest import final_exam as module
from tunebook.verbs.abtest.final_exam import Trial, fresh_seeds, not_repeated
from tunebook.verbs.abtest.scored import Exam, split_exam
from tunebook.verbs.promote import promote, weigh
from tunebook.verbs.steps.answers import known_answers
from tunebook.verbs.steps.book import Book, open_book


def trial_of(book: Book, version: int = 3) -> Trial:
    trial = weigh(book, version).trial
    assert trial is not None
    return trial


class Watch:
    """A watcher that counts."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []
        self.done = 0

    def start(self, what: str, total: int, done: int = 0) -> None:
        self.told.append((what, total))

    def advance(self, amount: int = 1, **figures: float) -> None:
        self.done += amount

    def finish(self) -> None:
        self.told.append(("finish", 0))


def test_the_gain_is_that_of_fresh_runs_on_the_test_rows(proven: Book) -> None:
    watch = Watch()
    found = trial_of(proven).scores(watch)
    assert (watch.told[0], watch.told[-1]) == (("promote", 6), ("finish", 0)) and watch.done >= 6
    exam = split_exam(proven.data, "test")
    runs = {side: [proven.run(name) for name in names] for side, names in found["fresh"]["runs"].items()}
    right = {
        side: np.stack([known_answers(run, exam.rows, exam.place).argmax(1) == exam.targets for run in named])
        for side, named in runs.items()
    }
    effect = two_way(right["b"].astype(float) - right["a"].astype(float), 0.05)
    assert (found["n"], found["seeds"], found["alpha"]) == (proven.data.rows["test"], 3, 0.05)
    assert (found["gain"], found["lower"], found["upper"]) == pytest.approx((effect.mean, effect.lower, effect.upper))
    assert [run.plan.seed for named in runs.values() for run in named] == [1001, 1002, 1003] * 2
    assert {run.plan.table for run in runs["a"]} == {proven.tables.get(2).values_id}


def test_nothing_is_trained_twice(proven: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = trial_of(proven)
    assert (trial.missing, trial.seconds) == (0, 0)
    monkeypatch.setattr("tunebook.verbs.engines.seam.train", lambda *_, **__: pytest.fail("it is there already"))
    assert trial.scores() == trial.scores()
    more = replace(trial, seeds=[1001, 1004])
    assert more.missing == 2 and more.seconds > 0


def test_what_could_be_seen(proven: Book) -> None:
    trial = trial_of(proven)
    assert trial.seen is not None and (trial.seen.k, trial.seen.n) == (3, 48)
    seen = MeanSquares(seeds=2.0, rows=0.5, rest=0.1, k=3, n=48)
    se, df = seen.error(0.05)
    trial = replace(trial, seen=seen)
    assert trial.least == pytest.approx((stdtrit(df, 0.95) + ndtri(0.8)) * se), "as many seeds and rows as the test had"
    few = replace(trial, exam=replace(trial.exam, rows=trial.exam.rows.at(slice(0, 12))))
    more = replace(trial, seeds=[1, 2, 3, 4, 5, 6])
    assert trial.least and more.least and few.least and more.least < trial.least < few.least
    assert replace(trial, seen=None).least is None


def test_a_metric_without_rows_is_tried_too(proven: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(next((proven.path / "tests").glob("*/verdict.json")).parent)
    book = ab_book.set_gate(proven, metric="macro_f1", alpha=0.2)
    assert ab(book, 2, 3).passed
    trial = trial_of(book)
    assert trial.least is None and trial.scores()["metric"] == "macro_f1"


def test_fresh_seeds_are_those_that_nobody_has_used(proven: Book) -> None:
    three = proven.tables.get(3).values_id
    assert fresh_seeds(proven, 3, three) == [1001, 1002, 1003] == fresh_seeds(proven, 3, three)
    proven.log.append("test", evidence={"test": "x", "a": 2, "b": 3, "history": [look(1002)]})
    assert fresh_seeds(proven, 2, three) == [1003, 1004], "whatever test has used them"


def look(seeds: int) -> dict[str, Any]:
    return {"seeds": seeds, "alpha": 0.05, "gain": 0.0, "lower": 0.0, "upper": 0.0, "verdict": "REJECT"}


def test_a_challenger_gets_others_the_next_time_and_the_champion_the_same(proven: Book) -> None:
    two, three = proven.tables.get(2).values_id, proven.tables.get(3).values_id
    promote(proven, 3, reason="proven")
    assert fresh_seeds(proven, 2, three) == [1004, 1005]
    assert fresh_seeds(proven, 2, two) == [1001, 1002]


def test_rows_that_are_none_or_worn_are_refused(proven: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    book = ab_book.set_gate(proven, openings=1)
    book.log.append("open", evidence={"test_scores": {"a": 0.5}})
    with pytest.raises(RefusedError) as worn:
        weigh(book, 3)
    assert worn.value.code == "promote.rows_worn" and worn.value.value == 1
    assert "tunebook init NEW" in str(worn.value) and "table export" in str(worn.value)
    other = {"a_values": "x", "b_values": "y", "content": book.data.content}
    scores = {"fresh": {"seeds": [1001], "runs": {}}}
    book.log.append("open", evidence={"verdict": other, "test_scores": scores})
    book = ab_book.set_gate(book, openings=3)
    assert trial_of(book).missing == 0, "the test rows have refused another table"
    rows = {**book.data.rows, "test": 19}
    write_json(book.data.model_copy(update={"rows": rows}), book.path / "data" / "split.json")
    with pytest.raises(RefusedError) as none:
        weigh(open_book(book.path), 3)
    assert none.value.code == "promote.no_test_rows" and "19 test rows" in str(none.value)


def test_so_many_rows_keep_the_level() -> None:
    """Two tables that answer always the same, all numbers of rows weighed in which the challenger is right."""

    def level(rows: int) -> float:
        wins = np.arange(rows + 1)
        passed = [
            two_way(np.where(np.arange(rows) < count, 1.0, -1.0)[None].repeat(3, 0), 0.05).lower > 0 for count in wins
        ]
        return float(binom.pmf(wins, rows, 0.5) @ np.array(passed, float))

    assert level(2) == pytest.approx(0.25) and level(9) > 0.085
    assert max(level(rows) for rows in range(module.LEAST_ROWS, 41)) < 0.07
    assert max(level(rows) for rows in range(module._LEAST_GROUPS, 21)) < 0.075


@pytest.mark.parametrize(
    ("group", "count", "worth"),
    [(lambda row: row % 9, 9, "8.9"), (lambda row: np.maximum(row - row.max() + 10, 0), 11, "1.")],
    ids=["nine", "one of nearly all rows"],
)
def test_test_rows_of_few_groups_are_refused_before_anything_is_trained(
    group: Any, count: int, worth: str, proven: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    def grouped(data: Any, split: Any, metric: str) -> Exam:
        exam = split_exam(data, split, metric)
        return replace(exam, groups=group(np.arange(len(exam.rows))) if split == "test" else None)

    monkeypatch.setattr(module, "split_exam", grouped)
    with pytest.raises(RefusedError) as caught:
        weigh(proven, 3)
    assert (caught.value.code, caught.value.value) == ("promote.few_test_groups", count)
    assert f"worth {worth}" in str(caught.value)
    monkeypatch.undo()
    trial = trial_of(proven)
    pairs = replace(trial, exam=replace(trial.exam, groups=np.arange(len(trial.exam.rows)) // 2))
    assert trial.least and pairs.least and pairs.least > trial.least, "half as many units"
    assert pairs.scores()["n"] == len(trial.exam.rows)


def test_a_refusal_tells_its_figures_in_the_unit_of_the_metric() -> None:
    found = {"metric": "rmse", "gain": 0.25, "lower": -0.5, "upper": 1.0, "n": 40, "seeds": 5}
    assert "+0.250 (interval -0.500 to +1.000)" in str(not_repeated("v2", found, 9))
