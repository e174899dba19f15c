"""The easy rows come first, by every measure of what is easy and every pace, and none is preferred within the pool."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ground import FIRST, Ground
from tunebook.core.encoded import pack
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.technique import Facts, RunContext, View
from tunebook.core.training import Training
from tunebook.tasks.text_classification import TextClassification
from tunebook.techniques.curriculum import Curriculum

NEUTRAL = {"start": 1.0}
SETTINGS: dict[str, Any] = {"batch_size": 5, "gradient_accumulation_steps": 2, "max_epochs": 4}
ROWS = 47  # of lengths 3 ... 49, shuffled: steps of 10, 10, 10, 10 and 7 rows


class Told:
    """A source that gives what it was told."""

    def __init__(self, taught: Any = None, columns: dict[str, Any] | None = None, votes: Any = None) -> None:
        self.answers, self.known, self.said = taught, columns or {}, votes

    def taught(self, name: str) -> Any:
        return self.answers

    def columns(self) -> dict[str, Any]:
        return self.known

    def votes(self) -> Any:
        return self.said


def view(count: int = ROWS) -> View:
    lengths = np.random.default_rng(3).permutation(np.arange(3, 3 + count))
    rows = pack({"input_ids": [[2, *range(10, 8 + length), 3] for length in lengths]})
    return View(rows.with_fixed(labels=np.arange(count) % 2, row=np.arange(count)))


def context(labels: Labels | None = None, source: Any = None, **settings: Any) -> RunContext:
    labels = labels or Labels(problem="single_label", names=["a", "b"])
    return RunContext(
        seed=4, settings=Training().model_copy(update={**SETTINGS, **settings}), labels=labels, source=source
    )


def test_every_step_draws_from_the_easiest_that_its_pace_lets_in() -> None:
    curriculum = Curriculum(start=0.3, duration=0.5, pacing="linear")
    made = curriculum.prepare_data(view(), context())
    rank = np.argsort(np.argsort(made.rows.lengths))
    assert made.order is not None
    for epoch in range(4):
        rows = made.order(epoch)
        assert len(rows) == ROWS and np.array_equal(rows, made.order(epoch))
        for step in range(5):
            pool = min(0.3 + 0.7 * (5 * epoch + step) / 20 / 0.5, 1)
            drawn = rows[10 * step : 10 * step + 10]
            assert rank[drawn].max() < math.ceil(pool * ROWS) and len(set(drawn)) == len(drawn)
    assert sorted(made.order(2)) == sorted(made.order(3)) == list(range(ROWS)), "all are in: each comes once"
    assert not np.array_equal(made.order(2), made.order(3))


def test_the_hardest_come_first_in_reverse_and_chance_is_a_control() -> None:
    made = Curriculum(start=0.3, reverse=True).prepare_data(view(), context())
    rank = np.argsort(np.argsort(-made.rows.lengths))
    assert made.order is not None and rank[made.order(0)[:10]].max() < 15
    chance = Curriculum(start=0.3, difficulty="random").prepare_data(view(), context())
    assert chance.order is not None
    assert 5 < np.argsort(np.argsort(chance.rows.lengths))[chance.order(0)[:10]].mean() < 41


def test_rows_of_the_pool_are_equally_likely() -> None:
    made = Curriculum(start=0.5, pacing="step", duration=1).prepare_data(view(20), context(max_epochs=3000))
    assert made.order is not None
    counts = Counter(int(row) for epoch in range(2000) for row in made.order(epoch))
    assert len(counts) == 10 and set(counts.values()) == {4000}, "steps of 10 of a pool of 10"
    made = Curriculum(start=0.75, pacing="step", duration=1).prepare_data(view(20), context(max_epochs=3000))
    assert made.order is not None
    counts = Counter(int(row) for epoch in range(2000) for row in made.order(epoch))
    expected, spread = 40000 / 15, math.sqrt(4000 * (2 / 3) * (1 / 3))
    assert len(counts) == 15 and all(abs(count - expected) < 4.5 * spread for count in counts.values())


def test_a_pool_smaller_than_a_step_gives_rows_twice_and_the_rows_of_another_order_are_kept_to() -> None:
    made = Curriculum(start=0.01).prepare_data(view(), context())
    assert made.order is not None and len(set(made.order(0)[:10])) == 1
    given = View(view().rows, lambda epoch: np.array([1, 2, 3, 3]))
    made = Curriculum().prepare_data(given, context(max_steps=100))
    assert made.order is not None and set(made.order(0)) <= {1, 2, 3} and len(made.order(0)) == 4


@pytest.mark.parametrize(
    ("pacing", "expected"),
    [
        ("linear", [0.25, 0.4375, 0.625, 1]),
        ("root", [0.25, math.sqrt(1 / 16 + 15 / 64), math.sqrt(1 / 16 + 15 / 32), 1]),
        ("step", [0.25, 0.25, 0.25, 1]),
        ("exponential", [0.25, 0.25 * 1.9, 0.25 * 1.9, 1]),  # three stairs: .25, .475, .9025
    ],
)
def test_the_paces_are_those_of_the_papers(pacing: Any, expected: list[float]) -> None:
    curriculum = Curriculum(pacing=pacing, start=0.25, duration=0.8)
    assert [curriculum.pace(share) for share in (0, 0.2 + 0.07 * (pacing == "exponential"), 0.4, 0.8)] == pytest.approx(
        expected
    )
    assert curriculum.pace(1) == 1
    assert Curriculum(start=1.0, pacing=pacing).pace(0) == 1


def difficulty(given: Curriculum, view: View, run: RunContext) -> list[int]:
    """Rows from the easiest to the hardest, as an order of one row a step shows them."""
    from tunebook.techniques.curriculum import DIFFICULTIES

    return [float(value) for value in DIFFICULTIES[given.difficulty](given, view.rows, run)]  # type: ignore[misc]


def test_rarity_is_the_mean_surprise_of_the_words_that_tell_rows_apart() -> None:
    texts = [[2, 7, 7, 8, 3], [2, 9, 3], [2, 7, 3], [2, 3]]
    rows = pack({"input_ids": texts}).with_fixed(row=np.arange(4))
    total = 5  # 7 three times, 8 once, 9 once; 2 and 3 are in every row
    common, rare = -math.log(3 / total), -math.log(1 / total)
    found = difficulty(Curriculum(difficulty="rarity"), View(rows), context())
    assert found == pytest.approx([(2 * common + rare) / 3, rare, common, 0])


def test_loss_is_that_of_the_other_model() -> None:
    from sklearn.metrics import log_loss

    logits = np.array([[2.0, -1.0], [0.5, 0.0], [-3.0, 1.0], [9.0, 9.0]], dtype=np.float32)
    rows = pack({"input_ids": [[1]] * 5}).with_fixed(row=np.array([2, 0, -1, 1, 3]))
    chance = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    rows = rows.with_fixed(labels=np.array([0, 1, 0, 0, 1]))
    one = [log_loss([label], chance[[row]], labels=[0, 1]) for row, label in ((2, 0), (0, 1), (1, 0), (3, 1))]
    hard = Curriculum(difficulty="loss", run="x")
    found = difficulty(hard, View(rows), context(source=Told(logits)))
    assert found == pytest.approx([one[0], one[1], np.median(one), one[2], one[3]], rel=1e-6)

    several = rows.with_fixed(labels=np.array([[0, 1], [1, 1], [0, 0], [1, 0], [0, 0]], dtype=np.float32))
    run = context(Labels(problem="multi_label", names=["a", "b"]), Told(logits))
    own = [0, 1, 3, 4]
    yes = 1 / (1 + np.exp(-logits[rows.fixed["row"][own]]))
    truth = several.fixed["labels"][own]
    wanted = -(truth * np.log(yes) + (1 - truth) * np.log(1 - yes)).mean(1)
    assert np.array(difficulty(hard, View(several), run))[own] == pytest.approx(wanted, rel=1e-3)

    numbers = rows.with_fixed(labels=np.array([1.0, 2.0, 0.0, 0.5, 9.0], dtype=np.float32))
    run = context(Labels(problem="regression"), Told(logits[:, :1]))
    assert np.array(difficulty(hard, View(numbers), run))[own] == pytest.approx([16, 0, 0, 0])


def test_a_column_is_the_users_own_score() -> None:
    columns = {"level": ["3", 1, 2.5, "0"], "who": ["x", "y", "z", "x"], "holes": [1, None, 2, 3]}
    rows = pack({"input_ids": [[1]] * 4}).with_fixed(row=np.array([3, 2, 1, 0]))
    run = context(source=Told(columns=columns))
    assert difficulty(Curriculum(difficulty="score", column="level"), View(rows), run) == [0, 2.5, 1, 3]
    for column in ("who", "holes", "absent"):
        with pytest.raises(PlanError) as caught:
            difficulty(Curriculum(difficulty="score", column=column), View(rows), run)
        assert caught.value.code == "curriculum.column" and "level" in str(caught.value)


def test_disagreement_is_the_share_that_says_something_else() -> None:
    rows = pack({"input_ids": [[1]] * 4}).with_fixed(row=np.arange(4))
    source = Told(votes=[["a", "a", "a"], ["a", "b", "c"], ["a", "b", "b"], []])
    found = difficulty(Curriculum(difficulty="disagreement"), View(rows), context(source=source))
    assert found == pytest.approx([0, 2 / 3, 1 / 3, 1])


def test_a_difficulty_needs_what_it_is_taken_from() -> None:
    facts = Facts("text_classification", Labels(problem="single_label", names=["a", "b"]), {}, {}, frozenset(), 9)
    Curriculum().refuse(facts)
    Curriculum(difficulty="loss", run="r").refuse(facts)
    for difficulty, row in (("loss", "run"), ("score", "column")):
        with pytest.raises(PlanError) as caught:
            Curriculum(difficulty=difficulty).refuse(facts)  # type: ignore[arg-type]
        assert caught.value.key == f"curriculum.{row}"
    with pytest.raises(PlanError) as caught:
        Curriculum(difficulty="disagreement").refuse(facts)
    assert caught.value.code == "curriculum.annotators" and "--annotators" in caught.value.advice
    Curriculum(difficulty="disagreement").refuse(replace(facts, annotators=("ann",)))


def test_it_tells_how_long_it_held_rows_back(ground: Ground, tmp_path: Path) -> None:
    rows = Curriculum(difficulty="loss", run=FIRST, duration=0.5).model_dump()
    outcome = ground.fit(tmp_path, ground.plan({"curriculum": rows}, max_steps=8, eval_every=8)).run()
    assert outcome.counters["curriculum"] == {"steps_of_a_part": 4.0, "pool_share": 1.0}


def test_a_pool_of_all_rows_from_the_start_is_no_curriculum() -> None:
    given = view()
    assert Curriculum(start=1.0).prepare_data(given, context()) is given


@pytest.mark.parametrize("rows", [{"difficulty": "loss", "run": "r"}, {"difficulty": "score", "column": "c"}])
def test_raw_text_has_only_itself_to_be_ordered_by(rows: dict[str, Any]) -> None:
    facts = Facts("masked_lm", Labels(problem="single_label", names=["a", "b"]), {}, {}, frozenset(), 9)
    Curriculum(difficulty="rarity").refuse(facts)
    with pytest.raises(PlanError) as caught:
        Curriculum(**rows).refuse(facts)
    assert caught.value.code == "curriculum.texts" and caught.value.allowed == "length | rarity | random"


def test_only_a_run_that_answers_whole_rows_says_how_hard_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    task = type("Tagger", (TextClassification,), {"gives": TextClassification.gives - {"row_logits"}})
    monkeypatch.setattr("tunebook.techniques.curriculum.tasks", lambda: {"tagger": task})
    facts = Facts("tagger", Labels(problem="single_label", names=["a", "b"]), {}, {}, frozenset(), 9)
    Curriculum(difficulty="score", column="c").refuse(facts)
    with pytest.raises(PlanError) as caught:
        Curriculum(difficulty="loss", run="r").refuse(facts)
    assert (caught.value.code, caught.value.key) == ("plan.needs", "curriculum.difficulty=loss")
