"""The verdict on a challenger: no worse on the old rows, better on the new ones, whatever the seeds."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tunebook.core.nouns import DataRef, Labels, Roles
from tunebook.core.task import Rows
from tunebook.core.verdict import Gate
from tunebook.stats.gate import two_way
from tunebook.verbs import retrain_judge
from tunebook.verbs.abtest.scored import Answers, Exam
from tunebook.verbs.retrain_judge import OnRows, judge

OLD, NEW, SEEDS = 300, 200, 3


def answers(targets, right, draw):
    """Logits of a model that is right in so large a share of the rows."""
    said = np.where(draw.random(len(targets)) < right, targets, 1 - targets)
    return np.stack([1.0 - 2.0 * said, 2.0 * said - 1.0], axis=1).astype(np.float32)


@pytest.fixture
def judged(monkeypatch):
    """Judges models that are right in these shares of the old and of the new rows."""

    def act(live, challenger, failed=(), most_loss=0.02):
        draw = np.random.default_rng(7)
        targets, period = draw.integers(0, 2, OLD + NEW), np.repeat([1, 2], [OLD, NEW])
        order = draw.permutation(len(targets))
        targets, period = targets[order], period[order]

        def made(shares):
            return answers(targets, np.where(period == 1, *shares), draw)

        rows = Rows([f"t{n}" for n in range(len(targets))], None, targets, [str(n) for n in range(len(targets))])
        exam = Exam("test", "test", rows, "key")
        arms = [
            SimpleNamespace(
                failed="run.diverged" if n in failed else "",
                run=SimpleNamespace(id=f"c{n}", validation_scores={"accuracy": 0.7 + 0.1 * (n == 1)}),
                said=None if n in failed else Answers(made(challenger)),
            )
            for n in range(SEEDS)
        ]
        theirs = made(live)
        monkeypatch.setattr(retrain_judge, "split_exam", lambda *given: exam)
        monkeypatch.setattr(retrain_judge, "versions_of", lambda ref: period)
        monkeypatch.setattr(retrain_judge, "place_of", lambda *given: "x")
        monkeypatch.setattr(retrain_judge, "answers", lambda *given, **named: theirs)
        monkeypatch.setattr(retrain_judge, "answers_of", lambda arm, *given, **named: arm.said)
        labels = Labels(problem="single_label", names=["bad", "good"])
        ref = DataRef(path=Path(), sources={}, roles=Roles(text="t"), labels=labels, rows={}, content="c")
        live_run = SimpleNamespace(id="live", plan=None)
        found = judge(ref, live_run, arms, Gate(metric="accuracy"), most_loss)
        right = [(one.logits.argmax(1) == targets) if one else np.zeros(len(targets)) for one in (a.said for a in arms)]
        gained = np.stack(right).astype(float) - (theirs.argmax(1) == targets)
        return found, gained, period

    return act


def test_the_interval_is_that_of_seeds_and_rows(judged):
    found, gained, period = judged((0.9, 0.6), (0.9, 0.9))
    assert found.verdict == "PROMOTE" and (found.old.rows, found.new.rows) == (OLD, NEW)
    for side, number in ((found.old, 1), (found.new, 2)):
        exact = two_way(gained[:, period == number], 0.05)
        assert np.allclose([side.gain, side.lower, side.upper], [exact.mean, exact.lower, exact.upper])
        assert side.challenger - side.live == pytest.approx(exact.mean)
    assert found.challenger == "c1" and found.live == "live"
    told = found.data()
    assert told["new"]["ok"] is True and told["old"]["needs"] == -0.02 and told["verdict"] == "PROMOTE"


@pytest.mark.parametrize(
    ("live", "challenger", "verdict"),
    [
        ((0.9, 0.9), (0.5, 0.95), "REJECT"),  # forgets
        ((0.7, 0.9), (0.9, 0.5), "REJECT"),  # does not learn
        ((0.9, 0.8), (0.9, 0.8), "INCONCLUSIVE"),
        ((0.9, 0.6), (0.88, 0.95), "INCONCLUSIVE"),  # a loss that is not excluded
    ],
)
def test_verdicts(judged, live, challenger, verdict):
    assert judged(live, challenger)[0].verdict == verdict


def test_a_run_that_diverged_counts_and_is_not_chosen(judged):
    found, *_ = judged((0.9, 0.6), (0.95, 0.95), failed=(1,))
    assert found.verdict != "PROMOTE" and found.challenger != "c1"


def test_proven_and_disproven():
    side = OnRows(10, 0.5, 0.6, 0.1, 0.05, 0.15, 0.0)
    assert side.ok and not side.worse
    assert OnRows(10, 0.5, 0.4, -0.1, -0.15, 0.0, 0.0).worse
