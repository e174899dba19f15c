"""The task on pairs with a grade, from the file to answers, and what is refused."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import small
from tunebook.core.answers import Rows
from tunebook.core.errors import PlanError, TableError
from tunebook.core.nouns import Labels
from tunebook.core.params import build
from tunebook.core.registry import own_rows, tasks
from tunebook.models.source import load_tokenizer
from tunebook.nets.candidates import PLACE
from tunebook.tables.make import child, new_table
from tunebook.tasks.embedding.batches import ROW, collate, encode
from tunebook.tasks.embedding.rows import EmbeddingRows

TASK: Any = tasks()["embedding"]()
LABELS = Labels(problem="regression", low=0.0, high=5.0)


def pairs_file(path: Path, count: int = 120) -> Path:
    """Pairs of sentences; graded 5 if a word of the same kind gives both away, else 0, and a little more or less."""
    rows = small.records("pairs", count)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "other", "label"])
        for place, row in enumerate(rows):
            writer.writerow([row["text"], row["other"], (4 if row["label"] == "same" else 0) + place % 7 / 7])
    return path


def test_batches_have_a_line_for_each_text(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(small.base_model(tmp_path))
    encoded = encode([["the room", "a"], ["we found it great", "it was slow"]], tokenizer, 5)
    assert encoded.lengths.tolist() == [4 + 3, 5 + 5]
    batch = collate(encoded.with_fixed(labels=np.array([1.0, 2.0])), [1, 0], 0)
    assert batch["input_ids"].shape == (4, 5)
    assert batch[PLACE].tolist() == [-1, 0, -1, 0] and batch[ROW].tolist() == [0, 0, 1, 1]
    assert batch["labels"].tolist() == [2, 2, 1, 1]
    assert batch["attention_mask"].sum(1).tolist() == [5, 5, 4, 3]
    assert TASK.lines(encoded).tolist() == [2, 2]


@pytest.mark.parametrize(("loss", "texts"), [("cosent", [16, 16]), ("cosine_mse", [8, 8, 8, 8])])
def test_a_step_whose_rows_are_held_against_each_other_is_one_pass(loss: str, texts: list[int], tmp_path: Path) -> None:
    import tunebook as tb
    from tunebook.data.load import load
    from tunebook.engine.fit import Fit, Material
    from tunebook.engine.seam import MORE
    from tunebook.engine.tokens import encode as encode_rows

    base = small.base_model(tmp_path / "base")
    options = tb.DataOptions(text="text", text_pair="other", label="label", problem="regression", task="embedding")
    book = tb.init(tmp_path / "book", pairs_file(tmp_path / "rows.csv"), model=base, options=options)
    plan = tb.plan(child(book.champion, {"batch_size": "8", "embedding.loss": loss}), book.data)
    tokenizer = load_tokenizer(base)
    train, validation = (
        encode_rows(TASK.seen(load(book.data, split), plan.params), TASK, tokenizer, plan.params.max_length)
        for split in ("train", "validation")
    )
    folder = tmp_path / "run"
    folder.mkdir()
    trainer = Fit(plan, Material(base, tokenizer, train, validation), folder).prepare()
    batches = [batch for _, batch in zip(range(2), trainer.get_train_dataloader(), strict=False)]
    assert [len(part[PLACE]) for batch in batches for part in (batch, *batch.get(MORE, ()))] == texts


def test_prompts_are_put_in_front() -> None:
    rows = Rows(["a", "b"], ["c", "d"], None, ["1", "2"])
    assert TASK.seen(rows, small.filled()) is rows
    seen = TASK.seen(rows, small.filled(**{"embedding.query": "q: {text}", "embedding.passage": "p: {text}"}))
    assert (list(seen.texts), list(seen.pairs)) == (["q: a", "q: b"], ["p: c", "p: d"])
    single = TASK.seen(Rows(["a"], None, None, ["1"]), small.filled(**{"embedding.query": "q: {text}"}))
    assert list(single.texts) == ["q: a"] and single.pairs is None


@pytest.mark.parametrize(("name", "prompt"), [("intfloat/e5-base", "query: {text}"), ("BAAI/bge-base-en", "{text}")])
def test_what_is_left_open_is_the_models_own(name: str, prompt: str, tmp_path: Path) -> None:
    filled = TASK.settled(small.filled(seed=1, **{"embedding.normalize": False}), tmp_path, LABELS, name)
    own = filled.more(EmbeddingRows)
    assert own.pooling == ("mean" if "e5" in name else "cls")
    assert own.normalize is False and filled.seed == 1
    assert own.query == own.passage == prompt
    assert own.loss == "cosent"


def test_prompts_end_with_the_text() -> None:
    for wrong in ("query:", "{text} ?", "{text} {text}"):
        with pytest.raises(TableError) as caught:
            build(EmbeddingRows, {"query": wrong})
        assert caught.value.code == "embedding.prompt" and wrong in caught.value.message
        assert caught.value.allowed.endswith("{text}") and "{text}" in caught.value.message
    with pytest.raises(TableError) as caught:
        build(EmbeddingRows, {"dims": ["64", "0"]})
    assert caught.value.code == "embedding.dims_value"


def test_rows_of_a_task_stand_in_its_tables() -> None:
    assert own_rows()["embedding"] is EmbeddingRows
    table = new_table({"embedding": True, "normalize_embeddings": "no"})
    assert table.rows["embedding.normalize"].value is False
    assert table.rows["embedding.query"].value is None
    assert not [name for name in child(table, {"embedding": "off"}).rows if name.startswith("embedding")]
    assert child(table, {"embedding.query": "query: {text}"}).rows["embedding.query"].value == "query: {text}"


def test_from_file_to_answers(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    import tunebook as tb

    base = small.base_model(tmp_path / "base")
    options = tb.DataOptions(text="text", text_pair="other", label="label", problem="regression", task="embedding")
    book = tb.init(tmp_path / "book", pairs_file(tmp_path / "rows.csv"), model=base, options=options)
    assert book.data.task == "embedding" and "embedding.loss" in book.champion.rows
    rate = book.champion.rows["learning_rate"]
    assert rate.value == rate.recommended == 5e-5 and "spoil" in rate.reason
    table = child(book.champion, {"max_steps": "4", "embedding.query": "room {text}", "learning_rate": "1e-2"})
    plan = tb.plan(table, book.data)
    own = plan.params.more(EmbeddingRows)
    assert own.query == "room {text}" and own.passage == "{text}"
    assert plan.params.length_bucketing == "off", "pairs of all lengths are held against each other"
    values = tb.plan(child(table, {"embedding.loss": "cosine_mse"}), book.data)
    assert values.params.length_bucketing == "on"
    assert tb.plan(child(table, {"length_bucketing": "on"}), book.data).params.length_bucketing == "on"
    run = tb.train(plan)
    report = tb.evaluate(run, split="test")
    assert set(report.metrics) == {"spearman", "pearson", "average_precision"} and set(report.baselines) == {
        "tfidf",
        "base",
    }
    first, second = ["the room was great", "we found it"], ["a lovely hotel", "it was poor"]
    said = tb.predict(run, first, second)
    theirs = SentenceTransformer(str(run.path / "model"))
    expected = theirs.similarity_pairwise(theirs.encode_query(first), theirs.encode_document(second))
    assert [answer["similarity"] for answer in said] == pytest.approx(expected.tolist(), abs=1e-5)
    with pytest.raises(PlanError) as caught:
        tb.plan(child(book.champion, {"gradient_accumulation_steps": "2"}), book.data)
    assert caught.value.code == "plan.whole"
    tb.plan(child(book.champion, {"gradient_accumulation_steps": "2", "embedding.loss": "cosine_mse"}), book.data)


def test_rows_of_another_task_are_refused(tmp_path: Path) -> None:
    import tunebook as tb

    base = small.base_model(tmp_path / "base")
    file = small.write_records(tmp_path / "rows.csv", "binary", 60)
    book = tb.init(tmp_path / "book", file, model=base, options=small.options("binary"))
    with pytest.raises(PlanError) as caught:
        tb.plan(child(book.champion, {"embedding.scale": "10"}), book.data)
    assert caught.value.code == "plan.own_rows"
