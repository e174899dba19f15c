"""A rollout by hand: what may begin, go on, end and come back, and what is refused."""

from __future__ import annotations

import shutil

import pytest

from tests.books import base, proven, proven_path  # noqa: F401
from tests.logged import make_book, promoted
from tests.rolled import MemoryLog, Traffic, make_run
from tunebook.core.errors import BookError, PlanError, RefusedError, RunError, TunebookError
from tunebook.core.nouns import Labels
from tunebook.data.load import load
from tunebook.requests.log import open_log
from tunebook.rollout.state import state, write
from tunebook.rollout.step import step
from tunebook.verbs import weigh_rollout as module
from tunebook.verbs.abtest.standing import read_plan_of, seats
from tunebook.verbs.correct import correct
from tunebook.verbs.rollout import (
    abort,
    back,
    deploy,
    finish,
    history,
    next_stage,
    start,
    status,
)
from tunebook.verbs.steps.book import open_book
from tunebook.verbs.weigh_rollout import First, Weighed, doubts, live_state, rules_of, typed_rules, weigh, weigh_first

QUICK = {"stages": [0, 50, 100], "min_requests": 10}
WHY = {"actor": "Ada", "reason": "asked for"}


@pytest.fixture
def book(tmp_path):
    """A book whose champion has two runs, of which the first is live, and whose other version has one."""
    made = make_book(tmp_path / "book")
    for name, table in (("old", 1), ("new", 1), ("tried", 2)):
        make_run(made, name, table)
    deploy(made, "old", actor="Ada")
    return made


def refused(kind, code, call, *args, **named):
    with pytest.raises(kind) as caught:
        call(*args, **named)
    assert caught.value.code == code
    return str(caught.value)


def test_one_is_weighed_and_nothing_written(book):
    before = state(book)
    found = weigh(book, "new", typed_rules({"stages": "0，50%,100", "min_requests": "10", "metric": None}))
    assert isinstance(found, Weighed) and found.against is None and found.run.id == "new"
    assert found.rules.stages == [0, 50, 100] and found.rules.min_requests == 10
    assert weigh(book, "tried", {}).against.code == "rollout.unproven"
    assert live_state(book) == found.state == state(book) == before
    with pytest.raises(TunebookError, match=r"cli\.option"):
        typed_rules({"stages": "0,all"})


def test_from_start_to_finish_and_back(book):
    folders = []
    begun = start(book, "new", QUICK, folders.append, actor="Ada", reason="newer rows")
    assert folders == [book.path / "runs" / "new"]
    assert (begun.live, begun.candidate, begun.stage, begun.rules.stages) == ("old", "new", 1, [0, 50, 100])
    assert not begun.forced
    traffic = Traffic(book).go(15)
    assert status(book, traffic.log, traffic.now).decision == "go on"
    assert next_at(book, traffic).stage == 2
    refused(RefusedError, "rollout.silent", next_at, book, traffic)
    traffic.go(60)
    assert status(book, traffic.log, traffic.now).decision == "ready"
    entry = finish_at(book, traffic, **WHY)
    assert (entry.live, entry.before) == ("new", ("old",))
    assert back(book, **WHY).live == "old"
    assert refused(RefusedError, "rollout.first", back, book, **WHY)
    events = history(book)
    assert [item.evidence["event"] for item in events] == ["deploy", "start", "stage", "finish", "back"]
    assert {item.actor for item in events} == {"Ada"}
    assert not any(item.forced for item in events)
    assert events[3].evidence["seen"]["decision"] == "ready"


def test_other_rows_need_the_word_of_a_retraining(book):
    """Another seed of a retraining that was rejected is no better than it."""
    make_run(book, "other", 1, data="feedfacecafe")
    assert "–" in refused(RefusedError, "rollout.unjudged", start, book, "other")
    for verdict in ("PROMOTE", "REJECT"):
        book.log.append("retrain", evidence={"event": "verdict", "challenger": "other", "verdict": verdict})
    assert "REJECT" in refused(RefusedError, "rollout.unjudged", start, book, "other", actor="Ada")
    assert refused(TunebookError, "rollout.reason", start, book, "other", force=True)
    book.log.append("retrain", evidence={"event": "verdict", "challenger": "other", "verdict": "PROMOTE"})
    book.log.append("retrain", evidence={"event": "verdict", "challenger": "third", "verdict": "REJECT"})
    assert not start(book, "other").forced


def finish_at(book, traffic, **by):
    """At the time of the traffic, which runs ahead of the clock."""
    import tunebook.verbs.rollout as verbs

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verbs.time, "time", lambda: traffic.now)
        return finish(book, traffic.log, **by)


def test_what_may_not_begin(book):
    assert "old" in refused(RefusedError, "rollout.same", start, book, "old")
    refused(BookError, "book.run", start, book, "nobody")
    refused(PlanError, "rollout.rules", start, book, "new", {"stages": [50, 5, 100]})
    assert "min_requests" in refused(PlanError, "rollout.rules", start, book, "new", {"min_requests": 0})
    assert "highest" in refused(PlanError, "rollout.rules", start, book, "new", {"lowest": 3.0})
    start(book, "new")
    assert "stage 1" in refused(RefusedError, "rollout.on", start, book, "new")
    assert len(history(book)) == 2


def test_a_run_without_a_model(book):
    (book.path / "runs" / "new" / "model" / "model.safetensors").unlink()
    refused(RunError, "run.no_model", start, book, "new")
    (book.path / "runs" / "new" / "outcome.json").unlink()
    refused(RunError, "run.unfinished", start, book, "new")


def test_a_run_that_answers_something_else(book):
    make_run(book, "tags", task="tagging")
    assert "tagging" in refused(PlanError, "rollout.other", start, book, "tags")
    make_run(book, "more", labels=Labels(problem="single_label", names=["c0", "c1", "c2"]))
    assert "c2" in refused(PlanError, "rollout.other", start, book, "more")
    make_run(book, "turned", labels=Labels(problem="single_label", names=["c1", "c0"]))
    assert start(book, "turned").candidate == "turned"


def test_what_is_not_proven_needs_force_and_a_reason_and_is_marked_for_good(book):
    assert "v1" in refused(RefusedError, "rollout.unproven", start, book, "tried")
    refused(TunebookError, "rollout.reason", start, book, "tried", force=True)
    begun = start(book, "tried", QUICK, force=True, **WHY)
    assert begun.forced
    traffic = Traffic(book).go(15)
    traffic_done(book, traffic)
    assert [entry.forced for entry in history(book)] == [False, True, False, True]


def next_at(book, traffic):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.time", lambda: traffic.now)
        return next_stage(book, traffic.log, **WHY)


def traffic_done(book, traffic):
    next_at(book, traffic)
    traffic.go(60)
    finish_at(book, traffic)


def test_force_that_was_not_needed_marks_nothing(book):
    assert not start(book, "new", force=True, **WHY).forced


def test_what_is_too_early_or_against_the_evidence(book):
    refused(RefusedError, "rollout.off", finish, book, MemoryLog())
    refused(RefusedError, "rollout.off", next_stage, book, MemoryLog(), **WHY)
    refused(RefusedError, "rollout.off", abort, book, **WHY)
    start(book, "new", QUICK)
    assert "0 of 10" in refused(RefusedError, "rollout.unready", finish, book, MemoryLog())
    refused(TunebookError, "rollout.reason", finish, book, MemoryLog(), force=True)
    traffic = Traffic(book, lambda n, new, rng: {"status": 500 if new else 200}).go(300)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.time", lambda: traffic.now)
        refused(RefusedError, "rollout.against", next_stage, book, traffic.log, **WHY)
        assert next_stage(book, traffic.log, force=True, **WHY).stage == 2
        assert finish(book, traffic.log, force=True, **WHY).live == "new"
    assert [entry.forced for entry in history(book)] == [False, False, True, True]


def test_the_last_stage_has_none_after_it(book):
    start(book, "new", {"stages": [100]})
    refused(RefusedError, "rollout.at_end", next_stage, book, MemoryLog(), **WHY)


def test_every_step_by_hand_needs_a_reason(book):
    start(book, "new")
    for call in (next_stage, abort, back):
        refused(TunebookError, "rollout.reason", call, book, reason="  ")
    assert len(history(book)) == 2


def test_an_abort_needs_no_log_and_a_way_back_no_rollout(book):
    start(book, "new")
    assert "rollout finish" in refused(RefusedError, "rollout.on", back, book, **WHY)
    ended = abort(book, **WHY)
    assert (ended.live, ended.candidate) == ("old", None)


def test_the_way_back_needs_its_model(book):
    now = start(book, "new")
    write(book, now, "finish", {"run": "new"})
    shutil.rmtree(book.path / "runs" / "old" / "model")
    refused(RunError, "run.no_model", back, book, **WHY)
    assert state(book).live == "new"


def test_the_first_run_goes_live_once(tmp_path):
    made = make_book(tmp_path / "first")
    make_run(made, "good", 1)
    make_run(made, "tried", 2)
    refused(BookError, "rollout.nothing_live", start, made, "good")
    refused(BookError, "rollout.nothing_live", status, made)
    refused(RefusedError, "rollout.unproven", deploy, made, "tried")
    refused(TunebookError, "rollout.reason", deploy, made, "tried", force=True)
    assert deploy(made).live == "good"
    refused(RefusedError, "rollout.live", deploy, made)


def test_what_speaks_against_a_run_is_told_before_it_is_put_live(tmp_path):
    made = make_book(tmp_path / "first")
    make_run(made, "good", 1)
    make_run(made, "tried", 2)
    found = weigh_first(made, "good")
    assert isinstance(found, First) and found.against is None and found.run.id == "good"
    assert weigh_first(made, "tried").against.code == "rollout.unproven" and state(made).live is None
    assert [doubt.partition(":")[0] for doubt in doubts(made, found.run)] == ["It has no score on the test rows"]
    (made.path / "runs/good/report.json").write_text("{}", encoding="utf-8")
    assert doubts(made, found.run) == []
    promoted(made, 2, actor="Ada", reason="gut feeling", forced=True)
    unproven, _ = reversed(doubts(made, made.run("tried")))
    assert unproven == "Its table v2 became champion without proof (entry 4 of the log)."
    assert doubts(made, found.run) == []  # its own table is none that was forced


def test_a_run_of_a_test_without_a_verdict_is_no_champions_yet(proven):  # noqa: F811
    (verdict,) = (proven.path / "tests").glob("*/verdict.json")
    run = proven.run(seats(proven, read_plan_of(proven, verdict.parent.name))[0][2].run.id)
    assert not [doubt for doubt in doubts(proven, run) if "no verdict" in doubt]
    verdict.unlink()
    assert f"It is a run of the test {verdict.parent.name} (v2 against v3)" in doubts(proven, run)[0]
    (verdict.parent / "plan.json").write_text("{", encoding="utf-8")
    assert not [doubt for doubt in doubts(proven, run) if "no verdict" in doubt]


def test_rows_put_right_and_answers_by_thresholds_speak_against_a_run(proven, monkeypatch):  # noqa: F811
    run = proven.run("latest")
    assert not any("in force by now" in doubt or "thresholds" in doubt for doubt in doubts(proven, run))
    rows = load(proven.data, "train")
    correct(proven, {rows.ids[0]: proven.data.labels.names[1 - int(rows.targets[0])]})
    monkeypatch.setattr(module, "cuts_in_force", lambda asked: {run.id: "cuts"}.get(asked.id))
    told = doubts(open_book(proven.path), run)
    assert [doubt for doubt in told if f"The run {run.id} was trained on the rows v1" in doubt]
    assert [doubt for doubt in told if "thresholds or costs of its calibration" in doubt]


def test_rules_are_those_of_the_book_with_changes(book):
    assert rules_of(book, {}) == book.file.rollout
    assert rules_of(book, {"metric": "bought"}).metric == "bought"


def test_the_books_own_log_is_read_and_a_step_is_taken_by_it(book):
    start(book, "new", QUICK)
    log = open_log(book.path)
    traffic = Traffic(book, log=log).go(15)
    assert status(book, now=traffic.now).requests == 15
    assert step(book, log, traffic.now).stage == 2
    log.close()
    assert status(book).decision == "hold"
