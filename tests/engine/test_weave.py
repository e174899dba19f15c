"""Techniques are folded in their order, their state goes with the checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest
import torch

from tests import tiny
from tests.engine.test_seam import Adds, Doubles
from tunebook.core.technique import RunContext, Technique
from tunebook.engine.weave import STATE_FILE, Weave, count_rows, stock_loss


def test_techniques_wrap_in_their_order(tmp_path: Path) -> None:
    model = tiny.classifier("bert").eval()
    batch = tiny.collate(tiny.rows(4))
    plain = stock_loss(model, batch)[0]
    doubled_last = Weave(techniques=[Adds(), Doubles()]).woven()(model, batch)[0]
    added_last = Weave(techniques=[Doubles(), Adds()]).woven()(model, batch)[0]
    assert doubled_last.item() == pytest.approx(2 * (plain.item() + 1))
    assert added_last.item() == pytest.approx(2 * plain.item() + 1)


def test_state_goes_with_the_checkpoint(tmp_path: Path) -> None:
    weave = Weave()
    weave.run.state["ewc"] = {"anchor": torch.arange(3.0)}
    weave.run.acted("ewc", calls=4)
    weave.save(tmp_path)
    other = Weave()
    other.load(tmp_path)
    assert torch.equal(other.run.state["ewc"]["anchor"], torch.arange(3.0))
    assert other.run.counters == {"ewc": {"calls": 4.0}}
    assert [path.name for path in tmp_path.iterdir()] == [STATE_FILE]


def test_rows_are_counted() -> None:
    assert count_rows({"labels": torch.zeros(5, 3)}).item() == 5


class Other(Technique):
    """Scores with weights of its own."""

    key: ClassVar[str] = "other"

    @contextmanager
    def scoring(self, run: RunContext) -> Iterator[None]:
        run.acted(self.key, entered=1)
        yield
        run.acted(self.key, left=1)


def test_other_weights_are_put_in_and_taken_out() -> None:
    weave = Weave(techniques=[Doubles(), Other()])
    with weave.scoring():
        assert weave.run.counters["other"] == {"entered": 1.0}
    assert weave.run.counters["other"] == {"entered": 1.0, "left": 1.0}


def test_what_is_trained_of_a_partial_model_is_kept_and_put_back(tmp_path: Path) -> None:
    """A model of PEFT, also where a part of it is frozen for a while; any other leaves that to the trainer."""
    net = torch.nn.Linear(2, 2)
    weave = Weave()
    weave.run.model = net
    weave.save(tmp_path)
    assert not weave.partial and not torch.load(tmp_path / STATE_FILE, weights_only=True)["trained"]
    net.peft_config = {}  # type: ignore[assignment]
    weave.run.optimizer = torch.optim.SGD([net.weight], lr=1.0)
    net.weight.requires_grad_(False)
    weave.save(tmp_path)
    before, bias = net.weight.detach().clone(), torch.full((2,), 7.0)
    net.weight.data.zero_()
    net.bias.data = bias.clone()
    weave.put_back(tmp_path)
    assert weave.partial and torch.equal(net.weight, before) and torch.equal(net.bias, bias)
