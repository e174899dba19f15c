"""promote and rollback: what they print, as JSON too, and their exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import logged

from tunebook.verbs.book import Book


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TUNEBOOK_HOME", str(tmp_path / "home"))


@pytest.fixture
def own(tmp_path: Path) -> Book:
    return logged.make_book(tmp_path / "book")


def test_promote_and_back(tunebook, own):
    logged.tested(own, 1, 2)
    done = tunebook("promote", own.path, "v2", "--reason", "two points", "--owner", "Ann", "--json")
    assert done.code == 0
    assert done.json == {"champion": "v2", "previous": "v1", "entry": 5, "forced": False}
    assert (own.log.entries()[-1].actor, own.log.entries()[-1].reason) == ("Ann", "two points")
    back = tunebook("rollback", own.path, "--reason", "slow", "--json")
    assert (back.code, back.json) == (0, {"champion": "v1", "previous": "v2", "entry": 6, "forced": False})
    again = tunebook("rollback", own.path, "--to", "v2", "--reason", "fixed")
    assert "v2 is the champion now, in place of v1 (entry 7)" in again.out
    assert "tunebook table log" in again.out


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
