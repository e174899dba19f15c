"""What every task owes: the same loss however rows are split, padding that changes nothing, answers that agree."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests import small, tiny
from tunebook.core.nouns import Labels
from tunebook.core.registry import tasks
from tunebook.core.task import Rows, Task
from tunebook.engine.infer import Inference

NAMES = ["bad", "so", "good"]
LABELS = {
    "single_label": Labels(problem="single_label", names=NAMES),
    "multi_label": Labels(problem="multi_label", names=NAMES),
    "regression": Labels(problem="regression", low=0, high=2),
    "ordinal": Labels(problem="ordinal", names=NAMES, low=0, high=2),
}
# Language models, which have no labels of their own, owe the same in tests/nets/test_language_model.py.
LABELLERS = sorted(key for key, task in tasks().items() if "row_logits" in task.gives)
ENCODERS = (*tiny.ENCODERS, "xlm-roberta")
CASES = [
    (task, problem, pair, kind)
    for task, problem, pair, kind in product(LABELLERS, LABELS, (False, True), ENCODERS)
    if kind == "bert" or pair == (problem in ("multi_label", "ordinal"))  # the architectures see each kind of loss once
]
COUNT = 9


@dataclass(frozen=True)
class Case:
    """A task with a model and rows to go with it."""

    task: Task
    labels: Labels
    model: Any
    rows: Rows
    encoded: Any


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: small.base_model(tmp_path_factory.mktemp(kind), kind) for kind in ENCODERS}


@cache
def made(folder: Path, task_key: str, problem: str, pair: bool) -> Case:
    task, labels = tasks()[task_key](), LABELS[problem]
    torch.manual_seed(1)
    model = task.build(folder, labels, {"dropout": 0.0, "attention_dropout": 0.0, "classifier_dropout": 0.0}).eval()
    with torch.no_grad():  # as large as trained ones, so that the rows differ by more than rounding
        for parameter in model.parameters():
            parameter.mul_(4 if parameter.dim() > 1 else 1)
    rng = np.random.default_rng(0)
    targets = {
        "single_label": rng.integers(3, size=COUNT),
        "multi_label": rng.integers(2, size=(COUNT, 3)).astype(np.float32),
        "regression": rng.uniform(0, 2, COUNT).astype(np.float32),
        "ordinal": rng.integers(3, size=COUNT).astype(np.float32),
    }[problem]
    found = [text for text, _ in small.texts(2 * COUNT, 3)]
    weights = rng.uniform(0.2, 2, COUNT).astype(np.float32)
    rows = Rows(found[:COUNT], found[COUNT:] if pair else None, targets, [str(n) for n in range(COUNT)], weights)
    return Case(task, labels, model, rows, task.encode(rows, small.tokenizer(), 24))


@pytest.fixture(params=CASES, ids=lambda case: "-".join(str(part) for part in case))
def case(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Case:
    task, problem, pair, kind = request.param
    return made(folders[kind], task, problem, pair)


def unweighted(encoded: Any) -> Any:
    return type(encoded)(encoded.flat, encoded.offsets, {"labels": encoded.fixed["labels"]})


SETTINGS = [("none", 0.0), ("balanced", 0.1), ("sqrt", 0.0), ("none", 0.1)]


def test_the_loss_does_not_depend_on_how_rows_are_split(case: Case) -> None:
    classes = case.labels.problem in ("single_label", "multi_label")
    for weights, smoothing in SETTINGS if classes else SETTINGS[:1]:  # plan() refuses them for numbers
        params = {"class_weights": weights, "label_smoothing": smoothing}
        criterion = case.task.criterion(case.labels, params, case.encoded)
        for encoded in (case.encoded, unweighted(case.encoded)):
            whole = case.task.collate(encoded, range(COUNT), 0)
            parts = [case.task.collate(encoded, rows, 0) for rows in ([4], [0, 8, 2], [1, 3, 5, 6, 7])]
            with torch.no_grad():
                loss, _ = criterion.loss(case.model, whole)
                summed = sum(criterion.loss(case.model, part)[0] * criterion.items(part) for part in parts)
            items = sum(criterion.items(part) for part in parts)
            assert float(items) == pytest.approx(float(criterion.items(whole)), rel=1e-5)
            assert float(summed / items) == pytest.approx(float(loss), rel=2e-5)


def test_the_loss_reaches_the_model(case: Case) -> None:
    params = {"class_weights": "none", "label_smoothing": 0.0}
    criterion = case.task.criterion(case.labels, params, case.encoded)
    criterion.loss(case.model, case.task.collate(case.encoded, range(COUNT), 0))[0].backward()
    still = [name for name, parameter in case.model.named_parameters() if parameter.grad is None]
    case.model.zero_grad()
    assert still == []


def test_padding_changes_nothing(case: Case) -> None:
    together = Inference(case.task, 0, batch_size=COUNT).run(case.model, case.encoded).logits
    alone = Inference(case.task, 0, batch_size=1).run(case.model, case.encoded).logits
    assert together.shape == (COUNT, case.labels.outputs)
    np.testing.assert_allclose(together, alone, atol=2e-5)
    assert np.ptp(together, axis=0).max() > 1e-4, "the rows are told apart"


def test_a_saved_model_loads_with_plain_transformers(case: Case, tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification

    case.model.save_pretrained(str(tmp_path))
    plain = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    own = case.task.load(tmp_path).eval()
    expected = Inference(case.task, 0).run(case.model, case.encoded).logits
    for model in (plain, own):
        assert all(torch.equal(item, model.state_dict()[name]) for name, item in case.model.state_dict().items())
        # The last bit of a head of one output depends on where its weights lie in memory.
        np.testing.assert_allclose(
            Inference(case.task, 0).run(model, case.encoded).logits, expected, rtol=1e-6, atol=1e-6
        )
    if case.labels.problem in ("single_label", "multi_label"):
        assert list(plain.config.id2label.values()) == NAMES
        assert plain.config.label2id == {name: number for number, name in enumerate(NAMES)}
    assert plain.config.num_labels == case.labels.outputs


def test_answers_scores_and_true_labels_agree(case: Case) -> None:
    """Answers that are all true have the best score, in the user's words."""
    targets = case.encoded.fixed["labels"]
    if case.labels.problem == "single_label":
        logits = np.eye(3, dtype=np.float32)[targets] * 9
    elif case.labels.problem == "multi_label":
        logits = (targets * 2 - 1) * 9
    else:
        logits = targets[:, None].astype(np.float32)
    scores = case.task.scores(logits, targets, case.labels)
    headline = case.task.headline(case.labels)
    assert scores[headline] == pytest.approx(1)
    assert headline in case.task.judges(case.labels)
    assert set(case.task.judges(case.labels)) <= set(scores)
    assert headline in case.task.intervals(logits, targets, case.labels)
    pairs = np.arange(len(targets)) // 2
    assert headline in case.task.intervals(logits, targets, case.labels, pairs)
    answers = case.task.say(logits, case.rows, case.labels)
    true = case.task.true(targets, case.rows, case.labels)
    assert [answer["label"] for answer in answers] == (
        pytest.approx(true) if case.labels.problem == "regression" else true
    )
    assert all(set(answer) == {"label", "score", "scores"} for answer in answers)
    for answer in answers:
        if case.labels.problem == "single_label":
            assert sum(answer["scores"].values()) == pytest.approx(1)
            assert answer["score"] == max(answer["scores"].values()) == answer["scores"][answer["label"]]
        elif case.labels.problem == "multi_label":
            assert answer["label"] == [name for name, value in answer["scores"].items() if value > 0.5]
    wrong = case.task.scores(logits[::-1].copy(), targets, case.labels)
    assert wrong[headline] < scores[headline]
    detail = case.task.detail(logits, case.rows, case.labels)
    assert set(detail) <= {"per_class", "confusion", "extra", "interval_notes"}


def test_bf16_runs_and_is_near(case: Case) -> None:
    exact = Inference(case.task, 0).run(case.model, case.encoded).logits
    params = {"class_weights": "none", "label_smoothing": 0.0}
    criterion = case.task.criterion(case.labels, params, case.encoded)
    rough = Inference(case.task, 0, precision="bf16").run(case.model, case.encoded, criterion)
    assert rough.loss is not None and np.isfinite(rough.loss)
    np.testing.assert_allclose(rough.logits, exact, rtol=0.02, atol=0.02 * max(1, np.abs(exact).max()))
    assert not np.array_equal(rough.logits, exact)
