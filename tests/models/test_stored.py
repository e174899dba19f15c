"""A trained model is loaded whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoModelForMaskedLM, AutoModelForSequenceClassification
from transformers.utils import logging

from tests import small
from tunebook.core.errors import ModelError
from tunebook.core.registry import tasks
from tunebook.models.stored import quiet, stored


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("base") / "base")


def classifier(base: Path, folder: Path, outputs: int = 1) -> Path:
    """The base with a head, as one who trains with transformers saves it."""
    with quiet():
        model = AutoModelForSequenceClassification.from_pretrained(str(base), num_labels=outputs)
    model.save_pretrained(str(folder))
    small.tokenizer(folder)
    return folder


def without(folder: Path, *parts: str) -> Path:
    """The same files without the tensors in whose names one of these stands."""
    file = folder / "model.safetensors"
    weights = {name: item for name, item in load_file(file).items() if not any(part in name for part in parts)}
    save_file(weights, file, {"format": "pt"})
    return folder


@pytest.mark.parametrize("task", ["text_classification", "reranking", "tagging", "masked_lm"])
def test_a_base_model_is_no_trained_model_of_a_task_with_a_head(base: Path, task: str) -> None:
    with pytest.raises(ModelError) as caught:
        tasks()[task]().load(base)
    assert caught.value.code == "model.headless" and str(base) in str(caught.value)
    assert "AutoModelFor" in caught.value.message and "tunebook train" in caught.value.advice


def test_what_was_saved_whole_is_loaded_as_it_was(base: Path, tmp_path: Path) -> None:
    folder = classifier(base, tmp_path / "trained")
    loaded = stored(AutoModelForSequenceClassification, folder).state_dict()
    assert all(torch.equal(loaded[name], item) for name, item in load_file(folder / "model.safetensors").items())
    with quiet():
        model: Any = AutoModelForMaskedLM.from_pretrained(str(base))
    model.save_pretrained(str(tmp_path / "language"))
    stored(AutoModelForMaskedLM, tmp_path / "language")  # its head shares weights with the embeddings
    stored(AutoModel, tmp_path / "language", headless=True)  # and it has no pooler, which no vector needs


def test_a_part_that_is_lost_is_named(base: Path, tmp_path: Path) -> None:
    pooler = without(classifier(base, tmp_path / "pooler"), "pooler.")
    with pytest.raises(ModelError) as caught:
        stored(AutoModelForSequenceClassification, pooler)
    assert caught.value.code == "model.headless", "the head of a BERT reads through it"
    layer = without(classifier(base, tmp_path / "layer"), "layer.1.", "classifier.")
    for auto, headless in ((AutoModelForSequenceClassification, False), (AutoModel, True)):
        with pytest.raises(ModelError) as caught:
            stored(auto, layer, headless=headless)
        assert caught.value.code == "model.partial" and "layer.1." in caught.value.message
    other = classifier(base, tmp_path / "other", outputs=3)
    config = (other / "config.json").read_text("utf-8").replace('"2": "LABEL_2"', '"3": "LABEL_3",\n"2": "LABEL_2"')
    (other / "config.json").write_text(config, encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        stored(AutoModelForSequenceClassification, other)
    assert caught.value.code == "model.headless", "of four outputs where the files have three"


def test_the_loudness_of_transformers_is_as_it_was() -> None:
    before = logging.get_verbosity()
    with quiet():
        assert logging.get_verbosity() == logging.ERROR
    assert logging.get_verbosity() == before
