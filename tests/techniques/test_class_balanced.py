"""Weights of rows by the effective number of their class, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests import small
from tunebook.core.encoded import Encoded
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.technique import Facts, RunContext, View
from tunebook.techniques.class_balanced import ClassBalanced

NEUTRAL = {"beta": 0.0}


def view(labels: list[int], **fixed: Any) -> View:
    count = len(labels)
    return View(Encoded({"input_ids": np.zeros(count)}, np.arange(count + 1), {"labels": np.array(labels), **fixed}))


def test_the_weights_are_those_of_the_formula_with_the_mean_1() -> None:
    labels = [0] * 90 + [1] * 9 + [2]
    run = RunContext()
    out = ClassBalanced(beta=0.99).prepare_data(view(labels), run)
    raw = np.array([(1 - 0.99) / (1 - 0.99**n) for n in (90, 9, 1)])
    expected = raw / np.mean([raw[label] for label in labels])
    found = out.rows.fixed["sample_weight"]
    assert found.dtype == np.float32
    assert found == pytest.approx(expected[labels], rel=1e-6)
    assert found.mean() == pytest.approx(1, rel=1e-6)
    assert run.counters["class_balanced"] == pytest.approx(
        {"classes": 3, "lightest": expected[0], "heaviest": expected[2]}, rel=1e-6
    )


@pytest.mark.parametrize(("beta", "ratio"), [(0.0001, 1.0), (0.9999999, 9.0)])
def test_from_all_rows_alike_to_the_inverse_of_the_count(beta: float, ratio: float) -> None:
    found = ClassBalanced(beta=beta).prepare_data(view([0] * 9 + [1]), RunContext()).rows.fixed["sample_weight"]
    assert found[9] / found[0] == pytest.approx(ratio, rel=1e-3)


def test_they_multiply_what_rows_weigh_already() -> None:
    given = np.linspace(0, 2, 10, dtype=np.float32)
    plain = ClassBalanced().prepare_data(view([0] * 9 + [1]), RunContext()).rows.fixed["sample_weight"]
    both = ClassBalanced().prepare_data(view([0] * 9 + [1], sample_weight=given), RunContext())
    assert both.rows.fixed["sample_weight"] == pytest.approx(plain * given)


def test_rows_without_a_label_keep_their_weight() -> None:
    found = ClassBalanced().prepare_data(view([0] * 8 + [1, -1]), RunContext()).rows.fixed["sample_weight"]
    assert found[9] == 1 and found[:9].mean() == pytest.approx(1, rel=1e-6)


def test_equal_classes_are_refused() -> None:
    with pytest.raises(PlanError) as caught:
        ClassBalanced().prepare_data(view([0, 1, 0, 1]), RunContext())
    assert caught.value.code == "losses.balanced"


def test_what_it_cannot_do_is_refused() -> None:
    for problem, weights, code in (
        ("multi_label", "none", "losses.problem"),
        ("regression", "none", "losses.problem"),
        ("single_label", "sqrt", "losses.class_weights"),
    ):
        labels = Labels(problem=problem, names=["a", "b"])  # type: ignore[arg-type]
        with pytest.raises(PlanError) as caught:
            ClassBalanced().refuse(Facts("t", labels, small.filled(class_weights=weights), {}, frozenset(), 10))
        assert caught.value.code == code
    fine = Labels(problem="single_label", names=["a", "b"])
    ClassBalanced().refuse(Facts("t", fine, small.filled(class_weights="none"), {}, frozenset(), 10))


def test_beta_0_leaves_the_rows_as_they_are() -> None:
    given = view([0] * 9 + [1])
    assert ClassBalanced(beta=0).prepare_data(given, RunContext()) is given
