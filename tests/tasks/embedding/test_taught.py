"""Losses of passages that a teacher has scored, against sentence-transformers and by hand, and a book of such rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from sentence_transformers.sentence_transformer.losses import DistillKLDivLoss, MarginMSELoss

from tests import small
from tests.tasks.embedding.made import Vectors, judged_batch
from tunebook.core.encoded import Encoded
from tunebook.core.errors import DataError, PlanError
from tunebook.core.judged import Judged
from tunebook.data.options import DataOptions
from tunebook.nets.candidates import TAUGHT
from tunebook.tables.make import child
from tunebook.tasks.embedding.cases import case
from tunebook.tasks.embedding.loss import Shape
from tunebook.tasks.embedding.rows import EmbeddingRows
from tunebook.tasks.embedding.taught import Kl, MarginMse, Taught, taught_loss

OPTIONS = DataOptions(task="embedding")
ROWS = [[(3 * row, 1.0), (3 * row + 1, 0.0), (3 * row + 2, 0.0)] for row in range(4)]


def taught_batch(rows: Any, said: dict[tuple[int, int], float]) -> tuple[Vectors, dict[str, torch.Tensor]]:
    """A batch in which a teacher has said something of some (row, passage)."""
    model, batch = judged_batch(rows)
    keys = sorted(said)
    columns = [np.array(column, dtype=np.int64) for column in zip(*keys, strict=True)]
    matrix = Judged(*columns, np.array([said[key] for key in keys]), len(rows)).matrix()
    return model, {**batch, TAUGHT: torch.from_numpy(matrix)[batch["embedding.row"]]}


def everything() -> dict[tuple[int, int], float]:
    draw = np.random.default_rng(2)
    return {(row, passage): float(draw.normal(0, 4)) for row, pairs in enumerate(ROWS) for passage, _ in pairs}


@pytest.mark.parametrize("loss", ["margin_mse", "kl"])
def test_values_and_gradients_are_those_of_sentence_transformers(loss: Any) -> None:
    said = everything()
    model, batch = taught_batch(ROWS, said)
    encoded = Encoded({}, np.zeros(5, dtype=np.int64), {TAUGHT: np.ones((4, 3)), "labels": np.zeros((4, 3))})
    ours = taught_loss(EmbeddingRows(loss=loss, scale=9.0, temperature=2.0), encoded, Shape())
    assert isinstance(ours, Taught)
    value, _ = ours.loss(model, batch)
    value.backward()
    again = torch.nn.Parameter(model.vectors.detach().clone())
    parts = [F.normalize(again[at::4], dim=1) for at in range(4)]
    scores = torch.tensor([[said[row, 3 * row + at] for at in range(3)] for row in range(4)])
    if loss == "kl":
        other = DistillKLDivLoss(None, student_temperature=1 / 9, teacher_temperature=2.0)
        theirs = 81 * other.compute_loss_from_embeddings(parts, scores)
    else:
        other = MarginMSELoss(None, similarity_fct=lambda a, b: 9 * (a * b).sum(1))
        theirs = other.compute_loss_from_embeddings(parts, scores[:, :1] - scores[:, 1:])
    theirs.backward()
    assert value.item() == pytest.approx(theirs.item(), rel=1e-5)
    torch.testing.assert_close(model.vectors.grad, again.grad, rtol=1e-4, atol=1e-5)
    assert float(ours.items(batch)) == 4


def test_what_was_not_scored_does_not_count() -> None:
    said = everything()
    for gone in ((0, 1), (1, 3), (2, 7), (2, 8), (3, 9), (3, 10), (3, 11)):
        del said[gone]
    model, batch = taught_batch(ROWS, said)
    unit = F.normalize(model.vectors.detach(), dim=1)
    cosine = {(row, 3 * row + at): float(unit[4 * row] @ unit[4 * row + 1 + at]) for row in range(4) for at in range(3)}
    margin = (5 * (cosine[0, 0] - cosine[0, 2]) - (said[0, 0] - said[0, 2])) ** 2
    ours = MarginMse(scale=5.0)
    assert ours.loss(model, batch)[0].item() == pytest.approx(margin, rel=1e-5)
    assert ours.counts(batch).nonzero().flatten().tolist() == [0], "rows without both kinds are left out"
    lists = [torch.tensor([[source[key] for key in keys] for source in (cosine, said)])
             for keys in (((0, 0), (0, 2)), ((1, 4), (1, 5)))]  # fmt: skip
    each = [F.kl_div((5 * one[0]).log_softmax(0), one[1].softmax(0), reduction="sum").item() for one in lists]
    ours = Kl(scale=5.0)
    assert ours.loss(model, batch)[0].item() == pytest.approx(np.mean(each), rel=1e-4)
    assert ours.counts(batch).nonzero().flatten().tolist() == [0, 4]
    model, batch = taught_batch(ROWS, {(0, 5): 1.0})
    for ours in (MarginMse(), Kl()):
        value, _ = ours.loss(model, batch)
        value.backward()
        assert value.item() == 0 and torch.isfinite(model.vectors.grad).all()


def test_rows_without_a_teacher_are_refused() -> None:
    for fixed in ({}, {TAUGHT: np.zeros((2, 1))}):
        with pytest.raises(PlanError) as caught:
            taught_loss(EmbeddingRows(loss="kl"), Encoded({}, np.zeros(3, dtype=np.int64), fixed), Shape())
        assert caught.value.code == "embedding.taught"
    assert case("relevance", "kl").rows.taught is not None


def written(path: Path, **more: Any) -> Path:
    texts = [text for text, _ in small.texts(90, seed=5)]
    with path.open("w", encoding="utf-8") as stream:
        for row in range(40):
            pos, neg = [f"{texts[row]} indeed"], ["", f"{texts[row + 1]} no {row}", f"{texts[row + 40]} nor {row}"]
            line = {
                "query": f"{texts[row]} {row}",
                "pos": pos,
                "neg": neg,
                "pos_scores": [2.5],
                "neg_scores": [9, -1, -2],
            }
            stream.write(json.dumps({**line, **more}) + "\n")
    return path


def test_scores_come_with_their_passages_into_training(tmp_path: Path) -> None:
    import tunebook as tb
    from tunebook.data.load import load

    base = small.base_model(tmp_path / "base")
    book = tb.init(tmp_path / "book", written(tmp_path / "rows.jsonl"), model=base, options=OPTIONS)
    assert book.data.stats["passages"]["taught"] == 120
    rows = load(book.data, "train")
    judged, said = Judged.of(rows.targets), Judged.of(rows.taught)
    assert "taught" not in rows.other and not {"pos_scores", "neg_scores"} & set(rows.other)
    for passage, score in zip(said.passage, said.value, strict=True):
        text = rows.passages[passage]
        assert score == (2.5 if text.endswith("indeed") else -1 if " no " in text else -2)
    assert len(said.row) == len(judged.row) and rows.at([1, 2]).taught.shape[0] == 2
    for loss in ("kl", "margin_mse"):
        table = child(book.champion, {"embedding.loss": loss, "max_steps": "2", "candidates.negatives": "1"})
        assert tb.train(tb.plan(table, book.data)).outcome["steps"] == 2
    plain = written(tmp_path / "plain.jsonl", pos_scores=None, neg_scores=None)
    other = tb.init(tmp_path / "other", plain, model=base, options=OPTIONS)
    assert "taught" not in other.data.stats["passages"] and load(other.data, "train").taught is None
    with pytest.raises(PlanError) as caught:
        tb.plan(child(other.champion, {"embedding.loss": "kl"}), other.data)
    assert caught.value.code == "embedding.taught" and "tunebook mine" in str(caught.value)


@pytest.mark.parametrize("wrong", [[9, -1], [9, -1, "good"], 3])
def test_scores_that_fit_no_passages_are_refused(wrong: Any, tmp_path: Path) -> None:
    import tunebook as tb

    file = written(tmp_path / "rows.jsonl", neg_scores=wrong)
    with pytest.raises(DataError) as caught:
        tb.init(tmp_path / "book", file, model=small.base_model(tmp_path / "base"), options=OPTIONS)
    assert (caught.value.code, caught.value.key) == ("data.taught", "neg_scores")
