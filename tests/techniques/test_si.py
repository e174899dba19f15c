"""Synaptic intelligence against its path integral in a plain loop of torch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from tests.techniques.chains import Net, Past, batch_of, extra, mean_one, moved, quadratic, run_of, some_rows
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.technique import Facts
from tunebook.techniques.si import SI

ACTS = {"strength": 10.0}
NEUTRAL = {"strength": 0}


def trained(technique: SI, net: Net, source: Any, steps: int = 6, best: int | None = None) -> Any:
    """A short training with the technique's moments."""
    run = run_of(net.eval(), source)
    loss = technique.around_loss(run.criterion.loss, run)
    optimizer = torch.optim.SGD(net.parameters(), 0.2)
    for step in range(steps):
        optimizer.zero_grad()
        loss(net, batch_of(some_rows(16, seed=step)))[0].backward()
        technique.on("before_step", run)
        optimizer.step()
        technique.on("after_step", run)
        run.best = step == best
        technique.on("look", run)
    technique.on("end", run)
    return run


def by_hand(net: Net, steps: int = 6, until: int | None = None) -> dict[str, torch.Tensor]:
    """Importance of Zenke et al., formulas 3 and 5, with the weights kept at the end."""
    net.eval()
    criterion = run_of(net, None).criterion
    start = {name: item.detach().clone() for name, item in net.named_parameters()}
    omega = {name: torch.zeros_like(item) for name, item in net.named_parameters()}
    kept = omega
    for step in range(steps):
        net.zero_grad()
        criterion.loss(net, batch_of(some_rows(16, seed=step)))[0].backward()
        with torch.no_grad():
            for name, item in net.named_parameters():
                way = -0.2 * item.grad
                omega[name] = omega[name] - item.grad * way
                item += way
        if step == until or until is None:
            kept = dict(omega)
    found = {}
    for name, item in net.named_parameters():
        found[name] = kept[name].clamp_min(0) / ((item.detach() - start[name]).square() + 1e-3)
    return mean_one(found)


@pytest.mark.parametrize("best", [None, 3])
def test_the_importance_is_the_path_integral(best: int | None) -> None:
    run = trained(SI(strength=0), Net(), None, best=best)
    expected = by_hand(Net(), until=best)
    for name, item in run.keeps["si"].items():
        torch.testing.assert_close(item, expected[name], rtol=2e-3, atol=1e-5)
    assert run.counters["si"] == {"steps_watched": 6.0, "path": pytest.approx(run.counters["si"]["path"])}
    assert run.counters["si"]["path"] > 0


def test_a_run_that_continues_holds_what_was_kept_and_adds_its_own() -> None:
    kept = trained(SI(), Net(), Past(None)).keeps
    net = Net(outputs=5, seed=1)
    run = run_of(net.eval(), Past(None, keeps=kept))
    loss = SI(strength=4.0).around_loss(run.criterion.loss, run)
    way, batch = moved(net), batch_of(some_rows(6))
    held = {name: way[name][: len(item)] for name, item in kept["si"].items()}
    found = extra(loss, run, batch)
    assert found == pytest.approx(4.0 * quadratic(kept["si"], held), rel=1e-4)
    second = trained(SI(strength=0), Net(outputs=5, seed=1), Past(None, keeps=kept)).keeps["si"]
    alone = trained(SI(strength=0), Net(outputs=5, seed=1), None).keeps["si"]
    assert second["head.bias"].shape == (5,)
    torch.testing.assert_close(second["head.bias"][3:], alone["head.bias"][3:])
    torch.testing.assert_close(second["body.weight"], alone["body.weight"] + kept["si"]["body.weight"])


def test_weights_that_are_frozen_or_have_no_gradient_have_no_path() -> None:
    net = Net()
    net.head.bias.requires_grad_(False)
    run = run_of(net.eval(), None)
    technique = SI()
    technique.around_loss(run.criterion.loss, run)
    technique.on("before_step", run)
    net.body.bias.grad = None
    technique.on("after_step", run)
    technique.on("end", run)
    assert set(run.keeps["si"]) == {"body.weight", "body.bias", "head.weight"}
    assert not run.keeps["si"]["body.bias"].any()


def test_a_run_before_that_was_not_watched_is_refused() -> None:
    facts = Facts("text_classification", Labels(problem="single_label"), {}, {}, frozenset(), 9)
    SI().refuse(facts)
    with pytest.raises(PlanError) as caught:
        SI().refuse(replace(facts, continues="run"))
    assert caught.value.code == "forgetting.si"
    SI().refuse(replace(facts, continues="run", kept=frozenset({"si"})))
