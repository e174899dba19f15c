"""Parameter-efficient methods of an encoder without a head: what is trained, kept, merged, and read elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import small
from tests.tasks.embedding.test_embedding import pairs_file
from tunebook.core.errors import PlanError
from tunebook.tables.make import child
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.merge import merge

TEXTS = ["the room was great", "we found it", "it was poor and slow"]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    import tunebook as tb

    folder = tmp_path_factory.mktemp("partial")
    base = small.base_model(folder / "base")
    options = tb.DataOptions(text="text", text_pair="other", label="label", problem="regression", task="embedding")
    return tb.init(folder / "book", pairs_file(folder / "rows.csv"), model=base, options=options)


@pytest.mark.parametrize(
    ("key", "more"),
    [
        ("lora", {}),
        ("lora", {"embedding.mini_batch": "4"}),
        ("ia3", {}),
        ("adapter", {}),
        ("bitfit", {}),
        ("adalora", {}),
    ],
)
def test_it_trains_is_kept_and_answers_elsewhere_as_here(
    key: str, more: dict[str, Any], book: Book, tmp_path: Path
) -> None:
    from sentence_transformers import SentenceTransformer

    import tunebook as tb
    from tunebook.verbs.embed import embed

    rows = {"max_steps": "6", "batch_size": "8", key: "on", f"{key}.learning_rate": "1e-2", **more}
    run = tb.train(tb.plan(child(book.champion, rows), book.data))
    made = embed(run, TEXTS, side="query")
    assert (run.model / "base.json").is_file() and key in run.outcome["counters"]
    if key == "adapter":  # stays beside the model
        return
    merge(run, tmp_path / "merged")
    theirs = SentenceTransformer(str(tmp_path / "merged")).encode_query(TEXTS)
    np.testing.assert_allclose(theirs, made, atol=1e-5)


def test_what_puts_tokens_in_front_is_refused(book: Book) -> None:
    import tunebook as tb

    for key in ("prefix", "prompt", "p_tuning"):
        with pytest.raises(PlanError) as caught:
            tb.plan(child(book.champion, {key: "on"}), book.data)
        assert caught.value.code == "plan.needs"
