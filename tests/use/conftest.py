"""A run that makes vectors and one that reranks, of a small model."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests import small
from tests.tasks.embedding.test_passages import file_of
from tests.tasks.reranking.test_book import records
from tunebook.data.options import DataOptions
from tunebook.tables.make import child
from tunebook.verbs.init import init
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.train import train


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run with prompts of its own."""
    folder = tmp_path_factory.mktemp("vectors")
    base = small.base_model(folder / "base")
    book = init(folder / "book", file_of(folder / "rows.jsonl"), model=base, options=DataOptions(task="embedding"))
    changes = {"max_steps": "2", "embedding.query": "room {text}", "embedding.passage": "the {text}"}
    return train(plan(child(book.champion, changes), book.data), track=())


@pytest.fixture(scope="session")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run of a few steps."""
    folder = tmp_path_factory.mktemp("scores")
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in records(60)), encoding="utf-8")
    base = small.base_model(folder / "base")
    book = init(folder / "book", file, model=base, options=DataOptions(task="reranking"))
    return train(plan(child(book.champion, {"max_steps": "4", "learning_rate": "1e-2"}), book.data), track=())
