"""Models that stay in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import small
from tunebook.core.errors import DataError, ModelError, RunError
from tunebook.verbs.served import Embedder, Reranker, hold


def test_a_base_model_makes_the_vectors_of_sentence_transformers(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    folder, texts = small.base_model(tmp_path / "bce-embedding-small"), ["great room", "slow food", "great room", ""]
    model = Embedder(folder)
    assert model.held.net.model.how.pooling == "cls" and model.held.plan is None and model.held.name == folder.name
    model.held.net.model.how.write(folder, model.held.net.model.config.hidden_size)
    np.testing.assert_allclose(model.vectors(texts), SentenceTransformer(str(folder)).encode(texts), atol=1e-5)
    assert Embedder(folder).vectors(texts, "query", batch_size=1).shape == (4, model.vectors([""]).shape[1])


def test_a_run_of_another_task_is_refused(trained: Any) -> None:
    run = trained("binary").run
    with pytest.raises(RunError) as vectors:
        Embedder(run)
    with pytest.raises(DataError) as scores:
        Reranker(run)
    assert [vectors.value.code, scores.value.code] == ["embed.task", "rerank.task"]
    assert hold(run, "embedding", lambda run: None).plan == run.plan


def test_a_folder_that_is_no_reranker_is_refused(tmp_path: Path) -> None:
    from tests.models.test_stored import classifier

    base = small.base_model(tmp_path / "base")
    cut = classifier(base, tmp_path / "cut")
    file = cut / "model.safetensors"
    file.write_bytes(file.read_bytes()[:2000])
    wanted = {base: "model.headless", classifier(base, tmp_path / "three", 3): "rerank.outputs", cut: "model.unread"}
    for folder, code in wanted.items():
        with pytest.raises(ModelError) as caught:
            Reranker(folder)
        assert caught.value.code == code and str(folder)[:60] in str(caught.value)
    trained = classifier(base, tmp_path / "trained")
    texts = ["great room", "slow food"]
    assert Reranker(trained).order("room", texts) == Reranker(trained).order("room", texts)
    with pytest.raises(ModelError) as caught:
        Embedder(cut)
    assert caught.value.code == "model.unread"
