"""A second opinion changes what nobody set on purpose, and says what it left alone."""

from __future__ import annotations

import pytest
from tests.tables.test_propose import BASE, MANY, ROOMY, SMALL, TWO, proposed

from tunebook.knowledge.lesson import Lesson
from tunebook.tables.advice import Advice
from tunebook.tables.case import Case, Machine
from tunebook.tables.in_force import by_hand, settings_of
from tunebook.tables.make import child, new_table
from tunebook.tables.propose import propose
from tunebook.tables.recommend import Asked, learnt, opinion, recommended
from tunebook.tables.rules import misfits

STATS = {"tokens": {"p95": 60, "p99": 100}}


def case(rows=5000, model=SMALL, machine=ROOMY, labels=TWO, **more):
    return Case(STATS, labels, rows, model, machine, **more)


@pytest.fixture
def first():
    return proposed(STATS).model_copy(update={"version": 1})


def rows(suggestions):
    return {item.row: item.advice.value for item in suggestions}


@pytest.mark.parametrize("count", [100, 1500, 5000, 100_000])
@pytest.mark.parametrize("labels", [TWO, MANY])
def test_a_fresh_proposal_needs_no_change(count, labels):
    table = proposed(STATS, rows=count, labels=labels)
    found = opinion(table, case(rows=count, labels=labels))
    assert (found.changes, found.kept) == ((), ())


@pytest.mark.parametrize("task", ["tagging", "text_classification"])
def test_what_the_task_itself_proposes_is_not_taken_back(task):
    table = propose(STATS, TWO, rows=5000, task=task, model=SMALL, machine=ROOMY)
    found = opinion(table, case(task=task))
    assert (found.changes, found.kept) == ((), ())


def test_more_rows_than_at_first(first):
    small = proposed(STATS, rows=700)
    found = opinion(small, case(rows=5000))
    assert rows(found.changes) == {"batch_size": 32, "max_epochs": 3, "early_stopping_patience": 2}
    item = next(item for item in found.changes if item.row == "batch_size")
    assert item.to_json() == {
        "row": "batch_size",
        "value": 32,
        "before": 8,
        "reason": item.advice.reason,
        "source": item.advice.source,
        "confidence": "high",
    }
    assert "arXiv:1810.04805" in item.advice.source


def test_a_row_set_on_purpose_is_kept_and_said(first):
    mine = child(first, {"learning_rate": 7e-4, "weight_decay": 0.2})
    found = opinion(mine, case())
    assert found.changes == ()
    assert rows(found.kept) == {"learning_rate": 1e-4, "weight_decay": 0.01}
    found = opinion(mine, case(), Asked(everything=True))
    assert rows(found.changes) == {"learning_rate": 1e-4, "weight_decay": 0.01}
    assert found.kept == ()


def test_what_is_on_purpose(first):
    assert not any(by_hand(row) for row in first.rows.values())
    assert by_hand(child(first, {"dropout": 0.3}).rows["dropout"])  # nothing was recommended: the default counts
    assert by_hand(child(first, {"learning_rate": 5e-5}).rows["learning_rate"])  # the default is not what was advised
    assert not by_hand(child(first, {"learning_rate": 1e-4}).rows["learning_rate"])


def test_batch_and_passes_are_kept_together(first):
    small = Machine(cores=2, memory_bytes=3 << 30)
    assert {"batch_size", "gradient_accumulation_steps"} <= set(rows(opinion(first, case(5000, BASE, small)).changes))
    mine = child(first, {"batch_size": 64})
    found = opinion(mine, case(5000, BASE, small))
    assert not {"batch_size", "gradient_accumulation_steps"} & set(rows(found.changes))
    assert {"batch_size", "gradient_accumulation_steps"} <= set(rows(found.kept))


@pytest.mark.parametrize(("how", "rate"), [("linear", 2e-4), ("sqrt", 1.41e-4), ("none", None)])
def test_the_rate_follows_a_changed_batch_on_request(how, rate):
    small = proposed(STATS, rows=1700).model_copy(update={"version": 1})
    found = opinion(small, case(rows=5000), Asked(scaling=how))
    assert rows(found.changes).get("learning_rate") == (pytest.approx(rate) if rate else None)
    if rate:
        made = recommended(small, found.changes)
        assert by_hand(made.rows["learning_rate"])  # it was asked for: a later opinion leaves it alone
        assert opinion(made, case(rows=5000)).changes == ()
        assert {"arXiv:1706.02677", "arXiv:2205.10287"} & set(
            made.rows["learning_rate"].reason.replace(";", " ").split()
        )


def test_a_scaled_rate_goes_before_a_kept_one():
    small = child(proposed(STATS, rows=1700), {"learning_rate": 4e-4})
    found = opinion(small, case(rows=5000), Asked(scaling="linear"))
    assert rows(found.changes)["learning_rate"] == 8e-4
    assert "learning_rate" not in rows(found.kept)


def test_what_the_rows_need_of_each_other(first):
    mine = child(first, {"max_epochs": 2})
    found = opinion(mine, case())
    assert rows(found.changes) == {"early_stopping_patience": 1}
    assert found.changes[0].advice.source == "consistency of the rows"
    both = opinion(child(mine, {"early_stopping_patience": 8}), case())
    assert rows(both.changes) == {}
    assert rows(both.kept) == {"max_epochs": 3, "early_stopping_patience": 1}


def test_the_child(first):
    found = opinion(child(first, {"max_epochs": 9, "learning_rate": 1e-3}), case(), Asked(everything=True))
    made = recommended(first, found.changes, note="why", owner="Ada")
    for item in found.changes:
        row = made.rows[item.row]
        assert row.value == row.recommended == item.advice.value
        assert item.advice.source in row.reason and "confidence" in row.reason
    assert (made.parent, made.note, made.owner) == (1, "why", "Ada")
    assert recommended(first.model_copy(update={"owner": "Bo"}), found.changes).owner == "Bo"
    assert misfits(settings_of(made), 5000) == ()


def test_the_advice_is_stable_once_taken(first):
    odd = child(first, {"learning_rate": 1e-5, "warmup_ratio": 0.9, "optimizer": "sgd", "max_epochs": 1})
    for edge in (0, 512 << 20):
        asked = case(rows=700, edge_bytes=edge)
        made = recommended(odd, opinion(odd, asked, Asked(everything=True)).changes)
        assert opinion(made, asked).changes == ()
        assert opinion(made, asked).kept == ()


def test_the_knowledge_base_goes_before_the_rules(first):
    learnt = {"learning_rate": Advice(3e-4, "did better", "knowledge base: 4 tests")}
    found = opinion(first, case(), Asked(learnt=learnt))
    assert rows(found.changes) == {"learning_rate": 3e-4}
    taken = recommended(first, found.changes)
    assert opinion(taken, case(), Asked(learnt=learnt)).changes == ()
    mine = child(first, {"learning_rate": 7e-5})
    assert rows(opinion(mine, case(), Asked(learnt=learnt)).kept) == {"learning_rate": 3e-4}


def test_a_table_from_elsewhere_has_no_recommendations():
    table = new_table({"learning_rate": 5e-6, "lr_scheduler": "constant"})
    found = opinion(table, case())
    assert rows(found.kept) == {"learning_rate": 1e-4, "lr_scheduler": "linear"}
    assert "max_length" in rows(found.changes)


@pytest.mark.usefixtures("real_techniques")
def test_a_rate_that_trains_nothing_is_not_advised_on():
    small = child(proposed(STATS, rows=1700), {"lora.learning_rate": 1e-3, "learning_rate": 1e-5}, reasons={})
    again = opinion(small, case(rows=5000), Asked(everything=True))
    assert "learning_rate" not in {**rows(again.changes), **rows(again.kept)}
    scaled = opinion(small, case(rows=5000), Asked(scaling="linear"))
    assert rows(scaled.changes)["lora.learning_rate"] == 2e-3 and "learning_rate" not in rows(scaled.changes)


def lesson_of(number, gain, before=1e-4, after=3e-4, row="learning_rate", **more):
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


AGREED = [lesson_of(1, 0.02), lesson_of(2, 0.022), lesson_of(3, 0.018)]
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
    turned = [*AGREED[:2], lesson_of(3, -0.019, before=3e-4, after=1e-4)]
    assert advice(turned)["learning_rate"].value == 3e-4
    assert advice(turned, {"learning_rate": 3e-4}) == {}
    assert advice([lesson_of(n, -0.02) for n in (1, 2, 3)], {"learning_rate": 3e-4})["learning_rate"].value == 1e-4


def test_words_and_their_way_back():
    linear = [lesson_of(n, 0.02, "constant", "linear", "lr_scheduler") for n in (1, 2)]
    turned = lesson_of(3, -0.02, "linear", "constant", "lr_scheduler")
    assert advice([*linear, turned])["lr_scheduler"].value == "linear"
    assert advice([turned, *linear])["lr_scheduler"].value == "linear"
    assert advice([*linear, turned], {"lr_scheduler": "linear"}) == {}


@pytest.mark.parametrize(
    "lessons",
    [
        [],
        AGREED[:2],
        [lesson_of(n, 0.02, group="same") for n in (1, 2, 3)],
        [lesson_of(1, 0.05), lesson_of(2, -0.05), lesson_of(3, 0.001)],
        [lesson_of(n, 0.02, metric="macro_f1") for n in (1, 2, 3)],
        [lesson_of(n, 0.02, before=2e-5) for n in (1, 2, 3)],
        [lesson_of(n, 0.02, before=1, after=2, row="seed") for n in (1, 2, 3)],
        [lesson_of(n, 0.02, row="nonsense") for n in (1, 2, 3)],
        [
            lesson_of(
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
    better = [lesson_of(n + 10, 0.05, after=5e-4) for n in (1, 2, 3)]
    assert advice([*AGREED, *better])["learning_rate"].value == 5e-4
