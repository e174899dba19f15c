"""A linear probe: the base model does not move, the head is the linear model of what it reads, after one step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests import tiny
from tests.ground import Ground, weights
from tests.techniques.test_swa import facts
from tunebook.core.batch import model_inputs
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.technique import RunContext
from tunebook.engine.load import load_model
from tunebook.engine.outcome import last_checkpoint
from tunebook.engine.track import read_history
from tunebook.nets.heads import head_inputs, head_of
from tunebook.techniques.linear_probe import LinearProbe


@pytest.mark.parametrize("eval_every", [2, None])
def test_the_head_is_the_linear_model_of_what_it_reads(eval_every: int | None, ground: Ground, tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    made = ground.plan({"linear_probe": {"strength": 3.0}}, eval_every=eval_every)
    training = ground.fit(tmp_path, made)
    outcome = training.run()
    assert outcome.steps == 1 and outcome.counters["linear_probe"]["heads_fitted"] == 1
    assert len([entry for entry in read_history(tmp_path / "metrics.jsonl") if "eval_loss" in entry]) == 1
    net = load_model(tmp_path / "model", made).model
    rows = training.material.train
    batch = training.task.collate(rows, range(len(rows)), 0)
    with torch.no_grad(), head_inputs(head_of(net, made.labels.outputs)) as seen:
        logits = net(**model_inputs(batch)).logits
    vectors = seen[0].double().numpy()
    vectors /= np.sqrt(np.square(vectors).sum(axis=1).mean())
    plain = LogisticRegression(C=3.0, max_iter=300, tol=1e-3).fit(vectors, rows.fixed["labels"])
    np.testing.assert_allclose(logits.softmax(1), plain.predict_proba(vectors), atol=1e-3)


def test_the_base_model_does_not_move(ground: Ground, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    made = ground.plan({"linear_probe": {}}, max_steps=3, eval_every=3)
    ground.fit(tmp_path, made).run()
    found, base = weights(tmp_path, made), load_file(ground.model / "model.safetensors")
    kept = [name for name in base if "pooler" not in name]
    assert kept and all(torch.equal(found[f"bert.{name}"], base[name]) for name in kept)


def test_it_goes_on_from_the_checkpoint_to_the_same_model(ground: Ground, tmp_path: Path) -> None:
    made = ground.plan({"linear_probe": {}}, max_steps=6, eval_every=2)
    ground.fit(tmp_path, made).run()
    first = weights(tmp_path, made)
    ground.fit(tmp_path, made).run(last_checkpoint(tmp_path))
    again = weights(tmp_path, made)
    assert all(torch.equal(first[name], again[name]) for name in first)


@pytest.mark.parametrize(("rows", "mean"), [("first", 0.0), ("auto", 1.0), ("mean", 1.0)])
def test_what_the_head_reads_is_said(rows: str, mean: float) -> None:
    run = RunContext(labels=Labels(problem="single_label", names=["a", "b", "c"]))
    net = LinearProbe(pooling=rows).prepare_model(tiny.classifier("bert"), run)
    assert run.counters["linear_probe"] == {"reads_mean": mean}
    assert net.config.num_hidden_layers == 3 + int(mean)
    assert sorted(name for name, item in net.named_parameters() if item.requires_grad) == [
        "classifier.bias", "classifier.weight",
    ]  # fmt: skip
    again = LinearProbe(pooling=rows).prepare_model(net, run)
    assert again.config.num_hidden_layers == 3 + int(mean), "a model that reads the mean is left as it is"


def test_what_cannot_read_the_mean_says_so() -> None:
    run = RunContext(labels=Labels(problem="single_label", names=["a", "b", "c"]))
    LinearProbe().prepare_model(tiny.classifier("distilbert"), run)
    assert run.counters["linear_probe"] == {"reads_mean": 0.0}
    with pytest.raises(PlanError) as caught:
        LinearProbe(pooling="mean").prepare_model(tiny.classifier("distilbert"), run)
    assert caught.value.code == "probe.pooling" and caught.value.key == "linear_probe.pooling"


def test_settings_of_a_loss_are_refused() -> None:
    with pytest.raises(PlanError) as caught:
        LinearProbe().refuse(facts(label_smoothing=0.1))
    assert caught.value.code == "probe.setting" and caught.value.key == "label_smoothing"
    LinearProbe().refuse(facts(class_weights="sqrt"))
    several = replace(facts(class_weights="sqrt"), labels=Labels(problem="multi_label", names=["a", "b"]))
    with pytest.raises(PlanError, match="class_weights"):
        LinearProbe().refuse(several)
