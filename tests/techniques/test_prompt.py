"""Learnt vectors before the text: the model answers as it does for vectors put there by hand."""

from __future__ import annotations

import pytest
import torch

from tests import tiny
from tests.efficient import batch, under


@pytest.mark.parametrize("kind", ["bert", "electra", "modernbert"])
def test_the_vectors_stand_before_those_of_the_text(kind: str) -> None:
    model, _, _ = under("prompt", kind, tokens=5)
    bare, rows = tiny.classifier(kind).eval(), batch(kind)
    vectors = model.prompt_encoder.default.embedding.weight
    assert vectors.shape == (5, bare.get_input_embeddings().embedding_dim)
    count = len(rows["input_ids"])
    embedded = torch.cat([vectors.expand(count, -1, -1), bare.get_input_embeddings()(rows["input_ids"])], dim=1)
    mask = torch.cat([torch.ones(count, 5), rows["attention_mask"]], dim=1)
    wanted = bare(inputs_embeds=embedded, attention_mask=mask).logits
    torch.testing.assert_close(model.eval()(**rows).logits, wanted)


def test_pairs_keep_their_token_types() -> None:
    model, _, _ = under("prompt", tokens=3)
    rows = batch()
    second = torch.zeros_like(rows["input_ids"])
    second[:, 3:] = 1
    first, other = model.eval()(**rows).logits, model(**rows, token_type_ids=second).logits
    assert not torch.equal(first, other)


@pytest.mark.parametrize("start", ["vocabulary", "random"])
def test_they_begin_as_vectors_of_the_vocabulary_or_at_random(start: str) -> None:
    model, _, _ = under("prompt", tokens=6, start=start)
    vectors, words = model.prompt_encoder.default.embedding.weight, model.get_input_embeddings().weight
    known = [bool((words == vector).all(dim=1).any()) for vector in vectors]
    assert known == [start == "vocabulary"] * 6
