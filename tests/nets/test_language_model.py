"""The loss is that of transformers itself, a mean over targets however rows are split; figures agree with it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests import small, tiny
from tunebook.core.encoded import Encoded
from tunebook.core.errors import ModelError, RunError
from tunebook.core.nouns import Labels
from tunebook.core.registry import tasks
from tunebook.core.task import Rows
from tunebook.core.training import Training
from tunebook.engine.infer import Inference

LABELS = Labels(problem="language_model")
SETTINGS = small.filled(mask_share=0.3, whole_words=True)
KINDS = (*(("masked_lm", kind) for kind in tiny.ENCODERS), ("causal_lm", "llama"), ("causal_lm", "gpt2"))
COUNT = 40


@pytest.fixture(scope="module", params=KINDS, ids="-".join)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, Encoded, Path]:
    """Task, model in evaluation mode, rows with targets, folder."""
    key, kind = request.param
    folder = tmp_path_factory.mktemp(kind)
    folder = small.base_model(folder, kind)
    task = tasks()[key]()
    torch.manual_seed(1)
    model = task.build(folder, LABELS, Training()).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3 if parameter.dim() > 1 else 1)
    texts = [text for text, _ in small.texts(COUNT)]
    rows = task.encode(Rows(texts, None, None, texts), small.tokenizer(), 16)
    if key == "masked_lm":
        rows = task.drawn(rows, small.tokenizer(), SETTINGS, (0,))
    return task, model, rows, folder


def test_the_loss_is_that_of_transformers(case: Any) -> None:
    task, model, rows, _ = case
    batch = task.collate(rows, range(len(rows)), 0)
    criterion = task.criterion(LABELS, SETTINGS, rows)
    with torch.no_grad():
        own = criterion.loss(model, batch)[0]
        plain = model(**batch).loss
        unshortened = criterion.flat(model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]), batch)
    assert float(own) == pytest.approx(float(plain), rel=1e-5)
    whole = torch.nn.functional.cross_entropy(unshortened.logits, unshortened.targets)
    assert float(whole) == pytest.approx(float(plain), rel=1e-5)


def test_the_loss_does_not_depend_on_how_rows_are_split(case: Any) -> None:
    task, model, rows, _ = case
    criterion = task.criterion(LABELS, SETTINGS, rows)
    whole = task.collate(rows, range(8), 0)
    parts = [task.collate(rows, part, 0) for part in ([4], [0, 7, 2], [1, 3, 5, 6])]
    with torch.no_grad():
        summed = sum(criterion.loss(model, part)[0] * criterion.items(part) for part in parts)
        loss = criterion.loss(model, whole)[0]
    items = sum(criterion.items(part) for part in parts)
    assert float(items) == float(criterion.items(whole)) == float((whole["labels"][:, task.ahead :] >= 0).sum())
    assert float(summed / items) == pytest.approx(float(loss), rel=2e-5)


def test_the_loss_reaches_all_but_the_pooler(case: Any) -> None:
    task, model, rows, _ = case
    task.criterion(LABELS, SETTINGS, rows).loss(model, task.collate(rows, range(8), 0))[0].backward()
    still = [name for name, item in model.named_parameters() if item.grad is None and "pooler" not in name]
    model.zero_grad()
    assert still == []


def test_padding_changes_nothing_and_figures_agree_with_the_loss(case: Any) -> None:
    task, model, rows, _ = case
    criterion = task.criterion(LABELS, SETTINGS, rows)
    together = Inference(task, 0, batch_size=16).run(model, rows, criterion)
    alone = Inference(task, 0, batch_size=1).run(model, rows, criterion)
    np.testing.assert_allclose(together.logits, alone.logits, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(Inference(task, 0, 16).run(model, rows).logits, together.logits, rtol=1e-5, atol=1e-5)
    scores = task.scores(together.logits, rows.targets, LABELS)
    assert together.loss is not None
    assert scores["log_likelihood"] == pytest.approx(-together.loss, rel=1e-5)
    assert scores["perplexity"] == pytest.approx(math.exp(together.loss), rel=1e-4)
    assert set(task.judges(LABELS)) <= set(scores)
    assert task.headline(LABELS) in task.judges(LABELS)
    interval = task.intervals(together.logits, rows.targets, LABELS)["log_likelihood"]
    assert interval.low < scores["log_likelihood"] < interval.high
    assert interval.value == pytest.approx(scores["log_likelihood"])
    twice = [np.concatenate([part, part]) for part in (together.logits, rows.targets)]
    copied = task.intervals(*twice, LABELS, np.tile(np.arange(len(rows)), 2))["log_likelihood"]
    assert (copied.low, copied.high) == pytest.approx((interval.low, interval.high)), "copies tell nothing new"
    every = np.arange(len(rows))
    for metric in task.judges(LABELS):
        assert task.scorer(together.logits, rows.targets, LABELS, metric)(every) == pytest.approx(scores[metric])
        assert task.row_scores(together.logits, rows.targets, LABELS, metric) is None
    assert task.detail(together.logits, rows, LABELS) == {}


def test_a_saved_model_loads_with_plain_transformers(case: Any, tmp_path: Path) -> None:
    task, model, rows, _ = case
    model.save_pretrained(str(tmp_path))
    criterion = task.criterion(LABELS, SETTINGS, rows)
    expected = Inference(task, 0).run(model, rows, criterion).logits
    for loaded in (task.load(tmp_path), task.auto().from_pretrained(tmp_path)):
        np.testing.assert_array_equal(Inference(task, 0).run(loaded.eval(), rows, criterion).logits, expected)


def test_bf16_is_near(case: Any) -> None:
    task, model, rows, _ = case
    criterion = task.criterion(LABELS, SETTINGS, rows)
    exact = Inference(task, 0).run(model, rows, criterion).loss
    rough = Inference(task, 0, precision="bf16").run(model, rows, criterion).loss
    assert rough == pytest.approx(exact, rel=0.03)
    assert rough != exact


def test_the_skeleton_has_the_shapes_of_the_model(case: Any) -> None:
    task, model, _, folder = case
    bare = dict(task.skeleton(folder, LABELS, Training()).named_parameters())
    shapes = {name: item.shape for name, item in bare.items()}
    assert shapes == {name: item.shape for name, item in model.named_parameters()}
    still = {
        name for name, item in task.skeleton(folder, LABELS, Training()).named_parameters() if not item.requires_grad
    }
    assert still == {name for name, item in model.named_parameters() if not item.requires_grad}


def test_a_model_that_was_kept_without_a_pooler_has_none(tmp_path: Path) -> None:
    from transformers import AutoModelForMaskedLM

    folder = small.base_model(tmp_path / "base")
    AutoModelForMaskedLM.from_pretrained(str(folder)).save_pretrained(str(tmp_path / "without"))
    for make in ("build", "skeleton"):
        model = getattr(tasks()["masked_lm"](), make)(tmp_path / "without", LABELS, {})
        assert not [name for name, _ in model.named_parameters() if "pooler" in name]


def test_the_pooler_of_the_base_model_is_carried_along(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    folder = small.base_model(tmp_path / "base")
    before = load_file(folder / "model.safetensors")
    model = tasks()["masked_lm"]().build(folder, LABELS, Training())
    model.save_pretrained(str(tmp_path / "after"))
    after = load_file(tmp_path / "after" / "model.safetensors")
    assert torch.equal(after["bert.pooler.dense.weight"], before["pooler.dense.weight"])


def test_one_without_a_pooler_gets_none(tmp_path: Path) -> None:
    task = tasks()["masked_lm"]()
    task.build(small.base_model(tmp_path / "base"), LABELS, Training()).save_pretrained(str(tmp_path / "whole"))
    from transformers import BertForMaskedLM

    BertForMaskedLM.from_pretrained(tmp_path / "whole").save_pretrained(str(tmp_path / "bare"))
    assert getattr(task.build(tmp_path / "bare", LABELS, Training()).base_model, "pooler", None) is None


def test_a_folder_without_part_of_the_body_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = small.base_model(tmp_path)
    weights = load_file(folder / "model.safetensors")
    save_file(
        {name: item for name, item in weights.items() if "layer.1." not in name},
        folder / "model.safetensors",
        {"format": "pt"},
    )
    with pytest.raises(ModelError) as caught:
        tasks()["masked_lm"]().build(folder, LABELS, Training())
    assert caught.value.code == "model.partial"


@pytest.mark.parametrize("make", ["build", "skeleton"])
def test_an_architecture_without_such_a_head_is_refused(make: str, tmp_path: Path) -> None:
    from transformers import AutoConfig

    folder = small.base_model(tmp_path, "llama")
    assert AutoConfig.from_pretrained(folder).model_type == "llama"
    with pytest.raises(ModelError) as caught:
        getattr(tasks()["masked_lm"](), make)(folder, LABELS, {})
    assert caught.value.code == "model.head"


def test_a_language_model_gives_no_answers() -> None:
    task = tasks()["causal_lm"]()
    with pytest.raises(RunError) as caught:
        task.say(np.zeros((1, 3), dtype=np.float32), Rows([], None, None, []), LABELS)
    assert caught.value.code == "stages.no_answers"
    assert task.true(np.array([7]), Rows([], None, None, []), LABELS) == [7]


def test_a_head_that_is_no_plain_layer_works_on_all_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = tasks()["masked_lm"]()
    model = task.build(small.base_model(tmp_path), LABELS, Training()).eval()
    texts = [text for text, _ in small.texts(8)]
    rows = task.drawn(
        task.encode(Rows(texts, None, None, texts), small.tokenizer(), 16), small.tokenizer(), SETTINGS, (0,)
    )
    batch = task.collate(rows, range(len(rows)), 0)
    criterion = task.criterion(LABELS, SETTINGS, rows)
    with torch.no_grad():
        short = criterion.loss(model, batch)[0]
        monkeypatch.setattr(model, "get_output_embeddings", lambda: None)
        loss, outputs = criterion.loss(model, batch)
    assert outputs.head is None
    assert outputs.outputs.logits.dim() == 3
    assert float(loss) == pytest.approx(float(short), rel=1e-5)
