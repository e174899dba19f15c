"""One logit, its sigmoid as the score: the loss by hand, answers as sentence-transformers and plain transformers give
them, and a base model that keeps the head of its own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests import small, tiny
from tests.tasks.reranking import made
from tunebook.core.batch import model_inputs
from tunebook.core.judged import Judged
from tunebook.core.nouns import Labels
from tunebook.core.training import Training
from tunebook.engine.infer import Inference
from tunebook.nets.heads import head_of
from tunebook.tasks.reranking import Reranking
from tunebook.tasks.reranking.batches import PAIR
from tunebook.tasks.reranking.loss import Relevance

TASK = Reranking()
OFF = Training(dropout=0.0, attention_dropout=0.0, classifier_dropout=0.0)


def batch(rows: Any, length: int = 24, **fixed: Any) -> dict[str, Any]:
    encoded = TASK.encode(rows, small.tokenizer(), length).with_fixed(**fixed)
    return TASK.collate(encoded, range(len(rows)), 0)


def outputs(batch: dict[str, Any], seed: int = 0) -> Any:
    lines = len(batch["input_ids"])
    return SimpleNamespace(logits=torch.randn(lines, 1, generator=torch.Generator().manual_seed(seed)).requires_grad_())


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_loss_is_the_mean_over_rows_of_the_mean_over_their_pairs(smoothing: float, weighted: bool) -> None:
    rows = made.drawn(5, 3, longest=60)
    targets = rows.targets.copy()
    targets[1, 6], targets[2] = 2.0, np.array([2, 4, 0.5, 7, 0, 0, 0])
    rows = type(rows)(rows.texts, None, targets, rows.ids, passages=rows.passages, passage_ids=rows.passage_ids)
    weights = np.array([0.5, 2, 1, 0, 1], dtype=np.float32) if weighted else np.ones(5, dtype=np.float32)
    given = batch(rows, **({"sample_weight": weights} if weighted else {}))
    found = outputs(given)
    loss = Relevance(2.0, smoothing).loss(lambda **_: found, given)[0].detach()
    judged, lines = Judged.of(targets), found.logits.detach().double().numpy()[:, 0]
    assert len(lines) > len(judged.row), "some passages have several windows"
    losses = []
    for row in range(5):
        each = []
        for pair in np.flatnonzero(judged.row == row):
            z = lines[given[PAIR].numpy() == pair].max()
            y = judged.value[pair] / 2 * (1 - smoothing) + smoothing / 2
            each.append(-y * np.log(1 / (1 + np.exp(-z))) - (1 - y) * np.log(1 / (1 + np.exp(z))))
        losses.append(np.mean(each))
    assert float(loss) == pytest.approx((losses * weights).sum() / weights.sum(), rel=1e-5)
    assert float(Relevance(2.0, smoothing).items(given)) == pytest.approx(weights.sum())


def test_only_the_highest_window_of_a_passage_learns() -> None:
    given = batch(made.drawn(4, 3, longest=60), length=20)
    found = outputs(given)
    Relevance(1.0, 0.0).loss(lambda **_: found, given)[0].backward()
    moved = (found.logits.grad[:, 0] != 0).numpy()
    pairs, logits = given[PAIR].numpy(), found.logits.detach()[:, 0].numpy()
    best = np.zeros(len(pairs), dtype=bool)
    for pair in np.unique(pairs):
        best[np.flatnonzero(pairs == pair)[logits[pairs == pair].argmax()]] = True
    assert (moved == best).all() and not best.all()


def model(kind: str, folder: Path) -> Any:
    """With weights as large as trained ones, and logits that vary by about 1."""
    torch.manual_seed(1)
    found = TASK.build(small.base_model(folder / "base", kind), made.LABELS, OFF).eval()
    given = TASK.collate(TASK.encode(made.drawn(8), small.tokenizer(), 40), range(8), 0)
    with torch.no_grad():
        for parameter in found.parameters():
            parameter.mul_(4 if parameter.dim() > 1 else 1)
        logits, head = found(**model_inputs(given)).logits, head_of(found, 1)
        old = torch.zeros(1) if head.bias is None else head.bias.clone()
        head.weight.div_(logits.std())
        head.bias = torch.nn.Parameter((old - logits.mean()) / logits.std())
    return found


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "deberta-v2", "modernbert", "electra"])
def test_sentence_transformers_and_plain_transformers_give_the_same_scores(kind: str, tmp_path: Path) -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers")
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    rows, net = made.drawn(12, 5, longest=10), model(kind, tmp_path)
    folder = tmp_path / "kept"
    net.save_pretrained(str(folder))
    tokenizer = small.tokenizer(folder)
    found = Judged.of(Inference(TASK, tokenizer.pad_token_id).run(net, TASK.encode(rows, tokenizer, 40)).logits)
    pairs = [(rows.texts[row], rows.passages[passage]) for row, passage in zip(found.row, found.passage, strict=True)]
    theirs = sentence_transformers.CrossEncoder(str(folder), device="cpu").predict(pairs, show_progress_bar=False)
    np.testing.assert_allclose(theirs, found.value, atol=1e-5)
    plain = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    read = AutoTokenizer.from_pretrained(folder)(
        *map(list, zip(*pairs, strict=True)), padding=True, return_tensors="pt"
    )
    with torch.no_grad():
        logits = plain(**read).logits.float()[:, 0]
    np.testing.assert_allclose(logits.sigmoid().numpy(), found.value, atol=1e-5)
    assert np.ptp(found.value) > 0.01 and (np.diff(found.value)[np.diff(found.row) == 0] <= 0).all()


def test_a_passage_in_windows_has_the_best_score_of_any(tmp_path: Path) -> None:
    rows, net, tokenizer = made.drawn(6, 4, longest=60), model("bert", tmp_path), small.tokenizer()
    encoded = TASK.encode(rows, tokenizer, 24)
    found = Judged.of(Inference(TASK, 0, batch_size=7).run(net, encoded).logits)
    given = TASK.collate(encoded, range(6), 0)
    with torch.no_grad():
        lines = net(**model_inputs(given)).logits[:, 0]
    judged = Judged.of(rows.targets)
    for row in range(6):
        best = {
            int(judged.passage[pair]): float(lines[given[PAIR] == pair].max().sigmoid())
            for pair in np.flatnonzero(judged.row == row)
        }
        own = found.row == row
        assert dict(zip(found.passage[own].tolist(), found.value[own].tolist(), strict=True)) == pytest.approx(
            best, abs=1e-5
        )


def test_scores_that_are_all_but_1_are_still_in_the_order_of_their_logits() -> None:
    given = batch(made.drawn(2, 4, longest=8), length=40)
    logits = torch.tensor([30.0, 90.0, 60.0, 45.0, -200.0, -150.0, -199.0, 0.0])[:, None]
    found = Judged.of(TASK.read(SimpleNamespace(logits=logits.to(torch.bfloat16)), given, None).numpy())
    judged = Judged.of(made.drawn(2, 4, longest=8).targets)
    assert found.passage.tolist() == judged.passage[[1, 2, 3, 0, 7, 5, 6, 4]].tolist()
    assert found.value.tolist() == [1, 1, 1, 1, 0.5, 0, 0, 0]


def published(folder: Path, **config: Any) -> Path:
    """A reranker as one finds them: one output, whatever else its config says."""
    base = small.base_model(folder / "body")
    net = tiny.classifier("bert", labels=1)
    net.config.update(config)
    net.save_pretrained(str(folder / "whole"))
    small.tokenizer(folder / "whole")
    return folder / "whole" if config else base


@pytest.mark.parametrize(
    "config", [{"problem_type": None}, {"sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity"}}]
)
def test_a_published_reranker_keeps_its_head_and_says_sigmoid(config: Any, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    folder = published(tmp_path, **config)
    net = TASK.build(folder, made.LABELS, OFF)
    own = load_file(str(folder / "model.safetensors"))
    assert torch.equal(net.classifier.weight, own["classifier.weight"])
    assert torch.equal(net.classifier.bias, own["classifier.bias"])
    net.save_pretrained(str(tmp_path / "kept"))
    again = TASK.build(tmp_path / "kept", made.LABELS, OFF)
    assert torch.equal(again.classifier.weight, own["classifier.weight"]), "so does one of its own"
    sentence_transformers = pytest.importorskip("sentence_transformers")
    small.tokenizer(tmp_path / "kept")
    assert isinstance(
        sentence_transformers.CrossEncoder(str(tmp_path / "kept"), device="cpu").activation_fn, torch.nn.Sigmoid
    )


@pytest.mark.parametrize("labels", [3, 0])
def test_a_head_for_classes_or_none_starts_fresh(labels: int, tmp_path: Path) -> None:
    if labels:
        tiny.classifier("bert", labels=labels).save_pretrained(str(tmp_path))
    else:
        small.base_model(tmp_path)
    net = TASK.build(tmp_path, made.LABELS, OFF)
    assert net.classifier.weight.shape == (1, 16) and net.config.num_labels == 1
    assert sum(p.numel() for p in TASK.skeleton(tmp_path, made.LABELS, OFF).parameters()) == sum(
        p.numel() for p in net.parameters()
    )


def test_classes_and_other_kinds_of_targets_are_refused() -> None:
    from tunebook.core.errors import PlanError

    assert TASK.idle(made.LABELS) == {"class_weights": "none"}
    with pytest.raises(PlanError) as caught:
        TASK.metrics(Labels(problem="single_label", names=["a", "b"]))
    assert caught.value.code == "labels.kind"


def test_the_spread_is_that_of_the_logits_whatever_their_level() -> None:
    logits = np.array([-12.0, -12.5, -14.0, -30.0, 2.0, 1.0, -0.5])
    row = np.array([0, 0, 0, 1, 2, 2, 2])
    for shift in (0.0, -40.0):
        scores = 1 / (1 + np.exp(-(logits + shift)))
        answers = Judged(row, np.arange(7), scores, 3).matrix(np.float32)
        assert TASK.spread(answers) == pytest.approx((2.0 + 2.5) / 2, rel=1e-3)
    assert TASK.spread(Judged(row, np.arange(7), np.full(7, 0.3), 3).matrix(np.float32)) == 0
    assert np.isnan(TASK.spread(Judged(row, np.arange(7), np.ones(7), 3).matrix(np.float32)))
    assert np.isnan(TASK.spread(Judged(row[3:4] - 1, np.arange(1), np.ones(1), 1).matrix(np.float32)))


def test_rows_of_relevant_passages_alone_are_refused_with_what_helps() -> None:
    from tunebook.core.errors import PlanError

    with pytest.raises(PlanError) as caught:
        TASK.check({"judged": {"positives": 9, "negatives": 0}}, small.filled())
    assert caught.value.code == "reranking.no_negatives" and "tunebook mine" in caught.value.advice
