"""Effects of rows: which mixtures are trained, how they are weighed, and what is told where nothing can be."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests import ab_book
from tests.ab_book import arm_scores, exam
from tunebook.core.errors import PlanError
from tunebook.core.nouns import write_json
from tunebook.core.progress import Silent
from tunebook.core.verdict import Look, RowEffect, Verdict
from tunebook.stats.contrasts import one_back
from tunebook.stats.gate import two_way
from tunebook.tables.make import child
from tunebook.verbs.abtest import effects as module
from tunebook.verbs.abtest.arms import Arm
from tunebook.verbs.abtest.effects import Study, contrasts, measured, mixer, row_effects
from tunebook.verbs.abtest.verdicts import effects_for
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan


@pytest.fixture(scope="module")
def book(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Book:
    return ab_book.make_book(tmp_path_factory.mktemp("effects"), base)


def test_rows_of_a_technique_that_only_one_table_has_go_together(book: Book) -> None:
    a = book.tables.get(2)
    b = child(a, {"learning_rate": "1e-3", "freeze.layers": "1", "seed": "9"})
    mixed = mixer(a, b)
    assert set(mixed.units) == {"learning_rate", "freeze"}
    assert all(name.startswith("freeze.") for name in mixed.units["freeze"])
    assert mixed.table(frozenset()).values_id == a.values_id
    whole = mixed.table(frozenset(mixed.units))
    assert {**whole.values(), "seed": 0} == {**b.values(), "seed": 0}
    frozen = mixed.table(frozenset({"freeze"}))
    assert frozen.values()["freeze.layers"] == 1 and frozen.values()["learning_rate"] == a.values()["learning_rate"]
    back = mixer(b, a)
    assert set(back.units) == {"learning_rate", "freeze"}
    assert not any(name.startswith("freeze") for name in back.table(frozenset({"freeze"})).rows)
    both = mixer(b, child(b, {"freeze.layers": "2"}))
    assert set(both.units) == {"freeze.layers"}


def test_few_rows_share_the_gain_and_many_are_put_back_and_in() -> None:
    assert set(contrasts(["a", "b"], "auto")) == {"shapley"}
    assert set(contrasts(list("abcde"), "auto")) == {"one_back", "one_in"}
    assert set(contrasts(["a"], "one")) == {"one_back", "one_in"}
    many = contrasts(list("abcdefgh"), "shapley")["shapley"]
    assert sum(weights.get(frozenset("abcdefgh"), 0) for weights in many.values()) == pytest.approx(1)
    with pytest.raises(PlanError) as caught:
        contrasts(["a"], "guess")
    assert caught.value.code == "ab.effects"


def study(book: Book, seeds: int = 2) -> Study:
    arms = tuple(Arm(table, plan(table, book.data, seed=0)) for table in (book.tables.get(2), book.tables.get(3)))
    return Study(book, arms, list(range(1, seeds + 1)), exam(80))  # type: ignore[arg-type]


def by_hand(book: Book, monkeypatch: pytest.MonkeyPatch, rate: float, epochs: float) -> list[Any]:
    """Mixtures whose rows are right as often as their settings deserve; the tables that were asked for."""
    asked: list[Any] = []
    level = np.random.default_rng(0).random((2, 80))

    def of(self: Study, arm: Any, progress: Any) -> Any:
        if arm is None:
            return None
        asked.append(arm)
        chance = 0.4 + rate * (arm.base.params.learning_rate > 1e-3) + epochs * (arm.base.params.max_epochs > 1)
        return arm_scores(self.exam, level < chance)

    monkeypatch.setattr(Study, "arm_scores", of)
    return asked


def test_each_row_gets_what_it_is_worth(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = by_hand(book, monkeypatch, 0.3, 0.1)
    for method, names in (("auto", {"shapley"}), ("one", {"one_back", "one_in"})):
        found = row_effects(study(book), "accuracy", method, 0.05)
        assert {effect.method for effect in found} == names
        for effect in found:
            expected = {"learning_rate": 0.3, "max_epochs": 0.1}[effect.row]
            assert effect.effect == pytest.approx(expected, abs=0.09) and effect.lower <= effect.effect <= effect.upper
    assert len(asked) == 8, "four mixtures each time"
    shared = row_effects(study(book), "accuracy", "shapley", 0.05)
    level = np.random.default_rng(0).random((2, 80))
    assert sum(effect.effect for effect in shared) == pytest.approx((level < 0.8).mean() - (level < 0.4).mean())


def test_the_interval_is_that_of_the_difference(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    by_hand(book, monkeypatch, 0.3, 0.1)
    back = {
        effect.row: effect for effect in row_effects(study(book), "accuracy", "one", 0.1) if effect.method == "one_back"
    }
    level = np.random.default_rng(0).random((2, 80))
    expected = two_way((level < 0.8).astype(float) - (level < 0.5), 0.1)
    assert back["learning_rate"].lower == pytest.approx(expected.lower)
    assert back["learning_rate"].upper == pytest.approx(expected.upper)


def test_groups_of_rows_are_what_an_effect_counts(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    by_hand(book, monkeypatch, 0.3, 0.1)
    asked = study(book)
    codes = np.arange(80) // 4
    grouped = replace(asked, exam=replace(asked.exam, groups=codes))
    for metric, close in (("accuracy", 1e-9), ("macro_f1", 0.06)):
        found = {item.row: item for item in row_effects(grouped, metric, "one", 0.1) if item.method == "one_back"}
        level = np.random.default_rng(0).random((2, 80))
        expected = two_way((level < 0.8).astype(float) - (level < 0.5), 0.1, codes)
        assert found["learning_rate"].lower == pytest.approx(expected.lower, abs=close)


def test_a_metric_without_rows(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    by_hand(book, monkeypatch, 0.3, 0.1)
    found = {effect.row: effect for effect in row_effects(study(book), "macro_f1", "shapley", 0.05)}
    assert found["learning_rate"].effect > found["max_epochs"].effect > 0
    assert found["learning_rate"].lower < found["learning_rate"].effect < found["learning_rate"].upper


def test_what_cannot_be_told_is_said_so(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    by_hand(book, monkeypatch, 0.3, 0.1)
    inner = Study.arm

    def refuse(self: Study, mixed: Any, chosen: Any) -> Any:
        return None if chosen == {"learning_rate"} else inner(self, mixed, chosen)

    monkeypatch.setattr(Study, "arm", refuse)
    found = row_effects(study(book), "accuracy", "one", 0.05)
    lost = {(effect.row, effect.method) for effect in found if math.isnan(effect.effect)}
    assert lost == {("learning_rate", "one_in"), ("max_epochs", "one_back")}
    one = module._effect(
        "x",
        one_back(["x"])["x"],
        {m: arm_scores(exam(9), np.ones((1, 9), bool)) for m in (frozenset(), frozenset({"x"}))},
        "one_back",
        ("accuracy", 0.05),
    )
    assert math.isnan(one.effect), "one seed"


def test_rows_that_do_not_go_together_have_no_arm(book: Book) -> None:
    a = book.tables.get(2)
    b = child(a, {"warmup_steps": "50", "max_epochs": "30"})
    mixed = mixer(a, b)
    made = Study(book, tuple(Arm(t, plan(t, book.data, seed=0)) for t in (a, b)), [1, 2], exam(9))  # type: ignore[arg-type]
    assert made.arm(mixed, frozenset()) is made.arms[0] and made.arm(mixed, frozenset(mixed.units)) is made.arms[1]
    assert made.arm(mixed, frozenset({"warmup_steps"})) is None, "as long as training"
    alone = made.arm(mixed, frozenset({"max_epochs"}))
    assert alone is not None and alone.base.params.max_epochs == 30


def test_mixtures_are_trained_with_every_seed_and_kept(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    made = study(book)

    def trained(runs: Path, plan: Any, progress: Any) -> Any:
        asked.append(plan.seed)
        return SimpleNamespace(run=plan.seed, folder=Path(), load=None)

    monkeypatch.setattr(module, "trained", trained)
    monkeypatch.setattr(
        module, "answers_of", lambda result, exam, progress: ab_book.logits(exam, np.full(80, result.run == 1))
    )
    found = made.arm_scores(made.arms[0], Silent())
    assert asked == [1, 2] and found is not None and found.scores("accuracy").tolist() == [1.0, 0.0]
    assert made.arm_scores(None, Silent()) is None


def verdict(book: Book, number: int, effects: list[RowEffect], b: int = 3) -> None:
    look = Look(seeds=2, alpha=0.05, gain=0.1, lower=0, upper=0.2, verdict="PROMOTE")
    made = Verdict(
        test=str(number), verdict="PROMOTE", a=2, b=b, a_values="x", b_values="y", content="c", split="validation",
        metric="accuracy", gain=0.1, lower=0, upper=0.2, delta=0.02, delta_kind="absolute", alpha=0.05, seeds=2, n=9,
        looks=1, history=[look], effects=effects, path=book.path,
    )  # fmt: skip
    write_json(made, book.path / "tests" / str(number) / "verdict.json")


def test_a_table_shows_the_newest_effects(tmp_path: Path) -> None:
    book = Book(tmp_path)
    assert effects_for(book, 3) == {}

    def effect(value: float, method: str, row: str = "learning_rate") -> RowEffect:
        return RowEffect(row=row, effect=value, lower=value - 1, upper=value + 1, method=method)

    verdict(book, 1, [effect(0.5, "shapley")])
    verdict(book, 2, [effect(0.1, "one_back"), effect(0.2, "one_in"), effect(float("nan"), "one_back", "max_epochs")])
    verdict(book, 3, [])
    verdict(book, 4, [effect(0.9, "shapley")], b=5)
    (tmp_path / "tests" / "5").mkdir()
    (tmp_path / "tests" / "5" / "verdict.json").write_text("{")
    found = effects_for(book, 3)
    assert {row: (item.effect, item.method) for row, item in found.items()} == {"learning_rate": (0.1, "one_back")}
    assert effects_for(book, 5)["learning_rate"].effect == 0.9


def test_what_a_verdict_has_is_not_measured_again() -> None:
    def have(*methods: str) -> Any:
        return SimpleNamespace(effects=[SimpleNamespace(method=method) for method in methods])

    assert not measured(have(), "auto") and measured(have("one_in"), "auto")
    assert measured(have("one_back", "one_in"), "one") and not measured(have("shapley"), "one")
    assert measured(have("shapley"), "shapley") and not measured(have("one_back"), "shapley")
