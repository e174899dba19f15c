"""A kept model answers as the one that was trained."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification

from tests import small
from tests.engine.test_fit import fit, plan, rows
from tunebook.core.answers import Rows
from tunebook.engine import load_several
from tunebook.engine.infer import Inference
from tunebook.engine.load import LoadedModel, Net, load_model
from tunebook.engine.load_several import load_models
from tunebook.models.source import model_id
from tunebook.tasks.tagging import Tagging
from tunebook.tasks.text_classification import TextClassification


def test_a_model_from_its_folder(tmp_path: Path) -> None:
    base = small.base_model(tmp_path / "base")
    made = plan(max_steps=4, eval_every=4)
    trained = fit(base, tmp_path / "run", made)
    trained.run()
    found = load_model(tmp_path / "run" / "model", made)
    assert not found.model.training
    texts = rows(48, 1)
    logits = found.logits(texts)
    assert logits.shape == (48, 2)
    right = (logits.argmax(1) == texts.targets).mean()
    best = max(
        float(line.split('"eval_accuracy": ')[1].split(",")[0].rstrip("}"))
        for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
        if "eval_accuracy" in line
    )
    assert right == best, "the validation score of the checkpoint that was kept"
    answers, cut = found.answers(texts)
    assert cut == [False] * 48
    assert [answer["label"] for answer in answers] == [["bad", "good"][n] for n in np.argmax(logits, axis=1)]


@pytest.mark.parametrize(("task", "cut"), [(TextClassification(), [False, True]), (Tagging(), [False, False])])
def test_what_is_read_in_windows_loses_no_end(task: Any, cut: list[bool]) -> None:
    texts = ["the room was fine", " ".join(["a very lovely stay"] * 20)]
    asked = Rows(texts, None, None, ["0", "1"])
    loaded = LoadedModel(SimpleNamespace(params=small.filled(max_length=16)), task, None, small.tokenizer())  # type: ignore[arg-type]
    assert loaded.net.cut(asked, loaded.net.encoded(asked)).tolist() == cut


def test_tensors_that_only_look_alike_are_not_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = small.base_model(tmp_path / "base")
    made = plan({"bitfit": {"learning_rate": 1e-3}}, max_steps=2, eval_every=2)
    made = made.model_copy(update={"model": str(base), "model_id": model_id(base)})
    fit(base, tmp_path / "run", made).run()
    folder = tmp_path / "run" / "model"
    alike = load_models([(folder, made), (folder, made)])
    assert len({loaded.model.bert.encoder.layer[0].output.dense.weight.data_ptr() for loaded in alike}) == 1
    monkeypatch.setattr(load_several, "_look", lambda item: item.shape)
    one, other = (loaded.model for loaded in load_models([(folder, made), (folder, made)]))
    for (name, first), (_, second) in zip(one.named_parameters(), other.named_parameters(), strict=True):
        assert torch.equal(first, second), name
    assert not torch.equal(one.bert.encoder.layer[0].output.dense.weight, one.bert.encoder.layer[1].output.dense.weight)


def test_texts_that_come_again_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = AutoModelForSequenceClassification.from_pretrained(small.base_model(tmp_path / "base")).eval()
    net = Net(TextClassification(), base, small.tokenizer(), 16)
    read, run = list[int](), Inference.run

    def watched(self: Inference, model: Any, found: Any, **more: Any) -> Any:
        read.append(len(found))
        return run(self, model, found, **more)

    monkeypatch.setattr(Inference, "run", watched)
    texts = ["the room was fine", "a lovely stay", "the room was fine", "bad", "a lovely stay"]
    found = net.run(Rows(texts, None, None, list("01234")))
    apart = np.concatenate([net.run(Rows([text], None, None, ["0"])) for text in texts])
    assert read == [3, 1, 1, 1, 1, 1]
    np.testing.assert_allclose(found, apart, atol=1e-5)
    net.run(Rows(texts, None, np.array([0, 1, 0, 1, 0]), list("01234")))
    assert read[-1] == 5, "rows with labels stay as they are"
