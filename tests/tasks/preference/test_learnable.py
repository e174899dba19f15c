"""Losses that have nothing to learn are refused with the way out; what a first table says."""

from __future__ import annotations

from typing import Any

import pytest

from tests import small
from tests.tasks.preference.made import LABELS, TASK
from tunebook.core.errors import PlanError
from tunebook.tasks.preference.learnable import check_stats, proposed
from tunebook.tasks.preference.rows import ALONE, PAIRED, PreferenceRows


def stats(pairs: int = 0, good: int = 0, bad: int = 0) -> dict[str, Any]:
    return {"preferences": {"train": {"pairs": pairs, "good": good, "bad": bad}}}


@pytest.mark.parametrize("loss", PAIRED)
def test_pairs_do_not_learn_from_answers_alone(loss: str) -> None:
    with pytest.raises(PlanError, match="kto") as caught:
        check_stats(PreferenceRows(loss=loss), 0.0, stats(5, 1))
    assert caught.value.code == "preference.pairs"
    check_stats(PreferenceRows(loss=loss), 0.0, stats(5))


def test_kto_needs_both_sides() -> None:
    kto = PreferenceRows(loss="kto")
    for given in (stats(good=5), stats(bad=5)):
        with pytest.raises(PlanError) as caught:
            check_stats(kto, 0.0, given)
        assert caught.value.code == "preference.one_side"
    for given in (stats(good=5, bad=1), stats(5), stats(5, good=5), {}):
        check_stats(kto, 0.0, given)


def test_smoothing_is_of_dpo_alone() -> None:
    for loss in ("hinge", "ipo", ALONE, "kto"):
        with pytest.raises(PlanError) as caught:
            check_stats(PreferenceRows(loss=loss), 0.1, stats(5))
        assert caught.value.code == "preference.smoothing"
    TASK.check(stats(5), small.filled(label_smoothing=0.1))


def test_a_first_table_takes_kto_for_answers_alone_and_a_rate_by_the_model() -> None:
    assert proposed(stats(good=3, bad=3))["preference.loss"] == "kto"
    assert "preference.loss" not in TASK.proposes(stats(6))
    rates = [proposed({**stats(6), "hidden": hidden})["learning_rate"] for hidden in (64, 768, 4096)]
    assert rates == sorted(rates, reverse=True) and len(set(rates)) == 3


def test_only_orpo_needs_no_model_before_and_only_kto_whole_steps() -> None:
    for loss in (*PAIRED, "kto"):
        chosen = small.filled(**{"preference.loss": loss})
        assert TASK.refers(chosen) == (loss != ALONE) and TASK.whole(LABELS, chosen) == (loss == "kto")
    assert TASK.idle(LABELS) == {"class_weights": "none"} and TASK.same_at_looks(LABELS)
