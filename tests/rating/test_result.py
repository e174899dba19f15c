"""What ratings say: signs, shares, arbitration in place of raters, parts, and notes."""

from __future__ import annotations

import math
import sqlite3

import pytest
from tests.rated import make_session, make_study, rate_all

from tunebook.core.errors import BookError
from tunebook.core.localized import Localized
from tunebook.rating.draw import assigned
from tunebook.rating.notes import notes_of
from tunebook.rating.records import RatingResult
from tunebook.rating.result import result_of
from tunebook.rating.session import Session
from tunebook.rating.store import Given
from tunebook.stats.proportion import wilson_interval


def notes(found):
    return {note.code.rpartition(".")[2] for note in found.notes if isinstance(note, Localized)}


def take_left(session):
    """All raters take the left side, which is another answer for each."""
    session.store.give(
        [
            Given(rater=rater, item=shown.item.key, question="overall", value="1", left=shown.left)
            for rater in session.study.raters
            for shown in assigned(session.study, rater)
        ]
    )


def test_the_better_run_is_found_blind(tmp_path):
    session = make_session(tmp_path, rows=60, raters=["ann", "bo", "cy"], overlap=0.3)
    for rater in session.study.raters:
        rate_all(session, rater, gain=2.0)
    found = result_of(session)
    (judged,) = found.judged
    (duel,) = judged.duels
    assert (duel.a, duel.b) == ("run0", "run1") and duel.net.low > 0.3
    assert duel.won_b > duel.won_a and duel.won_a + duel.won_b + duel.ties == pytest.approx(1)
    assert duel.overall.value == pytest.approx(duel.net.value / 2)  # half of the rows differ
    assert judged.strengths[1].strength.low > 0 and not judged.penalised
    assert judged.left.low < 0.5 < judged.left.high
    assert {part.value for part in judged.parts} == {"en", "zh"}
    assert (judged.rows, judged.raters, found.intact) == (60, 3, True)
    assert RatingResult.model_validate_json(found.model_dump_json()) == found


def test_raters_who_guess_prove_nothing(tmp_path):
    session = make_session(tmp_path, rows=60, raters=["ann", "bo", "cy"])
    for rater in session.study.raters:
        rate_all(session, rater)
    judged = result_of(session).judged[0]
    assert judged.duels[0].net.low < 0 < judged.duels[0].net.high
    assert judged.agreement.low and judged.agreement.alpha.value < 0.3


def test_whoever_always_takes_the_left_side_moves_nothing_and_is_told(tmp_path):
    session = make_session(tmp_path, rows=40, raters=["ann", "bo"])
    take_left(session)
    found = result_of(session)
    assert found.judged[0].duels[0].net.value == 0
    assert found.judged[0].left.value == pytest.approx(1) and "left" in notes(found)


def test_an_arbiters_word_counts_in_place_of_the_others(tmp_path):
    session = make_session(tmp_path, rows=10, raters=["ann", "bo"])
    take_left(session)  # all disagree
    while (case := session.case("chief")) is not None:
        shown, key = case
        session.arbitrate("chief", shown.item.key, {key: "1" if shown.left == 0 else "2"})
    found = result_of(session)
    judged = found.judged[0]
    assert judged.decided == 10 and judged.duels[0].won_a == pytest.approx(1) and judged.penalised
    assert judged.agreement.alpha.value < 0 and {"penalised", "agreement"} <= notes(found)
    assert [(one.rater, one.role) for one in found.raters] == [
        ("ann", "rater"), ("bo", "rater"), ("chief", "arbiter"),
    ]  # fmt: skip


def test_points_and_gaps(tmp_path):
    session = make_session(tmp_path, rows=30, kinds=("scores",), raters=["ann", "bo", "cy"], overlap=0.5)
    for rater in session.study.raters:
        rate_all(session, rater, gain=1.0)
    judged = result_of(session).judged[0]
    low, high = (one.mean for one in judged.points)
    assert 1 <= low.value < high.value <= 5
    assert judged.gaps[0].gap.low > 0.3 and judged.gaps[0].rows == 30
    assert judged.left is None and judged.agreement.scale == "ranked"


def test_three_runs_have_strengths_in_their_order(tmp_path):
    session = make_session(tmp_path, rows=40, runs=3, raters=["ann", "bo", "cy"])
    for rater in session.study.raters:
        rate_all(session, rater, gain=1.5)
    judged = result_of(session).judged[0]
    assert len(judged.duels) == 3
    values = [one.strength.value for one in judged.strengths]
    assert values == sorted(values) and sum(values) == pytest.approx(0)


def test_both_kinds_beside_each_other_and_a_question_that_nobody_answered(tmp_path):
    session = make_session(tmp_path, rows=12, kinds=("pairs", "scores"), keys=("overall", "safety"))
    session.give("ann", "p0-01", {"overall": "1"})
    session.give("ann", "s0-0", {"overall": "4"})
    found = result_of(session)
    assert [(one.kind, one.question) for one in found.judged] == [("pairs", "overall"), ("scores", "overall")]
    assert found.of("overall", "pairs").rows == 1 and found.of("safety", "pairs") is None
    assert math.isnan(found.judged[0].agreement.alpha.value) and found.judged[1].gaps == []
    assert {"one_rater", "handful", "no_overlap", "unfinished"} <= notes(found)
    assert "few_rows" not in notes(found) and [str(one) for one in notes_of(found)] == [str(one) for one in found.notes]


def test_no_interval_of_points_leaves_the_scale(tmp_path):
    session = make_session(tmp_path, rows=12, kinds=("scores",), raters=["ann", "bo"], overlap=1.0)
    session.give("ann", "s0-0", {"overall": "4"})
    (mean,) = (one.mean for one in result_of(session).judged[0].points)
    assert (mean.value, mean.low, mean.high) == (4, 1, 5)  # one row alone says nothing, not that -2 is possible
    session.give("ann", "s0-1", {"overall": "5"})
    (gap,) = (one.gap for one in result_of(session).judged[0].gaps)
    assert (gap.value, gap.low, gap.high) == (1, -4, 4)
    for row in range(1, 6):
        session.give("ann", f"s{row}-0", {"overall": "4"})
        session.give("bo", f"s{row}-0", {"overall": "4"})
    assert {"few_raters", "few_rows"} <= notes(result_of(session)) and "handful" not in notes(result_of(session))


def test_raters_who_all_say_the_same_and_changes_are_counted(tmp_path):
    session = make_session(tmp_path, rows=3)
    for rater in ("ann", "bo"):
        session.give(rater, "p0-01", {"overall": "1"})
        session.give(rater, "p0-01", {"overall": "0"})
    found = result_of(session)
    assert "all_same" in notes(found) and found.judged[0].duels[0].ties == 1.0
    assert [one.changed for one in found.raters] == [1, 1] and found.judged[0].left is None


def test_an_edited_store_is_told(tmp_path):
    session = make_session(tmp_path, rows=3)
    session.give("ann", "p0-01", {"overall": "1"})
    assert result_of(make_session(tmp_path / "other", rows=3)).judged == []
    with sqlite3.connect(session.store.path) as db:
        db.execute("DROP TRIGGER no_update")
        db.execute("UPDATE ratings SET value = '2'")
    found = result_of(session)
    assert not found.intact and "edited" in notes(found)


@pytest.mark.parametrize("change", ["value = '7'", "value = 'abc'", "side = 5"])
@pytest.mark.parametrize("kind", ["pairs", "scores"])
def test_a_store_that_says_what_nobody_can_say_is_told_and_not_counted(tmp_path, kind, change):
    session = make_session(tmp_path, rows=3, kinds=(kind,))
    rate_all(session, "ann")
    with sqlite3.connect(session.store.path) as db:
        db.execute("DROP TRIGGER no_update")
        db.execute(f"UPDATE ratings SET {change} WHERE number = 2")
    for call in (result_of, Session.ratings, Session.disagreements):
        with pytest.raises(BookError) as caught:
            call(session)
        assert caught.value.code == "rate.damaged" and caught.value.fields["key"].endswith(": 2")


@pytest.mark.parametrize("kinds", [("pairs",), ("scores",)])
def test_rows_that_were_drawn_together_widen_all_that_is_told(tmp_path, kinds):
    widths = []
    for name, more in (("apart", {}), ("alike", {"groups": {f"r{row}": row // 8 for row in range(48)}})):
        study = make_study(rows=48, kinds=kinds, raters=["ann", "bo", "cy"], overlap=1.0, **more)
        session = make_session(tmp_path / name, study)
        for rater in study.raters:
            rate_in_groups(session, rater)
        (judged,) = result_of(session).judged
        told = judged.strengths[0].strength if kinds == ("pairs",) else judged.points[1].mean
        main = judged.duels[0].net if kinds == ("pairs",) else judged.gaps[0].gap
        widths.append([one.high - one.low for one in (told, main, judged.parts[0].gain)])
    assert all(alike > 1.3 * apart for apart, alike in zip(*widths, strict=True))
    assert make_study(rows=4).id == make_study(rows=4, groups={}, effective=[]).id  # studies of before stay themselves


def test_the_share_of_rows_that_differ_is_an_estimate_as_well(tmp_path):
    wide = []
    for name, more in (("apart", {}), ("alike", {"effective": [20.0]})):
        session = make_session(tmp_path / name, make_study(rows=60, raters=["ann"], **more))
        rate_all(session, "ann", gain=9.0)  # always for the later run
        wide.append(result_of(session).judged[0].duels[0].overall)
    assert [one.value for one in wide] == pytest.approx([0.5, 0.5], abs=0.02)
    assert 0.55 < wide[0].high < wide[1].high and wide[0].high == pytest.approx(wilson_interval(60, 120).high, abs=0.02)


def rate_in_groups(session, rater):
    """A rater to whom all rows of eight are alike."""
    given = []
    for shown in assigned(session.study, rater):
        item, good = shown.item, int(shown.item.row[1:]) // 8 % 3 > 0
        if item.kind == "pairs":
            value = "1" if shown.left == good else "2"
        else:
            value = str(3 + (item.runs[0][0] if good else -item.runs[0][0]))
        given.append(Given(rater=rater, item=item.key, question="overall", value=value, left=shown.left))
    session.store.give(given)
