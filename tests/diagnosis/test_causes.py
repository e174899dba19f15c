"""Each planted fault is named first, healthy rows name nothing serious, and every cause has its words."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from tests.books import Trained
from tests.diagnosis.worlds import FAULTS, healthy

from tunebook.core.messages import LANGUAGES, say_in
from tunebook.core.nouns import Interval
from tunebook.diagnosis.cause import MERGE, Cause, Try, candidate, filled
from tunebook.diagnosis.causes import attributed, finders, unasked
from tunebook.diagnosis.looked import look
from tunebook.diagnosis.records import Errors
from tunebook.diagnosis.seen import Seen
from tunebook.tables.declared import declared, techniques


@cache
def planted(fault: str, seed: int) -> tuple[Cause, ...]:
    """The causes that are found of a fault, once for all tests."""
    return tuple(attributed(FAULTS[fault](healthy(seed)).seen()))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_planted_fault_is_named_first(fault: str, seed: int) -> None:
    causes = planted(fault, seed)
    assert causes
    assert (causes[0].key, causes[0].serious) == (fault, True), [(one.key, one.share.value) for one in causes]
    assert causes[0].name
    assert causes[0].evidence
    assert causes[0].next


@pytest.mark.parametrize("seed", range(8))
def test_healthy_rows_name_nothing_serious(seed: int) -> None:
    assert [one.key for one in attributed(healthy(seed).seen()) if one.serious] == []


def test_what_a_leak_hides_is_part_of_the_whole() -> None:
    leak = FAULTS["leak"](healthy()).seen()
    causes = {one.key: one for one in attributed(leak)}
    assert causes["leak"].hides
    whole = leak.errors / (1 - causes["leak"].share.value)
    rate = leak.mass[int(0.6 * len(leak.mass)) :].mean()
    assert whole == pytest.approx(rate * len(leak.mass), rel=0.05)


def test_every_cause_has_its_words_in_both_languages() -> None:
    for one in finders():
        for name in LANGUAGES:
            assert say_in(name, f"causes.{one.key}.name")
    for fault in FAULTS:
        first = next(one for one in planted(fault, 0) if one.key == fault)
        for text in (first.what, *first.evidence, *(step.why for step in first.next)):
            assert text.in_language("zh") != text.in_language("en")  # type: ignore[attr-defined]


def test_steps_are_rows_of_a_table_or_something_to_type() -> None:
    for fault in FAULTS:
        first = next(one for one in planted(fault, 0) if one.key == fault)
        for step in first.next:
            assert isinstance(step, Try)
            assert step.command.startswith("tunebook ")
            assert (step.kind == "table") == bool(step.rows)
            assert set(step.rows) <= {*declared(), *techniques()}


def test_a_step_that_changes_nothing_is_not_told() -> None:
    seen = FAULTS["overfit"](healthy()).seen()
    before = [step.rows for step in attributed(seen)[0].next]
    stop = {"eval_every": None, "early_stopping_patience": 2}
    assert stop in before
    vars(seen.looked.run.plan.params).update(stop)
    assert [step.rows for step in attributed(seen)[0].next] == [rows for rows in before if rows != stop]


def test_a_cause_is_serious_where_it_is_sure_and_large() -> None:
    share = Interval(value=0.4, low=0.2, high=0.6)
    assert Cause(key="noise", side="data", share=share, p_value=0.001).serious
    assert not Cause(key="noise", side="data", share=share, p_value=0.02).serious
    assert not Cause(key="noise", side="data", share=Interval(value=0.1, low=0.05, high=0.2), p_value=0.0).serious


def test_a_run_without_errors_has_no_causes() -> None:
    world = healthy()
    world.said[:] = world.labels[1]
    assert attributed(world.seen()) == []


def test_a_small_book_is_looked_at_from_end_to_end(trained: Callable[[str], Trained]) -> None:
    looked = look(trained("classes").run)
    none = Interval(value=0.0, low=0.0, high=0.0)
    found = Errors(run=looked.run.id, split="validation", content="", rows=len(looked.rows), measure="accuracy",
                   errors=none, wrong=0)  # fmt: skip
    causes = attributed(Seen(looked, found))
    assert all(0 <= one.share.low <= one.share.value <= one.share.high <= 1 for one in causes)
    assert [one.share.value for one in causes] == sorted((one.share.value for one in causes), reverse=True)
    known = {*looked.rows.ids, *looked.load("train").ids}
    assert all(set(one.ids) <= known for one in causes)
    assert attributed(Seen(looked, found)) == causes


@pytest.mark.parametrize("kind", ["several", "number", "ordered", "pairs"])
def test_other_targets_are_looked_at_as_far_as_they_go(trained: Callable[[str], Trained], kind: str) -> None:
    looked = look(trained(kind).run)
    none = Interval(value=0.0, low=0.0, high=0.0)
    found = Errors(run=looked.run.id, split="validation", content="", rows=len(looked.rows), measure="", errors=none,
                   wrong=0)  # fmt: skip
    left = unasked(looked.labels)
    assert {one.key for one in attributed(Seen(looked, found))} <= {one.key for one in finders()} - {*left}
    assert bool(left) == (kind in ("several", "number"))


def test_commands_of_causes_name_the_book_and_the_file_of_suspects() -> None:
    share = Interval(value=0.4, low=0.3, high=0.5)
    lines = ("tunebook correct BOOK SUSPECTS", MERGE, "")
    steps = [Try(kind="data", command=line) for line in lines]
    cause = Cause(key="noise", side="data", share=share, next=steps)
    places = {"BOOK": Path("my book"), "SUSPECTS": "my book/runs/r/suspects.csv"}
    assert [step.command for step in filled([cause], places)[0].next] == [
        "tunebook correct 'my book' 'my book/runs/r/suspects.csv'",
        "tunebook retrain 'my book' --new FILE",  # a file that one has to make: it stays a word
        "",
    ]
    assert cause.next[0].command == lines[0], "the record may be read elsewhere"


def test_a_candidate_is_typed_as_the_table_takes_it() -> None:
    found = candidate("why", learning_rate=2.5e-5, linear_probe=True, eval_every=None, max_length=64)
    assert (
        found.command == "tunebook table set BOOK learning_rate=2.5e-05 linear_probe=on eval_every=none max_length=64"
    )
