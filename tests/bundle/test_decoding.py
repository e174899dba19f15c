"""Spans from logits, against what torch does for many rows, and against all sequences there are."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch

from tunebook.bundle.decoding import Chain, best_path, grammar, path_chances, spans_in
from tunebook.bundle.extracting import NEVER, best_places
from tunebook.bundle.pieces import END, FIRST, PART, START, WINDOW
from tunebook.bundle.said import KEPT
from tunebook.bundle.spans import SAID, joined
from tunebook.nets.linear_chain import LinearChain
from tunebook.tasks.question_answering.decoding import best_places as places_of_torch
from tunebook.tasks.tagging.decoding import best_of_chain, best_tags

TAGS = 5


def chain_of(seed: int) -> tuple[Chain, LinearChain]:
    torch.manual_seed(seed)
    learnt = LinearChain(TAGS)
    for item in learnt.parameters():
        item.data = torch.randn_like(item)
    return Chain.of({name: item.tolist() for name, item in learnt.state_dict().items()}), learnt


def columns(count: int) -> dict[str, Any]:
    start = np.arange(count) * 2
    return {START: start, END: start + 1, PART: np.full(count, FIRST), WINDOW: np.zeros(count, dtype=np.int64)}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("learnt", [False, True])
def test_tags_are_those_of_torch(seed: int, learnt: bool):
    logits = np.random.default_rng(seed).normal(size=(7, TAGS)).astype(np.float32)
    chain, other = chain_of(seed)
    found = spans_in(logits, columns(7), chain if learnt else None)
    scores, row = torch.from_numpy(logits).log_softmax(1), torch.zeros(7, dtype=torch.long)
    if learnt:
        tags, chances = best_of_chain(scores, row, other)
    else:
        tags = best_tags(scores, row, 1)
        chances = scores.gather(1, tags[:, None])[:, 0].exp()
    heads = [(at, (int(tag) - 1) // 2) for at, tag in enumerate(tags) if int(tag) % 2 == 1]
    assert list(zip((found.start // 2).tolist(), found.label.tolist(), strict=True)) == heads
    for (at, _), end, score in zip(heads, found.end, found.score, strict=True):
        last = (int(end) - 1) // 2
        assert score == pytest.approx(float(chances[at : last + 1].mean()), abs=1e-5)


def test_the_best_path_and_its_chances_are_those_of_all_sequences():
    chain, _ = chain_of(3)
    begins, follows = grammar(TAGS)
    chain = Chain(np.where(begins, chain.start, -np.inf), np.where(follows, chain.follow, -np.inf), chain.end)
    scores = np.random.default_rng(3).normal(size=(4, TAGS))
    every = np.array(list(product(range(TAGS), repeat=4)))
    value = chain.start[every[:, 0]] + chain.end[every[:, -1]] + scores[np.arange(4), every].sum(1)
    value += chain.follow[every[:, :-1], every[:, 1:]].sum(1)
    assert best_path(scores, chain).tolist() == every[value.argmax()].tolist()
    share = np.exp(value - value.max())
    share /= share.sum()
    chances = path_chances(scores, chain)
    for place, tag in product(range(4), range(TAGS)):
        assert chances[place, tag] == pytest.approx(share[every[:, place] == tag].sum(), abs=1e-9)


def test_a_row_without_pieces_has_no_spans():
    none = spans_in(np.zeros((0, TAGS), np.float32), columns(0))
    some = spans_in(np.eye(TAGS, dtype=np.float32)[[1, 2, 0]] * 9, columns(3))
    both = joined([none, some, none])
    assert both.rows == 3
    assert (both.row.tolist(), both.start.tolist(), both.end.tolist()) == ([1], [0], [3])
    assert both.matrix(SAID).shape[0] == 3
    assert joined([]).rows == 0


@pytest.mark.parametrize("longest", [1, 3, 50])
def test_places_are_those_of_torch(longest: int):
    draw = np.random.default_rng(longest)
    start, end = (np.where(draw.random(12) < 0.8, draw.normal(size=12), NEVER).astype(np.float32) for _ in range(2))
    given = [torch.from_numpy(one)[None] for one in (start, end)]
    scores, first, last = places_of_torch(*given, torch.ones(1, 12, dtype=torch.bool), longest)
    real = scores[0] > NEVER / 2
    expected = list(zip(first[0][real].tolist(), last[0][real].tolist(), strict=True))
    found = best_places(start, end, longest)
    assert [(one[1], one[2]) for one in found] == expected
    assert len(found) <= 2 * KEPT
