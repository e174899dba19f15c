"""What other books found out becomes advice only where enough tests agree."""

from __future__ import annotations

import pytest

from tunebook.knowledge.lesson import Lesson
from tunebook.tables.learnt import learnt


def test_of(number, gain, before=1e-4, after=3e-4, row="learning_rate", **more):
    return Lesson(
        **{
            "key": f"t{number}",
            "test": f"t{number}",
            "action": "test",
            "date": f"2026-01-{number:02d}",
            "group": f"rows{number}",
            "metric": "accuracy",
            "changed": [{"row": row, "from": before, "to": after}],
            "gain": gain,
            "lower": gain - 0.005,
            "upper": gain + 0.005,
            "alpha": 0.05,
            **more,
        }
    )


test_of.__test__ = False
AGREED = [test_of(1, 0.02), test_of(2, 0.022), test_of(3, 0.018)]
VALUES = {"learning_rate": 1e-4, "lr_scheduler": "constant", "seed": 1}


def advice(lessons, values=VALUES, metric="accuracy"):
    return learnt(values, lessons, metric)


def test_three_tests_that_agree():
    found = advice(AGREED)["learning_rate"]
    assert found.value == 3e-4
    assert found.source == "knowledge base: 3 tests"
    assert "+0.02" in found.reason and found.confidence in ("high", "medium")


def test_the_way_back_counts_too():
    """3e-4 to 1e-4 lost as much as 1e-4 to 3e-4 wins, and seen from 3e-4 there is nothing to gain."""
    turned = [*AGREED[:2], test_of(3, -0.019, before=3e-4, after=1e-4)]
    assert advice(turned)["learning_rate"].value == 3e-4
    assert advice(turned, {"learning_rate": 3e-4}) == {}
    assert advice([test_of(n, -0.02) for n in (1, 2, 3)], {"learning_rate": 3e-4})["learning_rate"].value == 1e-4


def test_words_and_their_way_back():
    linear = [test_of(n, 0.02, "constant", "linear", "lr_scheduler") for n in (1, 2)]
    turned = test_of(3, -0.02, "linear", "constant", "lr_scheduler")
    assert advice([*linear, turned])["lr_scheduler"].value == "linear"
    assert advice([turned, *linear])["lr_scheduler"].value == "linear"
    assert advice([*linear, turned], {"lr_scheduler": "linear"}) == {}


@pytest.mark.parametrize(
    "lessons",
    [
        [],
        AGREED[:2],
        [test_of(n, 0.02, group="same") for n in (1, 2, 3)],
        [test_of(1, 0.05), test_of(2, -0.05), test_of(3, 0.001)],
        [test_of(n, 0.02, metric="macro_f1") for n in (1, 2, 3)],
        [test_of(n, 0.02, before=2e-5) for n in (1, 2, 3)],
        [test_of(n, 0.02, before=1, after=2, row="seed") for n in (1, 2, 3)],
        [test_of(n, 0.02, row="nonsense") for n in (1, 2, 3)],
        [
            test_of(
                n,
                0.02,
                changed=[
                    {"row": "learning_rate", "from": 1e-4, "to": 3e-4},
                    {"row": "batch_size", "from": 16, "to": 32},
                ],
            )
            for n in (1, 2, 3)
        ],
    ],
    ids=["none", "two", "one data set", "they differ", "metric", "other value", "seed", "unknown row", "mixed"],
)
def test_not_enough(lessons):
    assert advice(lessons) == {}


def test_the_surest_of_two_values():
    better = [test_of(n + 10, 0.05, after=5e-4) for n in (1, 2, 3)]
    assert advice([*AGREED, *better])["learning_rate"].value == 5e-4
