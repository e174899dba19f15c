"""What is still frozen does not move by a bit, what is unfrozen does, at the moments that the rows name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainerCallback

from tests import tiny
from tests.engine.test_fit import BombError, bomb
from tests.ground import Ground, weights
from tests.techniques.test_swa import facts
from tunebook.core.errors import PlanError
from tunebook.core.technique import RunContext
from tunebook.engine.outcome import last_checkpoint
from tunebook.models.architecture import depths
from tunebook.techniques.gradual_unfreezing import GradualUnfreezing

ACTS = {"by": "step", "every": 2}


class Watch(TrainerCallback):  # type: ignore[misc]
    """After each step: the lowest depth that moved, and whether all below it is as it was."""

    def __init__(self) -> None:
        self.before: dict[str, torch.Tensor] = {}
        self.lowest: list[int] = []

    def on_step_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        self.before = {name: item.detach().clone() for name, item in model.named_parameters()}

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        found = depths(model).of
        moved = {found[name] for name, item in model.named_parameters() if not torch.equal(item, self.before[name])}
        self.lowest.append(min(moved))


def lowest(ground: Ground, folder: Path, rows: dict[str, Any], **params: Any) -> list[int]:
    """The lowest depth that moved in each step: 4 is the head of three layers, 0 the embeddings."""
    watch = Watch()
    params = {"weight_decay": 0.5, "early_stopping_patience": None, "warmup_steps": 0, **params}
    ground.fit(folder, ground.plan({"gradual_unfreezing": rows}, **params), callbacks=[watch]).run()
    return watch.lowest


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "adafactor"])
def test_by_steps_a_layer_at_a_time(ground: Ground, tmp_path: Path, optimizer: str) -> None:
    """Weight decay would move what has no gradient, were it not skipped."""
    found = lowest(ground, tmp_path, {"by": "step", "every": 2}, max_steps=10, optimizer=optimizer)
    assert found == [4, 4, 3, 3, 2, 2, 1, 1, 0, 0]


def test_by_steps_two_layers_at_a_time_with_accumulation(ground: Ground, tmp_path: Path) -> None:
    rows = {"by": "step", "every": 3, "layers": 3}
    found = lowest(ground, tmp_path, rows, max_steps=8, batch_size=4, gradient_accumulation_steps=2)
    assert found == [4, 4, 4, 1, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("rows", "steps", "expected"),
    [
        ({}, 32, [4] * 2 + [3] * 2 + [2] * 2 + [1] * 2 + [0] * 24),
        ({}, 16, [4, 3, 2, 1] + [0] * 12),
        ({}, 6, [4, 2, 0, 0, 0, 0]),  # after 1 of 1.5 steps two of four
        ({"layers": 2}, 16, [4] * 2 + [2] * 2 + [0] * 12),
    ],
)
def test_by_default_evenly_over_the_first_quarter(
    ground: Ground, tmp_path: Path, rows: dict[str, Any], steps: int, expected: list[int]
) -> None:
    assert lowest(ground, tmp_path, rows, max_steps=steps) == expected


def test_by_epochs_two_each(ground: Ground, tmp_path: Path) -> None:
    """98 rows are 4 steps of 32."""
    found = lowest(ground, tmp_path, {"by": "epoch", "every": 2}, max_epochs=5, batch_size=32)
    assert found == [4] * 8 + [3] * 8 + [2] * 4


def test_by_plateau_after_looks_without_a_better_score() -> None:
    net = tiny.classifier("bert")
    run = RunContext(model=net, optimizer=torch.optim.SGD(net.parameters(), lr=0.1))
    technique = GradualUnfreezing(by="plateau", every=2)
    technique.on("start", run)
    found = []
    for best in (True, False, True, False, False, False, False, True, False, False, False, False, False, False):
        run.best = best
        technique.on("look", run)
        found.append(int(run.counters["gradual_unfreezing"]["layers_unfrozen"]))
    assert found == [0, 0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]
    assert run.counters["gradual_unfreezing"]["embeddings_unfrozen"]
    assert all(item.requires_grad for item in net.parameters())


@pytest.mark.parametrize("rows", [{}, {"by": "step", "every": 2}, {"by": "epoch"}, {"by": "plateau"}])
def test_a_resume_opens_the_same_layers(ground: Ground, tmp_path: Path, rows: dict[str, Any]) -> None:
    made = ground.plan({"gradual_unfreezing": rows}, max_steps=9, eval_every=2, batch_size=32)
    whole = ground.fit(tmp_path / "whole", made).run()
    with pytest.raises(BombError):
        ground.fit(tmp_path / "parts", made, callbacks=[bomb(7)]).run()
    parts = ground.fit(tmp_path / "parts", made).run(last_checkpoint(tmp_path / "parts"))
    one, other = weights(tmp_path / "whole", made), weights(tmp_path / "parts", made)
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert whole.counters == parts.counters


def test_after_training_all_is_trainable_that_was(ground: Ground, tmp_path: Path) -> None:
    """What freeze holds stays held, and is never unfrozen."""
    used: dict[str, Any] = {"freeze": {"layers": 1}, "gradual_unfreezing": {"by": "step", "every": 1}}
    training = ground.fit(tmp_path, ground.plan(used, max_steps=8))
    outcome = training.run()
    net = training.context.model
    found = depths(net).of
    assert {name for name, item in net.named_parameters() if not item.requires_grad} == {
        name for name in found if found[name] <= 1
    }
    assert outcome.trained == sum(item.numel() for item in net.parameters() if item.requires_grad)
    assert outcome.counters["gradual_unfreezing"]["steps_partly_frozen"] == 2


def test_with_nothing_below_the_head_it_is_refused() -> None:
    net = tiny.classifier("bert")
    net.bert.requires_grad_(False)
    with pytest.raises(PlanError) as caught:
        GradualUnfreezing().prepare_model(net, RunContext(model=net))
    assert caught.value.code == "unfreezing.nothing" and caught.value.message


@pytest.mark.parametrize(
    ("rows", "settings", "allowed"),
    [
        ({"by": "epoch", "every": 4}, {}, "1 … 3"),
        ({"by": "epoch"}, {"max_epochs": 1}, "gradual_unfreezing.by=step"),
        ({"by": "epoch"}, {"max_steps": 10}, "gradual_unfreezing.by=step"),
        ({}, {"max_steps": 1}, "gradual_unfreezing.by=step"),
        ({"by": "step", "every": 40}, {}, "1 … 39"),
        ({"by": "epoch", "every": 3}, {}, ""),
        ({"by": "step", "every": 39}, {}, ""),
        ({"by": "plateau", "every": 50}, {}, ""),
        ({"by": "epoch"}, {"max_steps": 11}, ""),
        ({}, {"max_steps": 2}, ""),
    ],
)
def test_what_would_never_be_unfrozen_is_refused(rows: dict[str, Any], settings: dict[str, Any], allowed: str) -> None:
    """Four epochs of ten steps."""
    if not allowed:
        GradualUnfreezing(**rows).refuse(facts(**settings))
        return
    with pytest.raises(PlanError) as caught:
        GradualUnfreezing(**rows).refuse(facts(**settings))
    assert (caught.value.code, caught.value.allowed) == ("unfreezing.never", allowed)
    assert caught.value.message
