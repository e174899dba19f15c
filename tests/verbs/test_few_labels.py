"""Linear probe, head start and SetFit from a table to plain transformers, for every kind of labels that they fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import small
from tunebook.core.errors import PlanError
from tunebook.tables.make import child
from tunebook.tables.rules import planned_steps
from tunebook.verbs.evaluate import evaluate
from tunebook.verbs.init import init
from tunebook.verbs.predict import predict
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.train import train

SHORT = {"max_epochs": 2, "batch_size": 8, "learning_rate": 1e-3}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("few") / "model")


def book_of(kind: str, model: Path, place: Path) -> Book:
    rows = small.write_records(place / "rows.csv", kind, 90)
    return init(place / "book", rows, model=str(model), options=small.options(kind))


@pytest.fixture(scope="module")
def book(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Book:
    return book_of("classes", model, tmp_path_factory.mktemp("book"))


@pytest.mark.parametrize("key", ["linear_probe", "head_start", "setfit"])
def test_plain_transformers_answers_as_the_run_does(key: str, book: Book) -> None:
    from transformers import pipeline

    run = train(plan(child(book.champion, {**SHORT, key: True}), book.data), track=())
    texts = [text for text, _ in small.texts(5, 3, seed=4)]
    plain = pipeline("text-classification", str(run.model), top_k=None)(texts)
    for said, found in zip(predict(run, texts), plain, strict=True):
        for each in found:
            np.testing.assert_allclose(said["scores"][each["label"]], each["score"], atol=1e-5)


@pytest.mark.parametrize("kind", ["several", "pairs", "number", "ordered"])
def test_a_probe_is_as_good_as_the_frozen_baseline(kind: str, model: Path, tmp_path: Path) -> None:
    book = book_of(kind, model, tmp_path)
    table = child(book.champion, {"linear_probe": True, "class_weights": "none"})
    report = evaluate(train(plan(table, book.data), track=()))
    assert report.metrics[report.headline] >= report.baselines["frozen_logreg"][report.headline] - 0.15


@pytest.mark.usefixtures("even_speed")
def test_what_an_epoch_shows_decides_warmup_and_steps(book: Book) -> None:
    def made(**rows: Any) -> Any:
        return plan(child(book.champion, {**SHORT, "warmup_ratio": 0.25, "warmup_steps": None, **rows}), book.data)

    plain, pairs, probe = made(), made(**{"setfit.pairs": 2}), made(linear_probe=True)
    rows = book.data.rows["train"]
    assert pairs.estimate.steps == planned_steps(pairs.params, 8 * rows) > 7 * plain.estimate.steps
    assert pairs.params.warmup_steps == pairs.estimate.steps // 4 and plain.params.warmup_steps < 10
    assert probe.estimate.steps == 1 and probe.estimate.seconds < plain.estimate.seconds
    assert made(**{"setfit.pairs": 2, "warmup_steps": 3}).params.warmup_steps == 3


@pytest.mark.parametrize(
    ("key", "other"),
    [("linear_probe", "layer_decay"), ("setfit", "focal"), ("setfit", "ema"), ("head_start", "lora")],
)
def test_what_does_not_go_together_is_refused(key: str, other: str, book: Book) -> None:
    with pytest.raises(PlanError) as caught:
        plan(child(book.champion, {key: True, other: True}), book.data)
    assert caught.value.code == "plan.conflict" and {caught.value.key, caught.value.value} == {key, other}


def test_a_run_of_a_probe_goes_on_as_plain_training(book: Book) -> None:
    run = train(plan(child(book.champion, {"linear_probe": True}), book.data), track=())
    on = train(plan(child(book.champion, SHORT), book.data, continue_from=run.id), track=())
    again = plan(child(book.champion, {**SHORT, "head_start": True}), book.data, continue_from=run.id)
    assert on.finished and again.estimate.parameters == on.plan.estimate.parameters
