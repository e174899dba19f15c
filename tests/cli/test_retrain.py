"""retrain: what it says, and what it prints for cron and systemd."""

from __future__ import annotations

import pytest
from tests import logged

from tunebook.cli import retrain as command
from tunebook.core.errors import RefusedError
from tunebook.verbs import retrain as verb
from tunebook.verbs import retrain_when
from tunebook.verbs.retrain import Proposal, Retrained
from tunebook.verbs.retrain_judge import Judgement, OnRows
from tunebook.verbs.retrain_when import Due

SEEN = Proposal(2, 1, {"train": 70, "validation": 20, "test": 40}, {"duplicate": 3}, 60, "LIVE", 3, [1, 2, 3], 90.0, 2)


def judgement(verdict="PROMOTE"):
    old, new = OnRows(60, 0.9, 0.9, 0.0, -0.01, 0.01, -0.02), OnRows(40, 0.6, 0.9, 0.3, 0.2, 0.4, 0.0)
    return Judgement(verdict, "accuracy", 0.05, 3, "LIVE", "RUN", old, new)


@pytest.fixture
def book(tmp_path, monkeypatch):
    monkeypatch.setenv("TUNEBOOK_HOME", str(tmp_path / "home"))
    return logged.make_book(tmp_path / "hotel").path


@pytest.fixture
def acts(monkeypatch, tmp_path):
    """What the verbs were asked, without any training."""
    found = {"verdict": "PROMOTE", "started": False, "asked": []}

    def retrain(book, asked, progress=None):
        found["asked"].append(asked)
        if found["verdict"] == "few":
            raise RefusedError("retrain.few", key="9", value=3, allowed=">= 30", needed=100)
        return Retrained(SEEN, judgement(found["verdict"]), tmp_path, found["started"])

    monkeypatch.setattr(verb, "retrain", retrain)
    monkeypatch.setattr(verb, "propose", lambda book, asked: SEEN)
    return found


def test_a_proven_challenger(tunebook, book, acts):
    done = tunebook("retrain", book, "--new", "a.csv", "--new", "b.csv", "--seeds", 5)
    assert done.code == 0 and "tunebook rollout start" in done.out and "--adopt v2" in done.out and "+30.0" in done.out
    (asked,) = acts["asked"]
    assert [path.name for path in asked.new] == ["a.csv", "b.csv"] and asked.seeds == 5 and not asked.from_log
    data = tunebook("retrain", book, "--from-log", "--json").json
    assert (data["data_version"], data["challenger"], data["verdict"]) == (2, "RUN", "PROMOTE")
    assert data["judgement"]["new"]["ok"] and data["rollout"] is False
    acts["started"] = True
    done = tunebook("retrain", book, "--from-log")
    assert "tunebook rollout status" in done.out and "[retrain]" in done.out


@pytest.mark.parametrize("verdict", ["REJECT", "INCONCLUSIVE"])
def test_one_that_is_not_proven(tunebook, book, acts, verdict):
    acts["verdict"] = verdict
    done = tunebook("retrain", book, "--from-log")
    assert done.code == 1 and "rollout" not in done.out and "LIVE" in done.out


def test_too_few(tunebook, book, acts):
    acts["verdict"] = "few"
    done = tunebook("retrain", book, "--from-log")
    assert done.code == 1 and "retrain.few" in done.err


def test_a_dry_run(tunebook, book, acts):
    done = tunebook("retrain", book, "--new", "a b.csv", "--dry-run")
    assert done.code == 0 and acts["asked"] == [] and "--new 'a b.csv'" in done.out and "2 labelled texts" in done.out
    data = tunebook("retrain", book, "--from-log", "--dry-run", "--json").json
    assert data["dry_run"] and data["version"] == 2 and data["rows"]["test"] == 40


def test_only_if_needed(tunebook, book, acts, monkeypatch):
    monkeypatch.setattr(retrain_when, "due", lambda book: Due(4, 5, False))
    done = tunebook("retrain", book, "--from-log", "--if-needed")
    assert done.code == 0 and "4" in done.out and acts["asked"] == []
    told = {"needed": False, "labels": 4, "wanted": 5, "drift": False}
    assert tunebook("retrain", book, "--from-log", "--if-needed", "--json").json == told
    monkeypatch.setattr(retrain_when, "due", lambda book: Due(9, 5, False))
    assert tunebook("retrain", book, "--from-log", "--if-needed").code == 0 and len(acts["asked"]) == 1


def test_for_cron_and_systemd(tunebook, book):
    line = tunebook("retrain", book, "--from-log", "--if-needed", "--when", "weekly", "--print-cron").out
    assert line.startswith("0 3 * * 1 ") and "--from-log --if-needed" in line
    units = tunebook("retrain", book, "--from-log", "--when", "weekly", "--print-systemd")
    assert "OnCalendar=Mon" in units.out and "ExecStart=" in units.out
    data = tunebook("retrain", book, "--from-log", "--when", "weekly", "--print-systemd", "--json").json
    assert sorted(name.split(".")[1] for name in data["units"]) == ["service", "timer"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--when", "weekly", "--print-cron"], "retrain.no_rows"),
        (["--when", "weekly", "--schedule"], "retrain.no_rows"),
        (["--from-log", "--print-cron"], "retrain.when"),
        (["--from-log", "--when", "now", "--print-cron"], "cron.words"),
        (["--adopt", "two"], "--adopt"),
        ([], "retrain.no_rows"),
    ],
)
def test_what_cannot_be(tunebook, book, options, code, monkeypatch):
    done = tunebook("retrain", book, *options)
    assert done.code == 2 and code in done.err


def test_in_the_foreground(tunebook, book, acts, monkeypatch):
    def twice(when, work):
        work()
        acts["verdict"] = "few"
        work()

    monkeypatch.setattr(retrain_when, "run_scheduled", twice)
    done = tunebook("retrain", book, "--from-log", "--when", "weekly", "--schedule", "--json")
    assert done.json == {"times": 2} and '"verdict": "PROMOTE"' in done.err and "retrain.few" in done.err


def test_adopt(tunebook, book, monkeypatch):
    done = tunebook("retrain", book, "--adopt", "v2")
    assert done.code == 2 and "retrain.version" in done.err


def test_in_chinese(tunebook, book, acts, monkeypatch):
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert "新测试集" in tunebook("retrain", book, "--from-log").out and command.Rows().from_log is False
