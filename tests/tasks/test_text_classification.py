"""Losses against formulas in numpy, class weights by hand, dropout in every architecture."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests import small, tiny
from tunebook.core.errors import ModelError
from tunebook.core.nouns import Labels
from tunebook.core.settings import Settings
from tunebook.core.task import Rows
from tunebook.tasks.text_classification import (
    Classify,
    TextClassification,
    class_weights,
    make_config,
    set_dropout,
)

SINGLE = Labels(problem="single_label", names=["bad", "so", "good"])
SEVERAL = Labels(problem="multi_label", names=["bad", "so", "good"])
NUMBER = Labels(problem="regression", low=0, high=2)
ORDERED = Labels(problem="ordinal", names=["bad", "so", "good"], low=0, high=2)
PLAIN = {"class_weights": "none", "label_smoothing": 0.0}
ARCHITECTURES = (*tiny.ENCODERS, "xlm-roberta", "deberta")


def net(logits: np.ndarray) -> Any:
    """A model that gives these logits, whatever it reads."""
    return lambda **inputs: SimpleNamespace(logits=torch.from_numpy(logits))


def draw(labels: Labels, count: int = 11, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(count, labels.outputs)).astype(np.float32)
    if labels.problem == "single_label":
        return logits, rng.integers(3, size=count)
    if labels.problem == "multi_label":
        return logits, rng.integers(2, size=(count, 3)).astype(np.float32)
    return logits, rng.uniform(0, 2, size=count).astype(np.float32)


def row_losses(labels: Labels, logits: np.ndarray, targets: np.ndarray, e: float, w: np.ndarray | None) -> np.ndarray:
    """Loss of each row by the textbook, in float64."""
    z = logits.astype(np.float64)
    if labels.problem == "single_label":
        log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
        wanted = np.eye(3)[targets] * (1 - e) + e / 3
        return -(wanted * log_p * (1 if w is None else w)).sum(1)
    if labels.problem == "multi_label":
        p = 1 / (1 + np.exp(-z))
        y = targets * (1 - e) + e / 2
        return -((1 if w is None else w) * y * np.log(p) + (1 - y) * np.log(1 - p)).mean(1)
    return (z[:, 0] - targets) ** 2


@pytest.mark.parametrize("labels", [SINGLE, SEVERAL, NUMBER, ORDERED], ids=lambda labels: labels.problem)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("sampled", [False, True])
def test_the_loss_is_the_formula(labels: Labels, smoothing: float, weighted: bool, sampled: bool) -> None:
    logits, targets = draw(labels)
    classes = labels.problem in ("single_label", "multi_label")
    w = np.array([0.5, 2.0, 1.2]) if weighted and classes else None
    e = smoothing if classes else 0.0
    criterion = Classify(labels.problem, None if w is None else torch.from_numpy(w.astype(np.float32)), e)
    sample = np.random.default_rng(1).uniform(0, 2, len(logits)).astype(np.float32) if sampled else np.ones(len(logits))
    batch = {"input_ids": torch.zeros(1), "labels": torch.from_numpy(targets)}
    if sampled:
        batch["sample_weight"] = torch.from_numpy(sample)
    found, _ = criterion.loss(net(logits), batch)
    per_row = w[targets] if w is not None and labels.problem == "single_label" else np.ones(len(logits))
    expected = (row_losses(labels, logits, targets, e, w) * sample).sum() / (per_row * sample).sum()
    assert float(found) == pytest.approx(expected, rel=1e-5)
    assert float(criterion.items(batch)) == pytest.approx((per_row * sample).sum(), rel=1e-6)


def test_rows_without_weight_give_no_loss_and_no_nan() -> None:
    logits, targets = draw(SINGLE)
    batch = {"labels": torch.from_numpy(targets), "sample_weight": torch.zeros(len(targets))}
    found, _ = Classify("single_label", None, 0.0).loss(net(logits), batch)
    assert float(found) == 0


def test_balanced_weights() -> None:
    """N / (K n_c), as scikit-learn has it; their mean over the rows is 1."""
    from sklearn.utils.class_weight import compute_class_weight

    targets = np.array([0] * 7 + [1] * 2 + [2])
    found = class_weights(targets, SINGLE, "balanced")
    assert found is not None
    np.testing.assert_allclose(found, [10 / 21, 10 / 6, 10 / 3], rtol=1e-6)
    np.testing.assert_allclose(found, compute_class_weight("balanced", classes=np.arange(3), y=targets), rtol=1e-6)
    assert found[targets].mean() == pytest.approx(1)
    root = class_weights(targets, SINGLE, "sqrt")
    assert root is not None
    np.testing.assert_allclose(root / root[0], np.sqrt(found / found[0]), rtol=1e-6)
    assert root[targets].mean() == pytest.approx(1)


def test_a_class_without_rows_has_a_finite_weight() -> None:
    found = class_weights(np.array([0, 0, 1]), SINGLE, "balanced")
    assert found is not None and np.isfinite(found).all()


def test_weights_of_several_labels_are_negatives_over_positives() -> None:
    targets = np.zeros((200, 3), dtype=np.float32)
    targets[:50, 0] = targets[:, 1] = targets[0, 2] = 1
    np.testing.assert_allclose(class_weights(targets, SEVERAL, "balanced"), [3, 0.01, 100])  # type: ignore[arg-type]
    np.testing.assert_allclose(class_weights(targets, SEVERAL, "sqrt"), [3**0.5, 0.1, 10], rtol=1e-6)  # type: ignore[arg-type]


@pytest.mark.parametrize("labels", [NUMBER, ORDERED])
def test_numbers_have_no_class_weights(labels: Labels) -> None:
    assert class_weights(np.array([0.0, 1.0]), labels, "balanced") is None
    assert class_weights(np.array([0, 1]), SINGLE, "none") is None


@pytest.mark.parametrize("kind", ARCHITECTURES)
@pytest.mark.parametrize("row", ["dropout", "attention_dropout", "classifier_dropout"])
def test_every_dropout_row_reaches_every_architecture(kind: str, row: str) -> None:
    from transformers import AutoModelForSequenceClassification

    config = tiny.config(kind) if kind != "deberta" else tiny.config("deberta-v2")
    before = AutoModelForSequenceClassification.from_config(config)
    set_dropout(config, {"dropout": None, row: 0.37})
    model = AutoModelForSequenceClassification.from_config(config)

    def places(net: Any) -> list[str]:
        floats = ("attention_dropout", "dropout")  # where a module keeps a number and calls the function
        found = [name for name, module in net.named_modules() if getattr(module, "p", None) == 0.37]
        return found + [
            f"{name}.{field}"
            for name, module in net.named_modules()
            for field in floats
            if getattr(module, field, None) == 0.37
        ]

    found = places(model)
    assert found and not places(before)
    if row == "classifier_dropout":
        assert len(found) == 1 and not any("layer" in name for name in found)
    elif row == "attention_dropout":
        assert all("att" in name for name in found)


def test_a_dropout_that_an_architecture_lacks_is_refused() -> None:
    config = SimpleNamespace(model_type="odd", dropout=0.1)
    set_dropout(config, {"dropout": 0.2})
    assert config.dropout == 0.2
    with pytest.raises(ModelError, match="odd") as caught:
        set_dropout(config, {"attention_dropout": 0.2})
    assert (caught.value.code, caught.value.key) == ("model.dropout", "attention_dropout")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("base"))


def test_config_names_the_classes(base: Path) -> None:
    config = make_config(base, SINGLE, {})
    assert config.id2label == {0: "bad", 1: "so", 2: "good"}
    assert config.label2id == {"bad": 0, "so": 1, "good": 2}
    assert make_config(base, NUMBER, {}).num_labels == 1
    assert make_config(base, ORDERED, {}).problem_type == "regression"
    assert make_config(base, SEVERAL, {}).problem_type == "multi_label_classification"


def copied(base: Path, folder: Path) -> Path:
    folder.mkdir()
    for path in base.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_a_model_that_was_trained_for_other_classes_gets_a_head_of_the_right_size(base: Path, tmp_path: Path) -> None:
    task = TextClassification()
    first = task.build(base, SINGLE, {})
    first.save_pretrained(tmp_path / "first")
    second = task.build(tmp_path / "first", Labels(problem="single_label", names=["no", "yes"]), {})
    assert second.classifier.weight.shape == (2, 16)
    assert torch.equal(first.bert.pooler.dense.weight, second.bert.pooler.dense.weight)


def test_weights_that_do_not_fit_the_config_are_refused(base: Path, tmp_path: Path) -> None:
    """transformers would start them at random, with a warning."""
    folder = copied(base, tmp_path / "other")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 5}))
    with pytest.raises(ModelError, match=r"bert\.encoder\.layer\.3") as caught:
        TextClassification().build(folder, SINGLE, {})
    assert caught.value.code == "model.partial"
    (folder / "config.json").write_text(json.dumps({**config, "intermediate_size": 24}))
    with pytest.raises(ModelError) as caught:
        TextClassification().build(folder, SINGLE, {})
    assert caught.value.code == "model.partial"


def test_damaged_weights_and_unknown_kinds_are_refused(base: Path, tmp_path: Path) -> None:
    folder = copied(base, tmp_path / "cut")
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(ModelError) as caught:
        TextClassification().build(folder, SINGLE, {})
    assert caught.value.code == "model.head"
    (folder / "config.json").write_text('{"model_type": "whisper"}')
    for make in (TextClassification().build, TextClassification().skeleton):
        with pytest.raises(ModelError) as caught:
            make(folder, SINGLE, {})
        assert caught.value.code == "model.head"


def test_the_skeleton_has_the_names_and_shapes_of_the_model(base: Path) -> None:
    task = TextClassification()
    skeleton, model = task.skeleton(base, SINGLE, {}), task.build(base, SINGLE, {})
    assert {n: p.shape for n, p in skeleton.named_parameters()} == {n: p.shape for n, p in model.named_parameters()}
    assert all(parameter.is_meta for parameter in skeleton.parameters())


def test_a_long_pair_is_cut_where_it_is_longer() -> None:
    rows = Rows(["the room was very"], ["the " * 30], None, ["0"])
    encoded = TextClassification().encode(rows, small.tokenizer(), 12)
    assert encoded.lengths.tolist() == [12]
    ids = encoded.flat["input_ids"].tolist()
    assert ids[:6] == small.tokenizer()("the room was very")["input_ids"]
    assert encoded.flat["token_type_ids"].tolist() == [0] * 6 + [1] * 6


@pytest.mark.parametrize("kind", tiny.ENCODERS)
def test_a_head_for_numbers_starts_at_their_mean(kind: str, tmp_path: Path) -> None:
    folder = small.base_model(tmp_path, kind)
    task = TextClassification()
    params = Settings().model_dump()
    about = Labels(problem="regression", low=0, high=1000, start=[40.0])
    batch = tiny.collate(tiny.rows(8), 1 if kind == "roberta" else 0)
    inputs = {name: batch[name] % 20 for name in ("input_ids", "attention_mask")}
    model = task.build(folder, about, params).eval()
    assert (model(**inputs).logits - 40).abs().max() < 5
    ordered = task.build(folder, Labels(problem="ordinal", names=["a", "b", "c"], low=0, high=2), params).eval()
    assert (ordered(**inputs).logits - 1).abs().max() < 2
    model.save_pretrained(str(tmp_path / "trained"))
    kept = task.build(tmp_path / "trained", about.model_copy(update={"start": [7.0]}), params).eval()
    torch.testing.assert_close(kept(**inputs).logits, model(**inputs).logits)  # a head that was trained is kept


def test_a_head_for_several_labels_starts_at_their_shares(tmp_path: Path) -> None:
    folder = small.base_model(tmp_path)
    rare = Labels(problem="multi_label", names=["a", "b", "c"], start=[-4.0, 0.0, 2.0])
    model = TextClassification().build(folder, rare, Settings().model_dump()).eval()
    logits = model(input_ids=torch.tensor([[2, 7, 3]])).logits[0]
    torch.testing.assert_close(logits, torch.tensor([-4.0, 0.0, 2.0]), rtol=0, atol=1.0)
