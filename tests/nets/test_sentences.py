"""Pooling by hand, and folders that sentence-transformers and transformers read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests import small, tiny
from tunebook.core.answers import Rows
from tunebook.core.registry import tasks
from tunebook.models.source import load_tokenizer
from tunebook.nets.sentences import SentenceEncoder, pooled

TEXTS = ["the room was great", "dirty", "we found the hotel really slow and poor"]


def test_pooling_by_hand() -> None:
    hidden = torch.tensor([[[1.0, 2], [3, 4], [9, 9]], [[5, 6], [7, 8], [9, 10]]])
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    assert pooled(hidden, mask, "cls").tolist() == [[1, 2], [5, 6]]
    assert pooled(hidden, mask, "last").tolist() == [[3, 4], [9, 10]]
    assert pooled(hidden, mask, "mean").tolist() == [[2, 3], [7, 8]]


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "modernbert"])
@pytest.mark.parametrize(("pooling", "normalize"), [("mean", True), ("cls", False), ("last", True)])
def test_other_libraries_make_the_same_vectors(kind: str, pooling: str, normalize: bool, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from transformers import AutoModel

    folder, saved = small.base_model(tmp_path / "base", kind), tmp_path / "saved"
    task, tokenizer = tasks()["embedding"](), load_tokenizer(folder)
    params = {"embedding.pooling": pooling, "embedding.normalize": normalize}
    params |= {"embedding.query": "room {text}", "embedding.passage": "the {text}"}
    params = small.filled(**params)
    model = task.build(folder, None, params).eval()
    model.save_pretrained(str(saved))
    tokenizer.save_pretrained(str(saved))
    assert SentenceTransformer(str(saved)).prompts == {"query": "room ", "document": "the "}
    rows = task.seen(Rows(TEXTS, TEXTS[::-1], None, ["1", "2", "3"]), params)
    batch = task.collate(task.encode(rows, tokenizer, 20), range(3), tokenizer.pad_token_id)
    inputs = {name: value for name, value in batch.items() if "." not in name}
    with torch.no_grad():
        vectors = model(**inputs).logits.numpy()
        again = task.load(saved).eval()(**inputs).logits.numpy()
        plain = AutoModel.from_pretrained(saved).eval()(**inputs).last_hidden_state
    np.testing.assert_array_equal(again, vectors)
    by_hand = pooled(plain, batch["attention_mask"], pooling)
    by_hand = torch.nn.functional.normalize(by_hand, dim=1) if normalize else by_hand
    np.testing.assert_allclose(by_hand.numpy(), vectors, atol=1e-5)
    theirs = SentenceTransformer(str(saved))
    np.testing.assert_allclose(theirs.encode_query(TEXTS), vectors[0::2], atol=1e-5)
    np.testing.assert_allclose(theirs.encode_document(TEXTS[::-1]), vectors[1::2], atol=1e-5)


def test_one_prompt_for_all_is_used_unasked(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    folder = small.base_model(tmp_path / "base")
    task = tasks()["embedding"]()
    params = {"embedding.query": "room {text}", "embedding.passage": "room {text}"}
    task.build(folder, None, small.filled(**params)).save_pretrained(str(tmp_path / "saved"))
    load_tokenizer(folder).save_pretrained(str(tmp_path / "saved"))
    theirs = SentenceTransformer(str(tmp_path / "saved"))
    np.testing.assert_array_equal(theirs.encode(TEXTS), theirs.encode_query(TEXTS))
    assert not np.allclose(theirs.encode(TEXTS), theirs.encode(TEXTS, prompt=""))


def test_vectors_of_tokens_lie_in_the_body() -> None:
    body = tiny.classifier("bert").base_model
    from tunebook.models.sentences import Sentences

    model = SentenceEncoder(body, Sentences())
    assert model.get_input_embeddings() is body.get_input_embeddings()
    fresh = torch.nn.Embedding(3, 4)
    model.set_input_embeddings(fresh)
    assert body.get_input_embeddings() is fresh
