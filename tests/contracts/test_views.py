"""What a technique does to the rows is what is trained on; one that does nothing is as good as absent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests import small
from tests.contracts.views import KINDS
from tests.engine.test_fit import BombError, bomb, fit, material, plan, weights
from tunebook.core import registry as module
from tunebook.core.errors import PlanError
from tunebook.engine.fit import Fit
from tunebook.engine.outcome import last_checkpoint
from tunebook.engine.track import read_history


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "techniques", lambda: KINDS)


def equal(one: Path, other: Path) -> bool:
    first, second = weights(one), weights(other)
    return all(torch.equal(first[name], second[name]) for name in first)


def test_one_that_does_nothing_is_as_good_as_absent(model: Path, tmp_path: Path) -> None:
    outcome = fit(model, tmp_path / "with", plan({"same": {}}, max_steps=6, eval_every=3)).run()
    fit(model, tmp_path / "without", plan(max_steps=6, eval_every=3)).run()
    assert outcome.counters["same"] == {"rows": 96.0}
    assert equal(tmp_path / "with", tmp_path / "without")
    assert read_history(tmp_path / "with" / "metrics.jsonl") == read_history(tmp_path / "without" / "metrics.jsonl")


def test_rows_left_out_are_as_if_they_had_never_been_there(model: Path, tmp_path: Path) -> None:
    made = plan({"odd": {}}, class_weights="balanced")
    outcome = fit(model, tmp_path / "dropped", made).run()
    (tmp_path / "without").mkdir()
    whole = material(model)
    less = replace(whole, train=whole.train.take(np.arange(1, 96, 2)))
    Fit(plan(class_weights="balanced"), less, tmp_path / "without").run()
    assert (outcome.rows, outcome.steps) == (2 * 48, 2 * 6)
    assert equal(tmp_path / "dropped", tmp_path / "without")


@pytest.mark.parametrize("key", ["weigh", "easy"])
def test_weights_and_order_act(key: str, model: Path, tmp_path: Path) -> None:
    outcome = fit(model, tmp_path / "with", plan({key: {}})).run()
    fit(model, tmp_path / "without", plan()).run()
    assert any(outcome.counters[key].values())
    assert not equal(tmp_path / "with", tmp_path / "without")


def test_two_of_them_work_one_after_the_other(model: Path, tmp_path: Path) -> None:
    made = fit(model, tmp_path, plan({"odd": {}, "weigh": {}}))
    assert len(made.view.rows) == len(made.view.rows.fixed["sample_weight"]) == 48


@pytest.mark.parametrize("keys", [("odd", "weigh"), ("easy",)], ids="+".join)
@pytest.mark.parametrize("stop", [8, 15])
def test_a_resume_is_as_if_never_stopped(keys: tuple[str, ...], stop: int, model: Path, tmp_path: Path) -> None:
    made = plan({key: {} for key in keys}, max_steps=18, max_epochs=3, eval_every=5, early_stopping_patience=None)
    whole = fit(model, tmp_path / "whole", made).run()
    with pytest.raises(BombError):
        fit(model, tmp_path / "parts", made, callbacks=[bomb(stop)]).run()
    parts = fit(model, tmp_path / "parts", made).run(last_checkpoint(tmp_path / "parts"))
    assert equal(tmp_path / "whole", tmp_path / "parts")
    assert parts.counters == whole.counters
    assert read_history(tmp_path / "whole" / "metrics.jsonl") == read_history(tmp_path / "parts" / "metrics.jsonl")


def test_too_few_rows_for_the_warm_up_are_refused(model: Path, tmp_path: Path) -> None:
    made: dict[str, Any] = {"warmup_steps": 6, "max_epochs": 1, "batch_size": 8}
    with pytest.raises(PlanError) as caught:
        fit(model, tmp_path / "odd", plan({"odd": {}}, **made)).run()
    assert caught.value.code == "plan.warmup"
