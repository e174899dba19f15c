"""The base model as it is: scores and cosines as sentence-transformers has them, and a model that has neither."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests import small
from tests.tasks.reranking import made
from tests.tasks.reranking.test_book import make_book
from tunebook.core.hooks import BaselineInput
from tunebook.core.judged import Judged
from tunebook.core.registry import tasks
from tunebook.core.training import Training
from tunebook.models.source import load_tokenizer
from tunebook.nets.heads import head_of
from tunebook.tasks.reranking import Reranking, baselines
from tunebook.verbs.bases import bases
from tunebook.verbs.steps.book import Book

OFF = Training(dropout=0.0, attention_dropout=0.0, classifier_dropout=0.0)
LENGTH = 40


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A base model without either, one with one output, and one for vectors with prompts."""
    place = tmp_path_factory.mktemp("kinds")
    plain = small.base_model(place / "plain")
    scoring = Reranking().build(plain, made.LABELS, OFF)
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in scoring.parameters():
            parameter.mul_(4 if parameter.dim() > 1 else 1)
        head_of(scoring, 1).weight.normal_()
    vectors = tasks()["embedding"]().build(plain, None, small.filled(**{"embedding.query": "room {text}"}))
    for name, model in (("scores", scoring), ("vectors", vectors)):
        model.save_pretrained(str(place / name))
        load_tokenizer(plain).save_pretrained(str(place / name))
    return {name: place / name for name in ("plain", "scores", "vectors")}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return make_book(tmp_path_factory.mktemp("ranked"))


def given(model: Path | str, rows: Any) -> BaselineInput:
    plan: Any = SimpleNamespace(model=str(model), labels=made.LABELS, params=SimpleNamespace(max_length=LENGTH))
    nothing: Any = None
    return BaselineInput(plan, nothing, "test", {"test": rows}, nothing)


def pairs(found: Judged, rows: Any) -> list[tuple[str, str]]:
    return [(rows.texts[row], rows.passages[passage]) for row, passage in zip(found.row, found.passage, strict=True)]


def test_scores_are_those_of_a_cross_encoder(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from sentence_transformers import CrossEncoder

    monkeypatch.setattr(baselines, "_WINDOWS", 9)  # several passes
    rows = made.drawn(11, 5, longest=10)
    made_of = Reranking().baselines(given(folders["scores"], rows))
    assert set(made_of) == {"bm25", baselines.SCORES}
    found = Judged.of(made_of[baselines.SCORES]())
    theirs = CrossEncoder(str(folders["scores"]), device="cpu").predict(pairs(found, rows), show_progress_bar=False)
    np.testing.assert_allclose(theirs, found.value, atol=1e-5)
    assert (found.counts == 5).all() and np.ptp(found.value) > 0.01
    judged = Judged.of(rows.targets)
    assert {*zip(found.row.tolist(), found.passage.tolist(), strict=True)} == {
        *zip(judged.row.tolist(), judged.passage.tolist(), strict=True)
    }
    assert (np.diff(found.value)[np.diff(found.row) == 0] <= 0).all()


def test_cosines_are_those_of_sentence_transformers(folders: dict[str, Path]) -> None:
    from sentence_transformers import SentenceTransformer

    rows = made.drawn(9, 4, longest=10)
    made_of = Reranking().baselines(given(folders["vectors"], rows))
    assert set(made_of) == {"bm25", baselines.VECTORS}
    found = Judged.of(made_of[baselines.VECTORS]())
    net = SentenceTransformer(str(folders["vectors"]), device="cpu")
    queries, passages = zip(*pairs(found, rows), strict=True)
    theirs = (net.encode_query(list(queries)) * net.encode_document(list(passages))).sum(1)
    np.testing.assert_allclose(theirs, found.value, atol=1e-5)
    assert (found.counts == 4).all() and (np.diff(found.value)[np.diff(found.row) == 0] <= 0).all()


@pytest.mark.parametrize("model", ["plain", "gone"])
def test_a_model_that_orders_nothing_and_one_that_is_gone(model: str, folders: dict[str, Path]) -> None:
    assert set(Reranking().baselines(given(folders.get(model, "./gone"), made.drawn(3)))) == {"bm25"}


def test_base_models_of_both_kinds_are_compared(book: Book, folders: dict[str, Path]) -> None:
    found = bases(book, [str(folder) for folder in folders.values()])
    by_name = {Path(item.model).name: item for item in found.candidates}
    assert found.passages == 0, "candidates are put in order, nothing is searched"
    assert found.metric == "ndcg@10" and set(found.probes) == {"base_scores", "base_vectors"}
    assert (by_name["scores"].probe, by_name["vectors"].probe) == ("base_scores", "base_vectors")
    for name in ("scores", "vectors"):
        score, pace = by_name[name].score, by_name[name].rows_per_second
        assert score is not None and score.low <= score.value <= score.high and pace is not None and pace > 0
    error = by_name["plain"].error
    assert error is not None and error.code == "bases.unread" and found.candidates[-1] is by_name["plain"]
