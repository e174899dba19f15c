"""Training from a plan: it learns, it resumes as if never stopped, it explains why it stops."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests import small
from tunebook.core.errors import MachineError, RunError
from tunebook.core.nouns import Estimate, Labels, Plan
from tunebook.core.settings import Settings
from tunebook.core.task import Rows
from tunebook.engine.fit import Fit
from tunebook.engine.load import load_model
from tunebook.engine.material import Material
from tunebook.engine.outcome import last_checkpoint
from tunebook.engine.track import read_history
from tunebook.models.source import reach
from tunebook.tasks.text_classification import TextClassification

LABELS = Labels(problem="single_label", names=["bad", "good"])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("model"))


def rows(count: int, seed: int) -> Rows:
    found = small.texts(count, seed=seed)
    targets = np.array([["bad", "good"].index(label) for _, label in found])
    return Rows([text for text, _ in found], None, targets, [str(n) for n in range(count)])


def material(model: Path, count: int = 96) -> Material:
    tokenizer = small.tokenizer()
    task = TextClassification()
    from tunebook.engine.tokens import encode

    encoded = [encode(rows(n, seed), task, tokenizer, 20) for n, seed in ((count, 0), (48, 1))]
    return Material(model, tokenizer, encoded[0], encoded[1])


def plan(techniques: dict[str, dict[str, Any]] | None = None, **params: Any) -> Plan:
    values = Settings(
        learning_rate=3e-3, batch_size=8, max_epochs=2, max_length=20, metric="accuracy", precision="fp32",
        length_bucketing="on", seed=5,
    ).model_dump() | {"warmup_steps": 2} | params  # fmt: skip
    steps = (
        values["max_steps"]
        or math.ceil(96 / values["batch_size"] / values["gradient_accumulation_steps"]) * values["max_epochs"]
    )
    return Plan(
        task="text_classification", model="x", model_id="x", labels=LABELS,
        params=values, techniques=techniques or {}, table="t", table_version=1, data="d", data_path=Path(),
        seed=values["seed"], versions={},
        estimate=Estimate(seconds=1, memory_bytes=1, steps=steps, parameters=1, trained=1),
    )  # fmt: skip


def weights(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return dict(load_file(folder / "model" / "model.safetensors"))


def fit(model: Path, folder: Path, made: Plan, **more: Any) -> Fit:
    folder.mkdir(parents=True, exist_ok=True)
    return Fit(made, material(model), folder, **more)


def test_it_learns_and_writes_what_it_did(model: Path, tmp_path: Path) -> None:
    outcome = fit(model, tmp_path, plan(max_epochs=8, learning_rate=1e-2, early_stopping_patience=None)).run()
    history = read_history(tmp_path / "metrics.jsonl")
    scores = [entry["eval_accuracy"] for entry in history if "eval_accuracy" in entry]
    assert len(scores) == 8
    assert max(scores) > 0.9
    assert outcome.steps == history[-1]["step"]
    assert outcome.best_step is not None
    assert outcome.rows == 96 * len(scores)
    assert outcome.peak_memory_bytes > 0
    best = max(range(len(scores)), key=lambda index: (scores[index], -index))
    assert outcome.best_step == 12 * (best + 1), "the first of the best looks is kept"


class BombError(Exception):
    """A kill, as far as the run's folder can tell."""


def bomb(step: int) -> Any:
    from transformers import TrainerCallback

    class Callback(TrainerCallback):  # type: ignore[misc]
        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step == step:
                raise BombError

    return Callback()


@pytest.mark.parametrize("techniques", [{}, {"freeze": {"layers": 1}}, {"layer_decay": {"rate": 0.9}}])
def test_ten_steps_are_five_a_kill_and_five(model: Path, tmp_path: Path, techniques: dict[str, Any]) -> None:
    made = plan(techniques, max_steps=10, eval_every=5)
    fit(model, tmp_path / "whole", made).run()
    with pytest.raises(BombError):
        fit(model, tmp_path / "parts", made, callbacks=[bomb(7)]).run()
    checkpoint = last_checkpoint(tmp_path / "parts")
    assert checkpoint is not None and checkpoint.name == "checkpoint-5"
    fit(model, tmp_path / "parts", made).run(checkpoint)
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    assert read_history(tmp_path / "whole" / "metrics.jsonl") == read_history(tmp_path / "parts" / "metrics.jsonl")


def test_resume_in_a_later_epoch(model: Path, tmp_path: Path) -> None:
    """The order of the rows of epoch 2 must be that of epoch 2 after a resume too."""
    made = plan(max_epochs=3, eval_every=4, early_stopping_patience=None)
    fit(model, tmp_path / "whole", made).run()
    with pytest.raises(BombError):
        fit(model, tmp_path / "parts", made, callbacks=[bomb(30)]).run()
    fit(model, tmp_path / "parts", made).run(last_checkpoint(tmp_path / "parts"))
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_patience_stops_and_the_best_is_kept(model: Path, tmp_path: Path) -> None:
    outcome = fit(model, tmp_path, plan(max_epochs=30, early_stopping_patience=2, learning_rate=1e-2)).run()
    scores = [e["eval_accuracy"] for e in read_history(tmp_path / "metrics.jsonl") if "eval_accuracy" in e]
    best = scores.index(max(scores))
    assert len(scores) == best + 3 < 30
    assert outcome.best_step == 12 * (best + 1)


def test_divergence_stops_the_run(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = fit(model, tmp_path, plan())
    stock = type(made.criterion).loss
    calls = iter(range(1000))

    def loss(self: Any, net: Any, batch: Any) -> Any:
        value, outputs = stock(self, net, batch)
        return value * (float("nan") if next(calls) == 5 else 1.0), outputs

    monkeypatch.setattr(type(made.criterion), "loss", loss)
    with pytest.raises(RunError, match=r"run\.diverged"):
        made.run()


def test_an_interrupt_leaves_a_checkpoint_to_go_on_from(model: Path, tmp_path: Path) -> None:
    import os
    import signal

    from transformers import TrainerCallback

    class Press(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step == 3:
                os.kill(os.getpid(), signal.SIGINT)

    made = plan(max_steps=10, eval_every=5)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(RunError, match=r"run\.interrupted"):
        fit(model, tmp_path / "parts", made, callbacks=[Press()]).run()
    assert signal.getsignal(signal.SIGINT) is before
    checkpoint = last_checkpoint(tmp_path / "parts")
    assert checkpoint is not None and checkpoint.name in ("checkpoint-3", "checkpoint-4")
    fit(model, tmp_path / "parts", made).run(checkpoint)
    fit(model, tmp_path / "whole", made).run()
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_running_out_of_memory_names_the_rows_to_set(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(*_: Any) -> Any:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory")

    made = fit(model, tmp_path, plan())
    monkeypatch.setattr(type(made.criterion), "loss", burst)
    with pytest.raises(MachineError, match=r"batch_size=4 --set gradient_accumulation_steps=2"):
        made.run()


def test_accumulation_is_the_same_training(model: Path, tmp_path: Path) -> None:
    fit(model, tmp_path / "whole", plan(batch_size=8, dropout=0.0, classifier_dropout=0.0, attention_dropout=0.0)).run()
    fit(
        model, tmp_path / "split",
        plan(batch_size=2, gradient_accumulation_steps=4, dropout=0.0, classifier_dropout=0.0, attention_dropout=0.0),
    ).run()  # fmt: skip
    whole, split = weights(tmp_path / "whole"), weights(tmp_path / "split")
    for name in whole:
        torch.testing.assert_close(whole[name], split[name], rtol=1e-3, atol=1e-4, msg=name)


def test_the_kept_model_loads_with_plain_transformers(model: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    made = fit(model, tmp_path, plan())
    made.run()
    loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path / "model")
    assert loaded.config.id2label == {0: "bad", 1: "good"}
    batch = AutoTokenizer.from_pretrained(tmp_path / "model")(["a lovely stay"], return_tensors="pt")
    assert loaded(**batch).logits.shape == (1, 2)
    assert json.loads((tmp_path / "model" / "config.json").read_text())["problem_type"] == "single_label_classification"
    fresh = (tmp_path / "fresh").touch() or (tmp_path / "fresh").stat().st_mode  # others may read what they may else
    assert {file.name for file in (tmp_path / "model").iterdir() if file.stat().st_mode != fresh} == set()


def test_a_pipeline_of_transformers_cuts_texts_where_the_run_did(model: Path, tmp_path: Path) -> None:
    """Also where the base's tokenizer names no length at all, as those of older models do."""
    from tokenizers import Tokenizer
    from transformers import pipeline

    made = fit(model, tmp_path, plan(max_length=8))
    made.material.tokenizer.model_max_length = int(1e30)
    made.material.tokenizer.truncation_side = "left"
    made.run()
    assert made.material.tokenizer.model_max_length == int(1e30)
    long = ["the room was really great and we found it " * 9]
    own = load_model(tmp_path / "model", made.plan)
    found = pipeline("text-classification", model=str(tmp_path / "model"), device="cpu")(long, truncation=True)[0]
    expected = own.answers(Rows(long, None, None, ["0"]))[0][0]
    assert (own.tokenizer.model_max_length, reach(own.tokenizer)) == (8, 10**6)
    alone = Tokenizer.from_file(str(tmp_path / "model" / "tokenizer.json"))  # whatever was tokenised last
    assert len(alone.encode(long[0]).ids) == 8 and own.tokenizer.truncation_side == "left"
    assert alone.encode(long[0]).ids == own.tokenizer(long[0], truncation=True)["input_ids"]
    assert (found["label"], found["score"]) == (expected["label"], pytest.approx(expected["score"], abs=1e-6))


def test_sample_weights_act(model: Path, tmp_path: Path) -> None:
    """Rows of weight 0 are as good as absent: the loss of a batch is that of the others."""
    made = fit(model, tmp_path, plan())
    encoded = made.material.train
    weights_ = np.ones(len(encoded), dtype=np.float32)
    weights_[1::2] = 0
    weighted = encoded.with_fixed(sample_weight=weights_)
    net = made.task.build(model, made.plan.labels, made.params).eval()
    half, _ = made.criterion.loss(net, made.task.collate(weighted, list(range(8)), 0))
    alone, _ = made.criterion.loss(net, made.task.collate(encoded, [0, 2, 4, 6], 0))
    assert torch.allclose(half, alone, atol=1e-6)
    assert float(made.criterion.items(made.task.collate(weighted, list(range(8)), 0))) == 4


def test_bf16_trains(model: Path, tmp_path: Path) -> None:
    outcome = fit(
        model, tmp_path, plan(precision="bf16", max_epochs=8, learning_rate=1e-2, early_stopping_patience=None)
    ).run()
    scores = [e["eval_accuracy"] for e in read_history(tmp_path / "metrics.jsonl") if "eval_accuracy" in e]
    assert outcome.precision == "bf16"
    assert max(scores) > 0.8
