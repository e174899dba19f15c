"""A head start: before the first step the model answers what a linear probe would."""

from __future__ import annotations

from pathlib import Path

import torch

from tests.ground import Ground, weights
from tunebook.techniques.head_start import HeadStart


def test_training_begins_where_the_probe_ends(ground: Ground, tmp_path: Path) -> None:
    probe = ground.plan({"linear_probe": {}}, max_steps=3, eval_every=3)
    ground.fit(tmp_path / "probe", probe).run()
    wanted = weights(tmp_path / "probe", probe)
    made = ground.plan({"head_start": {}}, max_steps=3, eval_every=3)
    trainer = ground.fit(tmp_path / "start", made).prepare()
    trainer.weave.tell("start")
    found = trainer.weave.run.model
    torch.testing.assert_close(found.classifier.weight.detach(), wanted["classifier.weight"])
    torch.testing.assert_close(found.classifier.bias.detach(), wanted["classifier.bias"])
    assert trainer.weave.run.counters["head_start"]["heads_fitted"] == 1


def test_all_is_trained_but_what_hands_on_the_mean(ground: Ground, tmp_path: Path) -> None:
    made = ground.plan({"head_start": {}}, max_steps=2, eval_every=2, warmup_steps=0)
    training = ground.fit(tmp_path, made)
    trainer = training.prepare()
    before = {name: item.detach().clone() for name, item in trainer.weave.run.model.named_parameters()}
    trainer.train()
    still = {name for name, item in trainer.weave.run.model.named_parameters() if torch.equal(item, before[name])}
    assert {name for name in still if name.startswith("bert.encoder.layer.3.")} and "classifier.weight" not in still
    assert all(name.startswith(("bert.encoder.layer.3.", "bert.pooler.")) for name in still)


def test_it_is_fitted_once(ground: Ground, tmp_path: Path) -> None:
    trainer = ground.fit(tmp_path, ground.plan({"head_start": {}})).prepare()
    trainer.weave.run.step = 5
    HeadStart().on("start", trainer.weave.run)
    HeadStart().on("epoch", trainer.weave.run)
    assert "heads_fitted" not in trainer.weave.run.counters["head_start"]
