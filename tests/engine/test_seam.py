"""The seam's parts; its contract with the stock Trainer is in tests/contracts/test_trainer.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests import tiny
from tests.contracts.test_trainer import arguments
from tunebook.core.technique import Batch, Event, LossFn, ParamGroups, RunContext, Technique
from tunebook.engine.seam import WovenTrainer
from tunebook.engine.weave import Weave, stock_loss


class Doubles(Technique):
    """Doubles the loss, and writes down what it hears."""

    key: ClassVar[str] = "doubles"

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        def loss(model: Any, batch: Batch) -> Any:
            value, outputs = inner(model, batch)
            run.acted(self.key, calls=1)
            return 2 * value, outputs

        return loss

    def on(self, event: Event, run: RunContext) -> None:
        run.state.setdefault(self.key, {}).setdefault("heard", []).append((event, run.step))


class Adds(Technique):
    """Adds one to the loss."""

    key: ClassVar[str] = "adds"

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        def loss(model: Any, batch: Batch) -> Any:
            value, outputs = inner(model, batch)
            return value + 1, outputs

        return loss


class Loses(Technique):
    """Loses a parameter, as a faulty technique might."""

    key: ClassVar[str] = "loses"

    def param_groups(self, groups: ParamGroups, run: RunContext) -> ParamGroups:
        first = groups[0]
        return [{**first, "params": first["params"][1:], "names": first["names"][1:]}, *groups[1:]]


def trainer(tmp_path: Path, *techniques: Technique, **options: Any) -> WovenTrainer:
    return WovenTrainer(
        model=tiny.classifier("bert"), args=arguments(tmp_path, 8, **options), train_dataset=tiny.rows(32),  # type: ignore[arg-type]
        data_collator=tiny.collate, weave=Weave(techniques=techniques),
    )  # fmt: skip


def test_the_events_in_their_order(tmp_path: Path) -> None:
    made = trainer(tmp_path, Doubles(), max_steps=2)
    made.train()
    heard = made.weave.run.state["doubles"]["heard"]
    steps = [(event, step) for step in (0, 1) for event in ("gradients", "before_step", "after_step")]
    assert heard == [("start", 0), ("epoch", 0), *steps, ("end", 2)]
    assert made.weave.run.counters["doubles"] == {"calls": 2.0}
    assert made.weave.run.total_steps == 2


def test_a_lost_parameter_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="lost a parameter"):
        trainer(tmp_path, Loses()).train()


def test_evaluation_leaves_the_techniques_out(tmp_path: Path) -> None:
    made = trainer(tmp_path, Doubles())
    model = made.model.eval()
    batch = tiny.collate(tiny.rows(4))
    assert made.compute_loss(model, batch).item() == pytest.approx(stock_loss(model, batch)[0].item())
    loss, outputs = made.compute_loss(model, batch, return_outputs=True)
    assert outputs["logits"].shape == (4, 3)
    assert loss.item() == pytest.approx(outputs["loss"].item())


def test_without_a_loader_or_a_scorer_it_is_stock(tmp_path: Path) -> None:
    made = WovenTrainer(
        model=tiny.classifier("bert"), args=arguments(tmp_path, 8), train_dataset=tiny.rows(32), weave=Weave(),  # type: ignore[arg-type]
        eval_dataset=tiny.rows(8, seed=2), data_collator=tiny.collate,
    )  # fmt: skip
    metrics = made.evaluate()
    expected = stock_loss(made.model.eval(), tiny.collate(tiny.rows(8, seed=2)))[0].item()
    assert metrics["eval_loss"] == pytest.approx(expected, rel=1e-5)


def test_a_scorer_is_logged_like_the_stock_one(tmp_path: Path) -> None:
    made = trainer(tmp_path)
    made.weave.score = lambda model: {"eval_accuracy": 0.5}
    assert made.evaluate() == {"eval_accuracy": 0.5}
    assert made.state.log_history[-1]["eval_accuracy"] == 0.5
