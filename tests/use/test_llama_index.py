"""LlamaIndex with a trained model: the vectors of `embed`, the order of `rerank`."""

from __future__ import annotations

import asyncio
import importlib
import sys
from typing import Any

import numpy as np
import pytest
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from tunebook.core.errors import DataError, MachineError
from tunebook.use import llama_index
from tunebook.use.llama_index import TunebookEmbedding, TunebookRerank
from tunebook.verbs.embed import embed
from tunebook.verbs.rerank import rerank

TEXTS = ["great room", "slow food", "", "we found it", *(f"the room {number}" for number in range(9))]


def test_vectors_are_those_of_embed(embedded: Any) -> None:
    model = TunebookEmbedding(str(embedded.path), embed_batch_size=4)
    expected = embed(embedded, TEXTS)
    np.testing.assert_allclose(model.get_text_embedding_batch(TEXTS), expected, atol=1e-6)
    np.testing.assert_allclose(model.get_text_embedding(TEXTS[0]), expected[0], atol=1e-6)
    query = embed(embedded, ["great room"], side="query")[0]
    np.testing.assert_allclose(model.get_query_embedding("great room"), query, atol=1e-6)
    np.testing.assert_allclose(asyncio.run(model.aget_query_embedding("great room")), query, atol=1e-6)
    assert (model.model_name, model.class_name()) == (embedded.id, "TunebookEmbedding")
    assert model([TextNode(text="great room")])[0].embedding == pytest.approx(expected[0].tolist(), abs=1e-6)


def test_nodes_stand_in_the_order_of_rerank(ranked: Any) -> None:
    nodes = [NodeWithScore(node=TextNode(text=text, metadata={"n": place})) for place, text in enumerate(TEXTS)]
    model = TunebookRerank(model=ranked, top_n=4)
    found = model.postprocess_nodes(nodes, query_bundle=QueryBundle("the room"))
    expected = rerank(ranked, "the room", TEXTS, top_k=4)
    assert [one.node.metadata["n"] for one in found] == [one.place for one in expected]
    assert [one.score for one in found] == pytest.approx([one.score for one in expected], abs=1e-6)
    assert len(TunebookRerank(model=ranked.path).postprocess_nodes(nodes, query_str="the room")) == len(TEXTS) - 1
    with pytest.raises(DataError) as caught:
        model.postprocess_nodes(nodes)
    assert caught.value.code == "rerank.query" and model.class_name() == "TunebookRerank"


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llama_index.core.schema", None)
    with pytest.raises(MachineError) as caught:
        importlib.reload(llama_index)
    assert caught.value.code == "machine.extra" and "'.[llamaindex]'" in str(caught.value)
