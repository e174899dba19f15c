"""Opposites, praise, and rows without a row before them, against figures made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from tunebook.challenge.alone import alone, base_of, rows_of_file
from tunebook.challenge.changed import Changed, change
from tunebook.challenge.directions import directed, turned_rows
from tunebook.challenge.kinds.negation import Negation
from tunebook.challenge.kinds.praise import Praise
from tunebook.challenge.measure import Judge, examples_of, judged
from tunebook.challenge.record import Capability
from tunebook.challenge.sentiment import Sentiment
from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef, Labels, Roles
from tunebook.core.registry import task_of
from tunebook.core.task import Rows
from tunebook.data.cleaning import chosen_rules

LABELS = Labels(problem="single_label", names=["bad", "good", "other"])
SIDES = Sentiment(positive="good", negative="bad")


def data(group: str | None = None) -> DataRef:
    stats: dict[str, Any] = {"cleaning": {"rules": chosen_rules()}, "language": "en"}
    roles = Roles(text="text", label="label", group=group)
    return DataRef(path=Path(), sources={}, roles=roles, labels=LABELS, rows={}, content="", stats=stats)


def judge(answers: np.ndarray, group: str | None = None) -> Judge:
    task = task_of("text_classification")()
    return Judge(task, LABELS, data(group), "accuracy", lambda rows, name: answers[: len(rows)].astype(np.float32))


def rows(count: int = 30) -> Rows:
    targets = np.arange(count) % 3
    return Rows([f"The room {number} was fine." for number in range(count)], None, targets, [*map(str, range(count))])


def says(classes: np.ndarray, sure: float = 5.0) -> np.ndarray:
    return np.asarray(sure * np.eye(3)[classes], dtype=np.float32)


def test_the_other_label_is_right_then() -> None:
    before = says(np.asarray(rows().targets))
    changed = change(rows(), data(), Negation(), 0)
    turned = turned_rows(changed, LABELS, SIDES)
    assert turned.rows.targets is not None
    assert len(turned.rows) == 20, "rows of a third label are left out"
    old = np.asarray(rows().targets)[turned.places]
    np.testing.assert_array_equal(turned.rows.targets, 1 - old)
    blind = directed(judge(says(old)), rows(), before, changed, Negation(), SIDES)
    assert blind.met is not None
    assert (blind.met.value, blind.flipped and blind.flipped.value, blind.before) == (0.0, 0.0, 1.0)
    assert len(blind.examples) == 8
    assert judged([blind], 0.05)[0].failed
    seeing = directed(judge(says(1 - old)), rows(), before, changed, Negation(), SIDES)
    assert seeing.met is not None
    assert seeing.met.value == 1.0
    assert not judged([seeing], 0.05)[0].failed


def test_praise_must_not_be_heard_as_blame() -> None:
    before = says(np.ones(30, dtype=int), 1.0)
    after = before.copy()
    after[:6, 0] = 5.0
    changed = change(rows(), data(), Praise(), 0)
    found = directed(judge(after), rows(), before, changed, Praise(), SIDES)
    assert found.met is not None
    assert found.met.value == pytest.approx(24 / 30)
    assert found.p_value == pytest.approx(binom.sf(5, 30, 0.05))
    assert found.score is None
    good = directed(judge(before), rows(), before, changed, Praise(), SIDES)
    assert good.p_value == 1.0


def test_no_row_is_no_example() -> None:
    """Answers to no rows at all have no form that a tagger could read."""
    sides = rows(), says(np.asarray(rows().targets))
    assert examples_of(judge(sides[1]), sides, sides, np.zeros(30, dtype=bool)) == []


def test_what_is_not_known_is_skipped() -> None:
    before = says(np.asarray(rows().targets))
    changed = change(rows(), data(), Praise(), 0)
    assert "--sentiment" in directed(judge(before), rows(), before, changed, Praise(), None).skipped
    few = Changed(changed.rows.at([0, 1]), changed.places[:2], 28)
    assert directed(judge(before), rows(), before, few, Praise(), SIDES).skipped


def test_rows_that_stand_alone_are_held_against_the_runs_own() -> None:
    true = np.asarray(rows().targets)
    said = true.copy()
    said[:3] = (said[:3] + 1) % 3
    base = base_of(judge(says(said)), rows(), says(said))
    assert base[0] == pytest.approx(0.9)
    assert base[1] < 0.9
    wrong = true.copy()
    wrong[:20] = (wrong[:20] + 1) % 3
    made = Capability(key="x", group="file", source="file")
    found = alone(judge(says(wrong)), made, rows(), base)
    assert found.met is not None
    assert found.score is not None
    assert found.met.value == found.score.value == pytest.approx(1 / 3)
    assert found.p_value == pytest.approx(binom.cdf(10, 30, base[1]))
    assert found.lack == pytest.approx(2 / 3)
    assert alone(judge(says(true)), made, rows(), (0.0, 0.0)).p_value == 1.0


def test_rows_that_were_drawn_together_count_as_what_they_are() -> None:
    """Three rows of each user, who are right or wrong together: intervals and tests are those of ten users."""
    told = replace(rows(), other={"user": [number // 3 for number in range(30)]})
    true = np.asarray(told.targets)
    said = np.where(np.arange(30) // 3 < 5, (true + 1) % 3, true)
    made, base = Capability(key="x", group="file", source="file"), (0.9, 0.8)
    single, grouped = (alone(judge(says(said), group), made, told, base) for group in (None, "user"))
    for one in ("score", "met"):
        plain, wide = getattr(single, one), getattr(grouped, one)
        assert plain.value == wide.value == 0.5 and wide.high - wide.low > 1.4 * (plain.high - plain.low)
    assert single.p_value is not None and grouped.p_value is not None and single.p_value < grouped.p_value / 10
    assert base_of(judge(says(said), "user"), told, says(said))[1] < base_of(judge(says(said)), told, says(said))[1]
    for how in (Negation(), Praise()):
        changed = change(told, data(), how, 0)
        turned = turned_rows(changed, LABELS, SIDES) if how.expects == "turned" else changed
        expected = turned.rows.targets if how.expects == "turned" else np.ones(len(turned.rows), dtype=int)
        after = says(np.where(turned.places // 3 < 5, 2, expected))
        before = says(np.ones(30, dtype=int))
        plain, wide = (directed(judge(after, group), told, before, changed, how, SIDES).met for group in (None, "user"))
        assert plain is not None and wide is not None and plain.value == wide.value == 0.5
        assert wide.high - wide.low > 1.2 * (plain.high - plain.low)


def test_a_file_without_the_column_is_one_capability(tmp_path: Path) -> None:
    path = tmp_path / "hard.csv"
    path.write_text("text,label\nwell,good\nill,bad\n", encoding="utf-8")
    whole = data().model_copy(update={"stats": {**data().stats, "preset": {}, "label_facts": {}}})
    found = rows_of_file(whole, path)
    assert list(found) == ["hard"]
    assert list(found["hard"].texts) == ["well", "ill"]
    with pytest.raises(DataError, match=r"challenge\.file"):
        rows_of_file(whole, tmp_path / "none.csv")


def test_the_groups_of_a_file_are_read_where_the_book_has_some(tmp_path: Path) -> None:
    path = tmp_path / "hard.csv"
    path.write_text("text,label,user\nwell,good,ann\nill,bad,ann\nfair,good,bo\n", encoding="utf-8")
    whole = data("user").model_copy(update={"stats": {**data().stats, "preset": {}, "label_facts": {}}})
    (found,) = rows_of_file(whole, path).values()
    assert (
        found.other == {"user": ["ann", "ann", "bo"]} and judge(says(np.zeros(3, int)), "user").units(found).count == 2
    )
    path.write_text("text,label\nwell,good\nill,bad\n", encoding="utf-8")
    (without,) = rows_of_file(whole, path).values()
    assert judge(says(np.zeros(2, int)), "user").groups(without) is None


def test_a_lack_is_a_fall_or_what_is_not_as_expected() -> None:
    made = Capability(key="x", group="g", source="file")
    assert made.lack == 0.0
    from tunebook.core.nouns import Interval

    one = Interval(value=0.3, low=0.1, high=0.5)
    assert made.model_copy(update={"fall": one}).lack == 0.3
    assert made.model_copy(update={"score": one, "before": 0.9}).lack == pytest.approx(0.6)
