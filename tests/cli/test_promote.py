"""promote and rollback: what they print, as JSON too, and their exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import logged

from tunebook.verbs.abtest.final_exam import Trial
from tunebook.verbs.steps.book import Book


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TUNEBOOK_HOME", str(tmp_path / "home"))


@pytest.fixture
def own(tmp_path: Path) -> Book:
    return logged.make_book(tmp_path / "book")


def test_promote_and_back(tunebook, proven):
    before = proven.log.entries()[-1].number
    done = tunebook("promote", proven.path, "v3", "--reason", "two points", "--owner", "Ann", "--json")
    assert done.code == 0
    scores = done.json.pop("test_scores")
    assert scores["lower"] > 0 and scores["fresh"]["seeds"] == [1001, 1002, 1003]
    assert done.json | {"test_scores": 0} == {
        "champion": "v3", "previous": "v2", "entry": before + 2, "forced": False, "test_scores": 0,
    }  # fmt: skip
    said = " ".join(done.err.split())
    assert "3 fresh seeds, 0 runs of which are missing" in said and "opening 1 of 10" in said
    assert "in 80 % of all cases; the test saw +47.9 points" in said and "might" not in said
    assert (proven.log.entries()[-1].actor, proven.log.entries()[-1].reason) == ("Ann", "two points")
    back = tunebook("rollback", proven.path, "--reason", "slow", "--json")
    assert (back.code, back.json["champion"], back.json["entry"]) == (0, "v2", before + 3)
    again = tunebook("rollback", proven.path, "--to", "v3", "--reason", "fixed")
    assert f"v3 is the champion now, in place of v2 (entry {before + 4})" in again.out
    assert "tunebook table log" in again.out and "tunebook serve" in again.out  # nothing is in front of users yet
    proven.log.append("rollout", evidence={"event": "deploy", "run": proven.runs[0].id})
    third = tunebook("promote", proven.path, "v2", "--force", "--reason", "once more")
    assert f"tunebook rollout start {proven.path} {proven.run('champion').id}" in " ".join(third.out.split())


def test_what_the_test_rows_say_is_told(tunebook, proven, monkeypatch):
    monkeypatch.setattr(Trial, "least", 0.6)
    run = next((proven.path / "runs").iterdir())
    (run / "report.json").write_text("{}")
    done = tunebook("promote", proven.path, "v3", "--reason", "two points")
    said = " ".join((done.err + done.out).split())
    assert done.code == 0 and "Trained anew with 3 fresh seeds, on the 48 test rows (opening 1): Accuracy" in said
    assert "More of them help: tunebook init NEW" in said
    assert "Reports of 1 run(s) have shown the test rows before" in said


def test_no_proof_is_exit_code_1(tunebook, own):
    done = tunebook("promote", own.path, "v2")
    assert (done.code, done.out) == (1, "")
    assert "promote.untested" in done.err and "tunebook ab" in done.err
    told = tunebook("promote", own.path, "v2", "--json")
    assert (told.code, told.json["error"]["code"]) == (1, "promote.untested")
    assert tunebook("rollback", own.path, "--reason", "x").code == 1


def test_force_needs_a_reason_and_says_what_it_is(tunebook, own):
    assert tunebook("promote", own.path, "v2", "--force").code == 2
    done = tunebook("promote", own.path, "v2", "--force", "--reason", "agreed [with] Ann")
    assert done.code == 0
    assert "Forced, without proof" in done.out and "agreed [with] Ann" in done.out
    assert tunebook("rollback", own.path).code == 2


def test_a_book_without_a_champion(tunebook, own):
    for name in ("log.sqlite", "log.head"):
        (own.path / name).unlink()
    done = tunebook("promote", own.path, "v2", "--force", "--reason", "lost", "--json")
    assert done.json["previous"] is None
    (own.path / "log.sqlite").unlink()
    assert "in place of –" in tunebook("promote", own.path, "v2", "--force", "--reason", "lost").out


def test_an_index_that_fails_is_told(tunebook, own, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TUNEBOOK_HOME", str(tmp_path / "file" / "home"))
    done = tunebook("promote", own.path, "v2", "--force", "--reason", "x")
    assert done.code == 0
    assert "knowledge base was not updated" in " ".join(done.out.split())
