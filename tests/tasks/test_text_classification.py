"""The head of every kind of labels, and dropout in every architecture."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tests import small, tiny
from tunebook.core.errors import ModelError
from tunebook.core.nouns import Labels
from tunebook.core.task import Rows
from tunebook.core.training import Training
from tunebook.tasks.heads import set_dropout
from tunebook.tasks.text_classification import TextClassification, make_config

SINGLE = Labels(problem="single_label", names=["bad", "so", "good"])
SEVERAL = Labels(problem="multi_label", names=["bad", "so", "good"])
NUMBER = Labels(problem="regression", low=0, high=2)
ORDERED = Labels(problem="ordinal", names=["bad", "so", "good"], low=0, high=2)
PLAIN = Training()
ARCHITECTURES = (*tiny.ENCODERS, "xlm-roberta", "deberta")


@pytest.mark.parametrize("kind", ARCHITECTURES)
@pytest.mark.parametrize("row", ["dropout", "attention_dropout", "classifier_dropout"])
def test_every_dropout_row_reaches_every_architecture(kind: str, row: str) -> None:
    from transformers import AutoModelForSequenceClassification

    config = tiny.config(kind) if kind != "deberta" else tiny.config("deberta-v2")
    before = AutoModelForSequenceClassification.from_config(config)
    set_dropout(config, Training(**{row: 0.37}))
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
    set_dropout(config, Training(dropout=0.2))
    assert config.dropout == 0.2
    with pytest.raises(ModelError, match="odd") as caught:
        set_dropout(config, Training(attention_dropout=0.2))
    assert (caught.value.code, caught.value.key) == ("model.dropout", "attention_dropout")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("base"))


def test_config_names_the_classes(base: Path) -> None:
    config = make_config(base, SINGLE, Training())
    assert config.id2label == {0: "bad", 1: "so", 2: "good"}
    assert config.label2id == {"bad": 0, "so": 1, "good": 2}
    assert make_config(base, NUMBER, Training()).num_labels == 1
    assert make_config(base, ORDERED, Training()).problem_type == "regression"
    assert make_config(base, SEVERAL, Training()).problem_type == "multi_label_classification"


def copied(base: Path, folder: Path) -> Path:
    folder.mkdir()
    for path in base.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_a_model_that_was_trained_for_other_classes_gets_a_head_of_the_right_size(base: Path, tmp_path: Path) -> None:
    task = TextClassification()
    first = task.build(base, SINGLE, Training())
    first.save_pretrained(tmp_path / "first")
    second = task.build(tmp_path / "first", Labels(problem="single_label", names=["no", "yes"]), Training())
    assert second.classifier.weight.shape == (2, 16)
    assert torch.equal(first.bert.pooler.dense.weight, second.bert.pooler.dense.weight)


def test_weights_that_do_not_fit_the_config_are_refused(base: Path, tmp_path: Path) -> None:
    """transformers would start them at random, with a warning."""
    folder = copied(base, tmp_path / "other")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 5}))
    with pytest.raises(ModelError, match=r"bert\.encoder\.layer\.3") as caught:
        TextClassification().build(folder, SINGLE, small.filled())
    assert caught.value.code == "model.partial"
    (folder / "config.json").write_text(json.dumps({**config, "intermediate_size": 24}))
    with pytest.raises(ModelError) as caught:
        TextClassification().build(folder, SINGLE, Training())
    assert caught.value.code == "model.partial"


def test_damaged_weights_and_unknown_kinds_are_refused(base: Path, tmp_path: Path) -> None:
    folder = copied(base, tmp_path / "cut")
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(ModelError) as caught:
        TextClassification().build(folder, SINGLE, Training())
    assert caught.value.code == "model.head"
    (folder / "config.json").write_text('{"model_type": "whisper"}')
    for make in (TextClassification().build, TextClassification().skeleton):
        with pytest.raises(ModelError) as caught:
            make(folder, SINGLE, small.filled())
        assert caught.value.code == "model.head"


def test_the_skeleton_has_the_names_and_shapes_of_the_model(base: Path) -> None:
    task = TextClassification()
    skeleton, model = task.skeleton(base, SINGLE, Training()), task.build(base, SINGLE, Training())
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
    params = Training()
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
    model = TextClassification().build(folder, rare, Training()).eval()
    logits = model(input_ids=torch.tensor([[2, 7, 3]])).logits[0]
    torch.testing.assert_close(logits, torch.tensor([-4.0, 0.0, 2.0]), rtol=0, atol=1.0)
