"""What a reranker is compared with: BM25, and its base model as it is, where that can order passages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.errors import MachineError, ModelError
from tunebook.core.hooks import BaselineInput
from tunebook.core.judged import Judged
from tunebook.core.registry import task_of
from tunebook.core.settings import Filled
from tunebook.core.task import Task
from tunebook.models.heads import covers, own_head
from tunebook.models.sentences import longest_read, made_for_vectors
from tunebook.models.source import find_model, load_tokenizer
from tunebook.tasks.embedding.baselines import vectors_of
from tunebook.tasks.embedding.search import unit
from tunebook.tasks.heads import head_name
from tunebook.tasks.ranking.lexical import MOST, order

Array = NDArray[Any]
SCORES, VECTORS = "base_scores", "base_vectors"
_WINDOWS = 64  # that are read together
_FIELDS = ("row", "passage", "value")


def baselines(task: Task, given: BaselineInput) -> Mapping[str, Callable[[], Array]]:
    """`bm25`, in the order of which the same passages stand; `base_scores` of a base model that has a head of one
    output; `base_vectors` of one that was made for vectors.

    Raises:
        MachineError: bm25s is not installed.
    """
    rows = given.rows[given.split]
    found: dict[str, Callable[[], Array]] = {"bm25": partial(order, rows)}
    with suppress(ModelError, MachineError):  # what was trained from a base model outlives it
        folder = find_model(given.plan.model, allow_pickle=True)
        if _has_head(task, given, folder):
            found[SCORES] = partial(_scores, task, given, folder, rows)
        elif made_for_vectors(folder):
            found[VECTORS] = partial(_cosines, given, folder, rows)
    return found


def _has_head(task: Task, given: BaselineInput, folder: Path) -> bool:
    labels = given.plan.labels
    name = head_name(task.skeleton(folder, labels, Filled.defaults()), labels)
    return covers(own_head(name, folder, labels), labels)


def _scores(task: Any, given: BaselineInput, folder: Path, rows: Rows) -> Array:
    """Answers of the base model with the head that it was made with."""
    import torch

    from tunebook.core.batch import model_inputs

    plan = given.plan
    model = task.build(folder, plan.labels, Filled.defaults()).eval()
    model = model.to("cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = load_tokenizer(folder)
    encoded = task.encode(rows, tokenizer, plan.params.max_length)
    lines = np.cumsum(task.lines(encoded)) // _WINDOWS
    parts = []
    with torch.inference_mode():
        for some in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(lines)) + 1):
            batch = task.collate(encoded, some.tolist(), tokenizer.pad_token_id)
            batch = {name: value.to(model.device) for name, value in batch.items()}
            read = Judged.of(task.read(model(**model_inputs(batch)), batch, model).cpu().numpy())
            parts.append(replace(read, row=some[read.row]))
    row, passage, value = (np.concatenate([getattr(part, name) for part in parts]) for name in _FIELDS)
    found: Array = Judged(row, passage, value, len(rows)).matrix(np.float32)
    return found


def _cosines(given: BaselineInput, folder: Path, rows: Rows) -> Array:
    """The passages of each row by the cosine of their vectors and the query's, with the pooling and the prompts of the
    base model."""
    assert rows.targets is not None and rows.passages is not None
    task, judged = task_of("embedding")(), Judged.of(rows.targets)
    used, number = np.unique(judged.passage, return_inverse=True)
    vectors, settings = vectors_of(task, given, longest_read(folder, load_tokenizer(folder)))
    some = replace(rows, passages=[rows.passages[passage] for passage in used.tolist()], targets=None)
    seen = task.seen(some, settings)
    assert seen.passages is not None
    queries, passages = unit(vectors(seen.texts)), unit(vectors(seen.passages))
    cosines = np.einsum("md,md->m", queries[judged.row], passages[number])
    return replace(judged, value=cosines).best(MOST).matrix(np.float32)


__all__ = ["SCORES", "VECTORS", "baselines"]
