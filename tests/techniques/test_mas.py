"""Memory aware synapses against the sensitivity by hand."""

from __future__ import annotations

import pytest
import torch

from tests.techniques.chains import Net, Past, batch_of, extra, gradients, mean_one, moved, quadratic, run_of, some_rows
from tunebook.techniques.mas import MAS

ACTS = {"strength": 10.0, "rows": 12}
NEUTRAL = {"strength": 0}


def test_the_penalty_is_the_formula() -> None:
    net, rows = Net().eval(), some_rows(20, age=1)
    total: dict[str, torch.Tensor] = {}
    for number in range(len(rows)):
        length = net(batch_of(rows, [number])["numbers"]).logits.square().sum()
        for name, item in gradients(net, length).items():
            total[name] = total.get(name, 0) + item.abs() / len(rows)
    expected = mean_one(total)
    run = run_of(net, Past(rows))
    loss = MAS(strength=2.0).around_loss(run.criterion.loss, run)
    way, batch = moved(net), batch_of(some_rows(6))
    found = extra(loss, run, batch)
    assert found == pytest.approx(2.0 * quadratic(expected, way), rel=1e-4)


def test_it_asks_for_no_labels() -> None:
    rows = some_rows(8, age=1)
    other = rows.with_fixed(labels=(rows.fixed["labels"] + 1) % 3)
    found = []
    for known in (rows, other):
        net = Net().eval()
        run = run_of(net, Past(known))
        loss = MAS().around_loss(run.criterion.loss, run)
        torch.manual_seed(1)
        moved(net)
        found.append(extra(loss, run, batch_of(some_rows(6))))
    assert found[0] == found[1]


def test_without_strength_the_loss_is_the_same_object() -> None:
    run = run_of(Net(), Past(None))
    assert MAS(strength=0).around_loss(run.criterion.loss, run) == run.criterion.loss
