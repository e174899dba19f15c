"""Cutting the vocabulary down must not change what training computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests import tiny
from tunebook.core.encoded import pack
from tunebook.engine.speedups import TrimmedEmbedding, restore, tokens_in, trim


def steps(model: Any, kind: str, optimizer: str, count: int = 5) -> None:
    """A few optimiser steps on the same rows."""
    make: Any = {
        "adamw": lambda p: torch.optim.AdamW(p, lr=1e-2, weight_decay=0.3),
        "sgd": lambda p: torch.optim.SGD(p, lr=1e-1, weight_decay=0.3),
    }[optimizer]
    moved = make(model.parameters())
    batch = tiny.collate(tiny.rows(12), 1 if kind == "roberta" else 0)
    for _ in range(count):
        model(**batch).loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        moved.step()
        moved.zero_grad()


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize("kind", tiny.ENCODERS)
def test_training_trimmed_is_training_whole(kind: str, optimizer: str) -> None:
    whole, cut = tiny.classifier(kind), tiny.classifier(kind)
    used = {token for row in tiny.rows(12) for token in row["input_ids"]} | {0, 1}
    tokens = torch.tensor(sorted(used))
    assert len(tokens) < tiny.VOCABULARY - 3, "some tokens must be left out for the test to mean anything"
    assert trim(cut, tokens) is not None
    assert sum(p.numel() for p in cut.parameters()) < sum(p.numel() for p in whole.parameters())
    steps(whole, kind, optimizer)
    steps(cut, kind, optimizer)
    restore(cut)
    expected = whole.state_dict()
    assert list(cut.state_dict()) == list(expected)
    for name, value in cut.state_dict().items():
        torch.testing.assert_close(value, expected[name], rtol=1e-4, atol=1e-6, msg=name)


def test_the_tokens_left_out_decay_like_the_others() -> None:
    whole = tiny.classifier("bert")
    before = whole.get_input_embeddings().weight.detach().clone()
    used = {token for row in tiny.rows(12) for token in row["input_ids"]}
    absent = next(token for token in range(5, tiny.VOCABULARY) if token not in used)
    trim(whole, torch.tensor(sorted(used | {0})))
    steps(whole, "bert", "adamw")
    restore(whole)
    after = whole.get_input_embeddings().weight.detach()
    torch.testing.assert_close(after[absent], before[absent] * (1 - 1e-2 * 0.3) ** 5)


def test_a_token_that_was_cut_away_is_noticed() -> None:
    model = tiny.classifier("bert")
    trim(model, torch.arange(20))
    with pytest.raises(IndexError):
        model(input_ids=torch.tensor([[2, 30]]))


def test_it_keeps_off_what_it_must_not_touch() -> None:
    model = tiny.classifier("bert")
    assert trim(model, torch.arange(tiny.VOCABULARY)) is None, "nothing to gain"
    model.get_input_embeddings().weight.requires_grad_(False)
    assert trim(model, torch.arange(10)) is None, "frozen"
    tied = tiny.classifier("bert")
    tied.extra = nn.Linear(16, tiny.VOCABULARY, bias=False)
    tied.extra.weight = tied.get_input_embeddings().weight
    assert trim(tied, torch.arange(10)) is None, "tied"
    other = tiny.classifier("bert")
    other.set_input_embeddings(TrimmedEmbedding(other.get_input_embeddings(), torch.arange(10)))
    assert trim(other, torch.arange(5)) is None, "of another kind"


def test_restore_leaves_other_models_alone() -> None:
    model = tiny.classifier("bert")
    embedding = model.get_input_embeddings()
    restore(model)
    assert model.get_input_embeddings() is embedding


def test_tokens_of_all_rows_and_the_special_ones() -> None:
    parts = [pack({"input_ids": [[5, 3], [9]]}), pack({"input_ids": [[3, 7]]})]
    assert tokens_in(parts, [0, 9]).tolist() == [0, 3, 5, 7, 9]
    assert tokens_in(parts, []).dtype == torch.int64
    assert np.unique(parts[0].flat["input_ids"]).tolist() == [3, 5, 9]
