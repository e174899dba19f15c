"""What a run had kept before it failed is a model that loads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.engine.test_fit import BombError, bomb, fit, plan, weights
from tests.small import base_model
from tunebook.engine.rescue import best_checkpoint, rescue


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return base_model(tmp_path_factory.mktemp("model"))


def test_the_best_checkpoint_becomes_the_model(model: Path, tmp_path: Path) -> None:
    made = plan(max_epochs=4, learning_rate=1e-2)
    with pytest.raises(BombError):
        fit(model, tmp_path / "run", made, callbacks=[bomb(30)]).run()
    best = best_checkpoint(tmp_path / "run")
    assert best is not None
    kept = rescue(fit(model, tmp_path / "run", made))
    assert kept == tmp_path / "run" / "model" and not (tmp_path / "run" / "model.part").exists()
    found = weights(tmp_path / "run")
    stored = dict(load_file(best / "model.safetensors"))
    head = next(name for name in stored if name.startswith("classifier") and name.endswith("weight"))
    assert torch.equal(found[head], stored[head])
    assert len(found["bert.embeddings.word_embeddings.weight"]) == 50, "the whole vocabulary is back"


def test_the_newest_where_none_is_best(model: Path, tmp_path: Path) -> None:
    made = plan(max_epochs=4, learning_rate=1e-2)
    with pytest.raises(BombError):
        fit(model, tmp_path, made, callbacks=[bomb(30)]).run()
    newest = max((tmp_path / "checkpoints").iterdir(), key=lambda path: int(path.name.split("-")[1]))
    state = json.loads((newest / "trainer_state.json").read_text())
    (newest / "trainer_state.json").write_text(json.dumps(state | {"best_model_checkpoint": "/gone/checkpoint-999"}))
    assert best_checkpoint(tmp_path) == newest
    shutil.rmtree(tmp_path / "checkpoints")
    assert best_checkpoint(tmp_path) is None
    assert rescue(fit(model, tmp_path, made)) is None
