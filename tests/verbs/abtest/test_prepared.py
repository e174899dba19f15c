"""A test made ready: what it names, and what a course of pairs says in each exam."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests import ab_book, logged
from tunebook.core.errors import PlanError, RefusedError, TableError
from tunebook.core.nouns import write_json
from tunebook.core.verdict import Look, Verdict
from tunebook.data.load import load
from tunebook.stats.sequential import spent
from tunebook.tables.make import child
from tunebook.verbs.abtest.arms import trained
from tunebook.verbs.abtest.logged_tests import logged_facts
from tunebook.verbs.abtest.prepared import Course, PreparedTest, prepare_test
from tunebook.verbs.abtest.scored import split_exam


def test_tables_by_any_of_their_names(base: Path, tmp_path: Path) -> None:
    book = ab_book.make_book(tmp_path, base)
    prepared = prepare_test(book, "champion", book.tables.get(3), seeds=3)
    assert (prepared.plan.a, prepared.plan.b) == (1, 3)
    assert prepared.folder == book.path / "tests" / prepared.plan.id
    assert [arm.table.version for arm in prepared.arms] == [1, 3]
    assert prepare_test(book, 1, "v3", seeds=3).plan.id == prepared.plan.id
    with pytest.raises(TableError):
        prepare_test(book, 1, "v9")
    hard = tmp_path / "hard.csv"
    hard.write_text("text,label\nthe room,good\na stay,bad\n")
    with_file = prepare_test(book, 1, 3, seeds=3, challenges=[hard])
    assert with_file.plan.id != prepared.plan.id and [len(exam.rows) for exam in with_file.challenges] == [2]
    moved = hard.rename(hard.with_name("moved.csv"))
    assert prepare_test(book, 1, 3, seeds=3, challenges=[moved]).plan == with_file.plan, "the same test, moved"
    assert prepare_test(book, 1, 3, seeds=3, challenges=[f"{moved}=0.5"]).plan.id != with_file.plan.id
    exam = with_file.challenges[0]
    answers = {exam.key: (ab_book.logits(exam, np.array([True, False])), None)}
    course = Course([SimpleNamespace(answers=answers)])  # type: ignore[list-item]
    a, b = course.arm_scores(with_file, exam)
    assert a.scores("accuracy").tolist() == [0.5] and b.scores("accuracy").tolist() == [0.0]


def test_few_groups_are_told(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = ab_book.make_book(tmp_path, base)
    plain = split_exam(book.data, "validation")
    assert "ab.warn.few_groups" not in dict(prepare_test(book, 1, 3, seeds=3).warnings)
    for size, count in ((len(plain.rows) // 4, 5), (1, 0)):
        grouped = replace(plain, groups=np.arange(len(plain.rows)) // size)
        monkeypatch.setattr("tunebook.verbs.abtest.prepared.split_exam", lambda data, split, exam=grouped: exam)
        told = dict(prepare_test(book, 1, 3, seeds=3).warnings).get("ab.warn.few_groups")
        assert (told["groups"] in (count - 1, count)) if count else told is None


def test_challenges_that_are_trained_on_are_told(base: Path, tmp_path: Path) -> None:
    book = ab_book.make_book(tmp_path, base)
    seen = load(book.data, "train").texts[:2]
    hard = tmp_path / "hard.csv"
    hard.write_text("text,label\nthe room is new,good\n" + "".join(f"{text},bad\n" for text in seen))
    codes = dict(prepare_test(book, 1, 3, seeds=3, challenges=[hard]).warnings)
    assert codes["ab.warn.challenge_seen"] == {"file": "hard.csv", "count": 2, "rows": 3}
    hard.write_text("text,label\nthe room is new,good\na stay,bad\n")
    assert "ab.warn.challenge_seen" not in dict(prepare_test(book, 1, 3, seeds=3, challenges=[hard]).warnings)


def test_a_row_that_trains_nothing_in_either_arm_is_told(base: Path, tmp_path: Path) -> None:
    book = ab_book.make_book(tmp_path, base)
    lora = child(book.champion, {"lora.rank": 2})
    other = child(lora, {"learning_rate": 9e-4})
    told = dict(prepare_test(book, lora, other, seeds=3).warnings)
    assert told["ab.warn.idle"] == {"row": "learning_rate", "own": "lora.learning_rate"}
    own = child(lora, {"lora.learning_rate": 9e-4})
    assert "ab.warn.idle" not in dict(prepare_test(book, lora, own, seeds=3).warnings)
    assert "ab.warn.idle" not in dict(prepare_test(book, book.champion, other, seeds=3).warnings)


def test_runs_of_before_whose_checkpoint_was_chosen_on_these_rows_are_told(base: Path, tmp_path: Path) -> None:
    book = ab_book.make_book(tmp_path, base)
    made = prepare_test(book, 2, 3, seeds=3)
    assert "ab.warn.uncrossed" not in dict(made.warnings)
    runs = [trained(book.path / "runs", arm.plan(1)).run for arm in made.arms]
    assert "ab.warn.uncrossed" not in dict(prepare_test(book, 2, 3, seeds=3).warnings)
    for run in runs:
        shutil.rmtree(run.path / "looks")
    told = dict(prepare_test(book, 2, 3, seeds=3).warnings)
    assert told["ab.warn.uncrossed"] == {"count": 1}, "one look of version 2, four of version 3"


def ended(prepared: PreparedTest, *looks: tuple[int, float], seeds: Sequence[int] | None = None) -> None:
    """Write the verdict of a test that was looked at so."""
    plan = prepared.plan
    history = [
        Look(seeds=count, alpha=alpha, gain=0.01, lower=-0.01, upper=0.03, verdict="INCONCLUSIVE")
        for count, alpha in looks
    ]
    verdict = Verdict(
        test=plan.id, verdict="INCONCLUSIVE", a=plan.a, b=plan.b, a_values=plan.a_values, b_values=plan.b_values,
        content=plan.content, split=plan.split, metric=plan.metric, gain=0.01, lower=-0.01, upper=0.03,
        delta=plan.delta, delta_kind=plan.delta_kind, alpha=plan.alpha, seeds=looks[-1][0], n=plan.n, looks=len(looks),
        history=history, path=prepared.folder,
        extra={"seeds": list(seeds or plan.seeds), "arms": {}, "scores": {}, "flipped": {}},
    )  # fmt: skip
    write_json(verdict, prepared.folder / "verdict.json")
    logged.log_test(prepared.book, verdict, **logged_facts(prepared.book, verdict, plan))


def test_looks_of_earlier_tests_are_spent(base: Path, tmp_path: Path) -> None:
    book = ab_book.make_book(tmp_path, base)
    each = spent(0.05, 3, (3, 5, 10))
    first = prepare_test(book, 1, 3, seeds=5)
    assert first.plan.past == [] and [look.alpha for look in first.plan.looks] == [each, each]
    ended(first, (3, each), (5, each))
    assert prepare_test(book, 1, 3, seeds=5).plan == first.plan, "a test that has ended is the same test"
    further = prepare_test(book, 1, 3, seeds=10)
    assert [(look.seeds, look.alpha) for look in further.plan.past] == [(3, each), (5, each)]
    assert [look.alpha for look in further.plan.looks] == pytest.approx([each] * 3, rel=1e-4)
    assert prepare_test(book, 1, 3, seeds=10).plan == further.plan, "begun, and nothing was spent since"
    lax = prepare_test(book, 1, 3, seeds=5, alpha=0.3)
    ended(lax, (5, 0.3))
    assert prepare_test(book, 1, 3, seeds=10).plan == further.plan, "what no promotion could have rested on"
    other_metric = prepare_test(book, 1, 3, seeds=5, metric="macro_f1")
    assert prepare_test(book, 2, 3, seeds=5).plan.past == other_metric.plan.past == []
    third = prepare_test(book, 1, 3, seeds=7, delta=0.0)
    ended(third, (7, 0.012))
    anew = prepare_test(book, 1, 3, seeds=10)
    assert anew.plan.id != further.plan.id and [look.seeds for look in anew.plan.past] == [3, 5, 7]
    assert anew.plan.looks[-1].alpha < each
    ended(anew, (10, 0.04))
    with pytest.raises(PlanError) as caught:
        prepare_test(book, 1, 3, seeds=20, looks=())
    assert caught.value.code == "ab.spent" and anew.plan.id in caught.value.key
    assert prepare_test(book, 1, 3, seeds=10).finished is not None


def test_a_folder_that_is_deleted_takes_no_look_back(base: Path, tmp_path: Path) -> None:
    book = ab_book.set_gate(ab_book.make_book(tmp_path, base), seeds=3, looks=[])
    first = prepare_test(book, 1, 3)
    ended(first, (3, 0.05))
    shutil.rmtree(book.path / "tests")
    assert prepare_test(book, 1, 3).plan == first.plan, "the same test, asked for again"
    for more in (4, 10):
        with pytest.raises(PlanError, match=r"ab\.spent"):
            prepare_test(ab_book.set_gate(book, seeds=more), 1, 3)
    named = prepare_test(ab_book.set_gate(book, seeds=3), 1, 3, metric="macro_f1")
    assert (named.plan.past, named.plan.elsewhere) == ([], 0.0), "what the gate does not judge explores"
    with pytest.raises(PlanError, match=r"ab\.spent"):
        prepare_test(ab_book.set_gate(book, seeds=3, metric="macro_f1"), 1, 3)


def test_named_seeds_explore(base: Path, tmp_path: Path) -> None:
    book = ab_book.make_book(tmp_path, base)
    named = prepare_test(book, 1, 3, seeds=[7, 8, 9], looks=())
    told = {"row": "seeds", "value": [7, 8, 9], "allowed": "1, 2, …"}
    assert named.warnings[0] == ("ab.warn.explores", told)
    ended(named, (3, 0.05))
    plain = prepare_test(book, 1, 3, seeds=3, looks=())
    assert plain.plan.past == [] and dict(plain.warnings)["ab.warn.explores"]["allowed"] == ">= 5"
    ended(plain, (3, 0.05))
    assert prepare_test(book, 1, 3, seeds=[7, 8, 10], looks=()).plan.past == [], "charged nothing either"


LAXER: list[tuple[dict[str, Any], str]] = [
    ({"delta": 0.01}, "delta"),
    ({"delta": 0.05, "delta_kind": "relative"}, "delta_kind"),
    ({"alpha": 0.3}, "alpha"),
    ({"metric": "macro_f1"}, "metric"),
    ({"seeds": 4}, "seeds"),
    ({"guard": {"class": "off"}}, "guard.class"),
    ({"looks": [4]}, "looks"),
]


@pytest.mark.parametrize(("asked", "row"), LAXER)
def test_a_laxer_rule_explores_and_is_refused_where_it_is_to_bind(
    base: Path, tmp_path: Path, asked: Any, row: str
) -> None:
    book = ab_book.make_book(tmp_path, base)
    prepared = prepare_test(book, 1, 3, **asked)
    assert prepared.lax is not None and prepared.lax.key == dict(prepared.warnings)["ab.warn.explores"]["row"] == row
    shutil.rmtree(prepared.folder)
    with pytest.raises(RefusedError) as caught:
        prepare_test(book, 1, 3, binding=True, **asked)
    assert caught.value.code == "promote.laxer" and f"tunebook ab {book.path} v1 v3" in caught.value.advice
    assert not prepared.folder.exists(), "not even its plan was written"


def test_the_rule_of_the_gate_and_a_stricter_one_bind(base: Path, tmp_path: Path) -> None:
    book = ab_book.make_book(tmp_path, base)
    for asked in ({}, {"delta": 0.03}, {"seeds": 10}, {"seeds": [1, 2, 3, 4, 5]}):
        prepared = prepare_test(book, 1, 3, binding=True, **asked)  # type: ignore[arg-type]
        assert prepared.lax is None and "ab.warn.explores" not in dict(prepared.warnings)
    same = prepare_test(book, 3, 3, aa=True, seeds=3)
    assert same.lax is None, "nobody promotes a table against itself"
    old = ab_book.set_gate(book, seeds=2, looks=[])
    assert prepare_test(old, 1, 3, seeds=3).lax is None, "a promotion will say what is wrong with that gate"
