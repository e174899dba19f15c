"""LangChain with a trained model: the vectors of `embed`, the order of `rerank`."""

from __future__ import annotations

import asyncio
import importlib
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore

from tunebook.core.errors import DataError, MachineError, ModelError, RunError
from tunebook.use import langchain
from tunebook.use.langchain import SCORE, TunebookEmbeddings, TunebookReranker
from tunebook.verbs.embed import embed
from tunebook.verbs.rerank import rerank

TEXTS = ["great room", "slow  food", "we found it", "", *(f"the room {number}" for number in range(9))]


def test_vectors_are_those_of_embed(embedded: Any) -> None:
    model = TunebookEmbeddings(embedded)
    np.testing.assert_allclose(model.embed_documents(TEXTS), embed(embedded, TEXTS), atol=1e-6)
    query = model.embed_query("great room")
    np.testing.assert_allclose(query, embed(embedded, ["great room"], side="query")[0], atol=1e-6)
    assert np.abs(np.array(query) - model.embed_documents(["great room"])[0]).max() > 1e-3, "another prompt"
    assert model.embed_documents([]) == [] and isinstance(query[0], float)
    assert asyncio.run(model.aembed_query("great room")) == query


def test_a_model_is_named_by_its_run_its_book_or_its_folder(embedded: Any, tmp_path: Path) -> None:
    alone = shutil.copytree(embedded.model, tmp_path / "exported")
    expected = embed(embedded, TEXTS[:3])
    for where in (embedded.path, str(embedded.book), embedded.model, alone):
        np.testing.assert_allclose(
            TunebookEmbeddings(where, batch_size=2).embed_documents(TEXTS[:3]), expected, atol=1e-6
        )


def test_what_is_no_text_and_a_pass_of_none_are_refused(embedded: Any) -> None:
    for texts, place in (([None], "texts[0]"), (["great room", 3], "texts[1]")):
        with pytest.raises(DataError) as caught:
            TunebookEmbeddings(embedded).embed_documents(texts)  # type: ignore[arg-type]
        assert (caught.value.code, caught.value.key) == ("embed.text", place)
    for make in (lambda: TunebookEmbeddings(embedded, batch_size=0), lambda: embed(embedded, ["a"], batch_size=-1)):
        with pytest.raises(DataError) as caught:
            make()
        assert caught.value.code == "embed.batch_size"


def test_a_store_of_langchain_finds_by_them(embedded: Any) -> None:
    store = InMemoryVectorStore.from_texts(TEXTS[:3], TunebookEmbeddings(embedded))
    scores = embed(embedded, TEXTS[:3]) @ embed(embedded, ["great room"], side="query")[0]
    assert store.similarity_search("great room", k=1)[0].page_content == TEXTS[int(scores.argmax())]


def test_documents_stand_in_the_order_of_rerank(ranked: Any) -> None:
    documents = [Document(text, metadata={"number": number}, id=str(number)) for number, text in enumerate(TEXTS)]
    found = TunebookReranker(model=ranked, top_n=5).compress_documents(documents, "the room")
    expected = rerank(ranked, "the room", TEXTS, top_k=5)
    assert [one.metadata["number"] for one in found] == [one.place for one in expected]
    assert [one.metadata[SCORE] for one in found] == pytest.approx([one.score for one in expected], abs=1e-6)
    assert found[0].id == str(expected[0].place) and SCORE not in documents[0].metadata
    every = TunebookReranker(model=str(ranked.path)).compress_documents(documents, "the room")
    assert len(every) == len(TEXTS) - 1, "one has no text"
    assert asyncio.run(TunebookReranker(model=ranked.book).acompress_documents(documents[:0], "the room")) == []


def test_a_folder_of_a_reranker_needs_no_run(ranked: Any, tmp_path: Path) -> None:
    alone = shutil.copytree(ranked.model, tmp_path / "exported")
    documents = [Document(text) for text in TEXTS]
    one, two = (TunebookReranker(model=where).compress_documents(documents, "room") for where in (ranked, alone))
    assert [document.page_content for document in one] == [document.page_content for document in two]
    assert [document.metadata[SCORE] for document in one] == pytest.approx(
        [document.metadata[SCORE] for document in two]
    )


def test_what_cannot_be_is_refused(embedded: Any, ranked: Any, tmp_path: Path) -> None:
    with pytest.raises(RunError) as wrong_task:
        TunebookEmbeddings(ranked)
    with pytest.raises(DataError) as no_scores:
        TunebookReranker(model=embedded)
    with pytest.raises(DataError) as no_query:
        TunebookReranker(model=ranked).compress_documents([Document("a")], "  ")
    with pytest.raises(ModelError) as nothing:
        TunebookEmbeddings(tmp_path / "gone")
    caught = [one.value.code for one in (wrong_task, no_scores, no_query, nothing)]
    assert caught == ["embed.task", "rerank.task", "rerank.query", "model.folder"]
    with pytest.raises(ValueError):
        TunebookReranker(model=ranked, top_n=0)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langchain_core.embeddings", None)
    with pytest.raises(MachineError) as caught:
        importlib.reload(langchain)
    assert caught.value.code == "machine.extra" and "'.[langchain]'" in str(caught.value)
