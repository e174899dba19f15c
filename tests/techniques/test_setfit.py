"""SetFit: pairs come together, their loss takes the task's place, and each look has a head of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.ground import Ground
from tests.techniques.test_swa import facts
from tunebook.core.batch import model_inputs
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.technique import RunContext, View
from tunebook.engine.track import read_history
from tunebook.nets.heads import head_inputs, head_of
from tunebook.techniques.setfit import SetFit


def test_both_rows_of_a_pair_come_one_after_the_other(ground: Ground, tmp_path: Path) -> None:
    training = ground.fit(tmp_path, ground.plan())
    view = SetFit(pairs=2).prepare_data(View(training.view.rows), RunContext(seed=3))
    assert view.order is not None
    rows, classes = view.order(0), training.view.rows.fixed["labels"]
    assert len(rows) == SetFit(pairs=2).shown(98) == 4 * 2 * 98
    same = classes[rows[0::2]] == classes[rows[1::2]]
    assert same.sum() == (~same).sum() == 2 * 98
    assert not (view.order(1) == rows).all()


def test_the_loss_is_that_of_the_pairs_cosines(ground: Ground, tmp_path: Path) -> None:
    trainer = ground.fit(tmp_path, ground.plan({"setfit": {}}, dropout=0.0, attention_dropout=0.0)).prepare()
    run, net = trainer.weave.run, trainer.weave.run.model.eval()
    batch = next(iter(trainer.weave.loader()))
    with torch.no_grad(), head_inputs(head_of(net, 2)) as seen:
        net(**model_inputs(batch))
        value, _ = trainer._loss(net, batch)
    cosines = torch.cosine_similarity(seen[0][0::2], seen[0][1::2])
    same = (batch["labels"][0::2] == batch["labels"][1::2]).float()
    torch.testing.assert_close(value, torch.nn.functional.mse_loss(cosines, same))
    weighed = {**batch, "sample_weight": torch.tensor([2.0, 2.0] + [0.0] * (len(same) * 2 - 2))}
    torch.testing.assert_close(trainer._loss(net, weighed)[0], (cosines[0] - same[0]).square())
    assert run.counters["setfit"]["pairs"] == 2 * 98


def test_each_look_has_a_head_of_its_own_and_the_last_is_kept(ground: Ground, tmp_path: Path) -> None:
    outcome = ground.fit(tmp_path, ground.plan({"setfit": {}}, max_steps=6, eval_every=3)).run()
    looks = [entry for entry in read_history(tmp_path / "metrics.jsonl") if "eval_loss" in entry]
    assert len(looks) == 2 and outcome.counters["setfit"]["heads_fitted"] == 2


def test_what_it_cannot_work_with() -> None:
    SetFit().refuse(facts(batch_size=8))
    with pytest.raises(PlanError) as caught:
        SetFit().refuse(facts(batch_size=5))
    assert caught.value.code == "probe.pairs" and caught.value.allowed == "6"
    with pytest.raises(PlanError) as caught:
        SetFit().refuse(replace(facts(batch_size=8), labels=Labels(problem="multi_label", names=["a", "b"])))
    assert caught.value.code == "losses.problem"
