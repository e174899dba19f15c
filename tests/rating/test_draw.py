"""Sides are balanced, orders differ, and rows are shared out as asked."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.rated import make_study

from tunebook.core.errors import DataError
from tunebook.rating.draw import assigned, check_name, check_rater


def test_named_raters_share_some_rows_and_part_the_rest():
    study = make_study(20, raters=["ann", "bo", "cy"], overlap=0.25)
    seen = {rater: {shown.item.row for shown in assigned(study, rater)} for rater in study.raters}
    common = set.intersection(*seen.values())
    assert common == {f"r{row}" for row in range(5)}
    assert Counter(row for rows in seen.values() for row in rows - common) == {f"r{row}": 1 for row in range(5, 20)}
    assert {len(rows) for rows in seen.values()} == {10}


@pytest.mark.parametrize("raters", [[], ["ann", "bo"]])
def test_sides_are_balanced_for_each_rater_and_turned_for_the_next(raters):
    study = make_study(40, raters=raters, overlap=1.0)
    names = raters or ["ann", "bo", "cy", "di"]
    turned = {name: {shown.item.key: shown.turned for shown in assigned(study, name)} for name in names}
    assert {sum(sides.values()) for sides in turned.values()} == {20}
    if raters:
        assert all(turned["ann"][item] != turned["bo"][item] for item in turned["ann"])


def test_three_runs_are_balanced_pair_by_pair():
    study = make_study(20, 3, raters=["ann"])
    left = Counter((str(shown.item.runs), shown.turned) for shown in assigned(study, "ann"))
    assert set(left.values()) == {10}


def test_the_order_is_a_raters_own_and_the_same_again():
    study = make_study(20, raters=["ann", "bo"], overlap=1.0)
    first, second = ([shown.item.key for shown in assigned(study, name)] for name in ("ann", "bo"))
    assert first != second and sorted(first) == sorted(second)
    assert first == [shown.item.key for shown in assigned(study, " ann ")]
    assert first != [shown.item.key for shown in assigned(study.model_copy(update={"seed": 1}), "ann")]


def test_what_is_shown_names_no_run_and_can_be_checked():
    study = make_study(2, raters=["ann", "bo"], overlap=1.0)
    ann, bo = (next(one for one in assigned(study, name) if one.item.key == "p0-01") for name in ("ann", "bo"))
    assert ann.answers == bo.answers[::-1] and ann.check != bo.check
    assert ann.answers[0] == ann.item.answers[ann.left]


@pytest.mark.parametrize("name", ["", "  ", "eve", "x" * 81])
def test_a_stranger_is_no_rater(name):
    with pytest.raises(DataError) as caught:
        check_rater(make_study(2, raters=["ann"]), name)
    assert caught.value.code == "rate.who"


@pytest.mark.parametrize("name", ["\u202e", "\u200b\u200d", "\u3164", "ann\u202eob", "\u2066ann\u2069", "a\x1b[2J"])
def test_a_name_that_nobody_can_read_is_none(name):
    for named in (lambda: check_rater(make_study(2), name), lambda: check_name(name)):
        with pytest.raises(DataError) as caught:
            named()
        assert caught.value.code == "rate.name" and "\u202e" not in caught.value.message


@pytest.mark.parametrize("name", ["ann", "李雷", "7", "👩\u200d🏫", "می\u200cخواهم", "O'Neil-Ó"])
def test_names_of_all_writings_are_names(name):
    assert check_rater(make_study(2), f" {name} ") == name
