"""The best places of all windows, against going through all of them; answers as matrices, of one model and several."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests import small
from tests.tasks.question_answering import made
from tunebook.bundle.answer_windows import END, INSIDE, START
from tunebook.bundle.said import ALWAYS, Said, mean
from tunebook.core.answers import Rows
from tunebook.tasks.question_answering import QuestionAnswering
from tunebook.tasks.question_answering.batches import ROW, collate
from tunebook.tasks.question_answering.decoding import KEPT, best_places, read
from tunebook.tasks.question_answering.loss import Find, open_logits

TASK = QuestionAnswering()
ROWS = made.rows(12, size=40)
ENCODED = TASK.encode(ROWS, small.tokenizer(), 24)
BATCH = collate(ENCODED, range(12), 0)


def drawn(seed: int) -> SimpleNamespace:
    draw = torch.Generator().manual_seed(seed)
    start, end = torch.randn((2, *BATCH["input_ids"].shape), generator=draw)
    return SimpleNamespace(start_logits=start, end_logits=end)


def best(outputs: SimpleNamespace, row: int, longest: int) -> tuple[dict[tuple[int, int], float], float]:
    """Every place of a row with its score, and the score of no answer."""
    found: dict[tuple[int, int], float] = {}
    none = np.inf
    for line in torch.nonzero(BATCH[ROW] == row).flatten().tolist():
        start, end = outputs.start_logits[line], outputs.end_logits[line]
        none = min(none, float(start[0] + end[0]))
        inside = torch.nonzero(BATCH[INSIDE][line]).flatten().tolist()
        for one in inside:
            for other in inside:
                if one <= other < one + longest:
                    place = int(BATCH[START][line][one]), int(BATCH[END][line][other])
                    found[place] = max(found.get(place, -np.inf), float(start[one] + end[other]))
    return found, none


@pytest.mark.parametrize(("longest", "threshold"), [(1, None), (3, 0.0), (50, 1.5)])
def test_the_best_places_are_those_of_all_windows(longest: int, threshold: float | None) -> None:
    outputs = drawn(longest)
    said = Said.of(read(outputs, BATCH, longest, threshold).numpy())
    for row in range(12):
        every, none = best(outputs, row, longest)
        top = sorted(every.items(), key=lambda item: -item[1])[:KEPT]
        assert [tuple(one[:2]) for one in said.candidates[row].astype(int).tolist()] == [place for place, _ in top]
        np.testing.assert_allclose(said.candidates[row][:, 2], [score for _, score in top], rtol=1e-5)
        assert said.margin[row] == pytest.approx(top[0][1] - none, rel=1e-4)
        assert said.answered[row] == (threshold is None or top[0][1] - none > threshold)
        assert said.windows[row] == (BATCH[ROW] == row).sum()
    assert (said.threshold == np.float32(ALWAYS if threshold is None else threshold)).all()


def test_a_context_without_words_has_no_place() -> None:
    batch = collate(TASK.encode(Rows(["a", "the"], [" ", "the"], None, ["0", "1"]), small.tokenizer(), 24), [0, 1], 0)
    logits = torch.zeros(batch["input_ids"].shape)
    said = Said.of(read(SimpleNamespace(start_logits=logits, end_logits=logits), batch, 5, None).numpy())
    assert said.places() == [None, (0, 3)]
    assert best_places(logits, logits, torch.zeros_like(logits) > 0, 2)[0].max() <= -1e8


def test_the_loss_is_the_mean_of_both_cross_entropies_over_the_open_tokens() -> None:
    outputs = drawn(0)
    weights = torch.arange(12.0)
    batch = {**BATCH, "sample_weight": weights[BATCH[ROW]]}
    loss, _ = Find().loss(lambda **_: outputs, batch)
    summed = 0.0
    for line, (first, last) in enumerate(BATCH["labels"].tolist()):
        allowed = [0, *torch.nonzero(BATCH[INSIDE][line]).flatten().tolist()]
        for logits, target in ((outputs.start_logits, first), (outputs.end_logits, last)):
            chances = logits[line][allowed].softmax(0)
            summed -= float(chances[allowed.index(target)].log()) * float(batch["sample_weight"][line]) / 2
    assert float(loss) == pytest.approx(summed / float(batch["sample_weight"].sum()), rel=1e-5)
    items = Find().flat(outputs, batch)
    each = torch.nn.functional.cross_entropy(items.logits, items.targets, reduction="none")
    assert float(items.mean(each)) == pytest.approx(float(loss), rel=1e-5)
    assert torch.isfinite(torch.stack(open_logits(outputs, batch))).all()


def said_of(*rows: tuple[float, float, list[tuple[int, int, float]]]) -> Said:
    found = [np.array(places, dtype=float).reshape(-1, 3) for _, _, places in rows]
    return Said(np.array([one[0] for one in rows]), np.array([one[1] for one in rows]), np.ones(len(rows)), found)


def test_answers_come_back_from_a_matrix_and_a_wider_one() -> None:
    said = said_of((1.0, 0.0, [(3, 5, 2.0), (4, 9, 1.0)]), (-1.0, ALWAYS, [(0, 1, 0.5)]), (0.0, 0.0, []))
    matrix = said.matrix()
    assert matrix.shape == (3, 10) and matrix.dtype == np.float32
    for found in (Said.of(matrix), Said.of(np.pad(matrix, ((0, 0), (0, 6))))):
        assert [one.tolist() for one in found.candidates] == [one.tolist() for one in said.candidates]
        assert found.places() == [(3, 5), (0, 1), None] and found.answered.tolist() == [True, True, False]
    lost = Said.of(np.full((2, 7), np.nan, dtype=np.float32))
    assert lost.places() == [None, None]
    assert TASK.decided(matrix, made.LABELS).tolist() == [[3, 5], [0, 1], [-1, -1]]


def test_chances_are_a_softmax_in_which_no_answer_has_that_of_the_best_at_the_threshold() -> None:
    said = said_of((0.5, 0.5, [(0, 1, 2.0), (0, 2, 1.0)]), (-9.0, ALWAYS, [(0, 1, 2.0), (0, 2, 1.0)]), (0, 0, []))
    shares, none = said.chances(0)
    assert shares[0] == pytest.approx(none) and shares.sum() + none == pytest.approx(1)
    shares, none = said.chances(1)
    assert none == 0 and shares[0] / shares[1] == pytest.approx(np.e)
    assert said.chances(2)[1] == 1.0


def test_several_models_answer_by_the_mean_of_their_chances() -> None:
    one = said_of((1.0, 0.0, [(0, 1, 1.0), (2, 3, 0.9)]), (3.0, 1.0, [(0, 1, 1.0)])).matrix()
    other = said_of((1.0, 0.0, [(2, 3, 5.0)]), (-3.0, 0.0, [(4, 5, 1.0)])).matrix()
    gone = np.full_like(other, np.nan)
    found = Said.of(mean([one, other, gone], KEPT))
    assert found.places()[0] == (2, 3) and found.answered.tolist() == [True, False]
    assert found.margin.tolist() == pytest.approx([1.0, -0.5])
    chance = (Said.of(one).chances(0)[0][1] + Said.of(other).chances(0)[0][0]) / 2
    assert np.exp(found.candidates[0][0, 2]) == pytest.approx(chance, rel=1e-4)
    sure = said_of((-5.0, ALWAYS, [(0, 1, 1.0)])).matrix()
    assert Said.of(TASK.mean([sure, sure], made.LABELS)).places() == [(0, 1)]
    assert not Said.of(mean([gone[:1], gone[:1]], KEPT)).answered.any()
