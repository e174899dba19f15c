"""Vectors of files, and a search among them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet

from tests import small
from tests.tasks.embedding.test_passages import file_of
from tunebook.core.errors import DataError, RunError
from tunebook.data.options import DataOptions
from tunebook.tables.make import child
from tunebook.verbs.embed import embed, embed_file, nearest_rows


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    import tunebook as tb

    folder = tmp_path_factory.mktemp("embed")
    base = small.base_model(folder / "base")
    book = tb.init(
        folder / "book", file_of(folder / "rows.jsonl"), model=base, options=tb.DataOptions(task="embedding")
    )
    changes = {"max_steps": "2", "embedding.query": "room {text}", "embedding.passage": "the {text}"}
    return tb.train(tb.plan(child(book.champion, changes), book.data))


def table_of(path: Path) -> Path:
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["name", "body"])
        writer.writerows([("a", "great room"), ("b", "we found  it"), ("c", "slow and dirty food")])
    return path


def test_vectors_are_those_of_sentence_transformers(run: Any) -> None:
    from sentence_transformers import SentenceTransformer

    texts = ["great room", "we found it", "slow"]
    theirs = SentenceTransformer(str(run.path / "model"))
    np.testing.assert_allclose(embed(run, texts), theirs.encode_document(texts), atol=1e-5)
    np.testing.assert_allclose(embed(run, texts, side="query", batch_size=1), theirs.encode_query(texts), atol=1e-5)


def test_files(run: Any, tmp_path: Path) -> None:
    source, options = table_of(tmp_path / "rows.csv"), DataOptions(text="body")
    bare = embed_file(run, source, tmp_path / "out.npy", options=options)
    vectors = np.load(bare.path)
    assert (bare.rows, bare.width) == vectors.shape and bare.seconds > 0
    np.testing.assert_allclose(vectors, embed(run, ["great room", "we found it", "slow and dirty food"]), atol=1e-5)
    whole = embed_file(run, source, tmp_path / "out.parquet", options=options)
    table = parquet.read_table(whole.path)
    assert table.column_names == ["name", "body", "vector"] and table["name"].to_pylist() == ["a", "b", "c"]
    np.testing.assert_allclose(np.array(table["vector"].to_pylist()), vectors, atol=1e-6)
    scores = vectors @ embed(run, ["great room"], side="query")[0]
    found = nearest_rows(run, whole.path, "great room", 2)
    assert [row["name"] for row in found] == [table["name"][int(place)].as_py() for place in np.argsort(-scores)[:2]]
    assert list(found[0]) == ["name", "body", "score"]
    assert found[0]["score"] == pytest.approx(scores.max() / np.linalg.norm(vectors[scores.argmax()]), abs=1e-5)


def test_what_cannot_be_written_or_read_is_refused(run: Any, tmp_path: Path) -> None:
    source = table_of(tmp_path / "rows.csv")
    for into, text, code in (("out.txt", "body", "embed.into"), ("out.npy", "bodies", "predict.column")):
        with pytest.raises(DataError) as caught:
            embed_file(run, source, tmp_path / into, options=DataOptions(text=text))
        assert caught.value.code == code
    embed_file(run, source, tmp_path / "out.parquet", options=DataOptions(text="body"))
    table = parquet.read_table(tmp_path / "out.parquet")
    parquet.write_table(table.drop_columns(["vector"]), tmp_path / "no.parquet")
    parquet.write_table(table.slice(0, 0), tmp_path / "empty.parquet")
    short = table.set_column(2, "vector", [[[1.0, 2.0]] * 3])
    parquet.write_table(short, tmp_path / "short.parquet")
    for index in ("no.parquet", "empty.parquet", "short.parquet", "rows.csv", "gone.parquet"):
        with pytest.raises(DataError) as caught:
            nearest_rows(run, tmp_path / index, "room")
        assert caught.value.code == "embed.index"


def test_another_task_has_no_vectors(trained: Any) -> None:
    with pytest.raises(RunError) as caught:
        embed(trained("binary").run, ["a"])
    assert caught.value.code == "embed.task"
