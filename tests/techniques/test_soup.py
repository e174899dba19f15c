"""The greedy recipe against a recipe by hand on scores that are known, and a whole run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tests import tiny
from tests.ground import Ground
from tests.techniques.test_swa import facts
from tunebook.core.errors import PlanError
from tunebook.core.technique import RunContext
from tunebook.engine.load import load_model
from tunebook.engine.track import read_history
from tunebook.techniques.soup import Soup

NEUTRAL = {"candidates": 1}
GOAL = 3.0


def score(value: float) -> float:
    """The nearer the bias is to the goal, the better."""
    return -abs(value - GOAL)


def bias(net: Any) -> float:
    return float(net.classifier.bias[0].detach())


def cooked(values: list[float], **rows: Any) -> tuple[RunContext, float]:
    """The soup over looks at which the bias had these values, and its bias."""
    net = tiny.classifier("bert")
    source = SimpleNamespace(score=lambda model: {"accuracy": score(bias(model))})
    run = RunContext(
        model=net, optimizer=torch.optim.SGD(net.parameters(), lr=0.1), source=source, settings={"metric": "accuracy"}
    )  # type: ignore[arg-type]
    technique = Soup(**rows)
    for value in values:
        torch.nn.init.constant_(net.classifier.bias, value)
        with technique.scoring(run):
            assert bias(net) == value, "looks see the weights as they are"
        run.scores = {"accuracy": score(value)}
        technique.on("look", run)
    technique.on("end", run)
    with technique.scoring(run):
        kept = bias(net)
    assert bias(net) == values[-1]
    return run, kept


def by_hand(values: list[float], most: int) -> list[float]:
    """Recipe 1 of Wortsman et al., on single numbers."""
    ranked = sorted(values, key=score, reverse=True)[:most]
    chosen = ranked[:1]
    for value in ranked[1:]:
        if score(sum([*chosen, value]) / (len(chosen) + 1)) >= score(sum(chosen) / len(chosen)):
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
