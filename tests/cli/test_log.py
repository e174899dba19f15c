"""table log and table history."""

from __future__ import annotations

import re
import sqlite3

import pytest
from tests import logged

from tunebook.knowledge.log import Change


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.setenv("TUNEBOOK_HOME", str(tmp_path / "home"))
    book = logged.make_book(tmp_path / "book")
    logged.log_test(book, logged.verdict(book, 1, 2))
    logged.promoted(book, 2, actor="Ann", reason="两个点 [b]")
    return book


def test_the_log(tunebook, own):
    found = tunebook("table", "log", own.path, "--json").json
    assert found["champion"] == "v2"
    assert [item["action"] for item in found["entries"]] == ["table", "init", "table", "test", "promote"]
    assert found["entries"][4]["evidence"]["verdict"]["gain"] == 0.031
    told = tunebook("table", "log", own.path).out
    assert "promoted" in told and "两个点 [b]" in told and "Ann" in told and "--verify" in told


def test_a_promotion_under_a_laxer_gate_is_told(tunebook, own):
    assert "gate laxer" not in tunebook("table", "log", own.path).out
    gate = {**own.file.gate.model_dump(), "alpha": 0.49, "guard": {"class": "off"}}
    own.log.crown(Change(action="promote", table=2, evidence={"gate": gate}), 2)
    told = re.sub(r"\s+", " ", tunebook("table", "log", own.path).out)
    assert "gate laxer" in told and "guard.class" in told


def test_verify(tunebook, own):
    whole = tunebook("table", "log", own.path, "--verify", "--json")
    assert whole.code == 0
    assert {key: whole.json[key] for key in ("ok", "entries", "broken")} == {"ok": True, "entries": 5, "broken": []}
    assert "5 entries" in tunebook("table", "log", own.path, "--verify").out
    with sqlite3.connect(own.log.path) as db:
        db.execute("DROP TRIGGER no_delete")
        db.execute("DELETE FROM entries WHERE number IN (3, 5)")
    db.close()
    broken = tunebook("table", "log", own.path, "--verify", "--json")
    assert (broken.code, broken.json["ok"], broken.json["broken"]) == (1, False, [3, 5])
    told = tunebook("table", "log", own.path, "--verify")
    assert "entry 3: removed" in told.out and "entry 5: removed" in told.out
    assert "do not trust" in tunebook("table", "history", own.path).out


def test_a_lost_log(tunebook, own):
    for name in ("log.sqlite", "log.head"):
        (own.path / name).unlink()
    assert "Nothing is logged yet" in tunebook("table", "log", own.path).out
    assert tunebook("table", "log", own.path, "--json").json == {"champion": None, "entries": []}
    assert tunebook("table", "log", own.path, "--verify").code == 0


def test_history_is_printed_or_written(tunebook, own, tmp_path):
    printed = tunebook("table", "history", own.path)
    assert printed.out.startswith("# Changes of the parameter table: book")
    assert "| `learning_rate` | 5e-05 | 0.0001 |" in printed.out
    assert tunebook("table", "history", own.path, "--json").json["format"] == "md"
    assert "<!doctype html>" in tunebook("table", "history", own.path, "--format", "HTML").out
    page = tmp_path / "changes.html"
    written = tunebook("table", "history", own.path, "--out", page, "--json")
    assert written.json == {"format": "html", "path": str(page)}
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "changes.htm" in tunebook("table", "history", own.path, "--out", tmp_path / "changes.htm").out
    forced = tmp_path / "changes.txt"
    assert tunebook("table", "history", own.path, "--out", forced, "--format", "md").code == 0
    assert forced.read_text(encoding="utf-8").startswith("# Changes")


def test_history_refuses_what_it_cannot_do(tunebook, own, tmp_path):
    for words, code in (
        (("--out", tmp_path / "a.pdf"), "cli.option"),
        (("--format", "pdf"), "cli.option"),
        (("--out", tmp_path / "none" / "a.md"), "cli.out_folder"),
    ):
        done = tunebook("table", "history", own.path, *words, "--json")
        assert (done.code, done.json["error"]["code"]) == (2, code)
    (tmp_path / "a.md").write_text("mine")
    assert tunebook("table", "history", own.path, "--out", tmp_path / "a.md", "--json").json["error"]["code"] == (
        "cli.out_exists"
    )
    assert (tmp_path / "a.md").read_text() == "mine"


def test_history_of_a_damaged_version(tunebook, own):
    own.tables.path(1).unlink()
    path = own.tables.path(2)
    path.chmod(0o644)
    path.write_text("{")
    assert tunebook("table", "history", own.path).out.count("missing or damaged") == 2


def test_a_long_log_shows_its_newest_entries_and_all_when_asked(tunebook, own):
    for number in range(60):
        own.log.append("test", reason=f"look {number}")
    short = tunebook("table", "log", own.path)
    assert "15 earlier entries" in short.out and "look 59" in short.out
    assert not re.search(r"look 9\b", short.out)
    assert "tunebook table log" in short.out and "--all" in short.out
    whole = tunebook("table", "log", own.path, "--all").out
    assert re.search(r"look 9\b", whole) and "promoted" in whole and "earlier" not in whole
    assert len(tunebook("table", "log", own.path, "--json").json["entries"]) == 65
