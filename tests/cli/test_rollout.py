"""tunebook rollout, as one types it."""

from __future__ import annotations

import pytest
from tests.logged import make_book
from tests.rolled import Traffic, make_run

from tunebook.requests.log import open_log
from tunebook.rollout.state import state


@pytest.fixture
def own(tmp_path):
    made = make_book(tmp_path / "book")
    make_run(made, "old", 1)
    make_run(made, "new", 1)
    make_run(made, "tried", 2)
    return made


@pytest.fixture(autouse=True)
def exported(monkeypatch):
    """Runs that were exported, which takes no time here."""
    found = []
    monkeypatch.setattr("tunebook.serve.sources.bundled", found.append)
    return found


@pytest.fixture
def ahead(own, monkeypatch):
    """Traffic in the book's own log, whose time is taken for the clock's."""

    def make(answer=None, count=30):
        log = open_log(own.path)
        traffic = Traffic(own, answer or (lambda n, new, rng: {}), log=log).go(count)
        log.close()
        monkeypatch.setattr("time.time", lambda: traffic.now)

    return make


def test_a_rollout_on_the_command_line(tunebook, own, ahead, exported):
    early = tunebook("rollout", "status", own.path)
    assert early.code == 2
    assert "tunebook serve" in early.err
    first = tunebook("rollout", "deploy", own.path, "old", "--json")
    assert (first.code, first.json["live"], first.json["candidate"]) == (0, "old", None)
    assert ["no score on the test rows" in doubt for doubt in first.json["doubts"]] == [True]
    quick = ("--stages", "0,50%,100", "--min-requests", 10, "--min-minutes", "0", "--metric", "bought")
    begun = tunebook("rollout", "start", own.path, "new", *quick, "--reason", "newer rows")
    assert begun.code == 0
    assert "shadow" in begun.out and "no score on the test rows" in " ".join(begun.out.split())
    assert "rollout status" in begun.out
    assert exported == [own.path / "runs" / "new"]
    silent = " ".join(tunebook("rollout", "status", own.path).out.split())
    assert "has no bundle yet" in silent and "tunebook export" in silent
    (own.path / "runs" / "new" / "bundles" / "onnx").mkdir(parents=True)
    assert "has answered nobody" in " ".join(tunebook("rollout", "status", own.path).out.split())
    ahead()
    seen = tunebook("rollout", "status", own.path, "--json")
    assert seen.code == 0
    assert {"stage", "share", "requests", "evidence", "decision"} <= seen.json.keys()
    assert (seen.json["stage"], seen.json["share"], seen.json["requests"]) == (1, 0, 30)
    assert {"name", "e_value", "ok"} <= seen.json["evidence"][0].keys()
    told = tunebook("rollout", "status", own.path).out
    assert "The first 6 lines are gates" in told
    assert "30 / 10" in told and "errors" in told and "Goes on" in told and "bought" in told
    stepped = tunebook("rollout", "step", own.path)
    assert "50 %" in stepped.out
    assert state(own).stage == 2
    waits = tunebook("rollout", "step", own.path).out
    assert "Waits" in waits
    assert tunebook("rollout", "next", own.path).code == 2
    unseen = tunebook("rollout", "next", own.path, "--reason", "night", "--json")
    assert (unseen.code, unseen.json["error"]["code"]) == (1, "rollout.silent")
    assert tunebook("rollout", "next", own.path, "--reason", "night", "--force").code == 0
    early = tunebook("rollout", "finish", own.path, "--json")
    assert (early.code, early.json["error"]["code"]) == (1, "rollout.unready")
    assert tunebook("rollout", "abort", own.path, "--reason", "enough").code == 0
    entries = tunebook("rollout", "log", own.path, "--json").json["entries"]
    assert [entry["evidence"]["event"] for entry in entries] == ["deploy", "start", "stage", "stage", "abort"]
    log = tunebook("rollout", "log", own.path).out
    assert "put live" in log and "enough" in log and "newer rows" in log


@pytest.mark.parametrize("stages", ["nan,100", "0,inf,100", "", "0,x,100"])
def test_stages_that_are_none(tunebook, own, stages):
    tunebook("rollout", "deploy", own.path, "old")
    assert tunebook("rollout", "start", own.path, "new", f"--stages={stages}").code == 2
    assert state(own).candidate is None


def test_ready_finished_and_back(tunebook, own, ahead):
    tunebook("rollout", "deploy", own.path, "old")
    tunebook("rollout", "start", own.path, "new", "--stages", "50,100", "--min-requests", 5)
    ahead()
    ready = tunebook("rollout", "status", own.path).out
    assert "Ready" in ready and "rollout finish" in ready
    assert tunebook("rollout", "finish", own.path, "--json").json["live"] == "new"
    back = tunebook("rollout", "back", own.path, "--reason", "complaints")
    assert "old answers all requests" in back.out
    assert "no rollout is on" in tunebook("rollout", "status", own.path).out


def test_what_is_to_be_stopped_has_exit_code_1(tunebook, own, ahead):
    tunebook("rollout", "deploy", own.path, "old")
    tunebook("rollout", "start", own.path, "new", "--stages", "0,100")
    ahead(lambda n, new, rng: {"status": 500 if new else 200}, 200)
    seen = tunebook("rollout", "status", own.path, "--json")
    assert (seen.code, seen.json["decision"]) == (1, "abort")
    stopped = tunebook("rollout", "step", own.path)
    assert stopped.code == 1
    page = own.path / "rollout.html"
    written = tunebook("rollout", "status", own.path, "--html", page, "--json")
    assert written.json["html"] == str(page)
    assert "aborted" in page.read_text(encoding="utf-8")
    assert "The page is written" in tunebook("rollout", "status", own.path, "--html", page).out
    assert "speaks against it" in stopped.out
    assert "old answers all requests" in stopped.out
    assert state(own).candidate is None


def test_strange_feedback_and_better_answers_are_told(tunebook, own, ahead):
    from tunebook.requests.record import Feedback

    tunebook("rollout", "deploy", own.path, "old")
    tunebook("rollout", "start", own.path, "new", "--stages", "0,100", "--metric", "bought", "--min-requests", 5)
    ahead(lambda n, new, rng: {"label": "c0" if new else "c1"}, 40)
    log = open_log(own.path)
    told = [Feedback(f"r{n}", 0, state(own).begun + 0.1 * n + 0.1, "label", "c0") for n in range(1, 30)]
    log.tell([*told, Feedback("r3", 0, state(own).begun + 1, "bought", "lots")])
    log.close()
    out = tunebook("rollout", "status", own.path).out
    assert "better" in out
    assert "1 out of bounds" in " ".join(out.split())
    assert "Waits" in out


def test_what_is_wrong_on_the_command_line(tunebook, own):
    nothing = tunebook("rollout", "log", own.path)
    assert "Nothing has been put" in nothing.out
    tunebook("rollout", "deploy", own.path, "old")
    for words, code, key in (
        (("new", "--stages", "a,b"), 2, "cli.option"),
        (("new", "--stages", "5,5,100"), 2, "rollout.rules"),
        (("old",), 1, "rollout.same"),
        (("nobody",), 2, "book.run"),
        (("tried",), 1, "rollout.unproven"),
    ):
        found = tunebook("rollout", "start", own.path, *words, "--json")
        assert (found.code, found.json["error"]["code"]) == (code, key)
    forced = tunebook("rollout", "start", own.path, "tried", "--force", "--reason", "agreed")
    assert forced.code == 0
    assert "without proof" in forced.out
    assert "without proof" in tunebook("rollout", "log", own.path).out


def test_in_chinese(tunebook, own, ahead, monkeypatch):
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    tunebook("rollout", "deploy", own.path, "old")
    tunebook("rollout", "start", own.path, "new", "--stages", "0,100")
    ahead()
    told = tunebook("rollout", "status", own.path).out
    assert "影子" in told and "等待：" in told and "错误" in told
