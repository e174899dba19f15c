"""Every task whose answers can be explained, by its own cases: units are those of the texts, values add up, and what is
explained is what the task says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests import small
from tunebook.bundle.calibrated import Calibrated
from tunebook.core.calibrates import Calibrates
from tunebook.core.errors import DataError
from tunebook.core.explains import Explains
from tunebook.core.registry import tasks
from tunebook.core.task import searching
from tunebook.core.writes import Writes
from tunebook.engine.load import LoadedModel
from tunebook.explain.answered import answered
from tunebook.explain.explaining import How, explained, targets_of
from tunebook.explain.faithful import faithful
from tunebook.explain.methods.integrated_gradients import attributions, near
from tunebook.tasks.embedding import aims as embedding_aims
from tunebook.tasks.question_answering import aims as answer_aims
from tunebook.tasks.reranking import aims as passage_aims
from tunebook.tasks.tagging import aims as span_aims
from tunebook.tasks.writing import aims as text_aims

LENGTH = 24
OFF = {"dropout": 0.0, "attention_dropout": 0.0, "classifier_dropout": 0.0}
BASE = {"encoder": "bert", "decoder": "llama", "seq2seq": "t5"}
EVERY = [
    (key, case) for key, task in tasks().items() for case in task.cases()
    if isinstance(task(), Explains) and case.labels.problem != "tags"
]  # fmt: skip
_OF_TASKS = (embedding_aims, answer_aims, passage_aims, span_aims, text_aims)


@dataclass(frozen=True)
class Ready:
    """A model of random weights, as if a run had made it, and rows of the case."""

    loaded: LoadedModel
    rows: Any
    reranks: bool


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    vocabulary = sorted({word for _, case in EVERY for text in case.rows.texts for word in text.lower().split()})
    return {kind: small.base_model(tmp_path_factory.mktemp(kind), kind, vocabulary) for kind in BASE.values()}


@cache
def made(folder: Path, place: int) -> Ready:
    from transformers import AutoTokenizer

    key, case = EVERY[place]
    task = tasks()[key]()
    params = small.filled(**{"max_length": LENGTH, **({} if case.base != "encoder" else OFF), **case.params})
    torch.manual_seed(1)
    model = task.build(folder, case.labels, params).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3 if parameter.dim() > 1 else 1)
    plan: Any = SimpleNamespace(task=key, labels=case.labels, params=params, id="plan")
    tokenizer = task.reader(AutoTokenizer.from_pretrained(folder), params)
    alone = searching(task, case.labels)
    rows = replace(case.rows, targets=None) if alone and case.rows.passages is not None else case.rows
    return Ready(LoadedModel(plan, task, model, tokenizer), rows.at([0, 1, 2]), key == "reranking")


def _ready(folders: dict[str, Path], place: int) -> Ready:
    ready = made(folders[BASE[EVERY[place][1].base]], place)
    if searching(ready.loaded.task, ready.loaded.plan.labels) and ready.rows.passages is None:
        pytest.skip("needs the training rows of a book")
    return ready


PLACES = pytest.mark.parametrize("place", range(len(EVERY)), ids=[f"{key}-{case.name}" for key, case in EVERY])


@PLACES
def test_units_are_those_of_the_texts_and_gradients_add_up(folders: dict[str, Path], place: int) -> None:
    ready = _ready(folders, place)
    rows, count = answered(ready.loaded, ready.rows), 0
    for number in range(len(rows)):
        row = rows.at([number])
        for target in list(targets_of(ready.loaded, row, How()))[:2]:
            count += 1
            kept = np.ones((1, len(target.line.pieces)), dtype=bool)
            found = attributions(target.line, most=400)
            assert np.isfinite(found.values).all() and np.isfinite(target.line.scores(kept)).all()
            assert abs(found.values.sum() - found.whole) <= 2 * near(found.values, found.whole)
            assert len(target.units) and target.line.explained.any()
            words = {word for text in _texts(row) for word in text.split()}
            assert {_said(row, unit) for unit in target.units.pieces} <= words
    assert count


def _texts(row: Any) -> list[str]:
    return [*row.texts, *(row.pairs or []), *(row.passages or [])]


def _said(row: Any, piece: Any) -> str:
    from tunebook.core.explains import text_of

    return text_of(row, piece.part)[piece.start : piece.end]


@PLACES
def test_what_is_explained_is_what_the_task_says(folders: dict[str, Path], place: int) -> None:
    ready = _ready(folders, place)
    task, labels = ready.loaded.task, ready.loaded.plan.labels
    with torch.no_grad():
        logits = ready.loaded.logits(replace(ready.rows, targets=ready.rows.targets if ready.reranks else None))
    said = task.say(logits, ready.rows, labels)
    for method in ("occlusion", "random", "attention_rollout"):
        try:
            items = explained(ready.loaded, ready.rows, How(method=method))
        except DataError as error:
            assert error.code == "explain.nothing" and not any(next(iter(answer.values())) for answer in said)
            return
        assert all(np.isfinite([unit.value for unit in item.units]).all() for item in items)
        for number, answer in enumerate(said):
            _agree(answer, [item for item in items if item.number == number])


def _agree(answer: dict[str, Any], items: list[Any]) -> None:
    """What a row's explanations say of their score is what its answer says."""
    if "score" in answer and isinstance(answer.get("label"), str) and items[0].chance is not None:
        assert items[0].said == answer["label"] and items[0].chance == pytest.approx(answer["score"], abs=1e-4)
    elif "similarity" in answer:
        assert len(items) == 2 and all(item.score == pytest.approx(answer["similarity"], abs=1e-5) for item in items)
    elif "entities" in answer:
        texts = [entity["text"] for entity in answer["entities"]][:20]
        assert [item.said.rpartition(" · ")[0] for item in items] == texts
    elif "answer" in answer and "others" in answer:
        assert items[0].said == (answer["answer"] or items[0].said)
    elif "passages" in answer:
        assert items[0].said == answer["passages"][0]["id"]


@PLACES
def test_scores_of_chances_are_at_the_temperature_and_no_others(folders: dict[str, Path], place: int) -> None:
    ready = _ready(folders, place)
    task, labels = ready.loaded.task, ready.loaded.plan.labels
    hot = isinstance(task, Calibrates) and labels.kind.link != "identity"
    try:
        plain, read = (
            explained(ready.loaded, ready.rows, How(method="random", read=read)) for read in (None, Calibrated(2.0))
        )
    except DataError as error:
        assert error.code == "explain.nothing"
        return
    two = labels.kind.link == "sigmoid" or len(labels.names) == 2 or EVERY[place][0] == "tagging"
    for one, other in zip(plain, read, strict=True):
        assert one.said == other.said
        if two or not hot:
            assert other.score == pytest.approx(one.score / (2 if hot else 1), abs=1e-5)
        else:
            assert other.chance != pytest.approx(one.chance, abs=1e-4)


@pytest.mark.parametrize("place", [place for place, (key, _) in enumerate(EVERY) if key in ("instruction", "seq2seq")])
def test_single_tokens_of_a_text_can_be_asked_for(folders: dict[str, Path], place: int) -> None:
    ready = _ready(folders, place)
    assert isinstance(ready.loaded.task, Writes)
    row = ready.rows.at([1])
    (whole,) = explained(ready.loaded, row, How(method="occlusion"))
    (first,) = explained(ready.loaded, row, How(method="occlusion", answer="1"))
    assert first.said.startswith("1: ") and whole.score != first.score
    with pytest.raises(DataError) as refused:
        explained(ready.loaded, row, How(answer="900"))
    assert refused.value.code == "explain.answer"


def test_faithfulness_of_other_tasks(folders: dict[str, Path]) -> None:
    place = next(place for place, (key, _) in enumerate(EVERY) if key == "reranking")
    found = faithful(_ready(folders, place).loaded, _ready(folders, place).rows, methods=("occlusion",))
    assert found.rows == 3 and found.chance
