"""Numbers and ordered classes are learnt alike whatever their width, their place and the precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests import small
from tests.engine.test_fit import BombError, bomb, plan
from tunebook.core.nouns import HeadStart, Labels, Plan
from tunebook.core.task import Rows
from tunebook.engine.fit import Fit
from tunebook.engine.load import load_model
from tunebook.engine.material import Material
from tunebook.engine.outcome import last_checkpoint
from tunebook.engine.tokens import encode
from tunebook.engine.track import read_history
from tunebook.engine.weave import STATE_FILE, unit_at
from tunebook.models.source import model_id
from tunebook.tasks.text_classification import TextClassification

TASK = TextClassification()
QUICK = {"metric": "spearman", "max_epochs": 2, "learning_rate": 3e-3}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("base"))


def levels(count: int, seed: int, width: float, middle: float) -> Rows:
    found = small.texts(count, 3, seed)
    draw = np.random.default_rng(seed)
    grades = np.array([small.LEVELS.index(label) - 1 for _, label in found]) + draw.normal(0, 0.25, count)
    targets = np.asarray(middle + width * grades.astype(np.float32), dtype=np.float32)
    return Rows([text for text, _ in found], None, targets, [str(n) for n in range(count)])


def made(base: Path, folder: Path, width: float = 1.0, middle: float = 0.0, **more: Any) -> Fit:
    rows = [levels(count, seed, width, middle) for count, seed in ((96, 0), (48, 1))]
    encoded = [encode(part, TASK, small.tokenizer(), 20) for part in rows]
    targets = rows[0].targets
    assert targets is not None
    labels = Labels(problem="regression", low=float(targets.min()), high=float(targets.max()), start=[middle])
    filled: Plan = plan(more.pop("techniques", None), **{**QUICK, **more}).model_copy(
        update={"labels": labels, "model": str(base), "model_id": model_id(base)}
    )
    return Fit(filled, Material(base, small.tokenizer(), encoded[0], encoded[1]), folder)


def answers(fit: Fit, width: float, middle: float) -> np.ndarray:
    return load_model(fit.folder / "model", fit.plan).logits(levels(48, 1, width, middle))[:, 0]


@pytest.mark.parametrize(("width", "middle"), [(8.0, 100.0), (64.0, 2000.0), (1.0, 3.5)])
def test_in_bf16_numbers_keep_their_differences(base: Path, tmp_path: Path, width: float, middle: float) -> None:
    """bf16 has 8 bits: near 100 its steps are 0.5, and a model that has only begun to learn would answer one number."""
    fit = made(base, tmp_path, width, middle, precision="bf16", eval_every=4)
    fit.run()
    looks = [entry["eval_spearman"] for entry in read_history(tmp_path / "metrics.jsonl") if "eval_spearman" in entry]
    assert len(looks) >= 5 and np.isfinite(looks).all()
    found = answers(fit, width, middle)
    assert len(np.unique(found)) > 20 and abs(found.mean() - middle) < width


def test_the_width_of_the_labels_changes_nothing(base: Path, tmp_path: Path) -> None:
    """The same labels 1024 times as wide: the same training, and each answer 1024 times as large, bit for bit."""
    narrow, wide = made(base, tmp_path / "narrow"), made(base, tmp_path / "wide", 1024.0)
    assert wide.criterion.unit == 1024 * narrow.criterion.unit
    for fit in (narrow, wide):
        fit.run()
    losses = [
        [entry.get("loss", entry.get("eval_loss")) for entry in read_history(fit.folder / "metrics.jsonl")]
        for fit in (narrow, wide)
    ]
    assert losses[0] == losses[1]
    assert np.array_equal(1024 * answers(narrow, 1.0, 0.0), answers(wide, 1024.0, 0.0))


@pytest.mark.parametrize("techniques", [{}, {"lora": {"rank": 2}}, {"ema": {"decay": 0.9}}])
def test_the_kept_model_answers_as_the_trained_one(base: Path, tmp_path: Path, techniques: dict[str, Any]) -> None:
    from tunebook.core.params import build
    from tunebook.core.registry import techniques as known

    filled = {key: build(known()[key], rows).model_dump() for key, rows in techniques.items()}
    fit = made(base, tmp_path, 64.0, 500.0, techniques=filled, precision="fp32")
    fit.run()
    trained = {name: item for name, item in fit.scorer()(fit.context.model).items() if name != "eval_loss"}
    found = TASK.scores(answers(fit, 64.0, 500.0)[:, None], levels(48, 1, 64.0, 500.0).targets, fit.plan.labels)
    if "ema" not in techniques:  # it is kept with other weights than it is left with
        assert found["spearman"] == trained["eval_spearman"] and found["mae"] == pytest.approx(trained["eval_mae"])
    assert 0.1 < found["mae"] < 64


def test_a_run_that_goes_on_is_as_if_never_stopped(base: Path, tmp_path: Path) -> None:
    whole = made(base, tmp_path / "whole", 64.0, 500.0, max_steps=10, eval_every=5)
    whole.run()
    broken = made(base, tmp_path / "broken", 64.0, 500.0, max_steps=10, eval_every=5)
    broken.callbacks = (bomb(7),)
    with pytest.raises(BombError):
        broken.run()
    checkpoint = last_checkpoint(tmp_path / "broken")
    assert checkpoint is not None and unit_at(checkpoint) == broken.criterion.unit == 64
    made(base, tmp_path / "broken", 64.0, 500.0, max_steps=10, eval_every=5).run(checkpoint)
    assert np.array_equal(answers(whole, 64.0, 500.0), answers(broken, 64.0, 500.0))


def test_a_run_of_an_older_version_goes_on_as_it_was_begun(base: Path, tmp_path: Path) -> None:
    """Then numbers were learnt as they are; its checkpoints say nothing of a unit."""
    fit = made(base, tmp_path, 64.0, 500.0, max_steps=10, eval_every=5)
    fit._measure(1.0)
    fit.callbacks = (bomb(7),)
    with pytest.raises(BombError):
        fit.run()
    checkpoint = last_checkpoint(tmp_path)
    assert checkpoint is not None
    stored = torch.load(checkpoint / STATE_FILE, weights_only=True)
    del stored["unit"]
    torch.save(stored, checkpoint / STATE_FILE)
    on = made(base, tmp_path, 64.0, 500.0, max_steps=10, eval_every=5)
    on.run(checkpoint)
    assert on.criterion.unit == 1 and abs(answers(on, 64.0, 500.0).mean() - 500) < 64


def test_a_head_for_a_number_that_goes_on_keeps_its_answers(base: Path, tmp_path: Path) -> None:
    first = made(base, tmp_path / "first", 64.0, 500.0)
    first.run()
    again = made(tmp_path / "first" / "model", tmp_path / "again", 64.0, 500.0, learning_rate=1e-12)
    again.plan = again.plan.model_copy(update={"head": HeadStart(number=True)})
    again.run()
    np.testing.assert_allclose(answers(again, 64.0, 500.0), answers(first, 64.0, 500.0), rtol=1e-6)


def test_ordered_classes_have_a_unit_too(base: Path, tmp_path: Path) -> None:
    rows = [levels(count, seed, 8.0, 20.0) for count, seed in ((96, 0), (48, 1))]
    names = [f"grade {number}" for number in range(41)]
    targets = [np.clip(np.rint(part.targets), 0, 40).astype(np.float32) for part in rows]  # type: ignore[arg-type]
    encoded = [
        encode(Rows(part.texts, None, grades, part.ids), TASK, small.tokenizer(), 20)
        for part, grades in zip(rows, targets, strict=True)
    ]
    labels = Labels(problem="ordinal", names=names, low=0, high=40)
    filled = plan(metric="qwk", precision="bf16", max_epochs=2).model_copy(update={"labels": labels})
    fit = Fit(filled, Material(base, small.tokenizer(), encoded[0], encoded[1]), tmp_path)
    assert fit.criterion.unit == 8
    fit.run()
    found = answers(fit, 8.0, 20.0)
    assert len(np.unique(found)) > 20 and abs(found.mean() - 20) < 8
