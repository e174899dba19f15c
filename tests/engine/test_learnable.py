"""Rows that teach nothing: they go, the others keep their numbers and their order."""

from __future__ import annotations

import numpy as np
import pytest

from tests import small
from tunebook.core.encoded import Encoded, pack
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.technique import RunContext
from tunebook.engine.batching import StepSampler
from tunebook.engine.learnable import learnable, mark_row, places
from tunebook.engine.ranks import Shares
from tunebook.nets.masking import IGNORED
from tunebook.tasks.embedding import Embedding
from tunebook.tasks.instruction import Instruction
from tunebook.tasks.preference import Preference
from tunebook.tasks.preference.batches import LEARNT

LABELS = Labels(problem="written")


def rows_of(*taught: bool) -> Encoded:
    rows = [[7, 8 + number] for number in range(len(taught))]
    labels = [[IGNORED, row[1] if learnt else IGNORED] for row, learnt in zip(rows, taught, strict=True)]
    return pack({"input_ids": rows, "labels": labels}).with_fixed(row=np.arange(len(taught)))


def test_rows_that_teach_nothing_go_and_the_others_keep_their_numbers() -> None:
    run = RunContext(settings=small.filled())
    found = learnable(rows_of(True, False, True, True), Instruction(), LABELS, run)
    assert found.fixed["row"].tolist() == [0, 2, 3] and run.counters["instruction"]["unlearnt"] == 1
    whole = rows_of(True, True)
    assert learnable(whole, Instruction(), LABELS, RunContext(settings=small.filled())) is whole


@pytest.mark.parametrize("cut", ["drop", "mark"])
def test_too_many_are_refused_with_what_is_left_to_do(cut: str) -> None:
    run = RunContext(settings=small.filled().model_copy(update={"instruction.cut": cut}))
    with pytest.raises(PlanError, match=r"learnt\.idle.*2 of 3.*66\.7%") as refused:
        learnable(rows_of(False, False, True), Instruction(), LABELS, run)
    assert ("instruction.cut = mark" in str(refused.value)) is (cut == "drop")


def test_all_rows_are_too_many_for_any_task() -> None:
    lines = {"input_ids": [[7, 8]] * 3, LEARNT: [[0, 0]] * 3}
    run = RunContext(settings=small.filled())
    with pytest.raises(PlanError, match=r"learnt\.idle.*3 of 3"):
        learnable(pack(lines), Preference(), LABELS, run)
    assert mark_row(Embedding(), run.settings) == ""


def test_places_among_all_rows() -> None:
    rows = rows_of(*[True] * 6)
    assert places(rows, 6, 6) is None
    elsewhere = rows.take([0, 2, 5, 1]).with_fixed(row=np.array([0, 2, 5, -1]))
    found = places(elsewhere, 3, 6)
    assert found is not None and found.tolist() == [0, -1, 1, -1, -1, 2, 3]
    assert places(rows.take([0, 2, 2]), 3, 6) is None
    assert places(rows.take([0, 2]), 3, 6) is None and places(rows.take([0, 2]), 6, 6) is None, "taken by a technique"


def test_who_leaves_out_other_rows_sees_the_rest_in_the_same_order() -> None:
    """Two arms of a test of which one leaves out rows 3 and 7, the other none."""
    rows, shares = rows_of(*[True] * 12), Shares(2)
    left = rows.take([number for number in range(12) if number not in (3, 7)])
    for epoch in range(3):
        orders = []
        for own in (rows, left):
            sampler = StepSampler(own.lengths, shares, seed=5, bucketed=False, places=places(own, len(own), 12))
            sampler.set_epoch(epoch)
            orders.append(own.fixed["row"][np.concatenate(sampler.steps())].tolist())
            assert sampler.rows == len(own) and sorted(orders[-1]) == own.fixed["row"].tolist()
        assert [number for number in orders[0] if number not in (3, 7)] == orders[1]
