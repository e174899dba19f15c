"""Commands say where a page shows what they made, as long as a server is at work."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.logged import make_book
from tests.rolled import make_run
from tests.web.visitor import Visitor

from tunebook.cli.entry import run
from tunebook.web.known import TABS, address, place_of, told
from tunebook.web.page import pages


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUNEBOOK_HOME", str(tmp_path / "home"))
    book = tmp_path / "books" / "工单 1"
    book.mkdir(parents=True)
    (book / "book.toml").write_text("", encoding="utf-8")
    return book


def test_a_command_finds_the_page_of_its_book(home: Path) -> None:
    words = ["table", "set", str(home), "x=1"]
    assert address(words) == ""
    with told("http://127.0.0.1:1/", [home.parent]):
        assert address(words) == "http://127.0.0.1:1/book/%E5%B7%A5%E5%8D%95%201/tables"
        assert address(["curve", str(home)]).endswith("/data/curve")
        assert address(["doctor", str(home)]) == "" and address(["train", str(home.parent)]) == "" and address([]) == ""
    assert address(words) == ""


def test_servers_that_are_gone_and_files_that_are_none_say_nothing(home: Path) -> None:
    folder = Path(os.environ["TUNEBOOK_HOME"]) / "pages"
    folder.mkdir(parents=True)
    (folder / "4194305.json").write_text('{"url": "http://127.0.0.1:1/", "places": []}', encoding="utf-8")
    (folder / f"{os.getpid()}.json").write_text("[]", encoding="utf-8")
    (folder / "x.json").write_text("{", encoding="utf-8")
    assert address(["check", str(home)]) == ""


def test_a_command_prints_it(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from tunebook.cli import entry
    from tunebook.cli.answer import Answer

    monkeypatch.setattr(entry, "_called", lambda words, common: Answer({}, lambda screen: None))
    with told("http://127.0.0.1:1/", [home]):
        assert run(["check", str(home)]) == 0
        assert "http://127.0.0.1:1/book/" in capsys.readouterr().out
        assert run(["check", str(home), "--json"]) == 0
        assert capsys.readouterr().out == "{}\n"


def test_every_page_that_is_named_exists(tmp_path: Path) -> None:
    book = make_book(tmp_path / "book")
    make_run(book, "old", 1)
    visitor = Visitor(book.path)
    for path in set(TABS.values()) - {"data", "drift"}:  # which are of rows, and of looks at requests
        answer = visitor.get(f"/book/book/{path}")
        assert answer.status_code == 200 and "That did not work" not in answer.text, path
    assert {"data", "drift"} <= {page.tab for page in pages()}


def test_a_command_line_tells_its_page() -> None:
    assert place_of(["rollout", "start", "book", "champion"]) == "rollout" and place_of([]) == ""
    assert place_of(["curve", "book", "--sizes", "8"]) == "data/curve"
    assert place_of(["curve", "book", "--next", "rows.csv"]) == "data/next"
    assert place_of(["calibrate", "book"]) == place_of(["eval", "book"]) == "scores" and place_of(["doctor"]) == ""
