"""Drawn candidates: epochs differ, the same epoch does not, and looks read all passages."""

from __future__ import annotations

import numpy as np
import pytest

from tests import small
from tests.tasks.reranking import made
from tunebook.core.errors import PlanError
from tunebook.core.judged import Judged
from tunebook.core.nouns import Labels
from tunebook.core.technique import Facts, RunContext, View
from tunebook.nets.candidates import sample
from tunebook.tasks.reranking import Reranking
from tunebook.techniques.candidates import Candidates

TASK = Reranking()
ACTS = {"positives": 1, "negatives": 1}


def test_each_epoch_shows_its_own_part_and_says_how_much() -> None:
    rows = TASK.encode(made.drawn(30, 6), small.tokenizer(), 24)
    run = RunContext(seed=3)
    view = Candidates(positives=1, negatives=2).prepare_data(View(rows), run)
    assert view.rows is rows and view.shown is not None
    epochs = [view.shown(rows, epoch) for epoch in (0, 1, 0)]
    expected = [sample(rows, 1, 2, (3, epoch)) for epoch in (0, 1, 0)]
    for one, other in zip(epochs, expected, strict=True):
        np.testing.assert_array_equal(one.flat["input_ids"], other.flat["input_ids"])
        assert Judged.of(one.fixed["labels"]).counts.tolist() == [3] * 30
    assert not np.array_equal(epochs[0].fixed["labels"], epochs[1].fixed["labels"])
    assert run.counters == {"candidates": {"shown": 90, "left_out": 90}}


def test_batches_of_an_epoch_hold_what_it_shows() -> None:
    rows = TASK.encode(made.drawn(10, 5, longest=60), small.tokenizer(), 24)
    view = Candidates(positives=1, negatives=1).prepare_data(View(rows), RunContext(seed=1))
    assert view.shown is not None
    shown = view.shown(rows, 4)
    batch = TASK.collate(shown, [3, 7], 0)
    judged = Judged.of(shown.fixed["labels"][[3, 7]])
    passages = dict.fromkeys(zip(batch["reranking.row"].tolist(), batch["reranking.passage"].tolist(), strict=True))
    assert list(passages) == list(zip(judged.row.tolist(), judged.passage.tolist(), strict=True))
    assert TASK.lines(shown)[[3, 7]].sum() == len(batch["input_ids"])


def test_a_reranker_must_be_shown_what_is_not_relevant() -> None:
    labels = Labels(problem="relevance", low=0, high=1)
    facts = Facts(task="reranking", labels=labels, settings=small.filled(), config={}, techniques=frozenset(), rows=9)
    Candidates(negatives=1).refuse(facts)
    with pytest.raises(PlanError) as caught:
        Candidates(negatives=0).refuse(facts)
    assert (caught.value.code, caught.value.key) == ("candidates.nothing", "candidates.negatives")
