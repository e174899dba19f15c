"""The greedy recipe against a recipe by hand on scores that are known, and a whole run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests import tiny
from tests.engine.test_fit import BombError, bomb
from tests.ground import Ground
from tests.techniques.test_swa import facts
from tunebook.core.errors import PlanError
from tunebook.core.kept_looks import KeptLooks
from tunebook.core.technique import RunContext
from tunebook.core.training import Training
from tunebook.engine.load import load_model
from tunebook.engine.outcome import last_checkpoint
from tunebook.engine.track import read_history
from tunebook.techniques.soup import Soup

NEUTRAL = {"candidates": 1}
GOAL = 3.0


def score(value: float, goal: float = GOAL) -> float:
    """The nearer the bias is to the goal, the better."""
    return -abs(value - goal)


def bias(net: Any) -> float:
    return float(net.classifier.bias[0].detach())


def cooked(values: list[float], *, rows: Any = None, **given: Any) -> tuple[RunContext, float]:
    """The soup over looks at which the bias had these values, and its bias."""
    net = tiny.classifier("bert")
    source = SimpleNamespace(score=lambda model: {"accuracy": score(bias(model))})
    run = RunContext(
        model=net,
        optimizer=torch.optim.SGD(net.parameters(), lr=0.1),
        source=source,
        settings=Training(metric="accuracy"),
    )  # type: ignore[arg-type]
    technique = Soup(**given)
    for value in values:
        torch.nn.init.constant_(net.classifier.bias, value)
        with technique.scoring(run):
            assert bias(net) == value, "looks see the weights as they are"
        run.scores = {"accuracy": score(value)}
        technique.on("look", run)
        if rows:
            technique.looked(rows.off(np.full((1, 1), value)), run)
    technique.on("end", run)
    with technique.scoring(run):
        kept = bias(net)
    assert bias(net) == values[-1]
    return run, kept


def by_hand(values: list[float], most: int, goal: float = GOAL) -> list[float]:
    """Recipe 1 of Wortsman et al., on single numbers."""
    ranked = sorted(values, key=lambda value: -score(value, goal))[:most]
    chosen = ranked[:1]
    for value in ranked[1:]:
        if score(sum([*chosen, value]) / (len(chosen) + 1), goal) >= score(sum(chosen) / len(chosen), goal):
            chosen.append(value)
    return chosen


@pytest.mark.parametrize(
    "values", [[2.0, 4.0, 5.0], [1.0, 2.5, 3.75, 2.0, 9.0], [3.0, 1.0], [0.0, 1.0, 2.0, 4.25, 4.5]]
)
@pytest.mark.parametrize("most", [1, 3, 5])
def test_the_greedy_recipe(values: list[float], most: int) -> None:
    run, kept = cooked(values, candidates=most)
    chosen = by_hand(values, most)
    assert kept == pytest.approx(sum(chosen) / len(chosen))
    tried = min(len(values), most) - 1
    gain = score(kept) - max(score(value) for value in values)
    assert gain >= 0
    assert run.counters["soup"] == pytest.approx(
        {"looks_tried": tried, "looks_kept": len(chosen), "score_gain": gain}, abs=1e-6
    )


class Rows:
    """Folds that like other biases: the nearer to a fold's own goal, the better."""

    goals = (3.0, 1.0)

    def __init__(self) -> None:
        self.asked: list[float] = []

    def answers(self, model: Any) -> Any:
        self.asked.append(bias(model))
        return np.full((4, 2), bias(model), np.float32)

    def off(self, logits: Any) -> tuple[float, ...]:
        return tuple(-abs(float(logits[0, 0]) - goal) for goal in self.goals)


# No two different soups of the second have the same mean.
@pytest.mark.parametrize(
    "values", [[2.0, 4.0, 5.0, 0.5, 1.75], [-2.671875, 3.109375, 3.796875, -3.09375, 9.0, 1.125], [3.0, 1.0]]
)
@pytest.mark.parametrize("most", [1, 2, 5])
def test_each_fold_is_answered_by_the_soup_that_the_others_cook(values: list[float], most: int) -> None:
    rows = Rows()
    run, kept = cooked(values, rows=rows, candidates=most)
    weights = [bias(run.model)]
    answers = Soup(candidates=most).crossed(run, rows)
    wanted = [by_hand(values, most, goal) for goal in rows.goals]
    assert [float(part[0, 0]) for part in answers] == pytest.approx([sum(x) / len(x) for x in wanted])
    assert kept == pytest.approx(float(answers[0][0, 0])), "the first fold's goal is that of all rows"
    assert bias(run.model) == weights[0]
    if len(values) == 6:
        assert len(rows.asked) == len(set(rows.asked)), "no soup is asked twice"
    assert "looks" not in run.state["soup"], "their weights are given back"


def test_a_resumed_soup_remembers_what_parts_of_the_rows_would_choose(ground: Ground, tmp_path: Path) -> None:
    made = ground.plan({"soup": {"candidates": 2}}, max_steps=12, eval_every=2, early_stopping_patience=None)
    ground.fit(tmp_path / "whole", made).run()
    with pytest.raises(BombError):
        ground.fit(tmp_path / "parts", made, callbacks=[bomb(9)]).run()
    ground.fit(tmp_path / "parts", made).run(last_checkpoint(tmp_path / "parts"))
    whole, parts = (KeptLooks.read(tmp_path / name) for name in ("whole", "parts"))
    assert whole is not None and parts is not None and whole.looks == parts.looks and len(whole.looks) == 6
    assert (whole.crossed() == parts.crossed()).all() and whole.complete


def test_without_a_look_nothing_is_cooked() -> None:
    run = RunContext(model=tiny.classifier("bert"))
    Soup().on("end", run)
    assert run.counters == {}
    with Soup().scoring(run):
        pass


def test_a_run_keeps_a_soup_that_is_no_worse_than_its_best_look(ground: Ground, tmp_path: Path) -> None:
    made = ground.plan({"soup": {}}, max_steps=12, eval_every=2, learning_rate=1e-2, early_stopping_patience=None)
    training = ground.fit(tmp_path, made)
    outcome = training.run()
    looks = [entry["eval_accuracy"] for entry in read_history(tmp_path / "metrics.jsonl") if "eval_accuracy" in entry]
    found = training.scorer()(load_model(tmp_path / "model", made).model)["eval_accuracy"]
    assert found == pytest.approx(max(looks) + outcome.counters["soup"]["score_gain"])
    assert outcome.counters["soup"]["looks_tried"] == 4


def test_one_look_is_refused() -> None:
    Soup().refuse(facts(max_epochs=2))
    with pytest.raises(PlanError, match=r"averaging\.looks"):
        Soup().refuse(facts(max_epochs=1))
