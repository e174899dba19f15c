"""Rating item by item: resume, undo, words that are understood, and arbitration."""

from __future__ import annotations

import pytest
from tests.rated import make_session

from tunebook.core.errors import DataError
from tunebook.rating.draw import assigned
from tunebook.rating.session import checked, meaning


def code(call, *given, **named):
    with pytest.raises(DataError) as caught:
        call(*given, **named)
    return caught.value.code


def test_a_rater_goes_on_where_the_last_answer_was_kept(tmp_path):
    session = make_session(tmp_path, rows=3, keys=("accuracy", "safety"))
    first = session.next("ann")
    session.give("ann", first.item.key, {"accuracy": "1"})
    assert session.next("ann").item == first.item and session.said("ann", first.item.key) == {"accuracy": "1"}
    session.give("ann", first.item.key, {"safety": "0"})
    assert session.next("ann").item != first.item
    assert (session.done("ann").done, session.done("ann").of, session.done("bo").done) == (1, 3, 0)
    for _ in range(2):
        session.give("ann", session.next("ann").item.key, {"accuracy": "1", "safety": "2"})
    assert session.next("ann") is None


def test_undo_takes_the_last_item_back_with_all_its_questions(tmp_path):
    session = make_session(tmp_path, rows=3, keys=("accuracy", "safety"))
    assert session.undo("ann") is None
    items = []
    for _ in range(2):
        items.append(session.next("ann").item.key)
        session.give("ann", items[-1], {"accuracy": "1", "safety": "2"})
    session.give("bo", items[0], {"accuracy": "2"})
    assert session.undo("ann") == items[1] and session.next("ann").item.key == items[1]
    assert session.undo("ann") == items[0] and session.done("ann").done == 0
    assert session.said("bo", items[0]) == {"accuracy": "2"}


def test_what_cannot_be_said(tmp_path):
    session = make_session(tmp_path, rows=3, raters=["ann", "bo"], overlap=0.0)
    assert code(session.give, "eve", "p0-01", {"overall": "1"}) == "rate.who"
    assert code(session.give, "ann", "p1-01", {"overall": "1"}) == "rate.not_yours"
    assert code(session.shown, "ann", "p1-01") == "rate.not_yours"
    assert list(session.assigned(" ann ")) == [one.item.key for one in assigned(session.study, "ann")]
    assert session.name == session.study.id
    assert code(session.give, "ann", "zz", {"overall": "1"}) == "rate.item"
    assert code(session.give, "ann", "p0-01", {"beauty": "1"}) == "rate.question"
    assert code(session.give, "ann", "p0-01", {"overall": "3"}) == "rate.value"
    assert code(session.give, "ann", "p0-01", {}) == "rate.nothing"
    assert session.store.current() == []


@pytest.mark.parametrize(
    ("text", "value"), [("１", "1"), (" Left ", "1"), ("右", "2"), ("=", "0"), ("平", "0"), ("2.0", "2"), ("B", "2")]
)
def test_words_that_mean_a_side(tmp_path, text, value):
    study = make_session(tmp_path, rows=1).study
    assert checked(study, study.items[0], study.questions[0], text) == value


def test_points_are_numbers_of_the_scale(tmp_path):
    study = make_session(tmp_path, rows=1, kinds=("scores",)).study
    assert checked(study, study.items[0], study.questions[0], "４") == "4"
    for text in ("0", "6", "left", "", "4.5"):
        assert code(checked, study, study.items[0], study.questions[0], text) == "rate.value"


def test_a_side_means_the_answer_that_stood_there(tmp_path):
    session = make_session(tmp_path, rows=2, raters=["ann", "bo"], overlap=1.0)
    for rater in ("ann", "bo"):
        session.give(rater, "p0-01", {"overall": "1"})  # both the left one, which is not the same answer
    one, other = session.store.current()
    item = session.study.item("p0-01")
    assert {meaning(item, one), meaning(item, other)} == {0, 1}
    assert [case.item for case in session.disagreements()] == ["p0-01"]


def test_an_arbiter_decides_on_what_others_disagree_about(tmp_path):
    session = make_session(tmp_path, rows=3, raters=["ann", "bo"], overlap=1.0)
    for rater in ("ann", "bo"):
        session.give(rater, "p0-01", {"overall": "1"})
        session.give(rater, "p1-01", {"overall": "0"})
    assert session.case("ann") is None  # in the own case
    assert code(session.arbitrate, "ann", "p0-01", {"overall": "1"}) == "rate.own_case"
    assert code(session.arbitrate, "chief", "p1-01", {"overall": "1"}) == "rate.agreed"
    assert code(session.arbitrate, " ", "p0-01", {"overall": "1"}) == "rate.who"
    assert code(session.arbitrate, "\u202e", "p0-01", {"overall": "1"}) == "rate.name"
    shown, key = session.case("chief")
    assert session.arbitrate("chief", shown.item.key, {key: "2"}, token="t").fresh == 1
    assert session.arbitrate("chief", shown.item.key, {key: "1"}, token="t").same == 1
    assert session.case("chief") is None
    assert session.disagreements()[0].arbiter == "chief"


def test_points_next_to_each_other_are_no_disagreement(tmp_path):
    session = make_session(tmp_path, rows=2, kinds=("scores",))
    for rater, values in (("ann", ("3", "1")), ("bo", ("4", "5"))):
        for item, value in zip(("s0-0", "s1-0"), values, strict=True):
            session.give(rater, item, {"overall": value})
    (case,) = session.disagreements()
    assert case.item == "s1-0" and case.said == {"ann": 1, "bo": 5}


def test_of_two_points_each_is_another_answer(tmp_path):
    session = make_session(tmp_path, rows=2, kinds=("scores",))
    questions = [question.model_copy(update={"points": 2}) for question in session.study.questions]
    session = make_session(tmp_path, session.study.model_copy(update={"questions": questions}))
    for rater, values in (("ann", ("1", "2")), ("bo", ("2", "2"))):
        for item, value in zip(("s0-0", "s1-0"), values, strict=True):
            session.give(rater, item, {"overall": value})
    assert [case.item for case in session.disagreements()] == ["s0-0"]
