"""Curves of deletion and insertion, and what they are worth, on a model of which the truth is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import auc

from tests.explain.bag import CLS, MASK, Bag, line, units
from tunebook.core.answers import Rows
from tunebook.explain import faithful as module
from tunebook.explain.explaining import Target
from tunebook.explain.faithful import METHODS, ORDERS, STEPS, Paths, area, faithful, random_orders, removals
from tunebook.explain.records import Explanations, Faithful


def test_units_go_in_their_order() -> None:
    found = removals(np.array([2, 0, 1]))
    assert found.shape == (STEPS + 1, 3) and not found[0].any() and found[-1].all()
    assert (np.diff(found.astype(int), axis=0) >= 0).all()
    firsts = [int(np.argmax(found[:, unit])) for unit in (2, 0, 1)]
    assert firsts == sorted(firsts)
    few = random_orders(4, [1, 2])
    assert few.shape == (ORDERS, 4) and (np.sort(few, axis=1) == np.arange(4)).all()
    assert (few == random_orders(4, [1, 2])).all() and not (few == random_orders(4, [2, 1])).all()


def test_area_is_that_of_trapezoids() -> None:
    scores = np.random.default_rng(0).random((3, STEPS + 1))
    shares = np.linspace(0, 1, STEPS + 1)
    assert area(scores) == pytest.approx([auc(shares, row) for row in scores])


@pytest.fixture
def targets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of a linear model, of random tokens."""
    model, draw = Bag(words=40), np.random.default_rng(0)

    def made(loaded: Any, row: Rows, how: Any) -> Any:
        tokens = [CLS, *draw.integers(MASK + 1, 40, size=1 if row.texts[0] == "one" else 8).tolist()]
        asked = line(model, tokens)
        return iter([Target(row, asked, units(asked))] if row.texts[0] != "none" else [])

    monkeypatch.setattr(module, "targets_of", made)
    monkeypatch.setattr(module, "answered", lambda loaded, rows: rows)


def _rows(texts: list[str]) -> Rows:
    return Rows(texts, None, None, [str(number) for number in range(len(texts))])


def test_true_contributions_beat_random_order_and_random_values_do_not(targets: None) -> None:
    methods = ("integrated_gradients", "occlusion", "random")
    found = faithful(None, _rows(["text"] * 40), methods=methods)  # type: ignore[arg-type]
    assert found.rows == 40 and found.orders == ORDERS and found.level == pytest.approx(1 - 0.05 / 6)
    by = {curve.method: curve for curve in found.curves}
    for name in methods[:2]:
        assert by[name].beats and by[name].insertion_gain.low > 0
        assert by[name].deletion.value < by["random"].deletion.value
    assert not by["random"].beats
    assert len(by["random"].deleted) == STEPS + 1 == len(found.shares) == len(found.random_inserted)
    assert by["occlusion"].deleted[0] == pytest.approx(by["occlusion"].inserted[-1])
    again = Faithful.model_validate_json(found.model_dump_json())
    assert again == found and Explanations(run="r", method="random", by="word", faithful=found).faithful == found


def test_rows_of_a_group_are_drawn_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row four times over, as a group, says no more than once; rows that are left out shift no group."""

    def made(loaded: Any, row: Rows, how: Any) -> Any:
        asked = line(Bag(words=40), [CLS, *np.random.default_rng(int(row.texts[0])).integers(MASK + 1, 40, size=8)])
        return iter([Target(row, asked, units(asked))] if row.texts[0] != "0" else [])

    monkeypatch.setattr(module, "targets_of", made)
    monkeypatch.setattr(module, "answered", lambda loaded, rows: rows)
    once, texts = ([str(number) for number in range(1, 11)], ["0", " "])
    texts += [text for text in once for _ in range(4)]
    groups = np.array([0, 0, *np.repeat(np.arange(10), 4)])
    (single,) = faithful(None, _rows(once), methods=("occlusion",)).curves  # type: ignore[arg-type]
    (grouped,) = faithful(None, _rows(texts), methods=("occlusion",), groups=groups).curves  # type: ignore[arg-type]
    (alone,) = faithful(None, _rows(texts), methods=("occlusion",)).curves  # type: ignore[arg-type]
    for name in ("deletion", "insertion", "deletion_gain", "insertion_gain"):
        ends = [(found.low, found.high) for found in (getattr(one, name) for one in (single, grouped, alone))]
        assert ends[1] == pytest.approx(ends[0]) and ends[2][1] - ends[2][0] < ends[0][1] - ends[0][0]


def test_rows_that_say_nothing_are_left_out(targets: None) -> None:
    found = faithful(None, _rows(["text", "one", "none", " "]), methods=("random",))  # type: ignore[arg-type]
    assert found.rows == 1
    assert faithful(None, _rows([""])).curves == []  # type: ignore[arg-type]
    assert set(METHODS) == {"integrated_gradients", "occlusion", "attention_rollout"}


def test_numbers_are_compared_as_they_are(targets: None, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = line(Bag(), [CLS, 5, 7], odds=False)
    made = Target(_rows(["text"]), asked, units(asked))
    monkeypatch.setattr(module, "targets_of", lambda *_: iter([made]))
    found = faithful(None, _rows(["text"] * 2), methods=("occlusion",))  # type: ignore[arg-type]
    assert not found.chance and found.curves[0].deleted[0] == pytest.approx(Bag().of([CLS, 5, 7]))
    assert Paths(np.zeros((1, 2)), np.zeros((1, 2))).deleted.shape == (1, 2)
