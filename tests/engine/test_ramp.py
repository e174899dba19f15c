"""The rate rises as it should, in every group in proportion, and nothing is looked at or stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import TrainerCallback

from tests import small
from tests.engine.test_fit import fit, plan
from tunebook.core.errors import RunError
from tunebook.engine.ramp import Ramp, peak_of, run_ramp

FLAT = {"lr_scheduler": "constant", "warmup_steps": 0, "early_stopping_patience": None}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("model"))


class Seen(TrainerCallback):  # type: ignore[misc]
    """Rates of each step, and whether anything was looked at or stored."""

    def __init__(self) -> None:
        self.rates: list[tuple[float, float]] = []
        self.rows: list[int] = []
        self.other: list[str] = []

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, optimizer: Any = None, **_: Any) -> None:
        rates = [group["lr"] for group in optimizer.param_groups]
        self.rates.append((max(rates), min(rates)))

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.other.append("look")

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.other.append("save")


def test_the_rate_rises_by_the_same_factor_each_step(model: Path, tmp_path: Path) -> None:
    seen = Seen()
    made = plan({"layer_decay": {"rate": 0.5}}, max_steps=15, batch_size=16, **FLAT)
    ramp = run_ramp(fit(model, tmp_path, made, callbacks=[seen]), Ramp(1e-6, 1e-2, 15))
    assert ramp.rates == pytest.approx(np.geomspace(1e-6, 1e-2, 15).tolist())
    assert [high for high, _ in seen.rates] == pytest.approx(ramp.rates)
    assert all(low == pytest.approx(high / 16) for high, low in seen.rates)
    assert seen.other == [], "two epochs and a half without a look"
    assert not list((tmp_path / "checkpoints").glob("checkpoint-*"))
    by_hand = [
        sum(0.1 * 0.9 ** (n - k) * ramp.losses[k] for k in range(n + 1)) / (1 - 0.9 ** (n + 1)) for n in range(15)
    ]
    assert ramp.smooth == pytest.approx(by_hand)


def test_it_stops_where_the_loss_leaves_the_ground(model: Path, tmp_path: Path) -> None:
    made = plan(max_steps=40, max_grad_norm=0.0, optimizer="sgd", **FLAT)
    ramp = run_ramp(fit(model, tmp_path, made), Ramp(1e-2, 1e4, 40))
    assert 5 < len(ramp.losses) == len(ramp.rates) == len(ramp.smooth) < 40


def broken(training: Any, error: BaseException | float, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The loss is NaN, or cannot be had at all, from the third step on."""
    stock, calls = type(training.criterion).loss, iter(range(1000))

    def loss(self: Any, net: Any, batch: Any) -> Any:
        value, outputs = stock(self, net, batch)
        if next(calls) < 3:
            return value, outputs
        if isinstance(error, BaseException):
            raise error
        return value * error, outputs

    monkeypatch.setattr(type(training.criterion), "loss", loss)
    return training


def test_a_loss_that_is_no_number_ends_it(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = broken(fit(model, tmp_path, plan(max_steps=12, **FLAT)), float("nan"), monkeypatch)
    ramp = run_ramp(training, Ramp(1e-6, 1e-2, 12))
    assert len(ramp.losses) == len(ramp.rates) == 3


def test_other_faults_are_not_hidden(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = broken(fit(model, tmp_path, plan(max_steps=12, **FLAT)), RunError("run.data", key="x"), monkeypatch)
    with pytest.raises(RunError, match=r"run\.data"):
        run_ramp(training, Ramp(1e-6, 1e-2, 12))


@pytest.mark.parametrize("size", [4, 160])
def test_the_peak_is_that_of_the_longest_rows(
    size: int, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More rows than there are come twice."""
    batches: list[Any] = []
    training = fit(model, tmp_path, plan(max_steps=2, batch_size=size, **FLAT))
    stock = type(training.criterion).loss

    def loss(self: Any, net: Any, batch: Any) -> Any:
        batches.append(batch)
        return stock(self, net, batch)

    monkeypatch.setattr(type(training.criterion), "loss", loss)
    assert peak_of(training, size) > 0
    lengths = np.sort(training.material.train.lengths)[::-1]
    assert [len(batch["input_ids"]) for batch in batches] == [size, size]
    assert batches[0]["input_ids"].shape[1] == lengths[0]
    assert batches[0]["attention_mask"].sum() == np.resize(lengths, size).sum()
