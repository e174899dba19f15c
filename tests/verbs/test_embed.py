"""Vectors of files, and a search among them."""

from __future__ import annotations

import csv
import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet

from tests import small
from tests.tasks.embedding.test_passages import file_of
from tunebook.backends import choice
from tunebook.backends.measured import Measured
from tunebook.core.errors import DataError, MachineError, ModelError, RunError
from tunebook.data.options import DataOptions
from tunebook.models.files import unreadable
from tunebook.tables.make import child
from tunebook.verbs.embed import check_index, embed, embed_file, index_file, nearest_rows
from tunebook.verbs.errors import errors
from tunebook.verbs.served import Embedder
from tunebook.verbs.soup import soup
from tunebook.verbs.steps.book import open_book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.train import train


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
    told = nearest_rows(run, whole.path, "great room", 2)
    assert (told.index, told.recall, told.stale) == ("numpy", 1.0, False)
    found = told.rows
    assert [row["name"] for row in found] == [table["name"][int(place)].as_py() for place in np.argsort(-scores)[:2]]
    assert list(found[0]) == ["name", "body", "score"]
    assert found[0]["score"] == pytest.approx(scores.max() / np.linalg.norm(vectors[scores.argmax()]), abs=1e-5)


def test_rows_without_a_text_are_kept_and_counted(run: Any, tmp_path: Path) -> None:
    source = tmp_path / "rows.csv"
    source.write_text("name,body\na,great room\nb,\nc,\u3000  \n", encoding="utf-8")
    found = embed_file(run, source, tmp_path / "out.npy", options=DataOptions(text="body"))
    assert (found.rows, found.empty) == (3, 2)
    np.testing.assert_allclose(np.load(found.path)[1], embed(run, [""])[0], atol=1e-6)


def test_what_cannot_be_written_or_read_is_refused(run: Any, tmp_path: Path) -> None:
    source = table_of(tmp_path / "rows.csv")
    for into, text, code in (("out.txt", "body", "embed.into"), ("out.npy", "bodies", "embed.column")):
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
    with pytest.raises(DataError) as caught:
        nearest_rows(run, tmp_path / "out.parquet", " \n")
    assert caught.value.code == "rerank.query"


def test_an_index_is_kept_used_and_never_that_of_other_vectors(run: Any, tmp_path: Path) -> None:
    source, options = table_of(tmp_path / "rows.csv"), DataOptions(text="body")
    whole = embed_file(run, source, tmp_path / "out.parquet", options=options)
    assert index_file(whole.path) == ("numpy", 1.0) and index_file(whole.path, "faiss") == ("faiss", 1.0)
    plain = nearest_rows(run, whole.path, "great room", 2, by="numpy")
    by_index = nearest_rows(run, whole.path, "great room", 2)
    assert by_index.index == "faiss" and by_index.rows == plain.rows and not by_index.stale
    source.write_text("name,body\nc,slow food\nd,great room\n", encoding="utf-8")
    embed_file(run, source, whole.path, options=options)
    again = nearest_rows(run, whole.path, "great room", 1)
    assert again.index == "numpy" and again.stale and again.rows[0]["name"] == "d"
    anew = nearest_rows(run, whole.path, "great room", 1, by="faiss")
    assert anew.index == "faiss" and anew.rows == again.rows
    assert nearest_rows(run, whole.path, "great room").index == "faiss"


@pytest.mark.parametrize("kind", ["faiss", "hnswlib"])
def test_an_index_whose_bytes_were_changed_is_not_used(run: Any, tmp_path: Path, kind: str) -> None:
    pytest.importorskip(kind)  # hnswlib has no wheel: it is there only where a compiler was
    whole = embed_file(run, table_of(tmp_path / "rows.csv"), tmp_path / "v.parquet", options=DataOptions(text="body"))
    index_file(whole.path, kind)
    expected = nearest_rows(run, whole.path, "great room")
    assert (expected.index, expected.searched) == (kind, 3)
    file = tmp_path / f"v.parquet.{kind}"
    content = bytearray(file.read_bytes())
    content[-7] ^= 0x7F
    file.write_bytes(content)
    found = nearest_rows(run, whole.path, "great room")
    assert (found.index, found.stale) == ("numpy", True) and found.rows == expected.rows
    assert nearest_rows(run, whole.path, "great room", by=kind).rows == expected.rows
    assert nearest_rows(run, whole.path, "great room").index == kind, "built anew"


def test_an_index_that_cannot_be_is_told_before_the_work() -> None:
    check_index(Path("o.npy"), "auto")
    for into, index, code in (("o.npy", "faiss", "embed.into"), ("o.parquet", "annoy", "embed.kind")):
        with pytest.raises(DataError) as caught:
            check_index(Path(into), index)
        assert caught.value.code == code


def test_equal_texts_are_read_once_and_quick_products_change_nothing_that_is_seen(run: Any) -> None:
    texts = ["great room", "slow food", "great room", "we found it", *(f"room {number}" for number in range(9))]
    found = embed(run, texts)
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_allclose(found[:4], embed(run, texts[:4]), atol=1e-6)


def test_titles_are_read_and_the_column_is_found_or_asked_for(run: Any, tmp_path: Path) -> None:
    source = tmp_path / "titled.csv"
    source.write_text("id,title,passage\n1,Rooms,great room\n2,Food,slow food\n", encoding="utf-8")
    found = embed_file(run, source, tmp_path / "t.npy")
    assert (found.text, found.title, found.cut) == ("passage", True, 0)
    alone = embed_file(run, source, tmp_path / "a.npy", options=DataOptions(text="passage"))
    assert (alone.text, alone.title) == ("passage", False)
    np.testing.assert_allclose(np.load(alone.path), embed(run, ["great room", "slow food"]), atol=1e-5)
    np.testing.assert_allclose(np.load(found.path), embed(run, ["Rooms great room", "Food slow food"]), atol=1e-5)
    (tmp_path / "q.csv").write_text("query,passage\nrooms,great room\n", encoding="utf-8")
    assert embed_file(run, tmp_path / "q.csv", tmp_path / "q.npy", side="query").text == "query"
    (tmp_path / "other.csv").write_text("one,two\ngreat room,slow food\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        embed_file(run, tmp_path / "other.csv", tmp_path / "o.npy")
    assert caught.value.code == "rerank.column" and caught.value.allowed == "one | two"


def test_what_a_base_model_reads_its_tuned_one_reads_and_longer_texts_are_counted(run: Any, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    base = SentenceTransformer(str(run.path.parent.parent.parent / "base")).max_seq_length
    theirs = SentenceTransformer(str(run.model))
    copied = Path(shutil.copytree(run.model, tmp_path / "copied"))
    reach = Embedder(run).held.net.max_length
    assert run.plan.params.max_length < reach == base == theirs.max_seq_length
    assert Embedder(copied).held.net.max_length == reach
    middle, long = " ".join(["room"] * (reach - 10)), " ".join(["room"] * reach)
    texts = [f"{middle} slow", f"{middle} great", f"{long} slow", f"{long} great"]
    found, cut = Embedder(run).vectors_and_cut(texts)
    assert cut.tolist() == [False, False, True, True]
    assert np.abs(found[0] - found[1]).max() > 1e-6 and np.array_equal(found[2], found[3])
    np.testing.assert_allclose(found, theirs.encode_document(texts), atol=1e-5)
    np.testing.assert_allclose(found, Embedder(copied).vectors_and_cut(texts)[0], atol=1e-5)
    source = tmp_path / "long.csv"
    source.write_text("body\n" + "\n".join(texts) + "\n", encoding="utf-8")
    told = embed_file(run, source, tmp_path / "long.parquet")
    assert (told.cut, told.length) == (2, reach)
    assert nearest_rows(run, told.path, long).cut and not nearest_rows(run, told.path, "room").cut


def test_the_first_texts_that_lose_their_end_are_told_in_python(run: Any) -> None:
    model = Embedder(run)
    long = " ".join(["room"] * model.held.net.max_length)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.vectors(["room"])
    with pytest.warns(UserWarning, match=f"{model.held.net.max_length} tokens.*: 1 of 2") as told:
        model.vectors([long, "room"])
        model.vectors([long], "query")
    assert len(told) == 1, "once a model"
    with pytest.warns(UserWarning, match="1 of 1"):
        embed(run, [long])


def test_a_place_that_cannot_be_written_is_told_before_the_work(run: Any, tmp_path: Path) -> None:
    source = table_of(tmp_path / "rows.csv")
    with pytest.raises(MachineError) as place:
        embed_file(run, source, source / "x.npy", options=DataOptions(text="body"))
    assert place.value.code == "machine.place" and str(source) in str(place.value)
    own = embed_file(run, source, tmp_path / "v.parquet", options=DataOptions(text="body")).path
    before = own.read_bytes()
    with pytest.raises(DataError) as caught:
        embed_file(run, own, own, options=DataOptions(text="body"))
    assert caught.value.code == "embed.itself" and own.read_bytes() == before


def test_vectors_of_another_run_are_refused(run: Any, tmp_path: Path) -> None:
    whole = embed_file(run, table_of(tmp_path / "rows.csv"), tmp_path / "v.parquet", options=DataOptions(text="body"))
    table = parquet.read_table(whole.path)
    told = {b"tunebook": json.dumps({"run": "another", "side": "passage", "text": "body"}).encode()}
    parquet.write_table(table.replace_schema_metadata(told), whole.path)
    with pytest.raises(DataError) as caught:
        nearest_rows(run, whole.path, "room")
    assert caught.value.code == "embed.elsewhere" and "tunebook search BOOK" in caught.value.advice
    told = {b"tunebook": json.dumps({"run": "another", "book": "beside"}).encode()}
    parquet.write_table(table.replace_schema_metadata(told), whole.path)
    beside = run.book.parent / "beside"
    beside.mkdir()
    with pytest.raises(DataError) as caught:
        nearest_rows(run, whole.path, "room")
    assert f"tunebook search {beside} {whole.path} QUERY --run 'another'" in caught.value.advice
    (run.path.parent / "another").mkdir()
    with pytest.raises(DataError) as caught:
        nearest_rows(run, whole.path, "room")
    (run.path.parent / "another").rmdir()
    assert (
        caught.value.code == "embed.other"
        and (caught.value.value, caught.value.allowed) == ("another", "--run another")
        and run.id in caught.value.message
    )


def test_a_whole_model_is_not_damaged_and_runs_of_a_book_are_mixed(run: Any) -> None:
    assert unreadable(run.model) == ""
    book = open_book(run.book)
    more = train(plan(child(book.champion, {"max_steps": "3", "seed": "7"}), book.data))
    made = soup([run, more], method="uniform")
    assert made.run is not None and len(made.recipe.ingredients) == 2


def test_another_task_has_no_vectors(trained: Any) -> None:
    other = trained("binary").run
    with pytest.raises(RunError) as caught:
        embed(other, ["a"])
    assert caught.value.code == "embed.task"
    with pytest.raises(RunError) as caught:
        nearest_rows(other, Path("of-another-run.parquet"), "a")
    assert caught.value.code == "embed.task", "whatever the file: no other one would do"


def test_queries_are_diagnosed(run: Any) -> None:
    found = errors(run)
    assert (found.measure, list(found.missing), found.confusions) == ("ndcg@10", ["suspects"], [])
    assert found.suspects == []
    assert found.wrong == len(found.worst) > 0
    assert all(len(row.near) == 3 and row.said for row in found.worst)
    assert found.worst[0].row in (run.results("validation") / "errors.html").read_text(encoding="utf-8")


def test_onnx_makes_the_same_vectors_and_is_told(run: Any, tmp_path: Path) -> None:
    texts, said = ["great room", "a staff that was great", "food"], list[Any]()
    plain = Embedder(run).vectors(texts)
    found = Embedder(run, backend="onnx", chosen=said.append).vectors(texts)
    np.testing.assert_allclose(found, plain, atol=1e-5)
    assert said[0].backend == "onnx" and said[0].why == "asked"
    shutil.copytree(run.model, tmp_path / "copied")
    np.testing.assert_allclose(Embedder(tmp_path / "copied", backend="onnx").vectors(texts), plain, atol=1e-5)
    done = embed_file(
        run, table_of(tmp_path / "rows.csv"), tmp_path / "v.npy", options=DataOptions(text="body"),
        backend="auto", chosen=said.append,
    )  # fmt: skip
    assert done.rows == 3 and (said[1].backend, said[1].why) == ("eager", "few")


def test_what_was_measured_of_vectors_is_kept_in_the_book(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "_FEW", 0)
    monkeypatch.setattr(choice.Chooser, "_pays", lambda *given: True)
    monkeypatch.setattr(Measured, "quickest", "eager")  # a graph is not made again for so few texts
    texts, said = [f"room {number}" for number in range(80)], list[Any]()
    plain = embed(run, texts)
    for _ in range(2):
        found = Embedder(run, backend="auto", chosen=said.append).vectors(texts)
        np.testing.assert_allclose(found, plain, atol=1e-5)
    assert [(one.why, one.kept) for one in said] == [("measured", False), ("measured", True)]


def test_a_model_without_a_graph_says_so(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunebook.backends.graph.strange", lambda model: "a part of its own")
    with pytest.raises(ModelError) as caught:
        embed(run, ["room"], backend="onnx")
    assert caught.value.code == "backend.unfit"
