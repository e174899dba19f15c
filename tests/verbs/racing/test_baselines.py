"""Baselines of an auto: bought once, and held against the best table by the same rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from tests import ab_book
from tests.verbs.racing.contexts import Free
from tunebook.data.load import load
from tunebook.stats.gate import two_way
from tunebook.verbs.racing.best_of_n import best_table, buy_baselines, hold_against
from tunebook.verbs.steps import answers as cheap
from tunebook.verbs.steps.answers import BaselineAnswers
from tunebook.verbs.steps.book import Book

RIGHT = np.random.default_rng(0).random((3, 60)) < 0.7


@pytest.fixture
def context(book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Free:
    """A race that table 1 won, three seeds each; the rows are made up, the baselines always right and always wrong."""
    made = Free(tmp_path, {name: lambda place: 0.5 for name in ("champion", "1")})
    exam = ab_book.exam(60)
    for name, value in {"book": book, "exam": exam, "plans": {"champion": None}}.items():
        object.__setattr__(made, name, value)
    made.state_file.change("champion", scores=[0.5] * 3)
    made.state_file.change("1", scores=list(RIGHT.mean(1)), state="finalist")
    cast(Any, made).__dict__["candidate_scores"] = lambda item: ab_book.arm_scores(exam, RIGHT)
    answers = {
        "majority": ab_book.logits(exam, np.zeros(60, dtype=bool)),
        "tfidf_logreg": ab_book.logits(exam, np.ones(60, dtype=bool)),
    }
    calls: list[str] = []

    def measured(*args: Any) -> dict[str, BaselineAnswers]:
        calls.append("x")
        return {name: BaselineAnswers(logits, 0.25) for name, logits in answers.items()}

    monkeypatch.setattr(cheap, "baseline_answers", measured)
    cast(Any, made).__dict__["calls"] = calls
    return made


def test_they_are_bought_once(context: Free) -> None:
    buy_baselines(context)
    buy_baselines(context)
    assert cast(Any, context).calls == ["x"]
    assert [(item.name, item.score) for item in context.state_file.state.baselines] == [
        ("majority", 0.0),
        ("tfidf_logreg", 1.0),
    ]
    assert context.state_file.state.best_baseline is not None and context.state_file.state.best_baseline.seconds == 0.25
    assert not context.state_file.state.best_baseline.better, "nothing to be better than yet"


def test_the_gain_over_the_best_table_has_the_interval_of_the_gate(context: Free) -> None:
    buy_baselines(context)
    hold_against(context)
    best = context.state_file.state.best_baseline
    effect = two_way(1.0 - RIGHT, 0.05)
    assert best is not None and best.against == "1" == best_table(context).name
    assert (best.gain, best.lower, best.upper) == pytest.approx((effect.mean, effect.lower, effect.upper))
    assert best.surely and not context.state_file.state.baselines[0].better


def test_with_one_seed_the_interval_is_of_the_rows(context: Free) -> None:
    buy_baselines(context)
    context.state_file.change("1", scores=[RIGHT[0].mean()])
    cast(Any, context).__dict__["candidate_scores"] = lambda item: ab_book.arm_scores(context.exam, RIGHT[:1])
    hold_against(context)
    best = context.state_file.state.best_baseline
    assert best is not None and best.gain == pytest.approx(1 - RIGHT[0].mean()) and best.seeds == 1
    wanted = ttest_1samp(1.0 - RIGHT[0], 0).confidence_interval(0.9)
    assert (best.lower, best.upper) == pytest.approx((wanted.low, wanted.high))


def test_without_answers_nothing_is_said(context: Free) -> None:
    buy_baselines(context)
    (context.state_file.folder / "baselines.npz").unlink()
    hold_against(context)
    assert context.state_file.state.baselines[1].gain is None


def test_the_champion_is_the_best_table_where_nobody_is_ahead(context: Free) -> None:
    context.state_file.change("1", scores=[0.1] * 3)
    assert best_table(context).name == "champion"
    assert len(load(context.book.data, "validation")) > 0
